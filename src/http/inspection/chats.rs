//! `/admin/chats`: the hottest, and the actor of one.

use actix_web::{HttpResponse, Responder, web};
use serde::{Deserialize, Serialize};

use crate::actors::group::Group;
use crate::actors::inspection::requests::{
    ActorSeen, HotBy, HotChat, InspectChat, ListHotChats, NodeDesk, Silent,
};
use crate::clock::Timestamp;
use crate::domain::chat::{ChatKind, Roster};
use crate::domain::receipts::Watermark;
use crate::error::Failure;
use crate::http::Answer;
use crate::http::extract::{Id, Params};
use crate::http::page::limit;
use crate::id::{ChatId, NodeId};
use crate::storage::Stores;
use crate::storage::messages::Heads;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotParams {
    #[serde(default)]
    by: HotBy,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HotView {
    items: Vec<HotChat>,
    next_cursor: Option<String>,
    /// Processes with chats that did not answer: what they have is missing.
    unanswered: Vec<Silent>,
}

/// Of all processes that keep chats; only chats with an actor are hot.
pub async fn list(desk: web::Data<NodeDesk>, params: Params<HotParams>) -> Answer<impl Responder> {
    let (by, limit) = (params.0.by, limit(params.0.limit)?);
    let request = ListHotChats { by, limit };
    let asked = desk
        .ask_all(Some(Group::Chat), request, |node| &node.list_hot_chats)
        .await;
    let of_all = asked.answers.into_iter().flat_map(|(_, chats)| chats);
    let mut items: Vec<HotChat> = of_all.collect();
    items.sort_by(|one, other| one.order(other, by));
    items.truncate(limit);
    Ok(HttpResponse::Ok().json(HotView {
        items,
        next_cursor: None,
        unanswered: asked.silent,
    }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatActorView {
    chat_id: ChatId,
    #[serde(rename = "type")]
    kind: ChatKind,
    created_at: Timestamp,
    /// Who owns the chat.
    node: NodeId,
    /// Whether it has an actor now; asking gives it none.
    loaded: bool,
    /// `null` where there is no actor.
    actor: Option<ActorSeen>,
    stored: StoredView,
}

/// The chat as the stores have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredView {
    head_seq: u64,
    head_rev: u64,
    members: usize,
    past_members: usize,
    watermarks: WatermarksView,
}

/// How far its members have got.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WatermarksView {
    delivered: SpreadView,
    read: SpreadView,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpreadView {
    /// Where the last and the first of them are.
    lowest_seq: u64,
    highest_seq: u64,
    /// Members who are behind the head.
    behind: usize,
}

/// One chat's actor, asked of the process that owns the chat; 404 for a chat that is not there.
pub async fn actor(
    desk: web::Data<NodeDesk>,
    stores: web::Data<Stores>,
    chat: Id<ChatId>,
) -> Answer<impl Responder> {
    let chat_id = chat.0;
    let roster = stores.chats.find(chat_id).await?;
    let roster = roster.ok_or_else(Failure::not_found)?;
    let request = InspectChat { chat_id };
    let (node, actor) = desk
        .ask_owner(chat_id, request, |node| &node.inspect_chat)
        .await?;
    let heads = stores.messages.heads_of(vec![chat_id]).await?;
    let heads = heads.first().map(|(_, heads)| *heads).unwrap_or_default();
    let marks = stores.receipts.watermarks(vec![chat_id]).await?;
    let marks = marks.into_iter().map(|(_, mark)| mark).collect();
    Ok(HttpResponse::Ok().json(ChatActorView {
        chat_id,
        kind: roster.chat.kind,
        created_at: roster.chat.created_at,
        node,
        loaded: actor.is_some(),
        actor,
        stored: stored(&roster, heads, marks),
    }))
}

fn stored(roster: &Roster, heads: Heads, marks: Vec<Watermark>) -> StoredView {
    let members = roster.active_members().count();
    let of_each: Vec<Watermark> = roster
        .active_members()
        .map(|member| {
            let mark = marks.iter().find(|mark| mark.user_id == member.user_id);
            mark.copied()
                .unwrap_or_else(|| Watermark::nowhere(member.user_id))
        })
        .collect();
    let spread = |seq: fn(&Watermark) -> u64| SpreadView {
        lowest_seq: of_each.iter().map(seq).min().unwrap_or(0),
        highest_seq: of_each.iter().map(seq).max().unwrap_or(0),
        behind: of_each.iter().filter(|mark| seq(mark) < heads.seq).count(),
    };
    StoredView {
        head_seq: heads.seq,
        head_rev: heads.rev,
        members,
        past_members: roster.members.len() - members,
        watermarks: WatermarksView {
            delivered: spread(|mark| mark.delivered_seq),
            read: spread(|mark| mark.read_seq),
        },
    }
}
