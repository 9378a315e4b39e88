//! Writing the log: numbers are checked against its end, in the transaction that writes.

use rusqlite::{CachedStatement, Connection, Result, params};

use super::client_ids::{ClientIds, Given};
use super::erase;
use super::position::heads;
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::embedded::chats::effects;
use crate::storage::embedded::row::signed;
use crate::storage::messages::{Append, Appended, Change, Entry, Heads};

/// The statements that every append runs.
struct Log<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
    remember: CachedStatement<'c>,
    client_ids: ClientIds<'c>,
}

/// Appends in order. An error undoes the whole call; a conflict ends only its own append.
pub fn all(connection: &Connection, appends: &[Append]) -> Result<Vec<Appended>> {
    let mut log = Log::open(connection)?;
    appends.iter().map(|append| log.append(append)).collect()
}

/// Entry 1 of a new chat, with its outbox row.
pub fn created(connection: &Connection, chat_id: ChatId, at: Timestamp) -> Result<()> {
    let mut log = Log::open(connection)?;
    let entry = Entry {
        rev: 1,
        at,
        change: Change::Created,
    };
    log.insert_bare(chat_id, &entry, 0, None)?;
    log.remember(chat_id, 1, Heads { seq: 0, rev: 1 }, at)
}

impl<'c> Log<'c> {
    fn open(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            connection,
            insert: connection.prepare_cached(
                "INSERT INTO entries (chat_id, rev, seq, change, type, actor_id, at, message_id,
                     forwarded, expires_at, updated_at, reply_to_id, content_hash,
                     client_message_id, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?,
            remember: connection.prepare_cached(
                "INSERT INTO outbox (chat_id, first_rev, last_rev, head_seq, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            client_ids: ClientIds::open(connection)?,
        })
    }

    fn append(&mut self, append: &Append) -> Result<Appended> {
        let before = heads(self.connection, append.chat_id)?;
        let mut after = before;
        let mut committed = 0;
        for entry in &append.entries {
            let Some(next) = self.entry(append.chat_id, entry, after)? else {
                break;
            };
            after = next;
            committed += 1;
        }
        if let Some(last) = append.entries[..committed].last() {
            self.remember(append.chat_id, before.rev + 1, after, last.at)?;
        }
        Ok(if committed == append.entries.len() {
            Appended::Committed
        } else {
            Appended::Conflict { committed }
        })
    }

    /// Writes one entry with its effect; `None` when a number or a client's id is taken.
    fn entry(&mut self, chat_id: ChatId, entry: &Entry, heads: Heads) -> Result<Option<Heads>> {
        let bare = Heads {
            rev: heads.rev + 1,
            seq: heads.seq,
        };
        let numbered = Heads {
            seq: heads.seq + 1,
            ..bare
        };
        if entry.rev != bare.rev {
            return Ok(None);
        }
        match &entry.change {
            Change::Created => {
                self.insert_bare(chat_id, entry, heads.seq, None)?;
                Ok(Some(bare))
            }
            Change::Edited {
                message_id,
                payload,
                ..
            } => {
                let took = self.edit(chat_id, entry, *message_id, payload.get())?;
                let text = took.then(|| payload.get());
                self.insert_bare(chat_id, entry, heads.seq, Some((*message_id, text)))?;
                Ok(Some(bare))
            }
            Change::Reacted {
                actor,
                message_id,
                emoji,
            } => {
                let emoji = emoji.as_deref();
                let took = self.react(chat_id, entry, (*message_id, *actor), emoji)?;
                let said = emoji.filter(|_| took);
                self.insert_bare(chat_id, entry, heads.seq, Some((*message_id, said)))?;
                Ok(Some(bare))
            }
            Change::Deleted { message_id, .. } => {
                self.strip(chat_id, entry, *message_id)?;
                self.insert_bare(chat_id, entry, heads.seq, Some((*message_id, None)))?;
                Ok(Some(bare))
            }
            Change::SenderErased { sender } => {
                let as_of = (entry.rev, entry.at);
                erase::erase(self.connection, chat_id, *sender, as_of)?;
                self.insert_bare(chat_id, entry, heads.seq, None)?;
                Ok(Some(bare))
            }
            Change::Sent(message) => {
                let fits = self.insert_message(numbered, entry, message)?;
                Ok(fits.then_some(numbered))
            }
            Change::Acted { message, effect } => {
                if !self.insert_message(numbered, entry, message)? {
                    return Ok(None);
                }
                effects::apply(self.connection, (chat_id, numbered), entry.at, effect)?;
                Ok(Some(numbered))
            }
        }
    }

