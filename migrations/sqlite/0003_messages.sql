-- The log of every chat, what is hidden from whom, the outbox, and receipts.

-- One row per change of a chat, never removed. A message's row is its own entry: rev, seq and ids
-- stay, the state behind them may change. Narrow columns come first, so that counting skips payloads.
CREATE TABLE entries (
    chat_id BLOB NOT NULL,
    rev INTEGER NOT NULL,
    -- The chat's head seq after this entry: a message's own. It rises with rev, hence needs no index.
    seq INTEGER NOT NULL,
    change TEXT NOT NULL CHECK (change IN ('created', 'sent', 'edited', 'deleted', 'acted')),
    -- A message's kind, for messages (sent and acted) alone.
    type TEXT,
    -- Who did it: a message's sender. Of entry 1 the chat itself says.
    actor_id BLOB,
    -- A message's created_at.
    at INTEGER NOT NULL,
    -- The message's own id; of an edit or a deletion, the message it acts on.
    message_id BLOB,
    -- The rev of the message's last change, once there was one.
    last_rev INTEGER,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    forwarded INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER,
    expires_at INTEGER,
    -- When not `at`.
    updated_at INTEGER,
    reply_to_id BLOB,
    content_hash BLOB,
    client_message_id TEXT,
    -- JSON {user id: emoji}, when there are any.
    reactions TEXT,
    -- JSON; of an edit, what it set.
    payload TEXT,
    PRIMARY KEY (chat_id, rev)
) STRICT, WITHOUT ROWID;

-- D2: a sender's id for a message is taken for good.
CREATE UNIQUE INDEX entries_by_client_id ON entries (chat_id, actor_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
CREATE UNIQUE INDEX entries_by_message ON entries (message_id) WHERE type IS NOT NULL;
CREATE INDEX entries_by_edited_message ON entries (message_id) WHERE change = 'edited';
CREATE INDEX entries_by_last_rev ON entries (chat_id, last_rev) WHERE last_rev IS NOT NULL;

-- Deleted for one user alone.
CREATE TABLE hidden (
    user_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    chat_id BLOB NOT NULL,
    hidden_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, message_id)
) STRICT, WITHOUT ROWID;

-- One row per chat and commit. The newest row is never removed, so positions are not used again.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY,
    chat_id BLOB NOT NULL,
    first_rev INTEGER NOT NULL,
    last_rev INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    published_at INTEGER
) STRICT;

-- How far each member has got; only ever raised.
CREATE TABLE watermarks (
    chat_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    delivered_seq INTEGER NOT NULL,
    delivered_at INTEGER,
    read_seq INTEGER NOT NULL,
    read_at INTEGER,
    -- Of its last move, see receipt_position.
    position INTEGER NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;

-- Every move of a watermark, never removed: when someone got or read how far.
CREATE TABLE receipts (
    chat_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('delivered', 'read')),
    up_to_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (chat_id, user_id, kind, up_to_seq)
) STRICT, WITHOUT ROWID;

-- One row: how many times watermarks have moved. What a sync's `acks` stands for.
CREATE TABLE receipt_position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;

INSERT INTO receipt_position (id, position) VALUES (1, 0);
