-- What happened, in an order that cannot be changed unseen. Only `number`, `body`, `hash` and `seal` are stored; the rest is
-- read out of the body, so that nothing can say otherwise.
CREATE TABLE audit (
    number      INTEGER PRIMARY KEY,
    body        TEXT NOT NULL,
    hash        BLOB NOT NULL,
    seal        BLOB NOT NULL,
    time        TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.time') END) VIRTUAL,
    kind        TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.kind') END) VIRTUAL,
    outcome     TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.outcome') END) VIRTUAL,
    uid         INTEGER GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.uid') END) VIRTUAL,
    agent       TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.agent') END) VIRTUAL,
    run         TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.run') END) VIRTUAL
) STRICT;
CREATE INDEX audit_by_kind ON audit (kind, number);
CREATE INDEX audit_by_time ON audit (time);
CREATE INDEX audit_by_run ON audit (run, number) WHERE run <> '';
