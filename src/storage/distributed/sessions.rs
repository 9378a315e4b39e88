//! The `refresh_tokens` table: sessions.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::postgres::{Postgres, commit, failed, signed, stored, time, uncertain};
use super::session_rotation;
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::storage::StoreResult;
use crate::storage::sessions::{NewSession, Rotated, Rotation, Session, SessionStore};

/// What [`read`] reads.
pub(super) const COLUMNS: &str = "id, user_id, device_id, device_name, platform, generation, \
     is_pair_used, created_at, last_used_at, expires_at, revoked_at";

/// A session from the first eleven columns.
pub(super) fn read(row: &Row) -> Session {
    Session {
        id: SessionId(row.get(0)),
        user_id: UserId(row.get(1)),
        device_id: row.get(2),
        device_name: row.get(3),
        platform: row.get(4),
        generation: row.get::<_, i32>(5).cast_unsigned(),
        is_pair_used: row.get(6),
        created_at: time(row.get(7)),
        last_used_at: time(row.get(8)),
        expires_at: time(row.get(9)),
        revoked_at: row.get::<_, Option<_>>(10).map(time),
    }
}

pub struct PostgresSessions(pub Postgres);

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn insert(&self, new: NewSession) -> StoreResult<Option<SessionId>> {
        let mut client = self.0.client().await?;
        let Some(device_id) = new.session.device_id.clone() else {
            insert_rows(&client, &[new]).await.map_err(uncertain)?;
            return Ok(None);
        };
        let transaction = client.transaction().await.map_err(failed)?;
        lock_user(&transaction, new.session.user_id).await?;
        let replaced = revoke_device(&transaction, &new.session, &device_id).await?;
        insert_rows(&transaction, &[new]).await.map_err(failed)?;
        commit(transaction).await?;
        Ok(replaced)
    }

    async fn insert_many(&self, new: Vec<NewSession>) -> StoreResult<()> {
        let client = self.0.client().await?;
        insert_rows(&client, &new).await.map_err(uncertain)
    }

    async fn find(&self, session_id: SessionId) -> StoreResult<Option<Session>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM refresh_tokens WHERE id = $1"
            ))
            .await
            .map_err(failed)?;
        let row = client
            .query_opt(&query, &[&session_id.0])
            .await
            .map_err(failed)?;
        Ok(row.as_ref().map(read))
    }

    async fn list(
        &self,
        user_id: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: usize,
    ) -> StoreResult<Vec<Session>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM refresh_tokens
                 WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
                   AND ($3::uuid IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4"
            ))
            .await
            .map_err(failed)?;
        let (after, limit) = (after.map(|id| id.0), signed(limit as u64));
        let rows = client
            .query(&query, &[&user_id.0, &stored(now), &after, &limit])
            .await
            .map_err(failed)?;
        Ok(rows.iter().map(read).collect())
    }

    async fn rotate(&self, rotation: Rotation) -> StoreResult<Rotated> {
        session_rotation::rotate(&self.0, &rotation).await
    }

    async fn update_used(
        &self,
        session_id: SessionId,
        generation: u32,
        at: Timestamp,
    ) -> StoreResult<()> {
        let client = self.0.client().await?;
        let update = client
            .prepare_cached(
                "UPDATE refresh_tokens
                 SET is_pair_used = TRUE, last_used_at = greatest(last_used_at, $3)
                 WHERE id = $1 AND generation = $2",
            )
            .await
            .map_err(failed)?;
        client
            .execute(
                &update,
                &[&session_id.0, &generation.cast_signed(), &stored(at)],
            )
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn remove(
        &self,
        user_id: UserId,
        session_id: SessionId,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !revoke(&transaction, user_id, session_id, at).await? {
            return Ok(false);
        }
        remove_devices(&transaction, &[session_id.0]).await?;
        commit(transaction).await?;
        Ok(true)
    }

    async fn remove_all(&self, user_id: UserId, at: Timestamp) -> StoreResult<Vec<SessionId>> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        lock_user(&transaction, user_id).await?;
        let revoke = transaction
            .prepare_cached(
                "UPDATE refresh_tokens SET revoked_at = $2
                 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id",
            )
            .await
            .map_err(failed)?;
        let rows = transaction
            .query(&revoke, &[&user_id.0, &stored(at)])
            .await
            .map_err(failed)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
        remove_devices(&transaction, &ids).await?;
        commit(transaction).await?;
        Ok(ids.into_iter().map(SessionId).collect())
    }

    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<SessionId>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached("SELECT id FROM refresh_tokens WHERE revoked_at >= $1")
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&stored(since)])
            .await
            .map_err(failed)?;
        Ok(rows.iter().map(|row| SessionId(row.get(0))).collect())
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        let client = self.0.client().await?;
        let delete = client
            .prepare_cached("DELETE FROM refresh_tokens WHERE revoked_at < $1 OR expires_at < $1")
            .await
            .map_err(failed)?;
        client
            .execute(&delete, &[&stored(before)])
            .await
            .map_err(uncertain)
    }
}

