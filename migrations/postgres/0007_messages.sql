-- Messages starred by one user alone; the mark on the message itself follows.
CREATE TABLE starred_messages (
    user_id    UUID NOT NULL,
    message_id UUID NOT NULL,
    chat_id    UUID NOT NULL,
    starred_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, message_id)
);
CREATE INDEX starred_messages_by_time ON starred_messages (user_id, starred_at, message_id);
