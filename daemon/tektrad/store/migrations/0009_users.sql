-- Who may connect beside the owner, whose uid is the daemon's own and who has no row.
CREATE TABLE users (
    uid      INTEGER PRIMARY KEY CHECK (uid >= 0),
    role     TEXT NOT NULL CHECK (role IN ('operator', 'user', 'auditor')),
    added_at TEXT NOT NULL,
    added_by INTEGER NOT NULL
) STRICT;

-- A conversation is one user's. What is from before there were several gets the daemon's uid when it starts.
ALTER TABLE conversations ADD COLUMN uid INTEGER;
DROP INDEX conversations_by_time;
CREATE INDEX conversations_by_user ON conversations (uid, updated_at DESC, id DESC);
