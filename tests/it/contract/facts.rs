//! The relay over every backend: what is in the log becomes its event, once, and is marked after.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;
use troupe::actors::chat::facts::{Status, events};
use troupe::actors::chat::publishing::Outbox;
use troupe::actors::placement::Remote;
use troupe::clock::Clock;
use troupe::domain::message::{Message, MessageKind};
use troupe::domain::receipts::ReceiptKind;
use troupe::event::{Envelope, Event};
use troupe::id::{ChatId, UserId};
use troupe::storage::messages::{Change, ChatEffect, ChatPatch};
use troupe::storage::receipts::ReceiptMark;

use super::backend::{Backend, Opened};
use super::kept::{Elsewhere, Kept, outbox};
use super::stage::{START, at, payload, sent, text, texts};

over_every_backend!(
    every_change_is_told_by_its_subject,
    what_is_published_is_marked_and_not_told_again,
    while_the_stream_is_away_the_outbox_keeps_everything,
    other_nodes_entries_are_left_to_them_for_a_while,
    after_a_regression_the_recent_past_is_told_again,
    receipts_are_told_by_how_far_they_go,
);

async fn round(outbox: &Outbox) -> usize {
    outbox.round(Vec::new()).await.expect("a round").published
}

/// Acts as a chat's owner does, with the payload it would write.
async fn act(
    stores: &Opened,
    chat_id: ChatId,
    actor: UserId,
    told: serde_json::Value,
    effect: ChatEffect,
) {
    let heads = stores.heads(chat_id).await;
    let message = Box::new(Message {
        kind: MessageKind::System,
        client_message_id: None,
        payload: RawValue::from_string(told.to_string()).expect("JSON"),
        ..text(chat_id, actor, heads, "")
    });
    stores
        .commit(chat_id, Change::Acted { message, effect })
        .await;
}

async fn every_change_is_told_by_its_subject(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    let outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    let [anna, ben, cleo, dan] = [
        stores.person().await,
        stores.person().await,
        stores.person().await,
        stores.person().await,
    ];
    let chat = stores.group(&[anna, ben]).await;
    let first = stores.say(chat, anna, "a secret").await;
    let edit = Change::Edited {
        actor: anna,
        message_id: first.id,
        payload: payload("another secret"),
    };
    stores.commit(chat, edit).await;
    let delete = Change::Deleted {
        actor: ben,
        message_id: first.id,
    };
    stores.commit(chat, delete).await;
    let told = json!({"event": "member_added", "actorId": anna, "userIds": [cleo, dan]});
    let added = ChatEffect::MembersAdded {
        user_ids: vec![cleo, dan],
    };
    act(&stores, chat, anna, told, added).await;
    let told =
        json!({"event": "member_left", "actorId": anna, "userIds": [anna], "newAdminId": ben});
    let gone = ChatEffect::MembersGone {
        user_ids: vec![anna],
        new_admin: Some(ben),
    };
    act(&stores, chat, anna, told, gone).await;
    let told = json!({"event": "chat_changed", "actorId": ben, "name": "New", "description": null});
    let patch = ChatPatch {
        name: Some("New".to_owned()),
        description: Some(None),
        ..ChatPatch::default()
    };
    act(&stores, chat, ben, told, ChatEffect::ChatChanged(patch)).await;
    let told = json!({"event": "timer_changed", "actorId": ben, "seconds": null});
    act(
        &stores,
        chat,
        ben,
        told,
        ChatEffect::TimerChanged { seconds: None },
    )
    .await;

    assert_eq!(round(&outbox).await, 9);
    check_bodies(&kept.envelopes.lock());
    check(&kept.take(), &first, [anna, ben, cleo, dan]);
}

fn check_bodies(bodies: &[Envelope]) {
    for envelope in bodies {
        let body = String::from_utf8_lossy(&envelope.body);
        assert!(!body.contains("secret"), "no text leaves the store: {body}");
    }
    let ids: std::collections::HashSet<&String> = bodies.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), bodies.len(), "{ids:?}");
}

