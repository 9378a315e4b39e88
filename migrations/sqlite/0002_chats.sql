-- Chats, groups and participants. Ids are 16-byte blobs, times milliseconds since 1970.

CREATE TABLE chats (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('direct', 'group')),
    created_by BLOB NOT NULL,
    auto_delete_timer INTEGER,
    created_at INTEGER NOT NULL,
    -- A hint for sorting the chat list; may be late.
    updated_at INTEGER NOT NULL,
    -- The rev of the newest entry of the log that changed these rows.
    applied_rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    chat_id BLOB NOT NULL PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    avatar_media_id BLOB,
    admin_only INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- One chat for the same two people, whoever asks first.
CREATE TABLE direct_pairs (
    low_user_id BLOB NOT NULL,
    high_user_id BLOB NOT NULL,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    PRIMARY KEY (low_user_id, high_user_id),
    CHECK (low_user_id < high_user_id)
) STRICT, WITHOUT ROWID;

-- A row stays when its member leaves and is used again when he comes back.
CREATE TABLE chat_participants (
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    join_seq INTEGER NOT NULL,
    join_rev INTEGER NOT NULL,
    left_seq INTEGER,
    left_rev INTEGER,
    joined_at INTEGER NOT NULL,
    is_muted INTEGER NOT NULL DEFAULT 0,
    mute_until INTEGER,
    is_pinned INTEGER NOT NULL DEFAULT 0,
    auto_delete_timer INTEGER,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX chat_participants_by_user ON chat_participants (user_id, chat_id);

-- What a repeated Idempotency-Key answers, per account and call; kept 7 days.
CREATE TABLE idempotency_keys (
    user_id BLOB NOT NULL,
    call TEXT NOT NULL,
    key TEXT NOT NULL,
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, call, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
