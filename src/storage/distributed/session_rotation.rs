//! Exchanging a refresh token: one transaction decides between a new pair, the same again and theft.

use deadpool_postgres::Transaction;

use super::postgres::{Postgres, commit, failed, internal, stored, time};
use super::sessions::{COLUMNS, read, remove_devices, revoke};
use crate::storage::StoreResult;
use crate::storage::sessions::{Family, Rotated, Rotation, Session, TokenHash, Verdict};

pub(super) async fn rotate(postgres: &Postgres, rotation: &Rotation) -> StoreResult<Rotated> {
    let mut client = postgres.client().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let Some(family) = find_locked(&transaction, rotation).await? else {
        return Ok(Rotated::Refused);
    };
    let rotated = match family.judge(rotation) {
        Verdict::Replace => Rotated::Rotated(replace(&transaction, rotation, &family).await?),
        Verdict::GiveAgain => return Ok(Rotated::Rotated(family.session)),
        Verdict::Theft => {
            let session = family.session;
            revoke(&transaction, session.user_id, session.id, rotation.at).await?;
            remove_devices(&transaction, &[session.id.0]).await?;
            Rotated::Stolen(session)
        }
        Verdict::Refuse => return Ok(Rotated::Refused),
    };
    commit(transaction).await?;
    Ok(rotated)
}

/// Of parallel calls each sees what the one before it made of the row.
async fn find_locked(
    transaction: &Transaction<'_>,
    rotation: &Rotation,
) -> StoreResult<Option<Family>> {
    let query = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, token_hash, previous_hash, rotated_at FROM refresh_tokens
             WHERE id = $1 FOR NO KEY UPDATE"
        ))
        .await
        .map_err(failed)?;
    let row = transaction
        .query_opt(&query, &[&rotation.session_id.0])
        .await
        .map_err(failed)?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Family {
        session: read(&row),
        newest: hash(row.get(11))?,
        previous: row.get::<_, Option<&[u8]>>(12).map(hash).transpose()?,
        rotated_at: row.get::<_, Option<_>>(13).map(time),
    }))
}

fn hash(stored: &[u8]) -> StoreResult<TokenHash> {
    stored
        .try_into()
        .map_err(|_| internal(format!("a token's hash of {} bytes", stored.len())))
}

async fn replace(
    transaction: &Transaction<'_>,
    rotation: &Rotation,
    family: &Family,
) -> StoreResult<Session> {
    let session = family.rotated(rotation);
    let update = transaction
        .prepare_cached(
            "UPDATE refresh_tokens SET generation = $2, token_hash = $3, previous_hash = $4,
                 rotated_at = $5, is_pair_used = FALSE, last_used_at = $5, expires_at = $6
             WHERE id = $1",
        )
        .await
        .map_err(failed)?;
    transaction
        .execute(
            &update,
            &[
                &session.id.0,
                &session.generation.cast_signed(),
                &rotation.successor.as_slice(),
                &rotation.presented.as_slice(),
                &stored(rotation.at),
                &stored(session.expires_at),
            ],
        )
        .await
        .map_err(failed)?;
    Ok(session)
}
