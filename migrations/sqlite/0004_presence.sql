-- When people were last seen. Who is online is known to the process alone.
CREATE TABLE presence (
    user_id BLOB PRIMARY KEY,
    last_seen INTEGER NOT NULL
) WITHOUT ROWID;