/// Who holds a user's row is alone in signing in a device of his and in ending all his sessions.
async fn lock_user(transaction: &Transaction<'_>, user_id: UserId) -> StoreResult<()> {
    let lock = transaction
        .prepare_cached("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE")
        .await
        .map_err(failed)?;
    transaction
        .query_opt(&lock, &[&user_id.0])
        .await
        .map_err(failed)?;
    Ok(())
}

/// Ends a user's session; answers whether it is or was one of his. The first time counts.
pub(super) async fn revoke(
    transaction: &Transaction<'_>,
    user_id: UserId,
    session_id: SessionId,
    at: Timestamp,
) -> StoreResult<bool> {
    let revoke = transaction
        .prepare_cached(
            "UPDATE refresh_tokens SET revoked_at = coalesce(revoked_at, $3)
             WHERE id = $1 AND user_id = $2",
        )
        .await
        .map_err(failed)?;
    let rows = transaction
        .execute(&revoke, &[&session_id.0, &user_id.0, &stored(at)])
        .await
        .map_err(failed)?;
    Ok(rows == 1)
}

/// Removes the push devices of sessions that were just ended. A statement of its own: one that came
/// while the session's row was waited for is not seen by the statement that ended it.
pub(super) async fn remove_devices(
    transaction: &Transaction<'_>,
    session_ids: &[Uuid],
) -> StoreResult<()> {
    let delete = transaction
        .prepare_cached("DELETE FROM device_tokens WHERE session_id = ANY($1::uuid[])")
        .await
        .map_err(failed)?;
    transaction
        .execute(&delete, &[&session_ids])
        .await
        .map_err(failed)?;
    Ok(())
}

async fn revoke_device(
    transaction: &Transaction<'_>,
    new: &Session,
    device_id: &str,
) -> StoreResult<Option<SessionId>> {
    let revoke = transaction
        .prepare_cached(
            "UPDATE refresh_tokens SET revoked_at = $3
             WHERE user_id = $1 AND device_id = $2 AND revoked_at IS NULL RETURNING id",
        )
        .await
        .map_err(failed)?;
    let row = transaction
        .query_opt(
            &revoke,
            &[&new.user_id.0, &device_id, &stored(new.created_at)],
        )
        .await
        .map_err(failed)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: Uuid = row.get(0);
    remove_devices(transaction, &[id]).await?;
    Ok(Some(SessionId(id)))
}

/// All or none, in one statement.
async fn insert_rows(client: &impl GenericClient, new: &[NewSession]) -> Result<(), Error> {
    let insert = client
        .prepare_cached(
            "INSERT INTO refresh_tokens (id, user_id, device_id, device_name, platform, generation,
                 token_hash, is_pair_used, created_at, last_used_at, expires_at)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],
                 $6::integer[], $7::bytea[], $8::boolean[], $9::timestamptz[],
                 $10::timestamptz[], $11::timestamptz[])",
        )
        .await?;
    client
        .execute(
            &insert,
            &[
                &column(new, |one| one.session.id.0),
                &column(new, |one| one.session.user_id.0),
                &column(new, |one| one.session.device_id.clone()),
                &column(new, |one| one.session.device_name.clone()),
                &column(new, |one| one.session.platform.clone()),
                &column(new, |one| one.session.generation.cast_signed()),
                &column(new, |one| one.token_hash.to_vec()),
                &column(new, |one| one.session.is_pair_used),
                &column(new, |one| stored(one.session.created_at)),
                &column(new, |one| stored(one.session.last_used_at)),
                &column(new, |one| stored(one.session.expires_at)),
            ],
        )
        .await?;
    Ok(())
}

fn column<T, C>(rows: &[T], of: impl Fn(&T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}
