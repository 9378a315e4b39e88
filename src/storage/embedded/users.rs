//! The `users` table.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::database::Database;
use super::{row, user_log};
use crate::clock::Timestamp;
use crate::domain::phone::{Phone, PhoneRange};
use crate::domain::user::User;
use crate::id::UserId;
use crate::storage::user_log::Topic;
use crate::storage::users::{InsertedUser, UpdatedUser, UserPatch, UserStore};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// What [`read`] reads, for tables joined to `users AS u`.
pub(super) const COLUMNS: &str = "u.id, u.phone, u.display_name, u.status_text, \
     u.avatar_media_id, u.created_at, u.updated_at";

/// A user from the seven columns that begin at `from`.
pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: row::id(row, from)?,
        phone: Phone::from_store(row.get(from + 1)?),
        display_name: row.get(from + 2)?,
        status_text: row.get(from + 3)?,
        avatar_media_id: row::optional_id(row, from + 4)?,
        created_at: Timestamp(row.get(from + 5)?),
        updated_at: Timestamp(row.get(from + 6)?),
    })
}

pub struct SqliteUsers(pub Database);

#[async_trait]
impl UserStore for SqliteUsers {
    async fn insert(&self, phone: Phone, at: Timestamp) -> StoreResult<InsertedUser> {
        let write = move |connection: &Connection| {
            let created = insert_row(connection, &phone, at)?;
            let user = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE phone = ?1"))?
                .query_row([phone.as_str()], |row| read(row, 0))?;
            Ok(InsertedUser { user, created })
        };
        self.0.write(write).await
    }

    async fn insert_many(
        &self,
        range: PhoneRange,
        count: u32,
        at: Timestamp,
    ) -> StoreResult<Vec<User>> {
        self.0
            .write(move |connection| insert_range(connection, range, count, at))
            .await?
            .ok_or_else(|| StoreError {
                kind: StoreErrorKind::Unavailable,
                store: "sqlite",
                message: "the range of test numbers is used up".to_owned(),
            })
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<User>> {
        self.0
            .read(move |connection| find(connection, user_id))
            .await
    }

    async fn find_many(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<User>> {
        let ids: Vec<Vec<u8>> = user_ids.iter().map(|id| id.as_bytes().to_vec()).collect();
        self.0
            .read(move |connection| find_where_in(connection, "u.id", &ids))
            .await
    }

    async fn find_by_phones(&self, phones: Vec<Phone>) -> StoreResult<Vec<User>> {
        let phones: Vec<String> = phones.iter().map(|phone| phone.as_str().into()).collect();
        self.0
            .read(move |connection| find_where_in(connection, "u.phone", &phones))
            .await
    }

    async fn update(
        &self,
        user_id: UserId,
        patch: UserPatch,
        at: Timestamp,
    ) -> StoreResult<Option<UpdatedUser>> {
        self.0
            .write(move |connection| update(connection, user_id, patch, at))
            .await
    }
}

/// Makes the user's row and his settings' row; `false` when the phone has one.
fn insert_row(connection: &Connection, phone: &Phone, at: Timestamp) -> rusqlite::Result<bool> {
    let id = UserId::new();
    let rows = connection
        .prepare_cached(
            "INSERT INTO users (id, phone, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (phone) DO NOTHING",
        )?
        .execute(params![id.as_bytes(), phone.as_str(), at.0])?;
    if rows == 1 {
        connection
            .prepare_cached("INSERT INTO privacy_settings (user_id) VALUES (?1)")?
            .execute([id.as_bytes()])?;
    }
    Ok(rows == 1)
}

fn insert_range(
    connection: &Connection,
    range: PhoneRange,
    count: u32,
    at: Timestamp,
) -> rusqlite::Result<Option<Vec<User>>> {
    let length = range.prefix.len() + range.digits;
    let newest: Option<String> = connection
        .prepare_cached(
            "SELECT max(phone) FROM users
             WHERE phone BETWEEN ?1 AND ?1 || ':' AND length(phone) = ?2",
        )?
        .query_row(params![range.prefix, row::signed(length as u64)], |row| {
            row.get(0)
        })?;
    let first = newest
        .and_then(|phone| range.index_of(&phone))
        .map_or(0, |index| index + 1);
    let numbers = (first..first + u64::from(count)).map(|index| range.at(index));
    let Some(phones) = numbers.collect::<Option<Vec<Phone>>>() else {
        return Ok(None);
    };
    for phone in &phones {
        insert_row(connection, phone, at)?;
    }
    let (Some(low), Some(high)) = (phones.first(), phones.last()) else {
        return Ok(Some(Vec::new()));
    };
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u
             WHERE phone BETWEEN ?1 AND ?2 AND length(phone) = ?3 ORDER BY phone"
        ))?
        .query_map(
            params![low.as_str(), high.as_str(), row::signed(length as u64)],
            |row| read(row, 0),
        )?
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}

fn find(connection: &Connection, user_id: UserId) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u WHERE id = ?1 AND deleted_at IS NULL"
        ))?
        .query_row([user_id.as_bytes()], |row| read(row, 0))
        .optional()
}

fn find_where_in<T: rusqlite::ToSql>(
    connection: &Connection,
    column: &str,
    values: &[T],
) -> rusqlite::Result<Vec<User>> {
    let mut users = Vec::new();
    for chunk in values.chunks(row::PARAMETERS) {
        let marks = row::marks(chunk.len());
        let sql = format!(
            "SELECT {COLUMNS} FROM users u WHERE {column} IN ({marks}) AND deleted_at IS NULL"
        );
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map(params_from_iter(chunk), |row| read(row, 0))?;
        for user in found {
            users.push(user?);
        }
    }
    Ok(users)
}

fn update(
    connection: &Connection,
    user_id: UserId,
    patch: UserPatch,
    at: Timestamp,
) -> rusqlite::Result<Option<UpdatedUser>> {
    let Some(before) = find(connection, user_id)? else {
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
    connection
        .prepare_cached(
            "UPDATE users SET display_name = ?2, status_text = ?3, avatar_media_id = ?4,
             updated_at = ?5 WHERE id = ?1",
        )?
        .execute(params![
            user_id.as_bytes(),
            user.display_name,
            user.status_text,
            user.avatar_media_id.map(|id| id.0.into_bytes()),
            at.0
        ])?;
    let rev = user_log::append(connection, user_id, Topic::User, "", "null")?;
    Ok(Some(UpdatedUser {
        user,
        rev: Some(rev),
    }))
}
