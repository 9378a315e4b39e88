//! The index on SQLite: a file of its own, so that filling it never holds up the commits of messages.
//!
//! A term's rows lie together, by message: a word is answered by walking them down from the newest,
//! the beginning of a word by doing so for each word that begins so.

use std::cmp::Reverse;
use std::path::Path;

use async_trait::async_trait;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, params};

use super::database::Database;
use super::row::{id, number, signed};
use crate::domain::search::Term;
use crate::id::{ChatId, MessageId};
use crate::storage::StoreResult;
use crate::storage::search::{Hits, HitsQuery, IndexBatch, Indexed, SearchStore};

/// The file beside the database; without it the index is made again.
const FILE: &str = "search.db";
/// The form of the file: one of another form is made anew.
const VERSION: i64 = 1;
/// A commit that is lost with the power is made again, so none waits for the disk.
const SETTINGS: &str = "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768;";
/// Words with one beginning that are walked one by one; with more, so many messages have it that
/// they are found quicker by walking the messages.
const WORDS: usize = 128;
/// Messages of a chat that are walked at once.
const WALKED: usize = 2_000;

/// Of what is never indexed again: whoever looked at it before comes too late.
const GONE: u64 = i64::MAX as u64;

const SCHEMA: &str = "
    DROP TABLE IF EXISTS chats;
    DROP TABLE IF EXISTS terms;
    DROP TABLE IF EXISTS messages;
    CREATE TABLE chats (
        number INTEGER PRIMARY KEY,
        chat_id BLOB NOT NULL UNIQUE,
        -- How far its log is indexed.
        rev INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE terms (
        chat INTEGER NOT NULL,
        term TEXT NOT NULL,
        message_id BLOB NOT NULL,
        PRIMARY KEY (chat, term, message_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE messages (
        chat INTEGER NOT NULL,
        message_id BLOB NOT NULL,
        rev INTEGER NOT NULL,
        -- A line each.
        terms TEXT NOT NULL,
        PRIMARY KEY (chat, message_id)
    ) STRICT, WITHOUT ROWID;";

/// The embedded [`SearchStore`].
#[derive(Clone)]
pub struct SqliteSearch(Database);

impl SqliteSearch {
    /// Opens the index of a data directory; one that cannot be read is made anew.
    pub fn open(data_dir: &Path) -> StoreResult<Self> {
        let path = data_dir.join(FILE);
        Database::open_with(&path, SETTINGS, migrate)
            .or_else(|error| {
                tracing::warn!(cause = %error, "the search index is made anew");
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(data_dir.join(format!("{FILE}{end}")));
                }
                Database::open_with(&path, SETTINGS, migrate)
            })
            .map(Self)
    }
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

#[async_trait]
impl SearchStore for SqliteSearch {
    async fn positions(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, u64)>> {
        self.0
            .read(move |connection| {
                let mut query =
                    connection.prepare_cached("SELECT rev FROM chats WHERE chat_id = ?1")?;
                let mut found = Vec::with_capacity(chat_ids.len());
                for chat_id in chat_ids {
                    let rev = query.query_row([chat_id.as_bytes()], |row| number(row, 0));
                    found.extend(rev.optional()?.map(|rev| (chat_id, rev)));
                }
                Ok(found)
            })
            .await
    }

    async fn index(&self, batch: IndexBatch) -> StoreResult<()> {
        self.0
            .write(move |connection| index(connection, &batch))
            .await
    }

    async fn hits(&self, query: HitsQuery) -> StoreResult<Hits> {
        self.0
            .read(move |connection| hits(connection, &query))
            .await
    }

    async fn remove(&self, messages: Vec<(ChatId, MessageId)>) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                for (chat_id, message_id) in &messages {
                    let gone = Indexed {
                        message_id: *message_id,
                        rev: GONE,
                        terms: Default::default(),
                    };
                    put(connection, moved(connection, *chat_id, 0)?, &gone)?;
                }
                Ok(())
            })
            .await
    }
}

fn number_of(connection: &Connection, chat_id: ChatId) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM chats WHERE chat_id = ?1")?
        .query_row([chat_id.as_bytes()], |row| row.get(0))
        .optional()
}

/// Moves a chat's position up; answers the chat's number.
fn moved(connection: &Connection, chat_id: ChatId, rev: u64) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO chats (chat_id, rev) VALUES (?1, ?2)
             ON CONFLICT (chat_id) DO UPDATE SET rev = max(rev, excluded.rev)
             RETURNING number",
        )?
        .query_row((chat_id.as_bytes(), signed(rev)), |row| row.get(0))
}

fn index(connection: &Connection, batch: &IndexBatch) -> Result<()> {
    let chat = moved(connection, batch.chat_id, batch.rev)?;
    for message in &batch.messages {
        put(connection, chat, message)?;
    }
    Ok(())
}

/// Puts what a message is found by in the place of what it was found by.
fn put(connection: &Connection, chat: i64, message: &Indexed) -> Result<()> {
    let id = message.message_id.as_bytes();
    let before: Option<(u64, String)> = connection
        .prepare_cached("SELECT rev, terms FROM messages WHERE chat = ?1 AND message_id = ?2")?
        .query_row((chat, id), |row| Ok((number(row, 0)?, row.get(1)?)))
        .optional()?;
    if let Some((rev, terms)) = before {
        if rev >= message.rev {
            return Ok(());
        }
        let mut remove = connection.prepare_cached(
            "DELETE FROM terms WHERE chat = ?1 AND term = ?2 AND message_id = ?3",
        )?;
        for term in terms.lines() {
            remove.execute((chat, term, id))?;
        }
    } else if message.terms.is_empty() && message.rev != GONE {
        return Ok(());
    }
    let terms: Vec<&str> = message.terms.iter().map(String::as_str).collect();
    connection
        .prepare_cached("INSERT OR REPLACE INTO messages (chat, message_id, rev, terms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![chat, id, signed(message.rev), terms.join("\n")])?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO terms (chat, term, message_id) VALUES (?1, ?2, ?3)",
    )?;
    for term in terms {
        insert.execute((chat, term, id))?;
    }
    Ok(())
}

