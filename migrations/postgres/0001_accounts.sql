-- People, how they sign in, whom they know, and each one's own log.

CREATE TYPE audience AS ENUM ('everyone', 'contacts', 'nobody');

CREATE TABLE users (
    id              UUID PRIMARY KEY,
    -- Compared byte by byte, whatever the database's language: ranges of numbers are looked up.
    phone           VARCHAR(20) COLLATE "C" NOT NULL UNIQUE,
    display_name    VARCHAR(100) NOT NULL DEFAULT '',
    status_text     VARCHAR(500) NOT NULL DEFAULT '',
    avatar_media_id UUID,
    -- The stable address: a stored signed one would die.
    avatar_url      TEXT GENERATED ALWAYS AS ('/api/v1/media/' || avatar_media_id || '/content') STORED,
    -- The rev of the newest entry in the user's own log, which is numbered under this row's lock.
    me_rev          BIGINT NOT NULL DEFAULT 0,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);

-- Made with the user, so every user has a row.
CREATE TABLE privacy_settings (
    user_id       UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    last_seen     audience NOT NULL DEFAULT 'everyone',
    profile_photo audience NOT NULL DEFAULT 'everyone',
    about         audience NOT NULL DEFAULT 'everyone',
    read_receipts BOOLEAN NOT NULL DEFAULT TRUE,
    group_add     audience NOT NULL DEFAULT 'everyone'
);

-- A row is a contact, a block, or both.
CREATE TABLE contacts (
    id              UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id         UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    contact_user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    is_contact      BOOLEAN NOT NULL DEFAULT FALSE,
    is_blocked      BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (user_id, contact_user_id)
);
CREATE INDEX contacts_of_others ON contacts (contact_user_id);

-- Which numbers someone has looked up, as keyed hashes: only new ones count against his budget.
CREATE TABLE synced_numbers (
    user_id     UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    number_hash BIGINT NOT NULL,
    PRIMARY KEY (user_id, number_hash)
);

-- One row per family of refresh tokens: a session. Tokens are kept as SHA-256 only.
CREATE TABLE refresh_tokens (
    id            UUID PRIMARY KEY,
    user_id       UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id     TEXT,
    device_name   TEXT,
    platform      TEXT,
    -- How often the refresh token was rotated.
    generation    INTEGER NOT NULL DEFAULT 0,
    token_hash    BYTEA NOT NULL,
    previous_hash BYTEA,
    rotated_at    TIMESTAMPTZ,
    -- Whether anything of the newest pair has been used.
    is_pair_used  BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    TIMESTAMPTZ NOT NULL,
    last_used_at  TIMESTAMPTZ NOT NULL,
    expires_at    TIMESTAMPTZ NOT NULL,
    revoked_at    TIMESTAMPTZ
);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX refresh_tokens_of_device ON refresh_tokens (user_id, device_id)
    WHERE device_id IS NOT NULL AND revoked_at IS NULL;

-- Push devices go with the session that named them. One that was removed stays, without its token,
-- so that removing it again answers the same.
CREATE TABLE device_tokens (
    id         UUID PRIMARY KEY,
    user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id UUID NOT NULL REFERENCES refresh_tokens (id) ON DELETE CASCADE,
    token      TEXT,
    -- The token's SHA-256: a token may be longer than an index takes.
    token_hash BYTEA UNIQUE,
    platform   VARCHAR(20) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CHECK ((token IS NULL) = (token_hash IS NULL))
);
CREATE INDEX device_tokens_of_user ON device_tokens (user_id);
CREATE INDEX device_tokens_of_session ON device_tokens (session_id);

-- Each user's own log: the latest entry of every topic and key.
CREATE TABLE user_log (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    topic   TEXT NOT NULL,
    key     TEXT NOT NULL,
    rev     BIGINT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (user_id, topic, key),
    UNIQUE (user_id, rev)
);

-- One row: the installation's keys, sealed with `storage.keys_secret`.
CREATE TABLE installation_keys (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BYTEA NOT NULL
);
