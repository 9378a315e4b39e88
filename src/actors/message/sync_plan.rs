//! First half of a sync: which of my chats a client is owed something of. Heads are taken here,
//! before any message is read, so that no answer claims more than it holds.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::actor::Reader;
use crate::actors::request::Answer;
use crate::domain::chat::Member;
use crate::domain::sync::{Owed, owed};
use crate::id::{ChatId, UserId};
use crate::storage::chats::Membership;
use crate::storage::messages::Heads;
use crate::wire::sync::SyncRequest;

/// A chat to be answered.
#[derive(Clone, Debug)]
pub(super) struct Todo {
    pub chat_id: ChatId,
    /// The caller's row as it stood when the heads were taken.
    pub member: Member,
    pub have: u64,
    /// Of the log itself, also of a chat that the caller has left.
    pub heads: Heads,
    pub owed: Owed,
}

impl Todo {
    /// The newest seq and rev the caller may know of.
    pub fn end(&self) -> Heads {
        self.member.left.map_or(self.heads, |left| Heads {
            seq: left.seq,
            rev: left.rev,
        })
    }
}

#[derive(Debug)]
pub(super) struct SyncPlan {
    /// Newest activity first.
    pub changed: Vec<Todo>,
    /// Unchanged, but receipts moved; by id.
    pub moved: Vec<Todo>,
    /// Named by the client, but he is not in them.
    pub left: Vec<ChatId>,
}

impl Reader {
    /// `receipts_since`: the place up to which the client knows receipts, if it knows any.
    pub(super) async fn sync_plan(
        &self,
        user: UserId,
        request: &SyncRequest,
        receipts_since: Option<i64>,
    ) -> Answer<SyncPlan> {
        let only: Option<HashSet<ChatId>> = request
            .only
            .as_ref()
            .map(|only| only.iter().copied().collect());
        let wanted = |chat_id: &ChatId| only.as_ref().is_none_or(|only| only.contains(chat_id));
        let mut rows = self.stores.chats.list_all(user).await?;
        rows.retain(|row| {
            wanted(&row.chat.id)
                && (row.member.is_active() || request.chats.contains_key(&row.chat.id))
        });
        let ids: Vec<ChatId> = rows.iter().map(|row| row.chat.id).collect();
        let heads = self.stores.messages.heads_of(ids).await?;
        let heads: HashMap<ChatId, Heads> = heads.into_iter().collect();

        let named: BTreeSet<ChatId> = request
            .chats
            .keys()
            .chain(request.only.iter().flatten())
            .copied()
            .filter(wanted)
            .collect();
        let mine: HashSet<ChatId> = rows
            .iter()
            .filter(|row| row.member.is_active())
            .map(|row| row.chat.id)
            .collect();
        let left = named.into_iter().filter(|id| !mine.contains(id)).collect();

        let places = self.places(heads.keys().copied().collect()).await?;
        let order: HashMap<ChatId, usize> = places
            .into_iter()
            .enumerate()
            .map(|(index, place)| (place.chat_id, index))
            .collect();
        rows.sort_by_key(|row| order.get(&row.chat.id).copied().unwrap_or(usize::MAX));
        let todos = rows.into_iter().map(|row| todo(row, request, &heads));
        let (changed, unchanged): (Vec<Todo>, Vec<Todo>) =
            todos.partition(|todo| todo.owed != Owed::Nothing);
        let moved = match receipts_since {
            Some(since) => self.moved(unchanged, since).await?,
            None => Vec::new(),
        };
        Ok(SyncPlan {
            changed,
            moved,
            left,
        })
    }

    async fn moved(&self, unchanged: Vec<Todo>, since: i64) -> Answer<Vec<Todo>> {
        let mut unchanged: HashMap<ChatId, Todo> = unchanged
            .into_iter()
            .filter(|todo| todo.member.is_active())
            .map(|todo| (todo.chat_id, todo))
            .collect();
        let ids = unchanged.keys().copied().collect();
        let mut moved = self.stores.receipts.moved_since(ids, since).await?;
        moved.sort_unstable();
        Ok(moved
            .into_iter()
            .filter_map(|chat_id| unchanged.remove(&chat_id))
            .collect())
    }
}

fn todo(row: Membership, request: &SyncRequest, heads: &HashMap<ChatId, Heads>) -> Todo {
    let chat_id = row.chat.id;
    let have = request.chats.get(&chat_id).copied();
    let heads = heads.get(&chat_id).copied().unwrap_or_default();
    Todo {
        chat_id,
        owed: owed(&row.member, have, heads.rev),
        have: have.unwrap_or(0),
        member: row.member,
        heads,
    }
}
