//! Sync over a socket: a frame per chat, as fast as the peer takes them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::Node;
use super::connection::ConnectionActor;
use super::link::Link;
use crate::actors::message::requests::{SyncChats, SyncLimits};
use crate::actors::request::{Answer, ask};
use crate::error::Failure;
use crate::id::ChatId;
use crate::wire::frame::{self, SERVER_FRAME_BYTES};
use crate::wire::me::MyLogView;
use crate::wire::message::MessageView;
use crate::wire::socket::SocketEvent;
use crate::wire::sync::{SyncChatView, SyncRequest, SyncView};

impl ConnectionActor {
    /// Answers a `sync`; one at a time.
    pub(super) fn sync(
        &mut self,
        id: Option<String>,
        request: SyncRequest,
        ctx: &mut Context<Self>,
    ) {
        if std::mem::replace(&mut self.asking.sync, true) {
            let failure = Failure::rate_limited(Duration::from_secs(1));
            return self.refuse(id.as_deref(), &failure);
        }
        let link = Rc::clone(&self.link);
        let node = Arc::clone(&self.room.node);
        let syncing = async move {
            if let Err(failure) = run(&node, &link, id.as_deref(), request).await {
                link.push(frame::error(id.as_deref(), &failure));
            }
        };
        ctx.spawn(syncing.into_actor(self).map(|(), actor, _| {
            actor.asking.sync = false;
        }));
    }
}

/// Asks until nothing says `more`, then ends with `sync.done`.
async fn run(
    node: &Node,
    link: &Rc<Link>,
    id: Option<&str>,
    mut request: SyncRequest,
) -> Answer<()> {
    let mut left = BTreeSet::new();
    let mut me: Option<MyLogView> = None;
    loop {
        let page = ask_page(node, link, &request).await?;
        let more = page.more || page.chats.iter().any(|chat| chat.more);
        if more && page.chats.is_empty() && request.acks.as_ref() == Some(&page.acks) {
            tracing::error!(user.id = %link.user, "a sync does not get further");
            return Err(Failure::internal());
        }
        for chat in page.chats {
            request.chats.insert(chat.chat_id, chat.rev);
            if !say_chat(link, id, chat).await {
                return Ok(());
            }
        }
        for chat in page.left {
            request.chats.remove(&chat);
            left.insert(chat);
        }
        // What changes of my log while chats are read is for the next sync.
        let me = me.get_or_insert(page.me);
        request.me = me.rev;
        request.acks = Some(page.acks);
        if !more {
            break;
        }
    }
    let left: Vec<ChatId> = left.into_iter().collect();
    if let (Some(me), Some(acks), true) = (&me, &request.acks, link.room().await) {
        let left = &left;
        link.push(SocketEvent::SyncDone { id, left, me, acks }.frame());
    }
    Ok(())
}

async fn ask_page(node: &Node, link: &Link, request: &SyncRequest) -> Answer<SyncView> {
    let sync = SyncChats {
        user: link.user,
        request: request.clone(),
        limits: SyncLimits::SOCKET,
    };
    ask(&node.sync_chats, sync).await
}

/// Where messages are cut in two, between one rev and the next; 0 where there is no such place.
fn middle(messages: &[MessageView]) -> usize {
    let half = messages.len() / 2;
    let is_between = |place: &usize| messages[place - 1].rev < messages[*place].rev;
    let before = (1..=half).rev().find(is_between);
    let behind = || (half + 1..messages.len()).find(is_between);
    before.or_else(behind).unwrap_or(0)
}

/// Says one chat, in several frames when it is too large for one; `false` when the socket is going.
async fn say_chat(link: &Rc<Link>, id: Option<&str>, chat: SyncChatView) -> bool {
    let mut parts = vec![chat];
    while let Some(mut chat) = parts.pop() {
        let frame = SocketEvent::SyncChat { id, chat: &chat }.frame();
        let middle = middle(&chat.messages);
        if frame.bytes.len() > SERVER_FRAME_BYTES && middle > 0 {
            let rest = chat.messages.split_off(middle);
            parts.push(SyncChatView {
                reset: false,
                meta: None,
                messages: rest,
                receipts: chat.receipts.clone(),
                ..chat
            });
            chat.rev = chat.messages.last().map_or(chat.rev, |last| last.rev);
            chat.more = true;
            parts.push(chat);
            continue;
        }
        if !link.room().await {
            return false;
        }
        link.push(frame);
    }
    true
}
