//! Receipts are gathered per chat before the chat's owner hears of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use troupe::actors::chat::requests::{Acknowledge, ChatCommand};
use troupe::domain::receipts::ReceiptKind;
use troupe::id::{ChatId, UserId};

use super::stage::Stage;

#[actix::test]
async fn all_marks_of_a_chat_go_on_together_within_250_ms() {
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

    let commands = stage.commands();
    assert_eq!(commands.len(), 2, "one command a chat");
    let mut got: BTreeMap<_, Vec<Acknowledge>> = BTreeMap::new();
    for (chat, command) in commands {
        let ChatCommand::Acknowledge(marks) = command else {
            panic!("{command:?}");
        };
        for mark in marks {
            got.entry((chat, mark.kind)).or_default().push(mark);
        }
    }
    let furthest: Vec<_> = got
        .iter()
        .map(|(place, marks)| (*place, marks.iter().map(|mark| mark.up_to_seq).max()))
        .collect();
    assert_eq!(
        furthest,
        [
            ((one, ReceiptKind::Delivered), Some(40)),
            ((one, ReceiptKind::Read), Some(38)),
            ((other, ReceiptKind::Delivered), Some(3)),
        ]
    );
    let delivered = &got[&(one, ReceiptKind::Delivered)];
    let last = delivered.iter().max_by_key(|mark| mark.up_to_seq);
    let last = last.expect("marks");
    assert_eq!((last.user, last.from), (user, Some(phone.connection)));
    assert_eq!(last.reply.connection(), Some(phone.connection));
    assert_eq!(last.reply.frame_id(), Some("a40"));
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
