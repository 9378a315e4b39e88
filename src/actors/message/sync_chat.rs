//! Second half of a sync: messages, then rows, for a handful of chats at once.

use std::collections::{BTreeMap, HashMap};

use super::actor::Reader;
use super::history::NO_SEQ;
use super::sync_plan::Todo;
use crate::actors::request::Answer;
use crate::domain::message::Message;
use crate::domain::message::sight::as_seen_by;
use crate::domain::sync::{Owed, PAGE_MESSAGES, RESET_ABOVE, RESET_MESSAGES};
use crate::id::{ChatId, UserId};
use crate::storage::messages::{Changes, ChangesQuery, SeqRange};
use crate::wire::chat::ChatView;
use crate::wire::message::MessageView;
use crate::wire::status::Standing;
use crate::wire::sync::{ReceiptView, SyncChatView};

/// What a message's fields weigh beside its payload, about, in bytes of JSON.
const ENVELOPE_BYTES: usize = 700;

/// What is filled in of a medium: two signed addresses above all.
const MEDIA_BYTES: usize = 1500;

/// What is to be said of one chat, before views are made.
struct Page {
    reset: bool,
    rev: u64,
    more: bool,
    with_meta: bool,
    messages: Vec<Message>,
}

/// Answered chats, and what they weigh.
#[derive(Default)]
pub(super) struct Answered {
    pub items: Vec<SyncChatView>,
    pub bytes: usize,
    /// A membership moved while we read: those chats are for the next round.
    pub skipped: bool,
    /// There was no room for some, which are for the next round.
    pub is_full: bool,
}

/// What is to be said of chats, as far as there was room.
struct Pages {
    of: HashMap<ChatId, Page>,
    is_full: bool,
}

impl Reader {
    pub(super) async fn answer_chats(
        &self,
        user: UserId,
        todos: &[Todo],
        chat_bytes: usize,
    ) -> Answer<Answered> {
        let Pages {
            of: mut pages,
            is_full,
        } = self.pages_of(user, todos, chat_bytes).await?;
        let ids = todos.iter().map(|todo| todo.chat_id).collect();
        let standings = self.standings(ids).await?;
        let before = pages.len();
        pages.retain(|chat_id, _| {
            todos
                .iter()
                .any(|todo| todo.chat_id == *chat_id && unmoved(todo, standings.get(chat_id)))
        });
        let skipped = pages.len() < before;

        let with_meta = pages
            .iter()
            .filter(|(_, page)| page.with_meta)
            .map(|(chat_id, _)| *chat_id)
            .collect();
        let metas = self.chat_views(user, with_meta).await?;
        let mut metas: HashMap<ChatId, ChatView> =
            metas.into_iter().map(|meta| (meta.id, meta)).collect();
        let mut bytes = 0;
        let mut all = Vec::new();
        for (todo, messages) in todos.iter().filter_map(|todo| {
            let page = pages.get_mut(&todo.chat_id)?;
            Some((todo, std::mem::take(&mut page.messages)))
        }) {
            bytes += messages.iter().map(weight).sum::<usize>() + ENVELOPE_BYTES;
            let seen = |message| as_seen_by(&todo.member, message);
            all.extend(messages.into_iter().filter_map(seen));
        }
        let mut views: HashMap<ChatId, Vec<MessageView>> = HashMap::new();
        for view in self.message_views(user, all, &standings).await? {
            views.entry(view.chat_id).or_default().push(view);
        }
        let items = todos
            .iter()
            .filter_map(|todo| {
                let page = pages.get(&todo.chat_id)?;
                let mut item = item(user, todo, page, standings.get(&todo.chat_id));
                item.meta = metas.remove(&todo.chat_id);
                item.messages = views.remove(&todo.chat_id).unwrap_or_default();
                Some(item)
            })
            .collect();
        Ok(Answered {
            items,
            bytes,
            skipped,
            is_full,
        })
    }

    async fn pages_of(&self, user: UserId, todos: &[Todo], chat_bytes: usize) -> Answer<Pages> {
        let queries: Vec<ChangesQuery> = todos.iter().filter_map(changes_query).collect();
        let (mut pages, mut is_full) = (HashMap::new(), false);
        if !queries.is_empty() {
            let changes = self.stores.messages.changes(user, queries, RESET_ABOVE);
            for change in changes.await? {
                let todo = todos.iter().find(|todo| todo.chat_id == change.chat_id);
                if let Some(page) = todo.and_then(|todo| page_of(todo, change, chat_bytes)) {
                    pages.insert(page.0, page.1);
                }
            }
        }
        let mut resets = Vec::new();
        for todo in todos
            .iter()
            .filter(|todo| !pages.contains_key(&todo.chat_id))
        {
            if todo.owed != Owed::Nothing {
                resets.push((todo.chat_id, everything_visible(todo)));
            }
        }
        for todo in todos.iter().filter(|todo| todo.owed == Owed::Nothing) {
            pages.insert(todo.chat_id, unchanged(todo));
        }
        if resets.is_empty() {
            return Ok(Pages { of: pages, is_full });
        }
        let newest = self.stores.messages.pages(user, resets, RESET_MESSAGES);
        let mut newest: HashMap<ChatId, Vec<Message>> = newest.await?.into_iter().collect();
        // Each is whole, the first one always, as far as all of them were to be.
        let (mut bytes, room) = (0, chat_bytes * todos.len());
        for todo in todos {
            let Some(messages) = newest.remove(&todo.chat_id) else {
                continue;
            };
            let is_first = bytes == 0;
            bytes += messages.iter().map(weight).sum::<usize>();
            if bytes > room && !is_first {
                is_full = true;
                break;
            }
            pages.insert(todo.chat_id, reset_page(todo, messages));
        }
        Ok(Pages { of: pages, is_full })
    }
}

