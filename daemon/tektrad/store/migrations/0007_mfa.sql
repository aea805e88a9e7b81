-- The second factor of a user: the secret that codes are made of, sealed. Without enrolled_at it waits for a first code.
CREATE TABLE mfa (
    uid         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    nonce       BLOB NOT NULL,
    ciphertext  BLOB NOT NULL,
    created_at  TEXT NOT NULL,
    enrolled_at TEXT
) STRICT;

-- Steps of time whose code was taken: none is taken twice.
CREATE TABLE mfa_steps (
    uid  INTEGER NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (uid, step)
) STRICT, WITHOUT ROWID;

-- When somebody was wrong, in seconds since 1970.
CREATE TABLE mfa_failures (
    position INTEGER PRIMARY KEY,
    uid      INTEGER NOT NULL,
    at       REAL NOT NULL
) STRICT;
CREATE INDEX mfa_failures_by_time ON mfa_failures (uid, at);

-- Recovery codes, hashed.
CREATE TABLE mfa_recovery (
    uid     INTEGER NOT NULL,
    digest  BLOB NOT NULL,
    used_at TEXT,
    PRIMARY KEY (uid, digest)
) STRICT, WITHOUT ROWID;
