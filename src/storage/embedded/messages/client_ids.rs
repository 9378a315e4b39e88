//! The ids that senders gave their messages: each is taken for good (D2).
//!
//! They come in no order, so to index one by one would cost every message a page of its own. Those of a
//! chat's newest messages are remembered instead, and are indexed together. What is remembered is the log
//! from where the index ends; where it does not end where the log does, as after a start or when a
//! transaction was undone, it is read from the log again.

use std::collections::{HashMap, HashSet, VecDeque};

use ahash::RandomState;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, params};

use crate::id::{ChatId, UserId};
use crate::storage::embedded::row::{id, number, signed};

/// Entries of a chat whose ids are indexed together.
const TOGETHER: u64 = 512;
/// What is remembered of all chats, in ids: some 5 MiB.
const REMEMBERED: usize = 262_144;
/// What a chat counts beside its ids.
const CHAT: usize = 8;

/// What the writer remembers of all chats.
pub struct ClientIds {
    together: u64,
    most: usize,
    /// `None`: it was not given back.
    tails: HashMap<ChatId, Option<Tail>, RandomState>,
    /// The same chats in the order in which they are to be forgotten.
    order: VecDeque<ChatId>,
    remembered: usize,
}

/// The end of one chat's log.
pub struct Tail {
    /// Of senders and ids.
    hashes: HashSet<u64, RandomState>,
    /// The index holds what is up to this rev,
    indexed: u64,
    /// the hashes what is up to this one.
    end: u64,
    /// Since it was to be forgotten last.
    is_used: bool,
}

impl Default for ClientIds {
    fn default() -> Self {
        Self::with_limits(TOGETHER, REMEMBERED)
    }
}

impl ClientIds {
    /// `together`: entries of a chat that are indexed together; `most`: ids that are remembered.
    pub fn with_limits(together: u64, most: usize) -> Self {
        Self {
            together,
            most,
            tails: HashMap::default(),
            order: VecDeque::new(),
            remembered: 0,
        }
    }

    /// The tail of a chat whose log ends with `rev`. To be given back by [`keep`](Self::keep); where that
    /// does not happen it is read from the log again.
    pub fn tail(&mut self, connection: &Connection, chat_id: ChatId, rev: u64) -> Result<Tail> {
        let tail = self.tails.entry(chat_id).or_insert_with(|| {
            self.order.push_back(chat_id);
            None
        });
        if let Some(tail) = tail.take() {
            self.remembered -= tail.weight();
            if tail.end == rev {
                return Ok(tail);
            }
        }
        Tail::read(connection, chat_id, rev)
    }

    /// Takes a tail back, of a chat whose log ends with `rev` now.
    pub fn keep(
        &mut self,
        connection: &Connection,
        chat_id: ChatId,
        mut tail: Tail,
        rev: u64,
    ) -> Result<()> {
        (tail.end, tail.is_used) = (rev, true);
        if rev.saturating_sub(tail.indexed) >= self.together {
            tail.index(connection, chat_id)?;
        }
        self.remembered += tail.weight();
        self.tails.insert(chat_id, Some(tail));
        self.forget_some(connection)
    }

    /// Forgets who was not used lately, as long as too much is remembered.
    fn forget_some(&mut self, connection: &Connection) -> Result<()> {
        while self.remembered > self.most
            && let Some(chat_id) = self.order.pop_front()
        {
            let Some(mut tail) = self.tails.remove(&chat_id).flatten() else {
                continue;
            };
            if tail.is_used {
                tail.is_used = false;
                self.tails.insert(chat_id, Some(tail));
                self.order.push_back(chat_id);
                continue;
            }
            self.remembered -= tail.weight();
            if !tail.hashes.is_empty() {
                tail.index(connection, chat_id)?;
            }
        }
        Ok(())
    }
}

impl Tail {
    fn read(connection: &Connection, chat_id: ChatId, rev: u64) -> Result<Self> {
        let indexed = indexed_to(connection, chat_id)?;
        let mut hashes = HashSet::default();
        for_each(connection, chat_id, indexed, |sender, client_id, _| {
            insert(&mut hashes, sender, client_id);
        })?;
        Ok(Self {
            hashes,
            indexed,
            end: rev,
            is_used: true,
        })
    }

    fn weight(&self) -> usize {
        CHAT + self.hashes.len()
    }

