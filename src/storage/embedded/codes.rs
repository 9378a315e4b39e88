//! The `codes` and `tickets` tables.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::database::Database;
use super::row;
use crate::clock::Timestamp;
use crate::domain::phone::Phone;
use crate::storage::StoreResult;
use crate::storage::codes::{CodeHash, CodeStore, NewCode, Ticket};

pub struct SqliteCodes(pub Database);

#[async_trait]
impl CodeStore for SqliteCodes {
    async fn find_resend_at(&self, phone: Phone, now: Timestamp) -> StoreResult<Option<Timestamp>> {
        self.0
            .read(move |connection| resend_at(connection, &phone, now))
            .await
    }

    async fn insert(&self, new: NewCode) -> StoreResult<Option<Timestamp>> {
        self.0
            .write(move |connection| {
                if let Some(later) = resend_at(connection, &new.phone, new.at)? {
                    return Ok(Some(later));
                }
                connection
                    .prepare_cached(
                        "INSERT INTO codes (phone, code_hash, resend_at, expires_at)
                         VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (phone) DO UPDATE SET code_hash = excluded.code_hash,
                             attempts = 0, resend_at = excluded.resend_at,
                             expires_at = excluded.expires_at",
                    )?
                    .execute(params![
                        new.phone.as_str(),
                        new.hash,
                        new.resend_at.0,
                        new.expires_at.0
                    ])?;
                Ok(None)
            })
            .await
    }

    async fn accept(
        &self,
        phone: Phone,
        guess: CodeHash,
        attempts: u32,
        at: Timestamp,
    ) -> StoreResult<bool> {
        self.0
            .write(move |connection| accept(connection, &phone, &guess, attempts, at))
            .await
    }

    async fn insert_ticket(
        &self,
        hash: CodeHash,
        ticket: Ticket,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO tickets (hash, user_id, session_id, token_expires_at,
                             expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![
                        hash,
                        ticket.user_id.as_bytes(),
                        ticket.session_id.as_bytes(),
                        ticket.token_expires_at.0,
                        expires_at.0
                    ])
                    .map(|_| ())
            })
            .await
    }

    async fn remove_ticket(&self, hash: CodeHash, at: Timestamp) -> StoreResult<Option<Ticket>> {
        self.0
            .write(move |connection| {
                let found: Option<(Ticket, i64)> = connection
                    .prepare_cached(
                        "DELETE FROM tickets WHERE hash = ?1
                         RETURNING user_id, session_id, token_expires_at, expires_at",
                    )?
                    .query_row([hash], |row| {
                        let ticket = Ticket {
                            user_id: row::id(row, 0)?,
                            session_id: row::id(row, 1)?,
                            token_expires_at: Timestamp(row.get(2)?),
                        };
                        Ok((ticket, row.get(3)?))
                    })
                    .optional()?;
                Ok(found.and_then(|(ticket, expires)| (at.0 < expires).then_some(ticket)))
            })
            .await
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .write(move |connection| {
                let codes = connection
                    .prepare_cached("DELETE FROM codes WHERE expires_at < ?1 AND resend_at < ?1")?
                    .execute([before.0])?;
                let tickets = connection
                    .prepare_cached("DELETE FROM tickets WHERE expires_at < ?1")?
                    .execute([before.0])?;
                Ok((codes + tickets) as u64)
            })
            .await
    }
}

fn resend_at(
    connection: &Connection,
    phone: &Phone,
    now: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT resend_at FROM codes WHERE phone = ?1 AND resend_at > ?2")?
        .query_row(params![phone.as_str(), now.0], |row| {
            row.get(0).map(Timestamp)
        })
        .optional()
}

/// Counts the guess before it compares, in the one transaction that also decides.
fn accept(
    connection: &Connection,
    phone: &Phone,
    guess: &CodeHash,
    attempts: u32,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let counted: Option<(CodeHash, u32)> = connection
        .prepare_cached(
            "UPDATE codes SET attempts = attempts + 1
             WHERE phone = ?1 AND code_hash IS NOT NULL AND expires_at > ?2 AND attempts < ?3
             RETURNING code_hash, attempts",
        )?
        .query_row(params![phone.as_str(), at.0, attempts], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((hash, counted)) = counted else {
        return Ok(false);
    };
    let is_right = bool::from(hash.ct_eq(guess));
    if is_right || counted >= attempts {
        connection
            .prepare_cached("UPDATE codes SET code_hash = NULL WHERE phone = ?1")?
            .execute([phone.as_str()])?;
    }
    Ok(is_right)
}
