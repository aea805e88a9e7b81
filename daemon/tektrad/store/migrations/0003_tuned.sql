-- What was found to be fastest on a machine: for one model, or (with an empty digest) for models in general.
CREATE TABLE tuned (
    digest   TEXT PRIMARY KEY,
    machine  TEXT NOT NULL,
    tuning   TEXT NOT NULL,
    tuned_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
