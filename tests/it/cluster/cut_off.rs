//! Two real nodes without NATS between them: each goes on by itself, and what the other writes is found in
//! the stores.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Detour, Person, Server, Shape, eventually};

/// A node may have asked the other before it went alone, and repeats the send by itself: who sent it hears
/// nothing of that. Answers the message's id.
async fn send(sender: &Person, chat_id: &str, content: &str) -> Value {
    let message = json!({"type": "text", "content": content});
    let sent = sender.post_message(chat_id, message).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    sent.body["messageId"].clone()
}

#[tokio::test]
async fn what_another_node_writes_is_heard_without_nats() {
    let detour = Detour::to("NATS").await;
    let options = Server::options().unlimited().shape(Shape::Nodes);
    let server = options.setting("NATS__URL", &detour.url()).start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_anna = anna.socket().await;
    let sent = of_anna.say(&chat, "before").await;
    detour.close().await;
    let read = json!({"messageIds": [sent["messageId"]]});
    eventually("ben's node keeps the chat by itself", async || {
        let answer = ben.api.post("/messages/read", read.clone()).await;
        answer.status < 300
    })
    .await;
    let told = of_anna
        .expect("read", |frame| {
            frame["type"] == "message.status" && frame["status"] == "read"
        })
        .await;
    assert_eq!(told["userId"], ben.id.as_str(), "{told}");
    assert_eq!(told["upToSeq"], sent["seq"], "{told}");
    let mut all = vec![send(&ben, &chat, "meanwhile").await];
    of_anna
        .expect("heads of the chat", |frame| {
            frame["type"] == "heads" && frame["chats"][&chat]["seq"] == 2
        })
        .await;

    detour.open().await;
    // Each finds back to NATS in its own time; from then on frames come live.
    let mut live = None;
    for _ in 0..60 {
        all.push(send(&ben, &chat, "after").await);
        let came = of_anna.find_within(Duration::from_secs(1), |frame| {
            frame["type"] == "message.new" && frame["message"]["payload"]["content"] == "after"
        });
        live = came.await;
        if live.is_some() {
            break;
        }
    }
    assert!(live.is_some(), "frames come live again");
    let history = ben.history(&chat).await;
    let mut there: Vec<&Value> = history.iter().map(|message| &message["id"]).collect();
    there.reverse();
    assert_eq!(
        there[1..],
        all.iter().collect::<Vec<_>>(),
        "each once, in order"
    );
    let statuses = of_anna.seen("message.status");
    let reads = statuses.iter().filter(|frame| frame["status"] == "read");
    assert_eq!(reads.count(), 1, "told once: {statuses:?}");
}
