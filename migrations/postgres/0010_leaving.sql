-- Accounts that were deleted, and accounts that are written out.

-- Of an account that was deleted the id stays, which logs of chats name; its phone is no phone any more.
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMPTZ;

CREATE TABLE erasures (
    user_id      UUID NOT NULL PRIMARY KEY,
    requested_at TIMESTAMPTZ NOT NULL,
    finished_at  TIMESTAMPTZ,
    -- JSON: each store and how far it is.
    states       TEXT NOT NULL DEFAULT '[]'
);

-- The newest archive of each account.
CREATE TABLE exports (
    user_id      UUID NOT NULL PRIMARY KEY,
    requested_at TIMESTAMPTZ NOT NULL,
    finished_at  TIMESTAMPTZ,
    -- Where the archive is kept, once it is whole.
    archive_id   UUID,
    states       TEXT NOT NULL DEFAULT '[]'
);
