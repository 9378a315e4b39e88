//! The `privacy_settings` table.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::postgres::{Postgres, commit, failed, internal};
use super::user_log;
use crate::domain::user::{Audience, Privacy};
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::privacy::{PrivacyPatch, PrivacyStore, UpdatedPrivacy};
use crate::storage::user_log::Topic;

/// What [`read`] reads, for `privacy_settings AS p`.
pub(super) const COLUMNS: &str = "p.last_seen::text, p.profile_photo::text, p.about::text, \
     p.read_receipts, p.group_add::text";

/// Settings from the first five columns.
pub(super) fn read(row: &Row) -> StoreResult<Privacy> {
    let audience = |column: usize| {
        let text: &str = row.get(column);
        Audience::parse(text).ok_or_else(|| internal(format!("an unknown audience: {text}")))
    };
    Ok(Privacy {
        last_seen: audience(0)?,
        profile_photo: audience(1)?,
        about: audience(2)?,
        read_receipts: row.get(3),
        group_add: audience(4)?,
    })
}

pub struct PostgresPrivacy(pub Postgres);

#[async_trait]
impl PrivacyStore for PostgresPrivacy {
    async fn find(&self, user_id: UserId) -> StoreResult<Privacy> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM privacy_settings p WHERE user_id = $1"
            ))
            .await
            .map_err(failed)?;
        let row = client
            .query_opt(&query, &[&user_id.0])
            .await
            .map_err(failed)?;
        row.as_ref().map_or_else(|| Ok(Privacy::default()), read)
    }

    async fn update(&self, user_id: UserId, patch: PrivacyPatch) -> StoreResult<UpdatedPrivacy> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let before = find_locked(&transaction, user_id).await?;
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
        write(&transaction, user_id, &privacy).await?;
        let rev = user_log::note(&transaction, user_id, Topic::Privacy).await?;
        commit(transaction).await?;
        Ok(UpdatedPrivacy {
            privacy,
            rev: Some(rev),
        })
    }
}

async fn find_locked(transaction: &Transaction<'_>, user_id: UserId) -> StoreResult<Privacy> {
    let query = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM privacy_settings p WHERE user_id = $1 FOR NO KEY UPDATE"
        ))
        .await
        .map_err(failed)?;
    let row = transaction
        .query_opt(&query, &[&user_id.0])
        .await
        .map_err(failed)?;
    row.as_ref().map_or_else(|| Ok(Privacy::default()), read)
}

async fn write(
    transaction: &Transaction<'_>,
    user_id: UserId,
    privacy: &Privacy,
) -> StoreResult<()> {
    let write = transaction
        .prepare_cached(
            "INSERT INTO privacy_settings
                 (user_id, last_seen, profile_photo, about, read_receipts, group_add)
             VALUES ($1, $2::text::audience, $3::text::audience, $4::text::audience, $5,
                 $6::text::audience)
             ON CONFLICT (user_id) DO UPDATE SET last_seen = excluded.last_seen,
                 profile_photo = excluded.profile_photo, about = excluded.about,
                 read_receipts = excluded.read_receipts, group_add = excluded.group_add",
        )
        .await
        .map_err(failed)?;
    transaction
        .execute(
            &write,
            &[
                &user_id.0,
                &privacy.last_seen.as_str(),
                &privacy.profile_photo.as_str(),
                &privacy.about.as_str(),
                &privacy.read_receipts,
                &privacy.group_add.as_str(),
            ],
        )
        .await
        .map_err(failed)?;
    Ok(())
}
