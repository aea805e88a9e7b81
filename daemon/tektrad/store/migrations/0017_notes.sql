-- What agents keep from one run to the next. A note belongs to a user and to an agent's name.
CREATE TABLE notes (
    position INTEGER PRIMARY KEY,
    uid      INTEGER NOT NULL,
    agent    TEXT NOT NULL,
    number   INTEGER NOT NULL,
    text     TEXT NOT NULL,
    run      TEXT NOT NULL,
    key      TEXT NOT NULL UNIQUE,       -- of the step that noted it: done again after a crash, it is the same note
    made_at  TEXT NOT NULL,
    UNIQUE (uid, agent, number)
) STRICT;

-- The last number that a note of each agent had: none comes again, whatever was forgotten.
CREATE TABLE note_numbers (
    uid   INTEGER NOT NULL,
    agent TEXT NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (uid, agent)
) STRICT, WITHOUT ROWID;

-- By stems, since whoever looks for a note did not write it with the same words: "databases" finds "database".
CREATE VIRTUAL TABLE notes_fts USING fts5 (
    text, content = 'notes', content_rowid = 'position', tokenize = 'porter unicode61'
);
CREATE TRIGGER notes_index AFTER INSERT ON notes BEGIN
    INSERT INTO notes_fts (rowid, text) VALUES (new.position, new.text);
END;
CREATE TRIGGER notes_unindex AFTER DELETE ON notes BEGIN
    INSERT INTO notes_fts (notes_fts, rowid, text) VALUES ('delete', old.position, old.text);
END;
