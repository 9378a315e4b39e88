-- A check with IN builds a table of its own for every row that is inserted; one with OR does not.
-- SQLite cannot change a check, so the log moves. What the columns mean: 0003.

CREATE TABLE entries_moved (
    chat_id BLOB NOT NULL,
    rev INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    change TEXT NOT NULL CHECK (
        change = 'sent' OR change = 'acted' OR change = 'edited' OR change = 'deleted'
        OR change = 'created'
    ),
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
CREATE INDEX entries_by_edited_message ON entries (message_id) WHERE change = 'edited';
CREATE INDEX entries_by_last_rev ON entries (chat_id, last_rev) WHERE last_rev IS NOT NULL;
