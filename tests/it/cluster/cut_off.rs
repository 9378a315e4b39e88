//! Two real nodes without NATS between them: each goes on by itself, and what the other writes is found in
//! the stores.

use std::time::Duration;

use serde_json::json;

use crate::support::{Detour, Server, Shape, eventually};

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
    // His node may have asked hers before it went alone: the send is repeated then, and answered so.
    let meanwhile = json!({"type": "text", "content": "meanwhile"});
    let sent = ben.post_message(&chat, meanwhile).await;
    assert!(matches!(sent.status, 200 | 201), "{}", sent.text);
    of_anna
        .expect("heads of the chat", |frame| {
            frame["type"] == "heads" && frame["chats"][&chat]["seq"] == 2
        })
        .await;

    detour.open().await;
    // Each finds back to NATS in its own time; from then on frames come live.
    let mut live = None;
    for _ in 0..60 {
        let after = json!({"type": "text", "content": "after"});
        let sent = ben.post_message(&chat, after).await;
        assert!(matches!(sent.status, 200 | 201), "{}", sent.text);
        let came = of_anna.find_within(Duration::from_secs(1), |frame| {
            frame["type"] == "message.new" && frame["message"]["payload"]["content"] == "after"
        });
        live = came.await;
        if live.is_some() {
            break;
        }
    }
    assert!(live.is_some(), "frames come live again");
    let statuses = of_anna.seen("message.status");
    let reads = statuses.iter().filter(|frame| frame["status"] == "read");
    assert_eq!(reads.count(), 1, "told once: {statuses:?}");
}
