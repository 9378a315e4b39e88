//! The message group on a real store: what sync, history and status say where flows cannot look.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Actor;
use troupe::actors::chat::requests::{ChatCommand, DeleteMessage, EditMessage, RemoveMember};
use troupe::actors::message::actor::{MessageActor, Reader};
use troupe::actors::message::requests::{
    GetChat, GetDigest, GetMessage, ListChats, ListMessages, MessagePeers, SyncChats, SyncLimits,
};
use troupe::actors::request::ask;
use troupe::clock::{Clock, Timestamp};
use troupe::domain::receipts::ReceiptKind;
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::receipts::ReceiptMark;
use troupe::wire::message::MessageView;
use troupe::wire::sync::{SyncChatView, SyncRequest, SyncView};

use super::stage::Stage;
use super::stale::StaleChats;

pub const LIMITS: SyncLimits = SyncLimits::REST;

pub fn peers(stage: &Stage) -> MessagePeers {
    let reader = Reader::new(stage.stores.clone(), Clock::System);
    MessagePeers::of(&MessageActor::new(reader).start())
}

pub async fn sync(
    peers: &MessagePeers,
    user: UserId,
    request: &SyncRequest,
    limits: SyncLimits,
) -> SyncView {
    let request = request.clone();
    let sync = SyncChats {
        user,
        request,
        limits,
    };
    ask(&peers.sync_chats, sync).await.expect("a sync")
}

pub async fn history(peers: &MessagePeers, viewer: UserId, chat_id: ChatId) -> Vec<MessageView> {
    let list = ListMessages {
        viewer,
        chat_id,
        before: None,
        after: None,
        cursor: None,
        limit: 200,
    };
    ask(&peers.list_messages, list).await.expect("a page").items
}

fn at(chat_id: ChatId, rev: u64) -> SyncRequest {
    SyncRequest {
        chats: BTreeMap::from([(chat_id, rev)]),
        ..SyncRequest::default()
    }
}

fn seqs(messages: &[MessageView]) -> Vec<u64> {
    messages.iter().map(|message| message.seq).collect()
}

pub fn only(view: &SyncView) -> &SyncChatView {
    assert_eq!(view.chats.len(), 1, "{view:?}");
    &view.chats[0]
}

pub async fn mark(stage: &Stage, chat_id: ChatId, user_id: UserId, kind: ReceiptKind, seq: u64) {
    let mark = ReceiptMark {
        chat_id,
        user_id,
        kind,
        up_to_seq: seq,
        at: Timestamp(1_000_000 + i64::try_from(seq).expect("small")),
    };
    let moved = stage.stores.receipts.advance(vec![mark]).await;
    moved.expect("advanced");
}

async fn edit(stage: &Stage, chat: ChatId, actor: UserId, message_id: MessageId, content: &str) {
    let change = EditMessage {
        actor,
        message_id,
        content: content.to_owned(),
    };
    let edited = stage.door.ask(chat, |to| ChatCommand::Edit(change, to));
    edited.await.expect("edited");
}

async fn leave(stage: &Stage, chat: ChatId, user: UserId) {
    let change = RemoveMember { actor: user, user };
    let left = stage
        .door
        .ask(chat, |to| ChatCommand::RemoveMember(change, to));
    left.await.expect("left");
}

#[actix::test]
async fn who_left_gets_tombstones_of_what_changed_later() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let (group, [ada, ben]) = stage.group().await;
    let early = stage.send(group, ada, "1", "early").await.expect("sent");
    let late = stage.send(group, ada, "2", "late").await.expect("sent");
    leave(&stage, group, ben).await;
    edit(&stage, group, ada, late.message_id, "secret").await;
    stage.send(group, ada, "3", "after").await.expect("sent");

    let answer = sync(&peers, ben, &at(group, 2), LIMITS).await;
    assert_eq!(answer.left, [group]);
    let chat = only(&answer);
    assert_eq!((chat.rev, chat.head_seq, chat.head_rev), (4, 3, 4));
    assert!(!chat.reset && !chat.more && chat.meta.is_none());
    assert!(chat.receipts.is_empty(), "nothing else of the chat");
    assert_eq!(seqs(&chat.messages), [3, 2], "by the chat's rev");
    let tomb = &chat.messages[1];
    assert!(tomb.is_deleted && tomb.payload.get() == "{}" && tomb.rev == 4);
    assert!(tomb.edited_at.is_none(), "{tomb:?}");

    let again = sync(&peers, ben, &at(group, 4), LIMITS).await;
    assert!(again.chats.is_empty() && again.left == [group]);
    let cold = sync(&peers, ben, &SyncRequest::default(), LIMITS).await;
    assert!(cold.chats.is_empty() && cold.left.is_empty());

    let seen = history(&peers, ben, group).await;
    assert_eq!(seqs(&seen), [3, 2, 1]);
    assert!(seen[1].is_deleted && !seen[2].is_deleted);
    let get = GetMessage {
        viewer: ben,
        message_id: early.message_id,
    };
    let one = ask(&peers.get_message, get).await.expect("still his");
    assert_eq!(one.payload.get(), r#"{"content":"early"}"#);
    let digest = GetDigest {
        viewer: ben,
        chat_id: group,
        from: 1,
        to: 99,
    };
    let digest = ask(&peers.get_digest, digest).await.expect("a digest");
    assert_eq!(digest.count, 3);
}

