-- What people allowed, denied, or want to be asked about. A row is never deleted: what once held can be looked up.
CREATE TABLE grants (
    id         TEXT PRIMARY KEY,
    decision   TEXT NOT NULL CHECK (decision IN ('allow', 'ask', 'deny')),
    uid        INTEGER NOT NULL,
    agent      TEXT NOT NULL,               -- empty: the user and every agent of theirs
    action     TEXT NOT NULL,
    kind       TEXT NOT NULL,               -- of the pattern: any, path, host, subdomains, program, command, name
    resource   TEXT NOT NULL,
    conditions TEXT NOT NULL,               -- JSON
    scope      TEXT NOT NULL CHECK (scope IN ('once', 'run', 'session', 'always')),
    bound_to   TEXT NOT NULL,               -- the run or the session; empty for the other scopes
    expires_at TEXT,
    uses_left  INTEGER CHECK (uses_left >= 0),
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at TEXT,
    why        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