/// The rows, read after the messages, still say what the plan was made with (D8).
fn unmoved(todo: &Todo, standing: Option<&Standing>) -> bool {
    standing.is_some_and(|standing| {
        standing.roster.members.iter().any(|member| {
            member.user_id == todo.member.user_id
                && member.join_seq == todo.member.join_seq
                && member.left == todo.member.left
        })
    })
}

/// Of a chat that the caller has left, later changes of what he saw count too: they make tombstones.
fn changes_query(todo: &Todo) -> Option<ChangesQuery> {
    match todo.owed {
        Owed::Changes { after } => Some(ChangesQuery {
            chat_id: todo.chat_id,
            after,
            up_to: todo.heads.rev,
            limit: PAGE_MESSAGES + 1,
        }),
        Owed::Nothing | Owed::Reset => None,
    }
}

fn everything_visible(todo: &Todo) -> SeqRange {
    let end = todo.member.left.map_or(NO_SEQ, |left| left.seq + 1);
    SeqRange {
        after: Some(todo.member.join_seq.saturating_sub(1)),
        before: Some(end),
    }
}

/// `None`: too much for a page, so the copy is made anew. Nothing is cut within a rev, which what a
/// deleted account said has in common, or the rest would never come. Who has left gets one answer or a
/// reset: to him all tombstones have the rev of his leaving.
fn page_of(todo: &Todo, mut changes: Changes, chat_bytes: usize) -> Option<(ChatId, Page)> {
    if changes.count > RESET_ABOVE {
        return None;
    }
    let fitting = fitting(&changes.messages, chat_bytes).min(PAGE_MESSAGES);
    let given = whole_revs(&changes.messages, fitting);
    let more = given < changes.messages.len();
    if more && (given == 0 || !todo.member.is_active()) {
        return None;
    }
    changes.messages.truncate(given);
    let cut = changes.messages.last().filter(|_| more);
    let page = Page {
        reset: false,
        rev: cut.map_or(todo.end().rev, |last| last.rev),
        more,
        with_meta: todo.member.is_active() && changes.chat_changed_rev > todo.have,
        messages: changes.messages,
    };
    Some((todo.chat_id, page))
}

/// All of the newest, whatever they weigh: a socket says them in several frames.
fn reset_page(todo: &Todo, mut newest: Vec<Message>) -> Page {
    newest.sort_unstable_by_key(|message| message.rev);
    Page {
        reset: true,
        rev: todo.end().rev,
        more: false,
        with_meta: todo.member.is_active(),
        messages: newest,
    }
}

fn unchanged(todo: &Todo) -> Page {
    Page {
        reset: false,
        rev: todo.have,
        more: false,
        with_meta: false,
        messages: Vec::new(),
    }
}

/// So many of the first messages at most that no rev goes on behind them.
fn whole_revs(messages: &[Message], most: usize) -> usize {
    match messages.get(most) {
        Some(next) => messages[..most].partition_point(|message| message.rev < next.rev),
        None => messages.len(),
    }
}

/// How many of the first messages fit; at least one.
fn fitting(messages: &[Message], most: usize) -> usize {
    let mut bytes = 0;
    let fit = messages.iter().take_while(|message| {
        bytes += weight(message);
        bytes <= most
    });
    fit.count().max(1)
}

fn weight(message: &Message) -> usize {
    let shown = if message.kind.carries_media() {
        MEDIA_BYTES
    } else {
        0
    };
    message.payload.get().len() + ENVELOPE_BYTES + shown
}

fn item(user: UserId, todo: &Todo, page: &Page, standing: Option<&Standing>) -> SyncChatView {
    let end = todo.end();
    let receipts: BTreeMap<UserId, ReceiptView> = standing
        .map(|standing| standing.receipts(user))
        .unwrap_or_default()
        .into_iter()
        .map(|(user, mark)| {
            let view = ReceiptView {
                delivered_seq: mark.delivered_seq,
                read_seq: mark.read_seq,
            };
            (user, view)
        })
        .collect();
    SyncChatView {
        chat_id: todo.chat_id,
        reset: page.reset,
        rev: page.rev,
        meta: None,
        messages: Vec::new(),
        receipts,
        head_seq: end.seq,
        head_rev: end.rev,
        more: page.more,
    }
}
