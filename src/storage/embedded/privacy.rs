//! The `privacy_settings` table.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::{row, user_log};
use crate::domain::user::{Audience, Privacy};
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::privacy::{PrivacyPatch, PrivacyStore, UpdatedPrivacy};
use crate::storage::user_log::Topic;

/// What [`read`] reads, for `privacy_settings AS p`.
pub(super) const COLUMNS: &str =
    "p.last_seen, p.profile_photo, p.about, p.read_receipts, p.group_add";

/// Settings from the first five columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Privacy> {
    let audience = |column: usize| -> rusqlite::Result<Audience> {
        let text: String = row.get(column)?;
        Audience::parse(&text).ok_or_else(|| row::unknown(column, "an unknown audience"))
    };
    Ok(Privacy {
        last_seen: audience(0)?,
        profile_photo: audience(1)?,
        about: audience(2)?,
        read_receipts: row.get(3)?,
        group_add: audience(4)?,
    })
}

pub struct SqlitePrivacy(pub Database);

#[async_trait]
impl PrivacyStore for SqlitePrivacy {
    async fn find(&self, user_id: UserId) -> StoreResult<Privacy> {
        self.0
            .read(move |connection| find(connection, user_id))
            .await
    }

    async fn update(&self, user_id: UserId, patch: PrivacyPatch) -> StoreResult<UpdatedPrivacy> {
        self.0
            .write(move |connection| update(connection, user_id, patch))
            .await
    }
}

fn find(connection: &Connection, user_id: UserId) -> rusqlite::Result<Privacy> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM privacy_settings p WHERE user_id = ?1"
        ))?
        .query_row([user_id.as_bytes()], read)
        .optional()
        .map(Option::unwrap_or_default)
}

fn update(
    connection: &Connection,
    user_id: UserId,
    patch: PrivacyPatch,
) -> rusqlite::Result<UpdatedPrivacy> {
    let before = find(connection, user_id)?;
    let privacy = Privacy {
        last_seen: patch.last_seen.unwrap_or(before.last_seen),
        profile_photo: patch.profile_photo.unwrap_or(before.profile_photo),
        about: patch.about.unwrap_or(before.about),
        read_receipts: patch.read_receipts.unwrap_or(before.read_receipts),
        group_add: patch.group_add.unwrap_or(before.group_add),
    };
    if privacy == before {
        return Ok(UpdatedPrivacy { privacy, rev: None });
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO privacy_settings
                 (user_id, last_seen, profile_photo, about, read_receipts, group_add)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            user_id.as_bytes(),
            privacy.last_seen.as_str(),
            privacy.profile_photo.as_str(),
            privacy.about.as_str(),
            privacy.read_receipts,
            privacy.group_add.as_str()
        ])?;
    let rev = user_log::append(connection, user_id, Topic::Privacy, "", "null")?;
    Ok(UpdatedPrivacy {
        privacy,
        rev: Some(rev),
    })
}
