-- Whom the notification group has pushed what. Ids are 16-byte blobs, times milliseconds since 1970.

-- How far someone was told of a chat by push, so that an event that comes again is not told again.
CREATE TABLE push_marks (
    chat_id     BLOB    NOT NULL,
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The newest seq that a push stood for.
    pushed_seq  INTEGER NOT NULL DEFAULT 0,
    -- How far his devices were told that he has read.
    cleared_seq INTEGER NOT NULL DEFAULT 0,
    -- When the last window began in which pushes are collapsed.
    window_at   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_marks_by_user ON push_marks (user_id);

-- What the development sender would have pushed; the oldest of a person go.
CREATE TABLE push_inbox (
    place     INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id   BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id BLOB    NOT NULL,
    platform  TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX push_inbox_by_user ON push_inbox (user_id, place);
