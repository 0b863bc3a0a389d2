-- Who a caller is that shows certain facts, and what it may have; one JSON document each. The revision stands apart, to be compared on change.
CREATE TABLE registrations (
    trust_domain INTEGER NOT NULL REFERENCES trust_domains (id),
    id           TEXT    NOT NULL,
    revision     INTEGER NOT NULL CHECK (revision > 0),
    document     TEXT    NOT NULL,
    PRIMARY KEY (trust_domain, id)
) WITHOUT ROWID;
