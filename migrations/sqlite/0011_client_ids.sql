-- The ids that senders gave their messages, each of which is taken for good. They come in no order: where an
-- index of them is wide, each costs a page of its own. This one holds a number made of chat, sender and id,
-- the next one where that is another's, and the rev of the message in its chat.

CREATE TABLE client_ids (
    number INTEGER PRIMARY KEY,
    rev INTEGER NOT NULL
) STRICT;

-- One row: what the numbers depend on, so that nobody can choose ids that have the same.
CREATE TABLE client_ids_seed (
    seed INTEGER NOT NULL
) STRICT;

INSERT INTO client_ids_seed (seed) VALUES (random());

-- The program fills it from the log.
DROP INDEX entries_by_client_id;
