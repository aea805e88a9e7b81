-- Results of tools that are too long for a model: the whole of each, for its run to read on. The key is that of its call.
CREATE TABLE run_results (
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    key    TEXT NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (run, number),
    UNIQUE (run, key)
) STRICT;
