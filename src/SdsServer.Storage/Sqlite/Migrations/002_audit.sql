-- What a line is about, how it ended and at which revision, as columns of their own; refused commands get lines, too.
-- A line written before has no kind: what it says stands in its action.
ALTER TABLE decisions ADD COLUMN kind        TEXT    NOT NULL DEFAULT 'Unspecified';
ALTER TABLE decisions ADD COLUMN subject     TEXT    NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN rotation_id TEXT    NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN outcome     TEXT    NOT NULL DEFAULT 'Done';
ALTER TABLE decisions ADD COLUMN error       TEXT    NOT NULL DEFAULT '';
ALTER TABLE decisions ADD COLUMN revision    INTEGER NOT NULL DEFAULT 0;
