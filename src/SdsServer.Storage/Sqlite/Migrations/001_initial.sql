-- Times are UTC in ticks of 100 ns since 0001-01-01, as .NET counts them; as a date:
-- datetime((not_after - 621355968000000000) / 10000000, 'unixepoch').

-- Proves at start that the key-encryption key at hand is the one the keys are encrypted under.
CREATE TABLE key_check (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    salt  BLOB NOT NULL,
    value BLOB NOT NULL
);

-- revision and signer_revision repeat fields of the state: writes compare with them.
CREATE TABLE trust_domains (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    term            INTEGER NOT NULL,
    revision        INTEGER NOT NULL DEFAULT 0,
    signer_revision INTEGER,
    state           TEXT
);

CREATE TABLE leaves (
    id            INTEGER PRIMARY KEY,
    trust_domain  INTEGER NOT NULL REFERENCES trust_domains (id),
    serial        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    instance_id   TEXT    NOT NULL,
    spiffe_id     TEXT    NOT NULL,
    node_id       TEXT    NOT NULL,
    peer          TEXT    NOT NULL,
    bundle_slots  INTEGER NOT NULL,
    leaf_slots    INTEGER NOT NULL,
    authority_id  TEXT    NOT NULL,
    anchors       TEXT    NOT NULL, -- a JSON array of root ids
    not_before    INTEGER NOT NULL,
    not_after     INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    UNIQUE (trust_domain, serial)
);

CREATE INDEX leaves_by_instance ON leaves (trust_domain, instance_id);
CREATE INDEX leaves_by_expiry ON leaves (trust_domain, not_after);
CREATE INDEX leaves_superseded ON leaves (trust_domain) WHERE state = 'Superseded';

CREATE TABLE roster (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    instance_id  TEXT    NOT NULL,
    spiffe_id    TEXT    NOT NULL,
    node_id      TEXT    NOT NULL,
    peer         TEXT    NOT NULL,
    bundle_slots INTEGER NOT NULL,
    PRIMARY KEY (trust_domain, instance_id)
) WITHOUT ROWID;

CREATE TABLE authority_keys (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    authority_id TEXT    NOT NULL,
    envelope     BLOB    NOT NULL,
    PRIMARY KEY (trust_domain, authority_id)
);

CREATE TABLE tokens (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    id           TEXT    NOT NULL,
    document     TEXT    NOT NULL,
    PRIMARY KEY (trust_domain, id)
) WITHOUT ROWID;

CREATE TABLE decisions (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    at           INTEGER NOT NULL,
    actor        TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    evidence     TEXT    NOT NULL
);

CREATE INDEX decisions_by_trust_domain ON decisions (trust_domain, number);

CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'the log of decisions is append-only');
END;

CREATE TRIGGER decisions_are_never_deleted BEFORE DELETE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'the log of decisions is append-only');
END;
