-- What was told beside an ask, as JSON: advice from its beginning, which answers are not bound to.
ALTER TABLE asks ADD COLUMN findings TEXT NOT NULL DEFAULT '[]';

-- All entries of one act, in a log of any length.
ALTER TABLE audit ADD COLUMN
    act TEXT GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN json_extract(body, '$.act') END) VIRTUAL;
CREATE INDEX audit_by_act ON audit (act, number) WHERE act <> '';
