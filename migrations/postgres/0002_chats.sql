-- Chats, groups and participants, and what is hidden from whom.

CREATE TYPE chat_type AS ENUM ('direct', 'group');
CREATE TYPE participant_role AS ENUM ('admin', 'member');

CREATE TABLE chats (
    id                UUID PRIMARY KEY,
    type              chat_type NOT NULL,
    created_by        UUID NOT NULL,
    auto_delete_timer INTEGER,
    created_at        TIMESTAMPTZ NOT NULL,
    -- A hint for sorting the chat list; may be late.
    updated_at        TIMESTAMPTZ NOT NULL,
    -- The rev of the newest entry of the log that changed these rows; 0 until entry 1 is written.
    applied_rev       BIGINT NOT NULL
);

CREATE TABLE groups (
    chat_id         UUID PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    name            VARCHAR(100) NOT NULL,
    description     TEXT,
    avatar_media_id UUID,
    avatar_url      TEXT GENERATED ALWAYS AS ('/api/v1/media/' || avatar_media_id || '/content') STORED,
    created_by      UUID NOT NULL,
    is_admin_only   BOOLEAN NOT NULL DEFAULT FALSE
);

-- One chat for the same two people, whoever asks first.
CREATE TABLE direct_pairs (
    low_user_id  UUID NOT NULL,
    high_user_id UUID NOT NULL,
    chat_id      UUID NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    PRIMARY KEY (low_user_id, high_user_id),
    CHECK (low_user_id < high_user_id)
);

-- A row stays when its member leaves and is used again when he comes back.
CREATE TABLE chat_participants (
    id                UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    chat_id           UUID NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    user_id           UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role              participant_role NOT NULL,
    join_seq          BIGINT NOT NULL,
    join_rev          BIGINT NOT NULL,
    left_seq          BIGINT,
    left_rev          BIGINT,
    joined_at         TIMESTAMPTZ NOT NULL,
    is_muted          BOOLEAN NOT NULL DEFAULT FALSE,
    mute_until        TIMESTAMPTZ,
    is_pinned         BOOLEAN NOT NULL DEFAULT FALSE,
    auto_delete_timer INTEGER,
    UNIQUE (chat_id, user_id)
);
CREATE INDEX chat_participants_by_user ON chat_participants (user_id, chat_id);

-- Of a roster's members some know many and few block.
CREATE INDEX contacts_blocked ON contacts (user_id, contact_user_id) WHERE is_blocked;

-- What a repeated Idempotency-Key answers, per account and call; kept 7 days.
CREATE TABLE idempotency_keys (
    user_id    UUID NOT NULL,
    call       TEXT NOT NULL,
    key        TEXT NOT NULL,
    answer     BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, call, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Messages deleted for one user alone. `seq` lets a page ask for its own range only.
CREATE TABLE hidden_messages (
    user_id    UUID NOT NULL,
    chat_id    UUID NOT NULL,
    seq        BIGINT NOT NULL,
    message_id UUID NOT NULL,
    hidden_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, chat_id, seq)
);
CREATE INDEX hidden_messages_by_id ON hidden_messages (user_id, message_id);
