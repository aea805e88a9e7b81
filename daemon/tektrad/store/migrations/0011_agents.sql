-- Every version that an agent ever had, by the hash of its content. No body is ever changed or removed: runs are pinned to it.
CREATE TABLE agent_versions (
    uid     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,               -- SHA-256 of the body
    body    TEXT NOT NULL,               -- canonical JSON
    made_at TEXT NOT NULL,
    made_by INTEGER,                     -- null: it came with Tektra, and a run has it
    PRIMARY KEY (uid, name, version)
) STRICT, WITHOUT ROWID;

-- A user's own agents, and which version of each is current.
CREATE TABLE agents (
    uid     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    PRIMARY KEY (uid, name),
    FOREIGN KEY (uid, name, version) REFERENCES agent_versions (uid, name, version)
) STRICT, WITHOUT ROWID;

-- How each came to be current, and when an agent was removed.
CREATE TABLE agent_changes (
    number  INTEGER PRIMARY KEY,
    uid     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    what    TEXT NOT NULL CHECK (what IN ('create', 'copy', 'edit', 'rollback', 'remove')),
    version TEXT NOT NULL,
    made_at TEXT NOT NULL,
    made_by INTEGER NOT NULL,
    FOREIGN KEY (uid, name, version) REFERENCES agent_versions (uid, name, version)
) STRICT;
CREATE INDEX agent_changes_by_agent ON agent_changes (uid, name, number);
