//! Rosters, and the chats of a person.

use ahash::AHashMap;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::Beginning;
use super::insert::missing;
use super::row::{CHAT_COLUMNS, MEMBER_COLUMNS, chat, chat_columns, member, member_columns};
use crate::clock::Timestamp;
use crate::domain::chat::{Block, Roster};
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::chats::Membership;
use crate::storage::distributed::postgres::{Postgres, failed, signed, stored};

const CHATS: &str = concat!(
    "SELECT ",
    chat_columns!(),
    ", c.id, c.created_by, c.created_at, c.applied_rev
     FROM chats c LEFT JOIN groups g ON g.chat_id = c.id WHERE c.id = ANY($1)"
);

const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.chat_id
     FROM chat_participants p LEFT JOIN privacy_settings v ON v.user_id = p.user_id
     WHERE p.chat_id = ANY($1)"
);

const BLOCKS: &str = "SELECT b.user_id, b.contact_user_id, p.chat_id
     FROM chat_participants p
     JOIN contacts b ON b.user_id = p.user_id AND b.is_blocked
     JOIN chat_participants o ON o.chat_id = p.chat_id AND o.user_id = b.contact_user_id
     WHERE p.chat_id = ANY($1)";

/// A person's memberships, with the other one of a direct chat and the number of participants.
macro_rules! memberships {
    ($which:literal) => {
        concat!(
            "SELECT ",
            chat_columns!(),
            ", ",
            member_columns!(),
            ", CASE c.type WHEN 'direct' THEN (
                   SELECT o.user_id FROM chat_participants o
                   WHERE o.chat_id = c.id AND o.user_id <> p.user_id) END,
               (SELECT count(*) FROM chat_participants o
                WHERE o.chat_id = c.id AND o.left_seq IS NULL)
             FROM chat_participants p
             JOIN chats c ON c.id = p.chat_id
             LEFT JOIN groups g ON g.chat_id = p.chat_id
             LEFT JOIN privacy_settings v ON v.user_id = p.user_id
             WHERE p.user_id = $1 ",
            $which
        )
    };
}

/// Chats with everyone who is or was in them.
pub struct Rosters {
    pub rosters: Vec<Roster>,
    /// Those of them whose log may not have begun.
    pub missing: Vec<Beginning>,
}

/// One round trip once the statements are known: they are sent one behind the other.
pub async fn rosters(postgres: &Postgres, chat_ids: &[ChatId]) -> StoreResult<Rosters> {
    let ids = chat_uuids(chat_ids);
    let client = postgres.client().await?;
    let (chats, members, blocks) = tokio::try_join!(
        client.prepare_cached(CHATS),
        client.prepare_cached(MEMBERS),
        client.prepare_cached(BLOCKS),
    )
    .map_err(failed)?;
    let parameters: &[&(dyn ToSql + Sync)] = &[&ids];
    let (chats, members, blocks) = tokio::try_join!(
        client.query(&chats, parameters),
        client.query(&members, parameters),
        client.query(&blocks, parameters),
    )
    .map_err(failed)?;
    drop(client);

    let mut members = by_chat(&members, MEMBER_COLUMNS, |row| member(row, 0))?;
    let mut blocks = by_chat(&blocks, 2, |row| {
        Ok(Block {
            blocker: UserId(row.get(0)),
            blocked: UserId(row.get(1)),
        })
    })?;
    let rosters = chats.iter().map(|row| {
        let chat = chat(row)?;
        Ok(Roster {
            members: members.remove(&chat.id).unwrap_or_default(),
            blocks: blocks.remove(&chat.id).unwrap_or_default(),
            chat,
        })
    });
    Ok(Rosters {
        rosters: rosters.collect::<StoreResult<_>>()?,
        missing: chats
            .iter()
            .filter_map(|row| missing(row, CHAT_COLUMNS))
            .collect(),
    })
}

/// `place` is the column of the chat's id.
fn by_chat<T>(
    rows: &[Row],
    place: usize,
    read: impl Fn(&Row) -> StoreResult<T>,
) -> StoreResult<AHashMap<ChatId, Vec<T>>> {
    let mut all: AHashMap<ChatId, Vec<T>> = AHashMap::new();
    for row in rows {
        let chat_id = ChatId(row.get(place));
        all.entry(chat_id).or_default().push(read(row)?);
    }
    Ok(all)
}

