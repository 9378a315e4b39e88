//! Sync: what changed since a client's copies (contract, "Sync"; delivery.md, "Sync").

use serde::{Deserialize, Serialize};

use super::actor::Reader;
use super::requests::SyncChats;
use super::sync_chat::Answered;
use super::sync_plan::Todo;
use crate::actors::request::Answer;
use crate::id::{ChatId, UserId};
use crate::wire::page::{cursor, read_cursor};
use crate::wire::sync::SyncView;

/// Chats read at once; bounds what one answer holds in memory.
const CHUNK: usize = 10;

/// What `acks` stands for. Receipts up to `from` are known; while chats whose receipts moved are
/// answered in pages, `after` is the last of them, and `to` is where the next sync starts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Known {
    from: i64,
    to: Option<i64>,
    after: Option<ChatId>,
}

impl Reader {
    pub(super) async fn sync_chats(&self, ask: SyncChats) -> Answer<SyncView> {
        let known: Option<Known> = match &ask.request.acks {
            Some(text) => Some(read_cursor("acks", "acks", text)?),
            None => None,
        };
        // Before anything else is read: a receipt that comes meanwhile is for the next sync.
        let position = self.stores.receipts.position().await?;
        let since = known.map(|known| known.from);
        let mut plan = self.sync_plan(ask.user, &ask.request, since).await?;
        if let Some(after) = known.and_then(|known| known.after) {
            plan.moved.retain(|todo| todo.chat_id > after);
        }
        let (mut all, rest) = self.changed_chats(&ask, &plan.changed).await?;
        let confined = ask.request.only.is_some();
        let room = match (rest, confined) {
            (0, true) => plan.moved.len(),
            (0, false) => ask.limits.chats.saturating_sub(all.items.len()),
            _ => 0,
        };
        let (given, later) = plan.moved.split_at(room.min(plan.moved.len()));
        for chunk in given.chunks(CHUNK) {
            self.add(&mut all, ask.user, chunk, ask.limits.chat_bytes)
                .await?;
        }
        let next = match known {
            None => Known {
                from: position,
                to: None,
                after: None,
            },
            // The other chats were not looked at, so nothing new is known of them.
            Some(known) if confined => known,
            Some(known) if rest == 0 && later.is_empty() => Known {
                from: known.to.unwrap_or(position),
                to: None,
                after: None,
            },
            Some(known) => Known {
                from: known.from,
                to: Some(known.to.unwrap_or(position)),
                after: given.last().map(|todo| todo.chat_id).or(known.after),
            },
        };
        Ok(SyncView {
            chats: all.items,
            left: plan.left,
            me: self.my_log(ask.user, ask.request.me).await?,
            acks: cursor("acks", &next)?,
            more: all.skipped || all.is_full || rest > 0 || !later.is_empty(),
            server_time: self.clock.now(),
        })
    }

    /// Answers changed chats until the answer is full; says how many are left over.
    async fn changed_chats(&self, ask: &SyncChats, changed: &[Todo]) -> Answer<(Answered, usize)> {
        let mut all = Answered::default();
        let mut rest = changed;
        while !rest.is_empty()
            && all.items.len() < ask.limits.chats
            && all.bytes < ask.limits.total_bytes
            && !all.is_full
        {
            let room = ask.limits.chats - all.items.len();
            let (now, later) = rest.split_at(rest.len().min(CHUNK).min(room));
            // So that one chunk is no larger than a whole answer.
            let share = ask.limits.total_bytes / now.len().max(1);
            let chat_bytes = ask.limits.chat_bytes.min(share);
            self.add(&mut all, ask.user, now, chat_bytes).await?;
            rest = later;
        }
        Ok((all, rest.len()))
    }

    async fn add(
        &self,
        all: &mut Answered,
        user: UserId,
        todos: &[Todo],
        chat_bytes: usize,
    ) -> Answer<()> {
        let mut answered = self.answer_chats(user, todos, chat_bytes).await?;
        all.items.append(&mut answered.items);
        all.bytes += answered.bytes;
        all.skipped |= answered.skipped;
        all.is_full |= answered.is_full;
        Ok(())
    }
}
