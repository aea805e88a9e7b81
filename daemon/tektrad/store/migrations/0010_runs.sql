-- What is done durably. The steps' results are the engine's, in a file of its own; these rows say how each run stands.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    uid        INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    title      TEXT NOT NULL,
    spec       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    created_at TEXT NOT NULL,
    started_at TEXT,
    ended_at   TEXT,
    result     TEXT,
    error      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_by_user ON runs (uid, created_at DESC, id DESC);
CREATE INDEX runs_unfinished ON runs (created_at) WHERE ended_at IS NULL;

-- What a run told, in order. A run that is done again after a crash tells the same things by the same keys.
CREATE TABLE run_events (
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    key    TEXT NOT NULL,
    time   TEXT NOT NULL,
    type   TEXT NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (run, number),
    UNIQUE (run, key)
) STRICT;