pub async fn memberships(
    postgres: &Postgres,
    user_id: UserId,
    chat_ids: &[ChatId],
) -> StoreResult<Vec<Membership>> {
    let asked = chat_uuids(chat_ids);
    let query = memberships!("AND p.chat_id = ANY($2)");
    let rows = rows(postgres, query, &[&user_id.0, &asked]).await?;
    rows.iter().map(read_membership).collect()
}

/// Those he is in now.
pub async fn active(
    postgres: &Postgres,
    user_id: UserId,
    after: Option<(Timestamp, ChatId)>,
    limit: usize,
) -> StoreResult<Vec<Membership>> {
    let query = memberships!(
        "AND p.left_seq IS NULL
         AND ($2::timestamptz IS NULL OR (c.updated_at, c.id) < ($2, $3::uuid))
         ORDER BY c.updated_at DESC, c.id DESC LIMIT $4"
    );
    let (before, id) = after.map(|(at, chat_id)| (stored(at), chat_id.0)).unzip();
    let limit = signed(limit as u64);
    let rows = rows(postgres, query, &[&user_id.0, &before, &id, &limit]).await?;
    rows.iter().map(read_membership).collect()
}

/// Those he is or was in.
pub async fn all(postgres: &Postgres, user_id: UserId) -> StoreResult<Vec<Membership>> {
    let query = memberships!("ORDER BY c.updated_at DESC, c.id DESC");
    let rows = rows(postgres, query, &[&user_id.0]).await?;
    rows.iter().map(read_membership).collect()
}

pub async fn ids(postgres: &Postgres, user_id: UserId) -> StoreResult<Vec<ChatId>> {
    let query = "SELECT chat_id FROM chat_participants WHERE user_id = $1 AND left_seq IS NULL";
    let rows = rows(postgres, query, &[&user_id.0]).await?;
    Ok(rows.iter().map(|row| ChatId(row.get(0))).collect())
}

/// One answer per chat asked for, in that order.
pub async fn members(
    postgres: &Postgres,
    chat_ids: Vec<ChatId>,
) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
    let query = "SELECT user_id, chat_id FROM chat_participants
                 WHERE chat_id = ANY($1) AND left_seq IS NULL";
    let rows = rows(postgres, query, &[&chat_uuids(&chat_ids)]).await?;
    let members = by_chat(&rows, 1, |row| Ok(UserId(row.get(0))))?;
    Ok(chat_ids
        .into_iter()
        .map(|chat_id| {
            let people = members.get(&chat_id).cloned();
            (chat_id, people.unwrap_or_default())
        })
        .collect())
}

pub async fn peers(postgres: &Postgres, user_id: UserId) -> StoreResult<Vec<UserId>> {
    let query = "SELECT DISTINCT o.user_id FROM chat_participants p
                 JOIN chat_participants o ON o.chat_id = p.chat_id
                 WHERE p.user_id = $1 AND p.left_seq IS NULL
                   AND o.left_seq IS NULL AND o.user_id <> $1";
    let rows = rows(postgres, query, &[&user_id.0]).await?;
    Ok(rows.iter().map(|row| UserId(row.get(0))).collect())
}

async fn rows(
    postgres: &Postgres,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> StoreResult<Vec<Row>> {
    let client = postgres.client().await?;
    let query = client.prepare_cached(query).await.map_err(failed)?;
    client.query(&query, parameters).await.map_err(failed)
}

fn read_membership(row: &Row) -> StoreResult<Membership> {
    const PEER: usize = CHAT_COLUMNS + MEMBER_COLUMNS;
    let peer: Option<Uuid> = row.get(PEER);
    let count: i64 = row.get(PEER + 1);
    Ok(Membership {
        chat: chat(row)?,
        member: member(row, CHAT_COLUMNS)?,
        peer: peer.map(UserId),
        participant_count: u32::try_from(count).unwrap_or(u32::MAX),
    })
}

fn chat_uuids(chat_ids: &[ChatId]) -> Vec<Uuid> {
    chat_ids.iter().map(|id| id.0).collect()
}

pub async fn everywhere(
    postgres: &Postgres,
    after: Option<ChatId>,
    limit: usize,
) -> StoreResult<Vec<ChatId>> {
    let client = postgres.client().await?;
    let query = client
        .prepare_cached("SELECT id FROM chats WHERE id > $1 ORDER BY id LIMIT $2")
        .await
        .map_err(failed)?;
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let limit = signed(limit as u64);
    let rows = client.query(&query, &[&after, &limit]).await;
    let rows = rows.map_err(failed)?;
    Ok(rows.iter().map(|row| ChatId(row.get(0))).collect())
}