#[actix::test]
async fn too_many_tombstones_for_a_page_are_a_reset() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let (group, [ada, ben]) = stage.group().await;
    let mut sent = Vec::new();
    for number in 0..201 {
        let view = stage.send(group, ada, format!("{number}"), "x").await;
        sent.push(view.expect("sent").message_id);
    }
    leave(&stage, group, ben).await;
    for message_id in sent {
        let change = DeleteMessage {
            actor: ada,
            message_id,
        };
        let gone = stage.door.ask(group, |to| ChatCommand::Delete(change, to));
        gone.await.expect("deleted");
    }
    let answer = sync(&peers, ben, &at(group, 202), LIMITS).await;
    let chat = only(&answer);
    assert!(chat.reset && !chat.more);
    assert_eq!((chat.rev, chat.messages.len()), (203, 50));
    let again = sync(&peers, ben, &at(group, chat.rev), LIMITS).await;
    assert!(again.chats.is_empty(), "it ends");
}

#[actix::test]
async fn a_page_is_cut_by_weight_and_the_walk_is_whole() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let (chat, [ada, ben]) = stage.direct().await;
    let long = "x".repeat(4000);
    for number in 0..20 {
        let sent = stage.send(chat, ada, format!("{number}"), &long).await;
        sent.expect("sent");
    }
    let limits = SyncLimits {
        chat_bytes: 20_000,
        ..LIMITS
    };
    let (mut rev, mut walked, mut pages) = (1, Vec::new(), 0);
    loop {
        let answer = sync(&peers, ben, &at(chat, rev), limits).await;
        let page = only(&answer);
        assert!(page.messages.len() <= 5, "{}", page.messages.len());
        walked.extend(seqs(&page.messages));
        assert!(page.rev > rev, "it gets further");
        (rev, pages) = (page.rev, pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(walked, (1..=20).collect::<Vec<_>>());
    assert_eq!((rev, pages), (21, 5));
    let tiny = SyncLimits {
        chat_bytes: 1,
        ..LIMITS
    };
    let answer = sync(&peers, ben, &at(chat, 1), tiny).await;
    assert_eq!(only(&answer).messages.len(), 1, "never nothing");
    let cold = sync(&peers, ben, &SyncRequest::default(), limits).await;
    let newest: Vec<u64> = (1..=20).collect();
    assert_eq!(seqs(&only(&cold).messages), newest, "whatever they weigh");
}

#[actix::test]
async fn an_answer_holds_so_many_chats_and_the_rest_follows() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let ada = stage.user().await;
    let mut chats = Vec::new();
    for number in 0..25 {
        let chat = stage.direct_of(ada).await;
        let sent = stage.send(chat, ada, format!("{number}"), "hello").await;
        sent.expect("sent");
        chats.push(chat);
    }
    chats.reverse();
    let limits = SyncLimits {
        chats: 12,
        ..LIMITS
    };
    let mut request = SyncRequest::default();
    let mut seen = Vec::new();
    for round in 1..=3 {
        let answer = sync(&peers, ada, &request, limits).await;
        assert_eq!(answer.more, round < 3, "round {round}");
        for chat in &answer.chats {
            request.chats.insert(chat.chat_id, chat.rev);
            seen.push(chat.chat_id);
        }
        request.acks = Some(answer.acks);
    }
    assert_eq!(seen, chats, "newest activity first, each once");
}

#[actix::test]
async fn a_removal_while_one_reads_shows_nothing_of_what_followed() {
    let stale = Arc::new(StaleChats::default());
    let stage = Stage::with_chats({
        let stale = Arc::clone(&stale);
        move |inner| {
            stale.wrap(inner);
            stale
        }
    })
    .await;
    let peers = peers(&stage);
    let (group, [ada, ben]) = stage.group().await;
    stage.send(group, ada, "1", "one").await.expect("sent");
    let before = stage.stores.chats.find_membership(ben, group).await;
    let before = before.expect("read").expect("a member");
    leave(&stage, group, ben).await;
    stage.send(group, ada, "2", "not his").await.expect("sent");

    stale.answer_once(before.clone());
    assert_eq!(seqs(&history(&peers, ben, group).await), [2, 1]);

    stale.answer_once(before.clone());
    let get = GetChat {
        viewer: ben,
        chat_id: group,
    };
    assert!(ask(&peers.get_chat, get).await.is_err(), "no longer his");
    stale.answer_once(before.clone());
    let list = ListChats {
        viewer: ben,
        cursor: None,
        limit: 50,
    };
    let listed = ask(&peers.list_chats, list).await.expect("a page");
    assert!(listed.items.is_empty(), "{listed:?}");

    stale.answer_once(before);
    let answer = sync(&peers, ben, &at(group, 1), LIMITS).await;
    assert!(
        answer.chats.is_empty() && answer.more,
        "asked again instead"
    );
    let answer = sync(&peers, ben, &at(group, 1), LIMITS).await;
    assert_eq!(seqs(&only(&answer).messages), [1, 2]);
}
