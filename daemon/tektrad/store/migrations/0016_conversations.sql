-- What somebody wants to keep at hand stands above what is newest.
ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
CREATE INDEX conversations_as_listed ON conversations (uid, pinned DESC, updated_at DESC, id DESC);
