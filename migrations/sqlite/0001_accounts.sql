-- People, how they sign in, whom they know, and each one's own log.
-- Ids are 16 bytes, times milliseconds since 1970, hashes 32 bytes.

CREATE TABLE users (
    id              BLOB    NOT NULL PRIMARY KEY,
    phone           TEXT    NOT NULL UNIQUE,
    display_name    TEXT    NOT NULL DEFAULT '',
    status_text     TEXT    NOT NULL DEFAULT '',
    avatar_media_id BLOB,
    -- The rev of the newest entry in the user's own log.
    me_rev          INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Made with the user, so every user has a row.
CREATE TABLE privacy_settings (
    user_id       BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    last_seen     TEXT    NOT NULL DEFAULT 'everyone',
    profile_photo TEXT    NOT NULL DEFAULT 'everyone',
    about         TEXT    NOT NULL DEFAULT 'everyone',
    read_receipts INTEGER NOT NULL DEFAULT 1,
    group_add     TEXT    NOT NULL DEFAULT 'everyone'
) STRICT, WITHOUT ROWID;

-- A row is a contact, a block, or both.
CREATE TABLE contacts (
    user_id         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    contact_user_id BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    is_contact      INTEGER NOT NULL DEFAULT 0,
    is_blocked      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, contact_user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_of_others ON contacts (contact_user_id);

-- Which numbers someone has looked up, as keyed hashes: only new ones count against his budget.
CREATE TABLE synced_numbers (
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    number_hash INTEGER NOT NULL,
    PRIMARY KEY (user_id, number_hash)
) STRICT, WITHOUT ROWID;

-- One row per refresh-token family. Tokens are kept as SHA-256 only.
CREATE TABLE sessions (
    id            BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id     TEXT,
    device_name   TEXT,
    platform      TEXT,
    -- How often the refresh token was rotated.
    generation    INTEGER NOT NULL DEFAULT 0,
    token_hash    BLOB    NOT NULL,
    previous_hash BLOB,
    rotated_at    INTEGER,
    -- Whether anything of the newest pair has been used.
    is_pair_used  INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    revoked_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX sessions_of_device ON sessions (user_id, device_id)
    WHERE device_id IS NOT NULL AND revoked_at IS NULL;

-- Push devices go with the session that named them. One that was removed stays, without its token,
-- so that removing it again answers the same.
CREATE TABLE devices (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token      TEXT    UNIQUE,
    platform   TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_user ON devices (user_id);
CREATE INDEX devices_of_session ON devices (session_id);

-- The newest code per phone, as a keyed hash; NULL once it was used up. The row outlives its code:
-- the next code may be asked for only after `resend_at`.
CREATE TABLE codes (
    phone      TEXT    NOT NULL PRIMARY KEY,
    code_hash  BLOB,
    attempts   INTEGER NOT NULL DEFAULT 0,
    resend_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tickets (
    hash             BLOB    NOT NULL PRIMARY KEY,
    user_id          BLOB    NOT NULL,
    session_id       BLOB    NOT NULL,
    token_expires_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each user's own log: the latest entry of every topic and key.
CREATE TABLE user_log (
    user_id BLOB    NOT NULL,
    topic   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    rev     INTEGER NOT NULL,
    value   TEXT    NOT NULL,
    PRIMARY KEY (user_id, topic, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_log_by_rev ON user_log (user_id, rev);
