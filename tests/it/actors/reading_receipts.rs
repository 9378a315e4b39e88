//! Receipts as the message group reads them: moved ones once each, times of their own.

use std::collections::BTreeMap;

use troupe::actors::message::requests::{GetMessage, SyncLimits};
use troupe::actors::request::ask;
use troupe::domain::receipts::ReceiptKind;
use troupe::id::UserId;
use troupe::wire::message::{DeliveryStatus, MessageView, RecipientStatus, StatusView};
use troupe::wire::sync::SyncRequest;

use super::reading::{LIMITS, history, mark, only, peers, sync};
use super::stage::Stage;

#[actix::test]
async fn moved_receipts_come_once_each_however_they_are_paged() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let ada = stage.user().await;
    let mut request = SyncRequest::default();
    let mut people = BTreeMap::new();
    for number in 0..5 {
        let chat = stage.direct_of(ada).await;
        stage
            .send(chat, ada, format!("{number}"), "hello")
            .await
            .expect("sent");
        let roster = stage.stores.chats.find(chat).await.expect("read");
        let peer = roster.and_then(|roster| roster.peer(ada)).expect("a peer");
        people.insert(chat, peer);
    }
    let first = sync(&peers, ada, &request, LIMITS).await;
    request.acks = Some(first.acks);
    for chat in &first.chats {
        request.chats.insert(chat.chat_id, chat.rev);
    }
    let quiet = sync(&peers, ada, &request, LIMITS).await;
    assert!(quiet.chats.is_empty() && !quiet.more);

    for (chat, peer) in &people {
        mark(&stage, *chat, *peer, ReceiptKind::Read, 1).await;
    }
    let confined = SyncRequest {
        only: Some(people.keys().copied().take(1).collect()),
        ..request.clone()
    };
    let one = sync(&peers, ada, &confined, LIMITS).await;
    assert_eq!(one.chats.len(), 1);
    assert_eq!(Some(&one.acks), request.acks.as_ref(), "others are unknown");

    let limits = SyncLimits { chats: 2, ..LIMITS };
    let mut told = Vec::new();
    for round in 1..=3 {
        let answer = sync(&peers, ada, &request, limits).await;
        assert_eq!(answer.more, round < 3, "round {round}");
        for chat in &answer.chats {
            assert!(chat.messages.is_empty() && !chat.reset && chat.rev == 2);
            assert_eq!(chat.receipts[&people[&chat.chat_id]].read_seq, 1);
            told.push(chat.chat_id);
        }
        if round == 1 {
            // Moves again after it was told: that is for the next sync.
            let chat = told[0];
            stage.send(chat, ada, "more", "more").await.expect("sent");
            mark(&stage, chat, people[&chat], ReceiptKind::Read, 2).await;
            request.chats.insert(chat, 3);
        }
        request.acks = Some(answer.acks);
    }
    assert_eq!(told, people.keys().copied().collect::<Vec<_>>());
    let late = sync(&peers, ada, &request, limits).await;
    assert_eq!(only(&late).receipts[&people[&told[0]]].read_seq, 2);
    request.acks = Some(late.acks);
    let quiet = sync(&peers, ada, &request, limits).await;
    assert!(quiet.chats.is_empty(), "and then it is known");
}

fn person(view: &MessageView, user: UserId) -> RecipientStatus {
    match &view.status {
        Some(StatusView::People(people)) => people[&user],
        other => panic!("people, not {other:?}"),
    }
}

#[actix::test]
async fn a_direct_chats_status_has_each_messages_own_time() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let (chat, [ada, ben]) = stage.direct().await;
    for number in 1..=4 {
        stage
            .send(chat, ada, format!("{number}"), "x")
            .await
            .expect("sent");
    }
    mark(&stage, chat, ben, ReceiptKind::Delivered, 1).await;
    mark(&stage, chat, ben, ReceiptKind::Delivered, 3).await;
    mark(&stage, chat, ben, ReceiptKind::Read, 2).await;
    let listed = history(&peers, ada, chat).await;
    let found: Vec<(DeliveryStatus, i64)> = listed
        .iter()
        .rev()
        .map(|view| person(view, ben))
        .map(|one| (one.status, one.updated_at.0))
        .collect();
    assert_eq!(found[0], (DeliveryStatus::Read, 1_000_002));
    assert_eq!(found[1], (DeliveryStatus::Read, 1_000_002));
    assert_eq!(found[2], (DeliveryStatus::Delivered, 1_000_003));
    assert_eq!(found[3], (DeliveryStatus::Sent, listed[0].created_at.0));
    for view in &listed {
        let get = GetMessage {
            viewer: ada,
            message_id: view.id,
        };
        let one = ask(&peers.get_message, get).await.expect("a message");
        let (one, other) = (person(&one, ben), person(view, ben));
        assert_eq!(
            (one.status, one.updated_at),
            (other.status, other.updated_at)
        );
    }
    let theirs = history(&peers, ben, chat).await;
    assert!(theirs.iter().all(|view| view.status.is_none()));

    stage
        .stores
        .contacts
        .update_block(ben, ada, true)
        .await
        .expect("blocked");
    let hidden = history(&peers, ada, chat).await;
    assert!(
        hidden
            .iter()
            .all(|view| person(view, ben).status == DeliveryStatus::Sent),
        "a block hides receipts"
    );
}
