//! The ids that senders gave their messages: each is taken for good (D2).
//!
//! They come in no order, so where an index of them is wide every message costs it a page of its own. This
//! one is narrow: a number made of chat, sender and id, and the rev of the message that has it. Where the
//! number is another's, the next one is tried. Nothing is ever removed, so whoever looks for an id goes the
//! way on which it was put there.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result};
use twox_hash::XxHash3_64;

use crate::id::{ChatId, UserId};
use crate::storage::embedded::row::{id, number as number_at, signed};

/// An id as its sender gave it.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub chat_id: ChatId,
    pub sender: UserId,
    pub client_id: &'a str,
}

/// The statements.
pub struct ClientIds<'c> {
    /// So that nobody can choose ids with one number.
    seed: u64,
    take: CachedStatement<'c>,
    find: CachedStatement<'c>,
    compare: CachedStatement<'c>,
}

impl<'c> ClientIds<'c> {
    pub fn open(connection: &'c Connection) -> Result<Self> {
        let seed: i64 = connection
            .prepare_cached("SELECT seed FROM client_ids_seed")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            seed: seed.cast_unsigned(),
            take: connection.prepare_cached(
                "INSERT INTO client_ids (number, rev) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?,
            find: connection.prepare_cached("SELECT rev FROM client_ids WHERE number = ?1")?,
            compare: connection.prepare_cached(
                "SELECT 1 FROM entries WHERE chat_id = ?1 AND rev = ?2
                   AND actor_id = ?3 AND client_message_id = ?4",
            )?,
        })
    }

    /// Takes an id for the message that gets this rev; `false`: an earlier one has it.
    pub fn take(&mut self, given: Given<'_>, rev: u64) -> Result<bool> {
        let mut number = self.number(given);
        while self.take.execute((number, signed(rev)))? == 0 {
            if self.has(given, number)?.is_some_and(|(_, is_it)| is_it) {
                return Ok(false);
            }
            number = number.wrapping_add(1);
        }
        Ok(true)
    }

    /// The rev of the message that has this id.
    pub fn find(&mut self, given: Given<'_>) -> Result<Option<u64>> {
        let mut number = self.number(given);
        while let Some((rev, is_it)) = self.has(given, number)? {
            if is_it {
                return Ok(Some(rev));
            }
            number = number.wrapping_add(1);
        }
        Ok(None)
    }

    /// The rev that stands there, and whether that is of the message with this id.
    fn has(&mut self, given: Given<'_>, number: i64) -> Result<Option<(u64, bool)>> {
        let rev = self.find.query_row([number], |row| number_at(row, 0));
        let Some(rev) = rev.optional()? else {
            return Ok(None);
        };
        let (chat, sender) = (given.chat_id.as_bytes(), given.sender.as_bytes());
        let key = (chat, signed(rev), sender, given.client_id);
        Ok(Some((rev, self.compare.exists(key)?)))
    }

    /// Those of a chat lie together.
    fn number(&self, given: Given<'_>) -> i64 {
        let chat = XxHash3_64::oneshot_with_seed(self.seed, given.chat_id.as_bytes());
        let sender = XxHash3_64::oneshot_with_seed(self.seed, given.sender.as_bytes());
        let one = XxHash3_64::oneshot_with_seed(sender, given.client_id.as_bytes());
        (chat & !u64::from(u32::MAX) | one >> 32).cast_signed()
    }
}

/// Takes the ids of all messages, in a database that is new to this index.
pub fn fill(connection: &Connection) -> Result<()> {
    let mut client_ids = ClientIds::open(connection)?;
    let mut all = connection.prepare(
        "SELECT chat_id, actor_id, client_message_id, rev FROM entries
         WHERE client_message_id IS NOT NULL ORDER BY chat_id, rev",
    )?;
    let mut rows = all.query([])?;
    let mut count = 0_u64;
    while let Some(row) = rows.next()? {
        count += 1;
        if count.is_multiple_of(1_000_000) {
            tracing::info!(count, "the ids of messages are put into their table");
        }
        let given = Given {
            chat_id: id(row, 0)?,
            sender: id(row, 1)?,
            client_id: row.get_ref(2)?.as_str()?,
        };
        client_ids.take(given, number_at(row, 3)?)?;
    }
    Ok(())
}
