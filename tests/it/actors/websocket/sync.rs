//! Sync over a socket: a frame per chat until nothing is left, then `sync.done`.

use serde_json::{Value, json};
use troupe::clock::Timestamp;
use troupe::domain::message::MessageKind;
use troupe::id::{ChatId, MessageId, UserId};
use troupe::wire::me::{MeChanges, MyLogView};
use troupe::wire::message::MessageView;
use troupe::wire::sync::{SyncChatView, SyncView};

use super::stage::Stage;

fn message(chat_id: ChatId, rev: u64, bytes: usize) -> MessageView {
    let text = json!({"content": "z".repeat(bytes)}).to_string();
    MessageView {
        id: MessageId::new(),
        chat_id,
        seq: rev,
        rev,
        sender_id: UserId::new(),
        client_message_id: None,
        kind: MessageKind::Text,
        payload: serde_json::value::RawValue::from_string(text).expect("JSON"),
        reply_to_id: None,
        forwarded: false,
        status: None,
        reactions: Default::default(),
        is_deleted: false,
        is_starred: None,
        edited_at: None,
        expires_at: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn chat(chat_id: ChatId, messages: Vec<MessageView>, more: bool) -> SyncChatView {
    let rev = messages.last().map_or(0, |last| last.rev);
    SyncChatView {
        chat_id,
        reset: true,
        rev,
        meta: None,
        messages,
        receipts: Default::default(),
        head_seq: 100,
        head_rev: 100,
        more,
    }
}

fn page(chats: Vec<SyncChatView>, acks: &str, more: bool) -> SyncView {
    SyncView {
        chats,
        left: Vec::new(),
        me: MyLogView {
            rev: if acks == "first" { 3 } else { 9 },
            changes: MeChanges::default(),
            more: false,
        },
        acks: acks.to_owned(),
        more,
        server_time: Timestamp(0),
    }
}

#[actix::test]
async fn pages_become_frames_until_nothing_is_left() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let (one, other, gone) = (ChatId::new(), ChatId::new(), ChatId::new());
    let mut first = page(
        vec![
            chat(one, vec![message(one, 1, 9)], true),
            chat(other, vec![], false),
        ],
        "first",
        false,
    );
    first.left.push(gone);
    let second = page(
        vec![chat(one, vec![message(one, 2, 9)], false)],
        "second",
        true,
    );
    let third = page(vec![], "third", false);
    stage.backdrop.syncs.lock().extend([first, second, third]);
    peer.say(json!({"type": "sync", "id": "s", "chats": {gone.to_string(): 4}, "me": 0}));
    for (chat, rev, more) in [(one, 1, true), (other, 0, false), (one, 2, false)] {
        let said = peer.expect("sync.chat").await;
        assert_eq!(said["id"], "s");
        assert_eq!(
            (&said["chatId"], &said["rev"], &said["more"]),
            (&json!(chat), &json!(rev), &json!(more))
        );
    }
    let done = peer.expect("sync.done").await;
    assert_eq!(done["id"], "s");
    assert_eq!(done["left"], json!([gone]));
    assert_eq!(done["acks"], "third");
    assert_eq!(
        done["me"]["rev"], 3,
        "what changes meanwhile is for the next sync"
    );
}

#[actix::test]
async fn a_chat_too_large_for_a_frame_comes_in_several() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let big = ChatId::new();
    let messages = (1..=200).map(|rev| message(big, rev, 4096)).collect();
    let only = page(vec![chat(big, messages, false)], "first", false);
    stage.backdrop.syncs.lock().push_back(only);
    peer.say(json!({"type": "sync", "chats": {}}));
    let mut revs: Vec<Value> = Vec::new();
    loop {
        let said = peer.expect("sync.chat").await;
        assert!(said.to_string().len() <= 256 * 1024);
        assert_eq!(said["reset"], revs.is_empty(), "the copy is dropped once");
        let messages = said["messages"].as_array().expect("messages");
        revs.extend(messages.iter().map(|message| message["rev"].clone()));
        assert_eq!(said["rev"], *revs.last().expect("some"));
        if said["more"] == false {
            break;
        }
    }
    assert_eq!(revs, (1..=200).map(Value::from).collect::<Vec<_>>());
    peer.expect("sync.done").await;
}

#[actix::test]
async fn a_sync_that_fails_is_an_error_and_another_may_follow() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    peer.say(json!({"type": "sync", "id": "a"}));
    let error = peer.expect("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!("a"), &json!("internal"))
    );
    stage
        .backdrop
        .syncs
        .lock()
        .push_back(page(vec![], "first", false));
    peer.say(json!({"type": "sync", "id": "b"}));
    assert_eq!(peer.expect("sync.done").await["id"], "b");
}
