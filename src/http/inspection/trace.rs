//! `/admin/messages/{id}/trace`: what became of one message, as the stores tell it.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use crate::actors::inspection::requests::{FindTrace, NodeDesk};
use crate::clock::Timestamp;
use crate::domain::message::{Message, MessageKind};
use crate::domain::notification::PushMark;
use crate::domain::receipts::{ReceiptKind, ReceiptTime};
use crate::error::Failure;
use crate::http::Answer;
use crate::http::extract::Id;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::Stores;
use crate::storage::story::{Publication, StoryEntry};

/// Most entries that are shown; of one with more the newest.
const ENTRIES: usize = 200;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TraceView {
    message_id: MessageId,
    chat_id: ChatId,
    seq: u64,
    /// Its own, and that of its last change.
    rev: u64,
    last_rev: u64,
    #[serde(rename = "type")]
    kind: MessageKind,
    sender_id: UserId,
    forwarded: bool,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    is_deleted: bool,
    /// What the log holds about it, its own entry first; each with its event.
    entries: Vec<EntryView>,
    /// Everyone else who may see it.
    recipients: Vec<RecipientView>,
    /// Where it was traced, if that was sampled and its chat's owner still knows.
    trace_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView {
    rev: u64,
    at: Timestamp,
    change: String,
    actor_id: Option<UserId>,
    /// `waiting`, `published`, or `forgotten`: published more than 15 minutes ago.
    event: &'static str,
    /// `null` where the store does not keep it.
    published_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecipientView {
    user_id: UserId,
    delivered_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    /// A push has told him of it, or of something later in this chat.
    pushed: bool,
    /// His devices were told that he has read it.
    cleared: bool,
}

/// 404 for a message that is not there.
pub async fn show(
    desk: web::Data<NodeDesk>,
    stores: web::Data<Stores>,
    message: Id<MessageId>,
) -> Answer<impl Responder> {
    let found = stores.messages.find(vec![message.0]).await?;
    let message = found.into_iter().next().ok_or_else(Failure::not_found)?;
    let entries = stores.messages.story(&message, ENTRIES).await?;
    let own_rev = entries
        .iter()
        .find(|entry| matches!(entry.change.as_str(), "sent" | "acted"))
        .map_or(message.rev, |entry| entry.rev);
    let trace_id = trace_id(&desk, message.chat_id, own_rev).await;
    Ok(HttpResponse::Ok().json(TraceView {
        recipients: recipients(&stores, &message).await?,
        message_id: message.id,
        chat_id: message.chat_id,
        seq: message.seq,
        rev: own_rev,
        last_rev: message.rev,
        kind: message.kind,
        sender_id: message.sender_id,
        forwarded: message.forwarded,
        created_at: message.created_at,
        edited_at: message.edited_at,
        expires_at: message.expires_at,
        is_deleted: message.is_deleted,
        entries: entries.into_iter().map(entry).collect(),
        trace_id,
    }))
}

/// Not worth a refusal: an owner that is away knows of no trace.
async fn trace_id(desk: &NodeDesk, chat_id: ChatId, rev: u64) -> Option<String> {
    let found = desk
        .ask_owner(chat_id, FindTrace { chat_id, rev }, |node| &node.find_trace)
        .await;
    found.ok().and_then(|(_, trace_id)| trace_id)
}

fn entry(entry: StoryEntry) -> EntryView {
    let (event, published_at) = match entry.outbox {
        Publication::Waiting => ("waiting", None),
        Publication::Published(at) => ("published", at),
        Publication::Forgotten => ("forgotten", None),
    };
    EntryView {
        rev: entry.rev,
        at: entry.at,
        change: entry.change,
        actor_id: entry.actor,
        event,
        published_at,
    }
}

async fn recipients(stores: &Stores, message: &Message) -> Answer<Vec<RecipientView>> {
    let Some(roster) = stores.chats.find(message.chat_id).await? else {
        return Ok(Vec::new());
    };
    let times = stores.receipts.times(message.chat_id, message.seq).await?;
    let marks = stores.pushes.find(vec![message.chat_id]).await?;
    let marks: BTreeMap<UserId, PushMark> =
        marks.into_iter().map(|mark| (mark.user_id, mark)).collect();
    let first = |user: UserId, kind: ReceiptKind| {
        let of_user = |time: &&ReceiptTime| time.user_id == user && time.kind == kind;
        times.iter().filter(of_user).map(|time| time.at).min()
    };
    let others = roster.members.iter();
    let others = others.filter(|one| one.user_id != message.sender_id && one.sees(message.seq));
    let views = others.map(|member| {
        let user_id = member.user_id;
        let mark = marks.get(&user_id);
        RecipientView {
            user_id,
            delivered_at: first(user_id, ReceiptKind::Delivered),
            read_at: first(user_id, ReceiptKind::Read),
            pushed: mark.is_some_and(|mark| mark.pushed_seq >= message.seq),
            cleared: mark.is_some_and(|mark| mark.cleared_seq >= message.seq),
        }
    });
    Ok(views.collect())
}
