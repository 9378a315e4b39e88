-- Accounts that were deleted, and accounts that are written out.

-- Of an account that was deleted the id stays, which logs of chats name; its phone is no phone any more.
ALTER TABLE users ADD COLUMN deleted_at INTEGER;

CREATE TABLE erasures (
    user_id      BLOB NOT NULL PRIMARY KEY,
    requested_at INTEGER NOT NULL,
    finished_at  INTEGER,
    -- JSON: each store and how far it is.
    states       TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- The newest archive of each account.
CREATE TABLE exports (
    user_id      BLOB NOT NULL PRIMARY KEY,
    requested_at INTEGER NOT NULL,
    finished_at  INTEGER,
    -- Where the archive is kept, once it is whole.
    archive_id   BLOB,
    states       TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;
