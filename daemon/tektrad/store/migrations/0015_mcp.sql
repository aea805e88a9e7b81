-- A user's MCP servers: how each is reached, and the hashes of what a person approved and of what it offered last.
CREATE TABLE mcp_servers (
    uid         INTEGER NOT NULL,
    name        TEXT NOT NULL,
    server      TEXT NOT NULL,           -- JSON: a program or an address, and what it is given
    approved    TEXT,                    -- null: nobody has approved it
    found       TEXT NOT NULL,
    added_at    TEXT NOT NULL,
    approved_at TEXT,
    PRIMARY KEY (uid, name)
) STRICT, WITHOUT ROWID;

-- The definitions behind both hashes.
CREATE TABLE mcp_tools (
    uid    INTEGER NOT NULL,
    server TEXT NOT NULL,
    which  TEXT NOT NULL CHECK (which IN ('approved', 'found')),
    name   TEXT NOT NULL,
    body   TEXT NOT NULL,                -- canonical JSON
    PRIMARY KEY (uid, server, which, name),
    FOREIGN KEY (uid, server) REFERENCES mcp_servers (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
