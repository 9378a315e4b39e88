//! Everything of one chat leaves in rev order, acks included, on every connection.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Server, Socket};

const EACH: usize = 40;

fn text(chat: &str, key: usize, content: &str) -> Value {
    json!({
        "type": "message.send", "id": format!("m{key}"), "chatId": chat,
        "message": {"type": "text", "content": content},
    })
}

/// Sends without waiting; the acks come in any order, with rising seqs.
async fn pour(socket: &mut Socket, chat: &str) {
    for key in 0..EACH {
        socket
            .send(text(chat, key, &format!("message {key}")))
            .await;
    }
    let mut seqs = Vec::new();
    for key in 0..EACH {
        let ack = socket
            .expect("an ack", |frame| frame["id"] == format!("m{key}"))
            .await;
        assert_eq!(ack["type"], "ack", "{ack}");
        seqs.push(ack["seq"].as_u64().expect("a seq"));
    }
    assert!(
        seqs.is_sorted(),
        "sends of one connection to one chat: {seqs:?}"
    );
}

#[tokio::test]
async fn every_connection_sees_every_rev_once_and_in_order() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let mut senders = [anna.socket().await, anna.socket().await, ben.socket().await];
    let mut listeners = [anna.socket().await, ben.socket().await, cleo.socket().await];
    let by_wire = join_all(senders.iter_mut().map(|socket| pour(socket, &group)));
    let by_rest = async {
        for number in 0..10 {
            let sent = cleo.say(&group, &format!("by REST {number}")).await;
            let id = sent["messageId"].as_str().expect("an id");
            cleo.api
                .patch(&format!("/messages/{id}"), json!({"content": "edited"}))
                .await
                .ok();
            cleo.api
                .delete(&format!("/messages/{id}?scope=everyone"))
                .await
                .no_content();
        }
    };
    tokio::join!(by_wire, by_rest);
    let last = anna.say(&group, "last").await;
    let rev = last["rev"].as_u64().expect("a rev");
    assert_eq!(rev, 1 + 3 * EACH as u64 + 30 + 1);
    for socket in senders.iter_mut().chain(&mut listeners) {
        socket
            .expect("the last", |frame| {
                frame["message"]["id"] == last["messageId"]
            })
            .await;
        assert_eq!(socket.assert_dense(&group), rev);
    }
    for listener in &listeners {
        assert_eq!(listener.seen("message.new").len(), 3 * EACH + 11);
        assert_eq!(listener.seen("message.updated").len(), 10);
        assert_eq!(listener.seen("message.deleted").len(), 10);
    }
    let seqs: Vec<u64> = cleo
        .history(&group)
        .await
        .iter()
        .filter_map(|message| message["seq"].as_u64())
        .collect();
    assert_eq!(seqs, (1..=131).rev().collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_refused_send_takes_no_number() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    for key in 0..9 {
        let frame = match key % 3 {
            1 => text(&chat, key, ""),
            2 => {
                json!({"type": "message.send", "id": format!("m{key}"), "chatId": chat, "message": {"type": "image", "payload": {"mediaId": ben.id}}})
            }
            _ => text(&chat, key, "fine"),
        };
        socket.send(frame).await;
    }
    for key in 0..9 {
        let answer = socket
            .expect("an answer", |frame| frame["id"] == format!("m{key}"))
            .await;
        let expected = if key % 3 == 0 { "ack" } else { "error" };
        assert_eq!(answer["type"], expected, "{answer}");
    }
    assert_eq!(socket.assert_dense(&chat), 4);
}

#[tokio::test]
async fn who_is_removed_while_others_send_gets_nothing_after_it() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let mut sending = ben.socket().await;
    let (mut staying, mut leaving) = (anna.socket().await, cleo.socket().await);
    let path = format!("/chats/{group}/participants/{}", cleo.id);
    let removal = async {
        staying.expect_of("message.new", &group).await;
        anna.api.delete(&path).await.no_content();
    };
    tokio::join!(pour(&mut sending, &group), removal);
    let gone = leaving.expect_of("group.member.removed", &group).await;
    let last = anna.say(&group, "last").await;
    staying
        .expect("the last", |frame| {
            frame["message"]["id"] == last["messageId"]
        })
        .await;
    leaving.settle().await;
    assert_eq!(
        Some(leaving.assert_dense(&group)),
        gone["rev"].as_u64(),
        "the removal is the last he hears"
    );
    let newest = &cleo.history(&group).await[0];
    assert_eq!(newest["seq"], gone["seq"]);
    staying.assert_dense(&group);
}
