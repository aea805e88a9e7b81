-- What waits, or waited, for a person's answer. A row is never deleted: who answered what can be looked up.
CREATE TABLE asks (
    id          TEXT PRIMARY KEY,
    uid         INTEGER NOT NULL,
    agent       TEXT NOT NULL,
    request     TEXT NOT NULL,           -- JSON: exactly what would be done
    digest      TEXT NOT NULL,           -- of the request and who asks
    rule        TEXT NOT NULL,
    why         TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'allowed', 'denied', 'expired')),
    asked_at    TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    answered_at TEXT,
    answered_by INTEGER,
    scope       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    used_at     TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX asks_pending ON asks (state, expires_at);
CREATE INDEX asks_by_digest ON asks (digest, asked_at);
