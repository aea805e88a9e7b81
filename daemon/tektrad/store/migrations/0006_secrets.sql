-- Which master keys there are and where they lie; never a key itself. One is current, or none is yet.
CREATE TABLE vault_keys (
    id         TEXT PRIMARY KEY,
    place      TEXT NOT NULL CHECK (place IN ('keyring', 'file', 'passphrase')),
    state      TEXT NOT NULL CHECK (state IN ('coming', 'current', 'going')),
    salt       BLOB,
    nonce      BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX vault_keys_one_current ON vault_keys (state) WHERE state = 'current';

-- Secrets, sealed under the current key.
CREATE TABLE secrets (
    uid          INTEGER NOT NULL,
    name         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    nonce        BLOB NOT NULL,
    ciphertext   BLOB NOT NULL,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    last_used_at TEXT,
    uses         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (uid, name)
) STRICT;