    /// Takes an id; `false`: its sender has used it in this chat.
    pub fn take(
        &mut self,
        lookup: &mut Lookup<'_>,
        (chat_id, sender): (ChatId, UserId),
        client_id: &str,
    ) -> Result<bool> {
        // Two ids can have one hash.
        if !insert(&mut self.hashes, sender, client_id) {
            let key = [(sender, client_id.to_owned())];
            return Ok(revs(lookup.connection, chat_id, &key)?[0].is_none());
        }
        let is_taken = self.indexed > 0 && lookup.is_indexed(chat_id, sender, client_id)?;
        Ok(!is_taken)
    }

    fn index(&mut self, connection: &Connection, chat_id: ChatId) -> Result<()> {
        let (chat, from, to) = (chat_id.as_bytes(), signed(self.indexed), signed(self.end));
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO client_ids (chat_id, actor_id, client_message_id, rev)
                 SELECT chat_id, actor_id, client_message_id, rev FROM entries
                 WHERE chat_id = ?1 AND rev > ?2 AND rev <= ?3 AND client_message_id IS NOT NULL
                 ORDER BY actor_id, client_message_id",
            )?
            .execute(params![chat, from, to])?;
        connection
            .prepare_cached("INSERT OR REPLACE INTO client_ids_end (chat_id, rev) VALUES (?1, ?2)")?
            .execute(params![chat, to])?;
        self.hashes.clear();
        self.indexed = self.end;
        Ok(())
    }
}

/// `false`: it was there.
fn insert(hashes: &mut HashSet<u64, RandomState>, sender: UserId, client_id: &str) -> bool {
    let hash = hashes.hasher().hash_one((sender, client_id));
    hashes.insert(hash)
}

/// The statement that every message runs.
pub struct Lookup<'c> {
    connection: &'c Connection,
    indexed: CachedStatement<'c>,
}

impl<'c> Lookup<'c> {
    pub fn open(connection: &'c Connection) -> Result<Self> {
        let indexed = connection.prepare_cached(INDEXED)?;
        Ok(Self {
            connection,
            indexed,
        })
    }

    fn is_indexed(&mut self, chat_id: ChatId, sender: UserId, client_id: &str) -> Result<bool> {
        let key = (chat_id.as_bytes(), sender.as_bytes(), client_id);
        self.indexed.exists(key)
    }
}

const INDEXED: &str =
    "SELECT rev FROM client_ids WHERE chat_id = ?1 AND actor_id = ?2 AND client_message_id = ?3";

/// The revs of a chat's messages to which senders gave these ids. What is not indexed is looked at first:
/// ids move from there into the index.
pub fn revs(
    connection: &Connection,
    chat_id: ChatId,
    keys: &[(UserId, String)],
) -> Result<Vec<Option<u64>>> {
    let wanted = keys.iter().map(|(sender, id)| (*sender, id.as_str()));
    let wanted: HashSet<(UserId, &str), RandomState> = wanted.collect();
    let mut newest: HashMap<(UserId, String), u64, RandomState> = HashMap::default();
    let indexed = indexed_to(connection, chat_id)?;
    for_each(connection, chat_id, indexed, |sender, client_id, rev| {
        if wanted.contains(&(sender, client_id)) {
            newest.insert((sender, client_id.to_owned()), rev);
        }
    })?;
    let mut index = connection.prepare_cached(INDEXED)?;
    let find = |key: &(UserId, String)| match newest.get(key) {
        Some(rev) => Ok(Some(*rev)),
        None => index
            .query_row((chat_id.as_bytes(), key.0.as_bytes(), &key.1), |row| {
                number(row, 0)
            })
            .optional(),
    };
    keys.iter().map(find).collect()
}

fn indexed_to(connection: &Connection, chat_id: ChatId) -> Result<u64> {
    let rev = connection
        .prepare_cached("SELECT rev FROM client_ids_end WHERE chat_id = ?1")?
        .query_row([chat_id.as_bytes()], |row| number(row, 0))
        .optional()?;
    Ok(rev.unwrap_or(0))
}

/// The ids in a chat's log after a rev.
fn for_each(
    connection: &Connection,
    chat_id: ChatId,
    after: u64,
    mut take: impl FnMut(UserId, &str, u64),
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT actor_id, client_message_id, rev FROM entries
         WHERE chat_id = ?1 AND rev > ?2 AND client_message_id IS NOT NULL",
    )?;
    let mut rows = statement.query((chat_id.as_bytes(), signed(after)))?;
    while let Some(row) = rows.next()? {
        take(id(row, 0)?, row.get_ref(1)?.as_str()?, number(row, 2)?);
    }
    Ok(())
}
