//! The `contacts` table: contacts and blocks.

use std::collections::HashSet;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::postgres::{Postgres, commit, failed, signed, uncertain};
use super::{privacy, user_log, users};
use crate::domain::user::{Relation, User};
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::contacts::{ContactStore, NumberHash};
use crate::storage::user_log::Topic;

pub struct PostgresContacts(pub Postgres);

#[async_trait]
impl ContactStore for PostgresContacts {
    async fn insert(
        &self,
        user_id: UserId,
        contacts: Vec<UserId>,
        looked_up: Vec<NumberHash>,
    ) -> StoreResult<()> {
        let contacts: Vec<Uuid> = contacts.iter().map(|id| id.0).collect();
        let looked_up = stored_hashes(&looked_up);
        let client = self.0.client().await?;
        // In the order of their keys, so that two such calls never wait for each other.
        let insert = client
            .prepare_cached(
                "WITH known AS (
                     INSERT INTO contacts AS former (user_id, contact_user_id, is_contact)
                     SELECT DISTINCT $1::uuid, other, TRUE
                     FROM unnest($2::uuid[]) AS other ORDER BY other
                     ON CONFLICT (user_id, contact_user_id) DO UPDATE SET is_contact = TRUE
                     WHERE NOT former.is_contact
                 )
                 INSERT INTO synced_numbers (user_id, number_hash)
                 SELECT $1::uuid, number_hash
                 FROM unnest($3::bigint[]) AS number_hash ORDER BY number_hash
                 ON CONFLICT DO NOTHING",
            )
            .await
            .map_err(failed)?;
        client
            .execute(&insert, &[&user_id.0, &contacts, &looked_up])
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn find_new_numbers(
        &self,
        user_id: UserId,
        numbers: Vec<NumberHash>,
    ) -> StoreResult<Vec<NumberHash>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT number_hash FROM synced_numbers
                 WHERE user_id = $1 AND number_hash = ANY($2::bigint[])",
            )
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&user_id.0, &stored_hashes(&numbers)])
            .await
            .map_err(failed)?;
        let known: HashSet<NumberHash> = rows
            .iter()
            .map(|row| row.get::<_, i64>(0).cast_unsigned())
            .collect();
        let mut numbers = numbers;
        numbers.retain(|number| !known.contains(number));
        Ok(numbers)
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>> {
        list(&self.0, "is_contact", user_id, after, limit).await
    }

    async fn update_block(
        &self,
        user_id: UserId,
        other: UserId,
        blocked: bool,
    ) -> StoreResult<Option<u64>> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let is_changed = if blocked {
            block(&transaction, user_id, other).await?
        } else {
            unblock(&transaction, user_id, other).await?
        };
        if !is_changed {
            return Ok(None);
        }
        let rev = user_log::note(&transaction, user_id, Topic::Blocked).await?;
        commit(transaction).await?;
        Ok(Some(rev))
    }

    async fn list_blocked(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>> {
        list(&self.0, "is_blocked", user_id, after, limit).await
    }

    async fn list_blocked_ids(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT contact_user_id FROM contacts
                 WHERE user_id = $1 AND is_blocked ORDER BY contact_user_id",
            )
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&user_id.0]).await.map_err(failed)?;
        Ok(rows.iter().map(|row| UserId(row.get(0))).collect())
    }

    async fn relations(&self, viewer: UserId, owners: Vec<UserId>) -> StoreResult<Vec<Relation>> {
        let owners: Vec<Uuid> = owners.iter().map(|id| id.0).collect();
        let settings = privacy::COLUMNS;
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {settings}, u.id, coalesce(theirs.is_contact, FALSE),
                        coalesce(theirs.is_blocked, FALSE), coalesce(mine.is_contact, FALSE),
                        coalesce(mine.is_blocked, FALSE)
                 FROM users u JOIN privacy_settings p ON p.user_id = u.id
                 LEFT JOIN contacts theirs
                   ON theirs.user_id = u.id AND theirs.contact_user_id = $1
                 LEFT JOIN contacts mine
                   ON mine.user_id = $1 AND mine.contact_user_id = u.id
                 WHERE u.id = ANY($2::uuid[])"
            ))
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&viewer.0, &owners])
            .await
            .map_err(failed)?;
        let read = |row| {
            Ok(Relation {
                privacy: privacy::read(row)?,
                owner: UserId(row.get(5)),
                in_contacts: row.get(6),
                owner_blocks: row.get(7),
                is_contact: row.get(8),
                viewer_blocks: row.get(9),
            })
        };
        rows.iter().map(read).collect()
    }
}

fn stored_hashes(numbers: &[NumberHash]) -> Vec<i64> {
    numbers.iter().map(|number| number.cast_signed()).collect()
}

/// Answers whether the block is new.
async fn block(transaction: &Transaction<'_>, user_id: UserId, other: UserId) -> StoreResult<bool> {
    let insert = transaction
        .prepare_cached(
            "INSERT INTO contacts AS former (user_id, contact_user_id, is_blocked)
             VALUES ($1, $2, TRUE)
             ON CONFLICT (user_id, contact_user_id) DO UPDATE SET is_blocked = TRUE
             WHERE NOT former.is_blocked",
        )
        .await
        .map_err(failed)?;
    let rows = transaction
        .execute(&insert, &[&user_id.0, &other.0])
        .await
        .map_err(failed)?;
    Ok(rows == 1)
}

/// Answers whether there was a block to be lifted. A row that is nothing else goes with it.
async fn unblock(
    transaction: &Transaction<'_>,
    user_id: UserId,
    other: UserId,
) -> StoreResult<bool> {
    let delete = transaction
        .prepare_cached(
            "DELETE FROM contacts
             WHERE user_id = $1 AND contact_user_id = $2 AND is_blocked AND NOT is_contact",
        )
        .await
        .map_err(failed)?;
    let pair: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&user_id.0, &other.0];
    let rows = transaction.execute(&delete, &pair).await.map_err(failed)?;
    if rows == 1 {
        return Ok(true);
    }
    let update = transaction
        .prepare_cached(
            "UPDATE contacts SET is_blocked = FALSE
             WHERE user_id = $1 AND contact_user_id = $2 AND is_blocked",
        )
        .await
        .map_err(failed)?;
    let rows = transaction.execute(&update, &pair).await.map_err(failed)?;
    Ok(rows == 1)
}

async fn list(
    postgres: &Postgres,
    flag: &str,
    user_id: UserId,
    after: Option<UserId>,
    limit: usize,
) -> StoreResult<Vec<User>> {
    let columns = users::COLUMNS;
    let client = postgres.client().await?;
    let query = client
        .prepare_cached(&format!(
            "SELECT {columns} FROM contacts c JOIN users u ON u.id = c.contact_user_id
             WHERE c.user_id = $1 AND c.{flag} AND ($2::uuid IS NULL OR c.contact_user_id > $2)
             ORDER BY c.contact_user_id LIMIT $3"
        ))
        .await
        .map_err(failed)?;
    let after = after.map(|id| id.0);
    let rows = client
        .query(&query, &[&user_id.0, &after, &signed(limit as u64)])
        .await
        .map_err(failed)?;
    Ok(rows.iter().map(users::read).collect())
}
