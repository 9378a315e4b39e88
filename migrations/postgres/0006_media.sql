-- Media themselves are in MongoDB. What refers to one is counted before it is removed.
CREATE INDEX groups_by_avatar ON groups (avatar_media_id) WHERE avatar_media_id IS NOT NULL;
