-- How often a run was taken up again after its end, and what it took over from another run's journal.
ALTER TABLE runs ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN inherits TEXT;
