-- Clients that have enrolled. Only a certificate that stands here is believed, so the rows are what a client is known by.
CREATE TABLE enrolment_authorities (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    id           TEXT    NOT NULL,
    certificate  BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    replaced_at  INTEGER,
    PRIMARY KEY (trust_domain, id)
);

-- One signs, at most.
CREATE UNIQUE INDEX enrolment_authority_that_signs ON enrolment_authorities (trust_domain) WHERE replaced_at IS NULL;

CREATE TABLE enrolled_certificates (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    serial       TEXT    NOT NULL,
    enrolment_id TEXT    NOT NULL,
    spiffe_id    TEXT    NOT NULL,
    authority_id TEXT    NOT NULL,
    token_id     TEXT    NOT NULL,
    key_hash     BLOB    NOT NULL CHECK (length(key_hash) = 32),
    certificate  BLOB    NOT NULL,
    issued_at    INTEGER NOT NULL,
    not_after    INTEGER NOT NULL,
    revoked_at   INTEGER,
    PRIMARY KEY (trust_domain, serial)
);

CREATE INDEX enrolled_certificates_by_enrolment ON enrolled_certificates (trust_domain, enrolment_id);
CREATE INDEX enrolled_certificates_by_identity ON enrolled_certificates (trust_domain, spiffe_id);
CREATE INDEX enrolled_certificates_by_token ON enrolled_certificates (trust_domain, token_id, key_hash);
CREATE INDEX enrolled_certificates_by_expiry ON enrolled_certificates (trust_domain, not_after);

-- Leaves of an identity that begin at this time or before are no evidence.
CREATE TABLE identity_cutoffs (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    spiffe_id    TEXT    NOT NULL,
    not_before   INTEGER NOT NULL,
    PRIMARY KEY (trust_domain, spiffe_id)
) WITHOUT ROWID;
