//! Exchanging a refresh token: one transaction decides between a new pair, the same again and theft.

use rusqlite::{Connection, OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::sessions::{COLUMNS, read, revoke};
use crate::clock::Timestamp;
use crate::storage::sessions::{Rotated, Rotation, Session, TokenHash};

struct Family {
    session: Session,
    newest: TokenHash,
    previous: Option<TokenHash>,
    rotated_at: Option<Timestamp>,
}

impl Family {
    /// Whether the last token but one may have its successor again: for a short while because
    /// clients refresh in parallel, and as long as nothing of the newest pair was used because the
    /// answer may have been lost.
    fn gives_again(&self, rotation: &Rotation) -> bool {
        let is_recent = self
            .rotated_at
            .is_some_and(|rotated| rotation.at.since(rotated) <= rotation.grace);
        self.previous
            .is_some_and(|previous| same(&previous, &rotation.presented))
            && same(&self.newest, &rotation.successor)
            && (is_recent || !self.session.is_pair_used)
    }

    fn is_usable_by(&self, rotation: &Rotation) -> bool {
        let is_same_device =
            rotation.device_id.is_none() || rotation.device_id == self.session.device_id;
        self.session.is_live(rotation.at) && is_same_device
    }
}

pub(super) fn rotate(connection: &Connection, rotation: &Rotation) -> rusqlite::Result<Rotated> {
    let Some(family) = find(connection, rotation)? else {
        return Ok(Rotated::Refused);
    };
    if !family.is_usable_by(rotation) {
        return Ok(Rotated::Refused);
    }
    if same(&family.newest, &rotation.presented) {
        return replace(connection, rotation, family.session);
    }
    if family.gives_again(rotation) {
        return Ok(Rotated::Rotated(family.session));
    }
    revoke(connection, rotation.session_id, rotation.at)?;
    Ok(Rotated::Stolen(family.session))
}

fn same(one: &TokenHash, other: &TokenHash) -> bool {
    one.ct_eq(other).into()
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
    mut session: Session,
) -> rusqlite::Result<Rotated> {
    session.generation += 1;
    session.is_pair_used = false;
    session.last_used_at = rotation.at;
    session.expires_at = rotation.at + rotation.lifetime;
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
