//! Exchanging a refresh token: one transaction decides between a new pair, the same again and theft.

use rusqlite::{Connection, OptionalExtension, params};

use super::sessions::{COLUMNS, read, revoke};
use crate::clock::Timestamp;
use crate::storage::sessions::{Family, Rotated, Rotation, Verdict};

pub(super) fn rotate(connection: &Connection, rotation: &Rotation) -> rusqlite::Result<Rotated> {
    let Some(family) = find(connection, rotation)? else {
        return Ok(Rotated::Refused);
    };
    match family.judge(rotation) {
        Verdict::Replace => replace(connection, rotation, &family),
        Verdict::GiveAgain => Ok(Rotated::Rotated(family.session)),
        Verdict::Theft => {
            revoke(connection, rotation.session_id, rotation.at)?;
            Ok(Rotated::Stolen(family.session))
        }
        Verdict::Refuse => Ok(Rotated::Refused),
    }
}

fn find(connection: &Connection, rotation: &Rotation) -> rusqlite::Result<Option<Family>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, token_hash, previous_hash, rotated_at FROM sessions WHERE id = ?1"
        ))?
        .query_row([rotation.session_id.as_bytes()], |row| {
            Ok(Family {
                session: read(row)?,
                newest: row.get(11)?,
                previous: row.get(12)?,
                rotated_at: row.get::<_, Option<i64>>(13)?.map(Timestamp),
            })
        })
        .optional()
}

fn replace(
    connection: &Connection,
    rotation: &Rotation,
    family: &Family,
) -> rusqlite::Result<Rotated> {
    let session = family.rotated(rotation);
    connection
        .prepare_cached(
            "UPDATE sessions SET generation = ?2, token_hash = ?3, previous_hash = ?4,
                 rotated_at = ?5, is_pair_used = 0, last_used_at = ?5, expires_at = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            session.id.as_bytes(),
            session.generation,
            rotation.successor,
            rotation.presented,
            rotation.at.0,
            session.expires_at.0,
        ])?;
    Ok(Rotated::Rotated(session))
}
