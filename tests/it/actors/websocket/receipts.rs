//! Receipts are gathered per chat before the chat's owner hears of them.

use std::time::Duration;

use serde_json::json;
use troupe::actors::chat::requests::ChatCommand;
use troupe::domain::receipts::ReceiptKind;
use troupe::id::{ChatId, UserId};

use super::stage::Stage;

#[actix::test]
async fn the_latest_of_each_kind_and_chat_goes_on_within_250_ms() {
    let stage = Stage::new();
    let user = UserId::new();
    let (phone, mut tablet) = (stage.open(user).await, stage.open(user).await);
    let (one, other) = (ChatId::new(), ChatId::new());
    for seq in 1..=40 {
        phone.say(
            json!({"type": "message.ack", "id": format!("a{seq}"), "chatId": one, "seq": seq}),
        );
    }
    phone.say(json!({"type": "message.read", "chatId": one, "seq": 38}));
    tablet.say(json!({"type": "message.ack", "chatId": one, "seq": 12}));
    tablet.say(json!({"type": "message.ack", "chatId": other, "seq": 3}));
    stage.pass(Duration::from_millis(250)).await;

    let mut got: Vec<_> = stage
        .commands()
        .into_iter()
        .map(|(chat, command)| match command {
            ChatCommand::Acknowledge(mark) => (chat, mark.kind, mark.up_to_seq, mark),
            unexpected => panic!("{unexpected:?}"),
        })
        .collect();
    got.sort_by_key(|(chat, kind, ..)| (*chat, *kind));
    let seqs: Vec<_> = got
        .iter()
        .map(|(chat, kind, seq, _)| (*chat, *kind, *seq))
        .collect();
    assert_eq!(
        seqs,
        [
            (one, ReceiptKind::Delivered, 40),
            (one, ReceiptKind::Read, 38),
            (other, ReceiptKind::Delivered, 3),
        ]
    );
    let first = &got[0].3;
    assert_eq!((first.user, first.from), (user, Some(phone.connection)));
    assert_eq!(first.reply.connection(), Some(phone.connection));
    assert_eq!(first.reply.frame_id(), Some("a40"));
    assert!(tablet.is_alive().await);
}

#[actix::test]
async fn what_was_gathered_is_not_lost_with_the_socket() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    peer.say(json!({"type": "message.ack", "chatId": ChatId::new(), "seq": 5}));
    assert!(peer.is_alive().await);
    drop(peer);
    stage.pass(Duration::from_millis(250)).await;
    assert_eq!(stage.commands().len(), 1);
}
