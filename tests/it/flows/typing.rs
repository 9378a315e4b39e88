//! Typing: never stored, over by itself after 5 s.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn typing_is_seen_by_the_others_and_ends() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    let start = json!({"type": "typing.start", "chatId": chat});
    of_anna.send(start.clone()).await;
    let frame = of_ben.expect_of("typing.start", &chat).await;
    assert_eq!(frame["userId"], anna.id.as_str());
    of_anna
        .send(json!({"type": "typing.stop", "chatId": chat}))
        .await;
    let frame = of_ben.expect_of("typing.stop", &chat).await;
    assert_eq!(frame["userId"], anna.id.as_str());

    let started = Instant::now();
    of_anna.send(start).await;
    of_ben.expect_of("typing.start", &chat).await;
    of_ben.expect_of("typing.stop", &chat).await;
    let lasted = started.elapsed();
    assert!(lasted > Duration::from_secs(3), "expired after {lasted:?}");
    assert!(lasted < Duration::from_secs(10), "expired after {lasted:?}");
    of_anna.settle().await;
    assert!(of_anna.seen("typing.start").is_empty(), "not to oneself");
    assert!(of_ben.seen("message.new").is_empty());
}

#[tokio::test]
async fn a_stranger_types_nowhere() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_cleo = cleo.socket().await;
    for id in [chat.clone(), uuid::Uuid::now_v7().to_string()] {
        let refusal = of_cleo
            .ask(json!({"type": "typing.start", "chatId": id}))
            .await;
        assert_eq!(refusal["code"], "not_found", "{refusal}");
    }
    let refusal = of_cleo
        .ask(json!({"type": "typing.start", "chatId": "x"}))
        .await;
    assert_eq!(refusal["code"], "invalid", "{refusal}");
    let refusal = of_cleo.ask(json!({"type": "typing.start"})).await;
    assert_eq!(refusal["code"], "invalid", "{refusal}");
}

#[tokio::test]
async fn in_the_background_typing_and_presence_are_held_back() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    let mut beside = ben.socket().await;
    of_ben
        .send(json!({"type": "client.state", "foreground": false}))
        .await;
    of_ben.settle().await;
    of_anna
        .send(json!({"type": "typing.start", "chatId": chat}))
        .await;
    beside.expect_of("typing.start", &chat).await;
    of_anna.say(&chat, "still told").await;
    of_ben.expect_of("message.new", &chat).await;
    assert!(of_ben.seen("typing.start").is_empty(), "{:?}", of_ben.log());
}