fn check(told: &[Event], first: &Message, [anna, ben, cleo, dan]: [UserId; 4]) {
    let [
        Event::ChatCreated(made),
        Event::MessageSent(sent),
        Event::MessageUpdated(edited),
        Event::MessageDeleted(deleted),
        Event::MemberAdded(one),
        Event::MemberAdded(other),
        Event::MemberRemoved(left),
        Event::ChatUpdated(renamed),
        Event::ChatUpdated(timer),
    ] = told
    else {
        panic!("{told:#?}");
    };
    assert_eq!(
        (made.r#type.as_str(), &made.created_by),
        ("group", &anna.to_string())
    );
    assert_eq!(made.participants, [anna.to_string(), ben.to_string()]);
    assert_eq!((sent.seq, sent.rev, sent.r#type.as_str()), (1, 2, "text"));
    assert_eq!(sent.message_id, first.id.to_string());
    assert_eq!(
        (&sent.sender_id, sent.sent_at),
        (&anna.to_string(), first.created_at.0)
    );
    assert_eq!((edited.rev, &edited.updated_by), (3, &anna.to_string()));
    assert_eq!((deleted.rev, &deleted.deleted_by), (4, &ben.to_string()));
    assert_eq!(deleted.message_id, first.id.to_string());
    assert_eq!((one.seq, one.rev, &one.added_by), (2, 5, &anna.to_string()));
    assert_eq!(
        [&one.user_id, &other.user_id],
        [&cleo.to_string(), &dan.to_string()]
    );
    assert_eq!(
        (&left.user_id, &left.removed_by),
        (&anna.to_string(), &anna.to_string())
    );
    assert_eq!(left.new_admin_id, Some(ben.to_string()));
    assert_eq!(renamed.fields, ["name", "description"]);
    assert_eq!(
        (renamed.name.as_deref(), renamed.description.as_deref()),
        (Some("New"), None)
    );
    assert_eq!((timer.seq, timer.rev), (5, 8));
    assert_eq!(timer.fields, ["auto_delete_timer"]);
    assert_eq!(timer.auto_delete_timer, None);
}

/// A direct chat and some texts in it.
async fn talk(stores: &Opened, count: u64) -> ChatId {
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let batch = texts(chat_id, one, stores.heads(chat_id).await, count);
    stores
        .append(chat_id, batch.iter().map(sent).collect())
        .await;
    chat_id
}

fn seqs(told: &[Event]) -> Vec<u64> {
    let seqs = told.iter().filter_map(|event| match event {
        Event::MessageSent(event) => Some(event.seq),
        _ => None,
    });
    seqs.collect()
}

async fn what_is_published_is_marked_and_not_told_again(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    let outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    let chat_id = talk(&stores, 3).await;
    assert_eq!(round(&outbox).await, 4);
    assert_eq!(seqs(&kept.take()), [1, 2, 3]);
    let left = stores.messages.outbox_unpublished(9).await.expect("rows");
    assert!(left.is_empty(), "{left:?}");
    let heads = stores.heads(chat_id).await;
    let sender = stores.person().await;
    let one = text(chat_id, sender, heads, "late");
    stores.append(chat_id, vec![sent(&one)]).await;
    assert_eq!(round(&outbox).await, 1);
    assert_eq!(seqs(&kept.take()), [4]);
}

async fn while_the_stream_is_away_the_outbox_keeps_everything(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    let outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    kept.away.store(true, Ordering::SeqCst);
    talk(&stores, 3).await;
    outbox.round(Vec::new()).await.expect_err("away");
    outbox.round(Vec::new()).await.expect_err("away");
    let left = stores.messages.outbox_unpublished(9).await.expect("rows");
    assert_eq!(left.len(), 2);
    kept.away.store(false, Ordering::SeqCst);
    assert_eq!(round(&outbox).await, 4);
    assert_eq!(seqs(&kept.take()), [1, 2, 3]);
}

async fn other_nodes_entries_are_left_to_them_for_a_while(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    talk(&stores, 1).await;
    let elsewhere = || Some(Arc::new(Elsewhere) as Arc<dyn Remote>);
    let soon = outbox(&stores, &kept, Clock::tokio(START), elsewhere());
    assert_eq!(round(&soon).await, 0, "its owner does that");
    let late = at(10_000) + Duration::from_secs(1);
    let late = outbox(&stores, &kept, Clock::tokio(late), elsewhere());
    assert_eq!(round(&late).await, 2, "its owner did not");
    assert_eq!(seqs(&kept.take()), [1]);
}

async fn after_a_regression_the_recent_past_is_told_again(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    let outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    talk(&stores, 3).await;
    assert_eq!(round(&outbox).await, 4);
    let first = std::mem::take(&mut *kept.envelopes.lock());
    kept.regressions.store(1, Ordering::SeqCst);
    kept.away.store(true, Ordering::SeqCst);
    outbox.round(Vec::new()).await.expect_err("away");
    kept.away.store(false, Ordering::SeqCst);
    round(&outbox).await;
    assert_eq!(
        *kept.envelopes.lock(),
        first,
        "the same, under the same ids"
    );
    kept.take();
    round(&outbox).await;
    assert!(kept.take().is_empty(), "once for each regression");
    let forgotten = at(100) + Duration::from_secs(16 * 60);
    let later = super::kept::outbox(&stores, &kept, Clock::tokio(forgotten), None);
    round(&later).await;
    assert!(kept.take().is_empty(), "the distant past is not");
}

async fn receipts_are_told_by_how_far_they_go(backend: &dyn Backend) {
    let stores = backend.open();
    let kept = Arc::new(Kept::default());
    let outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    let chat_id = talk(&stores, 3).await;
    round(&outbox).await;
    kept.take();
    let reader = stores.person().await;
    let mark = |kind, up_to_seq| ReceiptMark {
        chat_id,
        user_id: reader,
        kind,
        up_to_seq,
        at: at(50),
    };
    let marks = vec![
        mark(ReceiptKind::Delivered, 2),
        mark(ReceiptKind::Read, 1),
        mark(ReceiptKind::Read, 1),
    ];
    let moved = stores.receipts.advance(marks).await.expect("advanced");
    let statuses: Vec<Status> = moved.iter().filter_map(Status::of).collect();
    let told = outbox.round(statuses).await.expect("a round").published;
    assert_eq!(told, 2, "one mark did not move");
    let said: Vec<(String, u64, u64)> = kept
        .take()
        .into_iter()
        .map(|event| match event {
            Event::MessageStatusUpdated(event) => {
                assert_eq!(event.user_id, reader.to_string());
                (event.status, event.after_seq, event.up_to_seq)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [("delivered".to_owned(), 0, 2), ("read".to_owned(), 0, 1)]
    );
}

#[tokio::test]
async fn a_chat_that_cannot_be_read_does_not_hold_up_messages() {
    use secrecy::SecretString;
    use troupe::storage::distributed::chats::PostgresChats;

    let servers = super::distributed::Distributed::new().await;
    let stores = servers.open();
    let kept = Arc::new(Kept::default());
    talk(&stores, 2).await;
    let away = servers.postgres_with(|settings| {
        settings.url = SecretString::from("postgres://troupe@127.0.0.1:1/troupe".to_owned());
        settings.wait = Duration::from_millis(300);
    });
    let mut outbox = outbox(&stores, &kept, Clock::tokio(at(100)), None);
    outbox.chats = Arc::new(PostgresChats::new(away, servers.mongo.clone()));
    assert_eq!(round(&outbox).await, 2);
    assert_eq!(seqs(&kept.take()), [1, 2]);
    let left = stores.messages.outbox_unpublished(9).await.expect("rows");
    assert_eq!(left.len(), 1, "that the chat was made is told later");
    outbox.chats = Arc::clone(&stores.chats);
    assert_eq!(round(&outbox).await, 1);
    assert!(matches!(kept.take()[..], [Event::ChatCreated(_)]));
}

#[tokio::test]
async fn what_is_no_message_of_ours_makes_no_event() {
    use troupe::storage::log::{Logged, change_of};

    let logged = |what| Logged {
        chat_id: ChatId::new(),
        rev: 7,
        seq: 3,
        at: at(0),
        actor: None,
        what,
    };
    let none = HashMap::new();
    let silent = events(&logged(change_of("folded", None, None)), &none);
    assert_eq!(silent, Some(Vec::new()), "of a newer version");
    let broken = RawValue::from_string("{}".to_owned()).expect("JSON");
    let broken = events(&logged(change_of("acted", None, Some(broken))), &none);
    assert_eq!(broken, Some(Vec::new()));
    let unread = events(&logged(change_of("created", None, None)), &none);
    assert_eq!(unread, None, "it waits for its chat");
}
