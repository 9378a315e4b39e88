//! Two real nodes: everything that happens in chats of either is in the stream, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use troupe::event::{Event, SUBJECTS};
use troupe::storage::distributed::events::EventSettings;
use troupe::storage::events::{ConsumerSpec, EventStream};

use crate::contract::{events, jetstream};
use crate::support::{Server, Shape};

/// What a consumer of everything asks for.
pub fn everything() -> ConsumerSpec {
    ConsumerSpec {
        name: "witness",
        subjects: SUBJECTS.to_vec(),
        patience: Duration::from_secs(60),
        most_pending: 1000,
        attempts: 5,
    }
}

#[tokio::test]
async fn what_happens_on_two_nodes_is_in_the_stream_once() {
    let server = Server::options().unlimited().shape(Shape::Nodes);
    let server = server.start().await;
    let place = std::fs::read_to_string(server.data_path().join("place"));
    // The node's own settings, for it would follow these.
    let settings = EventSettings {
        prefix: place.expect("a name"),
        max_age: Duration::from_secs(7 * 24 * 3600),
        max_bytes: 1024 * 1024 * 1024,
        ..jetstream::fresh()
    };
    let stream = jetstream::events(settings).await;
    let mut consumer = stream.consume(everything()).await.expect("a consumer");

    let ben = everything_happens(&server).await;
    let mut wanted: BTreeMap<&str, usize> = SUBJECTS.iter().map(|subject| (*subject, 1)).collect();
    wanted.insert("chat.created", 2);
    wanted.insert("msg.new", 12);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    while seen != wanted {
        let received = events::next(&mut consumer).await;
        let event = received.event.clone();
        assert_eq!(received.attempt, 1);
        received.done().await.expect("answered");
        assert!(ids.insert(event.envelope().id), "{event:?} came twice");
        if let Event::MessageStatusUpdated(status) = &event
            && (&status.user_id, status.status.as_str()) != (&ben, "read")
        {
            continue;
        }
        *seen.entry(event.subject()).or_default() += 1;
        let most = wanted[event.subject()];
        assert!(seen[event.subject()] <= most, "too many: {event:?}");
    }
    assert!(stream.dead(9).await.expect("dead events").is_empty());
}

/// One of each; answers who read.
async fn everything_happens(server: &Server) -> String {
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let direct = ben.direct(&anna).await;
    for number in 0..6 {
        ben.say(&group, &format!("by the other node {number}"))
            .await;
        anna.say(&direct, &format!("by this one {number}")).await;
    }
    let last = &ben.history(&group).await[0];
    let path = format!("/messages/{}", last["id"].as_str().expect("an id"));
    ben.api
        .patch(&path, json!({"content": "edited"}))
        .await
        .ok();
    ben.api
        .delete(&format!("{path}?scope=everyone"))
        .await
        .no_content();
    let members = format!("/chats/{group}/participants");
    let added = json!({"userIds": [cleo.id]});
    anna.api.post(&members, added).await.created();
    let renamed = json!({"name": "Theirs"});
    anna.api
        .patch(&format!("/chats/{group}"), renamed)
        .await
        .ok();
    anna.api
        .delete(&format!("{members}/{}", cleo.id))
        .await
        .no_content();
    let mut reading = ben.socket().await;
    let read = json!({"type": "message.read", "chatId": direct, "seq": 6});
    reading.send(read).await;
    reading.settle().await;
    ben.id
}
