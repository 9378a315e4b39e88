-- Uploads: a row from the first byte on, a medium once made_at is set.
CREATE TABLE media (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id BLOB NOT NULL,
    began_at INTEGER NOT NULL,
    made_at INTEGER,
    -- Not to be removed before this time: someone is about to refer to it.
    held_until INTEGER NOT NULL DEFAULT 0,
    -- On its way out.
    is_withdrawn INTEGER NOT NULL DEFAULT 0,
    type TEXT,
    mime_type TEXT,
    size_bytes INTEGER,
    file_name TEXT,
    width INTEGER,
    height INTEGER,
    duration_ms INTEGER,
    has_thumbnail INTEGER NOT NULL DEFAULT 0,
    -- The Idempotency-Key that made it; answers 7 days.
    idempotency_key TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX media_by_owner ON media (owner_id, id);
CREATE UNIQUE INDEX media_by_key ON media (owner_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

CREATE INDEX groups_by_avatar ON groups (avatar_media_id) WHERE avatar_media_id IS NOT NULL;
-- A message that is stripped has no media any more.
CREATE INDEX entries_by_media ON entries (json_extract(payload, '$.mediaId'))
    WHERE type = 'image' OR type = 'video' OR type = 'audio' OR type = 'document';
