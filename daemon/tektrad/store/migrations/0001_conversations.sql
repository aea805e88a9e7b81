-- Conversations and messages, with full-text search over what is finished.
CREATE TABLE conversations (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    system     TEXT,
    model      TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX conversations_by_time ON conversations (updated_at DESC, id DESC);

CREATE TABLE messages (
    position          INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    conversation_id   TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role              TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content           TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('complete', 'interrupted', 'generating')),
    model             TEXT,
    finish_reason     TEXT,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    created_at        TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_id, position);

-- Only finished text is indexed: an answer that grows would be indexed again with every piece.
CREATE VIRTUAL TABLE messages_fts USING fts5 (content, content = 'messages', content_rowid = 'position');
CREATE TRIGGER messages_index_new AFTER INSERT ON messages WHEN new.status <> 'generating' BEGIN
    INSERT INTO messages_fts (rowid, content) VALUES (new.position, new.content);
END;
CREATE TRIGGER messages_index_finished AFTER UPDATE ON messages
WHEN old.status = 'generating' AND new.status <> 'generating' BEGIN
    INSERT INTO messages_fts (rowid, content) VALUES (new.position, new.content);
END;
CREATE TRIGGER messages_unindex AFTER DELETE ON messages WHEN old.status <> 'generating' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.position, old.content);
END;
