-- Each line carries the SHA-256 over its fields and the hash of the line before it. SQL cannot compute that: the program fills the new table
-- from the old one, in the same transaction, and drops the old one.
DROP TRIGGER IF EXISTS decisions_are_never_changed;
DROP TRIGGER IF EXISTS decisions_are_never_deleted;
DROP INDEX IF EXISTS decisions_by_trust_domain;
ALTER TABLE decisions RENAME TO unchained_decisions;

CREATE TABLE decisions (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    at           INTEGER NOT NULL,
    actor        TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    rotation_id  TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    evidence     TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    error        TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32)
);

CREATE INDEX decisions_by_trust_domain ON decisions (trust_domain, number);

-- The last line that was written, apart from the lines: tells when the end of the log is cut off.
CREATE TABLE log_heads (
    trust_domain INTEGER PRIMARY KEY REFERENCES trust_domains (id),
    number       INTEGER NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32)
);

CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'the log of decisions is append-only');
END;

CREATE TRIGGER decisions_are_never_deleted BEFORE DELETE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'the log of decisions is append-only');
END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER decisions_are_never_replaced BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE number >= NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the log of decisions is append-only');
END;
