-- Background jobs: who runs which, and how the last run went.

CREATE TABLE jobs (
    name         TEXT   NOT NULL PRIMARY KEY,
    -- Who runs it, until when; over, it is anyone's.
    runner       BLOB,
    leased_until INTEGER,
    requested_at INTEGER,
    started_at   INTEGER,
    finished_at  INTEGER,
    succeeded_at INTEGER,
    done         INTEGER NOT NULL DEFAULT 0,
    report       TEXT,
    has_failed   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
