//! The `users` table.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::postgres::{Postgres, commit, failed, stored, time, unavailable, uncertain};
use super::user_log;
use crate::clock::Timestamp;
use crate::domain::phone::{Phone, PhoneRange};
use crate::domain::user::User;
use crate::id::{MediaId, UserId};
use crate::storage::StoreResult;
use crate::storage::user_log::Topic;
use crate::storage::users::{InsertedUser, UpdatedUser, UserPatch, UserStore};

/// What [`read`] reads, for tables joined to `users AS u`.
pub(super) const COLUMNS: &str = "u.id, u.phone, u.display_name, u.status_text, \
     u.avatar_media_id, u.created_at, u.updated_at";
/// Any number, the same on every node: who holds it takes the next numbers of a range.
const RANGE_LOCK: i64 = 0x70_686f_6e65;
/// How often numbers of a range are looked for when others sign in with them meanwhile.
const ATTEMPTS: usize = 3;

/// A user from the first seven columns.
pub(super) fn read(row: &Row) -> User {
    User {
        id: UserId(row.get(0)),
        phone: Phone::from_store(row.get(1)),
        display_name: row.get(2),
        status_text: row.get(3),
        avatar_media_id: row.get::<_, Option<Uuid>>(4).map(MediaId),
        created_at: time(row.get(5)),
        updated_at: time(row.get(6)),
    }
}

pub struct PostgresUsers(pub Postgres);

#[async_trait]
impl UserStore for PostgresUsers {
    async fn insert(&self, phone: Phone, at: Timestamp) -> StoreResult<InsertedUser> {
        let client = self.0.client().await?;
        let insert = client
            .prepare_cached(&format!(
                "WITH made AS (
                     INSERT INTO users (id, phone, created_at, updated_at)
                     VALUES ($1, $2, $3, $3) ON CONFLICT (phone) DO NOTHING RETURNING *
                 ), settings AS (
                     INSERT INTO privacy_settings (user_id) SELECT id FROM made
                 )
                 SELECT {COLUMNS}, TRUE FROM made u
                 UNION ALL SELECT {COLUMNS}, FALSE FROM users u WHERE phone = $2"
            ))
            .await
            .map_err(failed)?;
        // Whom another call makes at this moment is waited for, but seen only by a new statement.
        for _ in 0..2 {
            let row = client
                .query_opt(&insert, &[&UserId::new().0, &phone.as_str(), &stored(at)])
                .await
                .map_err(uncertain)?;
            if let Some(row) = row {
                return Ok(InsertedUser {
                    user: read(&row),
                    created: row.get(7),
                });
            }
        }
        Err(unavailable("a user went while he signed in".to_owned()))
    }

    async fn insert_many(
        &self,
        range: PhoneRange,
        count: u32,
        at: Timestamp,
    ) -> StoreResult<Vec<User>> {
        let mut client = self.0.client().await?;
        for _ in 0..ATTEMPTS {
            let transaction = client.transaction().await.map_err(failed)?;
            let phones = next_phones(&transaction, range, count).await?;
            let users = insert_new(&transaction, &phones, at).await?;
            if users.len() == phones.len() {
                commit(transaction).await?;
                return Ok(users);
            }
            transaction.rollback().await.map_err(failed)?;
        }
        Err(unavailable("the numbers are taken by others".to_owned()))
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<User>> {
        let mut users = self.find_many(vec![user_id]).await?;
        Ok(users.pop())
    }

    async fn find_many(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<User>> {
        let ids: Vec<Uuid> = user_ids.iter().map(|id| id.0).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM users u WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL"
            ))
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
        Ok(rows.iter().map(read).collect())
    }

    async fn find_by_phones(&self, phones: Vec<Phone>) -> StoreResult<Vec<User>> {
        let phones: Vec<&str> = phones.iter().map(Phone::as_str).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM users u WHERE phone = ANY($1::text[])"
            ))
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&phones]).await.map_err(failed)?;
        Ok(rows.iter().map(read).collect())
    }

    async fn update(
        &self,
        user_id: UserId,
        patch: UserPatch,
        at: Timestamp,
    ) -> StoreResult<Option<UpdatedUser>> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let Some(before) = find_locked(&transaction, user_id).await? else {
            return Ok(None);
        };
        let mut user = before.clone();
        user.display_name = patch.display_name.unwrap_or(user.display_name);
        user.status_text = patch.status_text.unwrap_or(user.status_text);
        user.avatar_media_id = patch.avatar_media_id.unwrap_or(user.avatar_media_id);
        if user == before {
            return Ok(Some(UpdatedUser { user, rev: None }));
        }
        user.updated_at = at;
        update_row(&transaction, &user).await?;
        let rev = user_log::note(&transaction, user_id, Topic::User).await?;
        commit(transaction).await?;
        Ok(Some(UpdatedUser {
            user,
            rev: Some(rev),
        }))
    }
}

