//! The `contacts` table: contacts and blocks.

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::database::Database;
use super::{privacy, row, user_log, users};
use crate::domain::user::{Relation, User};
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::contacts::{ContactStore, NumberHash};
use crate::storage::user_log::Topic;

pub struct SqliteContacts(pub Database);

#[async_trait]
impl ContactStore for SqliteContacts {
    async fn insert(
        &self,
        user_id: UserId,
        contacts: Vec<UserId>,
        looked_up: Vec<NumberHash>,
    ) -> StoreResult<()> {
        self.0
            .write(move |connection| insert(connection, user_id, &contacts, &looked_up))
            .await
    }

    async fn find_new_numbers(
        &self,
        user_id: UserId,
        numbers: Vec<NumberHash>,
    ) -> StoreResult<Vec<NumberHash>> {
        self.0
            .read(move |connection| {
                let mut known = connection.prepare_cached(
                    "SELECT 1 FROM synced_numbers WHERE user_id = ?1 AND number_hash = ?2",
                )?;
                let mut new = Vec::new();
                for number in numbers {
                    if !known.exists(params![user_id.as_bytes(), number.cast_signed()])? {
                        new.push(number);
                    }
                }
                Ok(new)
            })
            .await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>> {
        self.0
            .read(move |connection| list(connection, "is_contact", user_id, after, limit))
            .await
    }

    async fn update_block(
        &self,
        user_id: UserId,
        other: UserId,
        blocked: bool,
    ) -> StoreResult<Option<u64>> {
        self.0
            .write(move |connection| {
                if !set_block(connection, user_id, other, blocked)? {
                    return Ok(None);
                }
                user_log::append(connection, user_id, Topic::Blocked, "", "null").map(Some)
            })
            .await
    }

    async fn list_blocked(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>> {
        self.0
            .read(move |connection| list(connection, "is_blocked", user_id, after, limit))
            .await
    }

    async fn list_blocked_ids(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT contact_user_id FROM contacts
                         WHERE user_id = ?1 AND is_blocked = 1 ORDER BY contact_user_id",
                    )?
                    .query_map([user_id.as_bytes()], |row| row::id(row, 0))?
                    .collect()
            })
            .await
    }

    async fn relations(&self, viewer: UserId, owners: Vec<UserId>) -> StoreResult<Vec<Relation>> {
        self.0
            .read(move |connection| relations(connection, viewer, &owners))
            .await
    }
}

fn insert(
    connection: &Connection,
    user_id: UserId,
    contacts: &[UserId],
    looked_up: &[NumberHash],
) -> rusqlite::Result<()> {
    let mut contact = connection.prepare_cached(
        "INSERT INTO contacts (user_id, contact_user_id, is_contact) VALUES (?1, ?2, 1)
         ON CONFLICT (user_id, contact_user_id) DO UPDATE SET is_contact = 1",
    )?;
    for id in contacts {
        contact.execute([user_id.as_bytes(), id.as_bytes()])?;
    }
    let mut number = connection.prepare_cached(
        "INSERT INTO synced_numbers (user_id, number_hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for hash in looked_up {
        number.execute(params![user_id.as_bytes(), hash.cast_signed()])?;
    }
    Ok(())
}

/// Answers whether the block is new, or was there to be lifted.
fn set_block(
    connection: &Connection,
    user_id: UserId,
    other: UserId,
    blocked: bool,
) -> rusqlite::Result<bool> {
    let pair = [user_id.as_bytes(), other.as_bytes()];
    if blocked {
        let rows = connection
            .prepare_cached(
                "INSERT INTO contacts (user_id, contact_user_id, is_blocked) VALUES (?1, ?2, 1)
                 ON CONFLICT (user_id, contact_user_id) DO UPDATE SET is_blocked = 1
                 WHERE is_blocked = 0",
            )?
            .execute(pair)?;
        return Ok(rows == 1);
    }
    let rows = connection
        .prepare_cached(
            "UPDATE contacts SET is_blocked = 0
             WHERE user_id = ?1 AND contact_user_id = ?2 AND is_blocked = 1",
        )?
        .execute(pair)?;
    connection
        .prepare_cached(
            "DELETE FROM contacts WHERE user_id = ?1 AND contact_user_id = ?2
             AND is_blocked = 0 AND is_contact = 0",
        )?
        .execute(pair)?;
    Ok(rows == 1)
}

fn list(
    connection: &Connection,
    flag: &str,
    user_id: UserId,
    after: Option<UserId>,
    limit: usize,
) -> rusqlite::Result<Vec<User>> {
    let columns = users::COLUMNS;
    connection
        .prepare_cached(&format!(
            "SELECT {columns} FROM contacts c JOIN users u ON u.id = c.contact_user_id
             WHERE c.user_id = ?1 AND c.{flag} = 1
               AND (?2 IS NULL OR c.contact_user_id > ?2)
             ORDER BY c.contact_user_id LIMIT ?3"
        ))?
        .query_map(
            params![
                user_id.as_bytes(),
                after.map(|id| id.0.into_bytes()),
                row::signed(limit as u64)
            ],
            |row| users::read(row, 0),
        )?
        .collect()
}

fn relations(
    connection: &Connection,
    viewer: UserId,
    owners: &[UserId],
) -> rusqlite::Result<Vec<Relation>> {
    let mut found = Vec::with_capacity(owners.len());
    for chunk in owners.chunks(row::PARAMETERS) {
        let marks = row::marks(chunk.len());
        let settings = privacy::COLUMNS;
        let sql = format!(
            "SELECT {settings}, u.id, coalesce(theirs.is_contact, 0),
                    coalesce(theirs.is_blocked, 0), coalesce(mine.is_contact, 0),
                    coalesce(mine.is_blocked, 0)
             FROM users u JOIN privacy_settings p ON p.user_id = u.id
             LEFT JOIN contacts theirs
               ON theirs.user_id = u.id AND theirs.contact_user_id = ?1
             LEFT JOIN contacts mine
               ON mine.user_id = ?1 AND mine.contact_user_id = u.id
             WHERE u.id IN ({marks})"
        );
        let values = std::iter::once(&viewer)
            .chain(chunk)
            .map(|id| Value::Blob(id.as_bytes().to_vec()));
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(Relation {
                privacy: privacy::read(row)?,
                owner: row::id(row, 5)?,
                in_contacts: row.get(6)?,
                owner_blocks: row.get(7)?,
                is_contact: row.get(8)?,
                viewer_blocks: row.get(9)?,
            })
        })?;
        for relation in rows {
            found.push(relation?);
        }
    }
    Ok(found)
}
