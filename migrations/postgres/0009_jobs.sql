-- Background jobs: who runs which, and how the last run went.

CREATE TABLE jobs (
    name         TEXT   NOT NULL PRIMARY KEY,
    -- Who runs it, until when; over, it is anyone's.
    runner       UUID,
    leased_until TIMESTAMPTZ,
    requested_at TIMESTAMPTZ,
    started_at   TIMESTAMPTZ,
    finished_at  TIMESTAMPTZ,
    succeeded_at TIMESTAMPTZ,
    done         BIGINT NOT NULL DEFAULT 0,
    report       TEXT,
    has_failed   BOOLEAN NOT NULL DEFAULT false
);
