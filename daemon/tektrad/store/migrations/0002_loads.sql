-- What loaded models really took: the budget is kept by these figures once there are any.
CREATE TABLE loads (
    digest      TEXT NOT NULL,
    context     INTEGER NOT NULL,
    slots       INTEGER NOT NULL,
    kv_type     TEXT NOT NULL,
    peak_bytes  INTEGER NOT NULL,
    load_s      REAL NOT NULL,
    measured_at TEXT NOT NULL,
    PRIMARY KEY (digest, context, slots, kv_type)
) STRICT, WITHOUT ROWID;
