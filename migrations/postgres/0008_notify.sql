-- Whom the notification group has pushed what.

-- How far someone was told of a chat by push, so that an event that comes again is not told again.
CREATE TABLE push_marks (
    chat_id     UUID        NOT NULL,
    user_id     UUID        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The newest seq that a push stood for.
    pushed_seq  BIGINT      NOT NULL DEFAULT 0,
    -- How far his devices were told that he has read.
    cleared_seq BIGINT      NOT NULL DEFAULT 0,
    -- When the last window began in which pushes are collapsed; NULL: none yet.
    window_at   TIMESTAMPTZ,
    PRIMARY KEY (chat_id, user_id)
);
CREATE INDEX push_marks_by_user ON push_marks (user_id);

-- What the development sender would have pushed; the oldest of a person go.
CREATE TABLE push_inbox (
    place     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   UUID        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id UUID        NOT NULL,
    platform  TEXT        NOT NULL,
    data      TEXT        NOT NULL,
    at        TIMESTAMPTZ NOT NULL
);
CREATE INDEX push_inbox_by_user ON push_inbox (user_id, place);