/// What is gathered: the newest so many, and the place down to which nothing is missing.
struct Gathered {
    ids: Vec<MessageId>,
    limit: usize,
    /// Above it everything was looked at; in all chats, so the highest counts.
    floor: Option<MessageId>,
}

impl Gathered {
    fn add(&mut self, ids: impl IntoIterator<Item = MessageId>) {
        self.ids.extend(ids);
        if self.ids.len() >= self.limit {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.ids.sort_unstable_by_key(|id| Reverse(*id));
        self.ids.dedup();
        if self.ids.len() > self.limit {
            self.ids.truncate(self.limit);
            self.raise(self.ids.last().copied());
        }
    }

    fn raise(&mut self, place: Option<MessageId>) {
        self.floor = self.floor.max(place);
    }

    /// Nothing at or below it is wanted any more.
    fn low(&self) -> [u8; 16] {
        self.floor.map_or([0; 16], |id| *id.as_bytes())
    }
}

fn hits(connection: &Connection, query: &HitsQuery) -> Result<Hits> {
    let Some(term) = query.terms.first() else {
        return Ok(Hits::default());
    };
    let mut gathered = Gathered {
        ids: Vec::new(),
        limit: query.limit,
        floor: None,
    };
    let before = query.before.map_or([u8::MAX; 16], |id| *id.as_bytes());
    let mut newest = connection.prepare_cached(
        "SELECT message_id FROM terms
         WHERE chat = ?1 AND term = ?2 AND message_id < ?3 AND message_id > ?4
         ORDER BY message_id DESC LIMIT ?5",
    )?;
    for chat_id in &query.chat_ids {
        let Some(chat) = number_of(connection, *chat_id)? else {
            continue;
        };
        match words(connection, chat, term)? {
            Some(words) => {
                for word in words {
                    let ids = walk_word(&mut newest, (chat, &word), before, &gathered)?;
                    gathered.add(ids);
                }
            }
            None => walk_messages(connection, chat, query, &mut gathered)?,
        }
    }
    gathered.cut();
    let floor = gathered.floor;
    gathered
        .ids
        .retain(|id| floor.is_none_or(|floor| *id >= floor));
    Ok(Hits {
        ids: gathered.ids,
        rest: floor,
    })
}

/// The words of a chat that a term stands for; `None`: too many to walk.
fn words(connection: &Connection, chat: i64, term: &Term) -> Result<Option<Vec<String>>> {
    if !term.is_prefix {
        return Ok(Some(vec![term.text.clone()]));
    }
    let mut next = connection.prepare_cached(
        "SELECT term FROM terms WHERE chat = ?1 AND term >= ?2 AND term < ?3 ORDER BY term LIMIT 1",
    )?;
    let end = format!("{}{}", term.text, char::MAX);
    let mut from = term.text.clone();
    let mut words = Vec::new();
    while let Some(word) = next
        .query_row((chat, &from, &end), |row| row.get::<_, String>(0))
        .optional()?
    {
        if words.len() == WORDS {
            return Ok(None);
        }
        from = format!("{word}\0");
        words.push(word);
    }
    Ok(Some(words))
}

/// One more than are wanted, so that it shows whether there are more.
fn walk_word(
    newest: &mut CachedStatement<'_>,
    (chat, word): (i64, &str),
    before: [u8; 16],
    gathered: &Gathered,
) -> Result<Vec<MessageId>> {
    let limit = i64::try_from(gathered.limit + 1).unwrap_or(i64::MAX);
    newest
        .query_map(params![chat, word, before, gathered.low(), limit], |row| {
            id(row, 0)
        })?
        .collect()
}

/// Walks a chat's messages down from the newest, for those that have all terms.
fn walk_messages(
    connection: &Connection,
    chat: i64,
    query: &HitsQuery,
    gathered: &mut Gathered,
) -> Result<()> {
    let mut walk = connection.prepare_cached(
        "SELECT message_id, terms FROM messages
         WHERE chat = ?1 AND message_id < ?2 AND message_id > ?3 ORDER BY message_id DESC",
    )?;
    let before = query.before.map_or([u8::MAX; 16], |id| *id.as_bytes());
    let mut rows = walk.query(params![chat, before, gathered.low()])?;
    let mut found = Vec::new();
    let mut walked = 0;
    while let Some(row) = rows.next()? {
        let message_id: MessageId = id(row, 0)?;
        if has_all(row.get_ref(1)?.as_str()?, &query.terms) {
            found.push(message_id);
        }
        walked += 1;
        if walked == WALKED || found.len() > query.limit {
            gathered.raise(Some(message_id));
            break;
        }
    }
    gathered.add(found);
    Ok(())
}

fn has_all(lines: &str, terms: &[Term]) -> bool {
    terms.iter().all(|term| {
        lines.lines().any(|line| match term.is_prefix {
            true => line.starts_with(&term.text),
            false => line == term.text,
        })
    })
}
