//! Send once, for good (D2).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::Server;

fn text(content: &str, key: &str) -> Value {
    json!({"type": "text", "content": content, "clientMessageId": key})
}

#[tokio::test]
async fn fifty_parallel_sends_of_one_message_are_one_message() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_ben = ben.socket().await;
    let by_rest = async {
        let sends = (0..25).map(|_| anna.post_message(&chat, text("once", "key")));
        let answers = join_all(sends).await;
        answers
            .into_iter()
            .map(|answer| {
                assert!(answer.status == 200 || answer.status == 201, "{answer:?}");
                assert_eq!(answer.body["duplicate"], answer.status == 200, "{answer:?}");
                answer.body
            })
            .collect::<Vec<_>>()
    };
    let by_wire = async {
        let sockets = join_all((0..5).map(|_| anna.socket())).await;
        let asks = sockets.into_iter().map(|mut socket| {
            let chat = chat.clone();
            async move {
                let mut acks = Vec::new();
                for turn in 0..5 {
                    let frame = json!({
                        "type": "message.send", "id": format!("t{turn}"), "chatId": chat,
                        "clientMessageId": "key", "message": {"type": "text", "content": "once"},
                    });
                    socket.send(frame).await;
                }
                for _ in 0..5 {
                    acks.push(socket.expect_type("ack").await);
                }
                acks
            }
        });
        join_all(asks).await.concat()
    };
    let (rest, wire) = tokio::join!(by_rest, by_wire);
    let answers = [rest, wire].concat();
    assert_eq!(answers.len(), 50);
    let firsts = answers.iter().filter(|answer| answer["duplicate"] == false);
    assert_eq!(firsts.count(), 1, "{answers:#?}");
    for answer in &answers {
        for field in ["messageId", "chatId", "seq", "rev", "createdAt"] {
            assert_eq!(answer[field], answers[0][field], "{field} of {answer}");
        }
    }
    assert_eq!(anna.history(&chat).await.len(), 1);
    anna.say(&chat, "the next").await;
    of_ben
        .expect("the next", |frame| {
            frame["message"]["payload"]["content"] == "the next"
        })
        .await;
    assert_eq!(of_ben.seen("message.new").len(), 2);
    of_ben.assert_dense(&chat);
}

#[tokio::test]
async fn the_same_id_with_another_content_is_a_conflict() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let first = anna.post_message(&chat, text("one", "key")).await.created();
    anna.post_message(&chat, text("two", "key"))
        .await
        .refused(409);
    let mut reply = text("one", "key");
    reply["replyToId"] = first["messageId"].clone();
    anna.post_message(&chat, reply).await.refused(409);
    let place = json!({"type": "location", "payload": {"latitude": 1.0, "longitude": 2.0}, "clientMessageId": "key"});
    anna.post_message(&chat, place).await.refused(409);
    let mut socket = anna.socket().await;
    let refusal = socket
        .ask(
            json!({"type": "message.send", "chatId": chat, "clientMessageId": "key",
                    "message": {"type": "text", "content": "two"}}),
        )
        .await;
    assert_eq!(refusal["code"], "conflict", "{refusal}");
    let again = anna.post_message(&chat, text("one", "key")).await.ok();
    assert_eq!(again["messageId"], first["messageId"]);
    assert_eq!(again["duplicate"], true);
    assert_eq!(anna.history(&chat).await.len(), 1);
}

#[tokio::test]
async fn an_id_is_the_senders_own_and_the_chats_own() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (chat, other) = (anna.direct(&ben).await, anna.direct(&cleo).await);
    let key = "k".repeat(64);
    anna.post_message(&chat, text("mine", &key)).await.created();
    ben.post_message(&chat, text("mine too", &key))
        .await
        .created();
    anna.post_message(&other, text("elsewhere", &key))
        .await
        .created();
    assert_eq!(anna.history(&chat).await.len(), 2);
}

#[tokio::test]
async fn the_first_ids_are_answered_after_edit_deletion_and_leaving() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let first = ben.post_message(&group, text("one", "key")).await.created();
    let id = first["messageId"].as_str().expect("an id");
    ben.api
        .patch(&format!("/messages/{id}"), json!({"content": "edited"}))
        .await
        .ok();
    let again = ben.post_message(&group, text("one", "key")).await.ok();
    assert_eq!(again["messageId"], id);
    assert_eq!(again["seq"], first["seq"]);
    ben.post_message(&group, text("edited", "key"))
        .await
        .refused(409);
    ben.api
        .delete(&format!("/messages/{id}?scope=everyone"))
        .await
        .no_content();
    let again = ben.post_message(&group, text("one", "key")).await.ok();
    assert_eq!(again["messageId"], id);
    assert_eq!(again["message"]["isDeleted"], true);
    anna.api
        .delete(&format!("/chats/{group}/participants/{}", ben.id))
        .await
        .no_content();
    let again = ben.post_message(&group, text("one", "key")).await.ok();
    assert_eq!(again["messageId"], id, "asked for before it is refused");
    assert_eq!(again["duplicate"], true);
    ben.post_message(&group, text("new", "other"))
        .await
        .refused(404);
}
