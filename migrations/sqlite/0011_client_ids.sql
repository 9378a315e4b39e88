-- The ids that senders gave their messages, each of which is taken for good. They come in no order: an index
-- of the log would cost every message a page of its own. Those of a chat's newest messages stand in the log
-- alone, and come here many at once.

CREATE TABLE client_ids (
    chat_id BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    client_message_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    PRIMARY KEY (chat_id, actor_id, client_message_id)
) STRICT, WITHOUT ROWID;

-- Up to which rev of a chat's log they are here.
CREATE TABLE client_ids_end (
    chat_id BLOB NOT NULL PRIMARY KEY,
    rev INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO client_ids (chat_id, actor_id, client_message_id, rev)
SELECT chat_id, actor_id, client_message_id, rev FROM entries
WHERE client_message_id IS NOT NULL
ORDER BY chat_id, actor_id, client_message_id;

INSERT INTO client_ids_end (chat_id, rev)
SELECT chat_id, max(rev) FROM entries GROUP BY chat_id;

DROP INDEX entries_by_client_id;
