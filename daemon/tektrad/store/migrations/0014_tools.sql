-- The files that users' own tools come from, by the hash of their content. Kept as long as a tool is of it.
CREATE TABLE tool_sources (
    uid    INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (uid, sha256)
) STRICT, WITHOUT ROWID;

-- Users' own tools: what a model is told of each, and which source it is pinned to.
CREATE TABLE tools (
    uid      INTEGER NOT NULL,
    name     TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    tool     TEXT NOT NULL,              -- JSON
    enabled  INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    added_at TEXT NOT NULL,
    PRIMARY KEY (uid, name),
    FOREIGN KEY (uid, sha256) REFERENCES tool_sources (uid, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX tools_by_source ON tools (uid, sha256);