/// The numbers that follow the newest of a range; nobody else takes some until the transaction ends.
async fn next_phones(
    transaction: &Transaction<'_>,
    range: PhoneRange,
    count: u32,
) -> StoreResult<Vec<Phone>> {
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&RANGE_LOCK])
        .await
        .map_err(failed)?;
    let length = i32::try_from(range.prefix.len() + range.digits).unwrap_or(i32::MAX);
    let row = transaction
        .query_one(
            "SELECT max(phone) FROM users
             WHERE phone BETWEEN $1::text AND $1::text || ':' AND length(phone) = $2",
            &[&range.prefix, &length],
        )
        .await
        .map_err(failed)?;
    let newest: Option<&str> = row.get(0);
    let first = newest
        .and_then(|phone| range.index_of(phone))
        .map_or(0, |index| index + 1);
    (first..first + u64::from(count))
        .map(|index| range.at(index))
        .collect::<Option<_>>()
        .ok_or_else(|| unavailable("the range of test numbers is used up".to_owned()))
}

/// Makes users and their settings in the order of their phones; leaves out who is there already.
async fn insert_new(
    transaction: &Transaction<'_>,
    phones: &[Phone],
    at: Timestamp,
) -> StoreResult<Vec<User>> {
    let ids: Vec<Uuid> = phones.iter().map(|_| UserId::new().0).collect();
    let phones: Vec<&str> = phones.iter().map(Phone::as_str).collect();
    let insert = transaction
        .prepare_cached(&format!(
            "WITH made AS (
                 INSERT INTO users (id, phone, created_at, updated_at)
                 SELECT new.id, new.phone, $3::timestamptz, $3::timestamptz
                 FROM unnest($1::uuid[], $2::text[]) AS new (id, phone)
                 ON CONFLICT (phone) DO NOTHING RETURNING *
             ), settings AS (
                 INSERT INTO privacy_settings (user_id) SELECT id FROM made
             )
             SELECT {COLUMNS} FROM made u ORDER BY u.phone"
        ))
        .await
        .map_err(failed)?;
    let rows = transaction
        .query(&insert, &[&ids, &phones, &stored(at)])
        .await
        .map_err(failed)?;
    Ok(rows.iter().map(read).collect())
}

async fn find_locked(transaction: &Transaction<'_>, user_id: UserId) -> StoreResult<Option<User>> {
    let query = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u WHERE id = $1 AND deleted_at IS NULL
             FOR NO KEY UPDATE"
        ))
        .await
        .map_err(failed)?;
    let row = transaction
        .query_opt(&query, &[&user_id.0])
        .await
        .map_err(failed)?;
    Ok(row.as_ref().map(read))
}

async fn update_row(transaction: &Transaction<'_>, user: &User) -> StoreResult<()> {
    let update = transaction
        .prepare_cached(
            "UPDATE users SET display_name = $2, status_text = $3, avatar_media_id = $4,
             updated_at = $5 WHERE id = $1",
        )
        .await
        .map_err(failed)?;
    transaction
        .execute(
            &update,
            &[
                &user.id.0,
                &user.display_name,
                &user.status_text,
                &user.avatar_media_id.map(|id| id.0),
                &stored(user.updated_at),
            ],
        )
        .await
        .map_err(failed)?;
    Ok(())
}