    /// `false`: its seq is not the next, or the sender has used its `client_message_id` in this chat.
    fn insert_message(&mut self, next: Heads, entry: &Entry, message: &Message) -> Result<bool> {
        if message.seq != next.seq {
            return Ok(false);
        }
        if let Some(client_id) = &message.client_message_id {
            let given = Given {
                chat_id: message.chat_id,
                sender: message.sender_id,
                client_id,
            };
            if !self.client_ids.take(given, entry.rev)? {
                return Ok(false);
            }
        }
        let change = match entry.change {
            Change::Acted { .. } => "acted",
            _ => "sent",
        };
        let updated_at = (message.updated_at != message.created_at).then_some(message.updated_at.0);
        self.insert.execute(params![
            message.chat_id.as_bytes(),
            signed(entry.rev),
            signed(message.seq),
            change,
            message.kind.as_str(),
            message.sender_id.as_bytes(),
            message.created_at.0,
            message.id.as_bytes(),
            message.forwarded,
            message.expires_at.map(|at| at.0),
            updated_at,
            message.reply_to_id.as_ref().map(MessageId::as_bytes),
            message.content_hash,
            message.client_message_id,
            message.payload.get(),
        ])?;
        Ok(true)
    }

    /// An entry that is no message; `about` is the message it acts on and what it said of it.
    fn insert_bare(
        &mut self,
        chat_id: ChatId,
        entry: &Entry,
        head_seq: u64,
        about: Option<(MessageId, Option<&str>)>,
    ) -> Result<()> {
        let (change, actor) = match &entry.change {
            Change::Edited { actor, .. } => ("edited", Some(actor)),
            Change::Reacted { actor, .. } => ("reacted", Some(actor)),
            Change::Deleted { actor, .. } => ("deleted", Some(actor)),
            Change::SenderErased { sender } => ("sender_erased", Some(sender)),
            _ => ("created", None),
        };
        self.insert
            .execute(params![
                chat_id.as_bytes(),
                signed(entry.rev),
                signed(head_seq),
                change,
                None::<&str>,
                actor.map(UserId::as_bytes),
                entry.at.0,
                about.as_ref().map(|(message_id, _)| message_id.as_bytes()),
                false,
                None::<i64>,
                None::<i64>,
                None::<&[u8]>,
                None::<&[u8]>,
                None::<&str>,
                about.and_then(|(_, payload)| payload),
            ])
            .map(|_| ())
    }

    /// `false`: there is no such message in this chat any more that could be edited.
    fn edit(
        &self,
        chat_id: ChatId,
        entry: &Entry,
        message_id: MessageId,
        payload: &str,
    ) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE entries SET payload = ?3, edited_at = ?4, updated_at = ?4, last_rev = ?5
                 WHERE message_id = ?1 AND type IS NOT NULL AND chat_id = ?2 AND is_deleted = 0",
            )?
            .execute(params![
                message_id.as_bytes(),
                chat_id.as_bytes(),
                payload,
                entry.at.0,
                signed(entry.rev),
            ])?;
        Ok(changed > 0)
    }

    /// `false`: there is no such message in this chat any more that could have a reaction.
    fn react(
        &self,
        chat_id: ChatId,
        entry: &Entry,
        (message_id, actor): (MessageId, UserId),
        emoji: Option<&str>,
    ) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE entries SET updated_at = ?3, last_rev = ?4, reactions = nullif(
                     CASE WHEN ?6 IS NULL THEN json_remove(coalesce(reactions, '{}'), ?5)
                          ELSE json_set(coalesce(reactions, '{}'), ?5, ?6) END, '{}')
                 WHERE message_id = ?1 AND type IS NOT NULL AND chat_id = ?2 AND is_deleted = 0",
            )?
            .execute(params![
                message_id.as_bytes(),
                chat_id.as_bytes(),
                entry.at.0,
                signed(entry.rev),
                format!("$.\"{actor}\""),
                emoji,
            ])?;
        Ok(changed > 0)
    }

    fn strip(&self, chat_id: ChatId, entry: &Entry, message_id: MessageId) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE entries SET is_deleted = 1, payload = '{}', reactions = NULL,
                     updated_at = ?3, last_rev = ?4
                 WHERE message_id = ?1 AND type IS NOT NULL AND chat_id = ?2 AND is_deleted = 0",
            )?
            .execute(params![
                message_id.as_bytes(),
                chat_id.as_bytes(),
                entry.at.0,
                signed(entry.rev),
            ])?;
        self.connection
            .prepare_cached(
                "UPDATE entries SET payload = NULL
                 WHERE message_id = ?1 AND type IS NULL AND chat_id = ?2",
            )?
            .execute(params![message_id.as_bytes(), chat_id.as_bytes()])
            .map(|_| ())
    }

    fn remember(
        &mut self,
        chat_id: ChatId,
        first_rev: u64,
        heads: Heads,
        at: Timestamp,
    ) -> Result<()> {
        self.remember
            .execute(params![
                chat_id.as_bytes(),
                signed(first_rev),
                signed(heads.rev),
                signed(heads.seq),
                at.0,
            ])
            .map(|_| ())
    }
}
