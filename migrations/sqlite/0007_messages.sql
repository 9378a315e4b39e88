-- Reactions are entries too. The log moves once more, now without a check of `change`: SQLite cannot
-- change a check, and a list that grows would move the log each time. What the columns mean: 0003.

CREATE TABLE entries_moved (
    chat_id BLOB NOT NULL,
    rev INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    change TEXT NOT NULL,
    type TEXT,
    actor_id BLOB,
    at INTEGER NOT NULL,
    message_id BLOB,
    last_rev INTEGER,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    forwarded INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER,
    expires_at INTEGER,
    updated_at INTEGER,
    reply_to_id BLOB,
    content_hash BLOB,
    client_message_id TEXT,
    reactions TEXT,
    -- JSON; of an edit, what it set; of a reaction, the emoji.
    payload TEXT,
    PRIMARY KEY (chat_id, rev)
) STRICT, WITHOUT ROWID;

INSERT INTO entries_moved (
    chat_id, rev, seq, change, type, actor_id, at, message_id, last_rev, is_deleted, forwarded,
    edited_at, expires_at, updated_at, reply_to_id, content_hash, client_message_id, reactions, payload
)
SELECT
    chat_id, rev, seq, change, type, actor_id, at, message_id, last_rev, is_deleted, forwarded,
    edited_at, expires_at, updated_at, reply_to_id, content_hash, client_message_id, reactions, payload
FROM entries;

DROP TABLE entries;
ALTER TABLE entries_moved RENAME TO entries;

CREATE UNIQUE INDEX entries_by_client_id ON entries (chat_id, actor_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
CREATE UNIQUE INDEX entries_by_message ON entries (message_id) WHERE type IS NOT NULL;
-- Edits of a message, reactions to it, its deletion.
CREATE INDEX entries_about_message ON entries (message_id)
    WHERE type IS NULL AND message_id IS NOT NULL;
CREATE INDEX entries_by_last_rev ON entries (chat_id, last_rev) WHERE last_rev IS NOT NULL;
-- What the sweep of disappearing messages has before it.
CREATE INDEX entries_by_expiry ON entries (expires_at)
    WHERE expires_at IS NOT NULL AND is_deleted = 0;

-- Starred by one user alone.
CREATE TABLE stars (
    user_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    chat_id BLOB NOT NULL,
    starred_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX stars_by_time ON stars (user_id, starred_at, message_id);
-- Of 0006, which went with the table.
CREATE INDEX entries_by_media ON entries (json_extract(payload, '$.mediaId'))
    WHERE type = 'image' OR type = 'video' OR type = 'audio' OR type = 'document';
