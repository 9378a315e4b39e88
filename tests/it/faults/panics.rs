//! Actors that nobody asks, and that panic: most are built again; without the others the process ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::load::Place;
use crate::support::fcm::Fcm;
use crate::support::{Server, eventually};

/// Fewer deaths than a keeper's budget for a minute.
const MESSAGES: usize = 8;

#[tokio::test]
async fn a_relay_that_panics_goes_on_and_every_message_is_told_of() {
    let fcm = Fcm::start().await;
    let options = Server::options().embedded().unlimited().pushing(&fcm);
    let server = options.panic_at("published:3").start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben-phone").await;
    let chat = anna.direct(&ben).await;
    for number in 0..MESSAGES {
        let before = server.counted("troupe_events_published_total").await;
        anna.say(&chat, &format!("message {number}")).await;
        eventually("it is told of", async || {
            server.counted("troupe_events_published_total").await > before
        })
        .await;
    }
    let rebuilt = server
        .counted("troupe_actor_restarts_total{group=\"outbox relay\"}")
        .await;
    assert!(rebuilt >= 2.0, "it died {rebuilt} times");
    eventually("all of them were pushed", async || {
        let pushes = fcm.pushes("ben-phone").into_iter();
        let counts = pushes.map(|push| push["count"].as_str().and_then(|text| text.parse().ok()));
        counts
            .map(|count: Option<usize>| count.unwrap_or_default())
            .sum::<usize>()
            == MESSAGES
    })
    .await;
}

#[tokio::test]
async fn without_its_chat_writer_a_process_ends_and_nothing_acked_is_lost() {
    let options = Server::options().embedded().unlimited();
    let mut server = options.clone().panic_at("inserted:9").start().await;
    let [mut anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut acked, mut unknown) = (Vec::new(), None);
    while unknown.is_none() {
        let id = format!("client-{}", acked.len());
        let message = json!({"type": "text", "content": "hi", "clientMessageId": id});
        let answer = anna.post_message(&chat, message).await;
        match answer.status {
            201 => acked.push((id, Place::of(&answer.body))),
            503 | 504 => unknown = Some(id),
            _ => panic!("{answer:?}"),
        }
    }
    let status = server.exit(Duration::from_secs(40)).await;
    assert_eq!(status.code(), Some(1), "{}", server.output());
    assert!(
        server.output().contains("the chat writer died"),
        "{}",
        server.output()
    );

    let again = options.data(server.data()).start().await;
    anna.api = again.api().with_token(&anna.access_token);
    for id in acked.iter().map(|(id, _)| id).chain(&unknown) {
        let message = json!({"type": "text", "content": "hi", "clientMessageId": id});
        let answer = anna.post_message(&chat, message).await;
        assert!(answer.status == 200 || answer.status == 201, "{answer:?}");
        let place = Place::of(&answer.body);
        if let Some((_, first)) = acked.iter().find(|(one, _)| one == id) {
            assert_eq!(place, *first, "{id} is where its ack said");
        }
    }
    let seqs: Vec<Value> = (1..=acked.len() + 1).rev().map(Value::from).collect();
    let found = anna.history(&chat).await;
    let found: Vec<Value> = found.iter().map(|message| message["seq"].clone()).collect();
    assert_eq!(found, seqs);
}
