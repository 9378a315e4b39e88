//! Peers that do not read: bounded, closed, and no burden to the others.

use std::time::Duration;

use serde_json::json;
use troupe::id::UserId;
use troupe::wire::frame::FrameClass;

use super::peer::Said;
use super::stage::Stage;

#[actix::test]
async fn a_reader_that_never_reads_is_closed_and_the_others_go_on() {
    let stage = Stage::new();
    let (deaf, fine) = (UserId::new(), UserId::new());
    let mut deaf_peer = stage.open(deaf).await;
    let mut fine_peer = stage.open(fine).await;
    let text = "x".repeat(1000);
    for number in 0..5000 {
        let body = json!({"type": "message.new", "number": number, "text": text});
        stage.tell(&[deaf, fine], FrameClass::Message, &body);
        let got = fine_peer.expect("message.new").await;
        assert_eq!(got["number"], number, "in order, nothing left out");
    }
    // Reading at last, it finds its close frame first and no megabytes before it.
    assert_eq!(deaf_peer.next().await, Said::Close(4408));
    assert_eq!(deaf_peer.next_within(Duration::from_secs(5)).await, None);
    assert!(fine_peer.is_alive().await);
}

#[actix::test]
async fn a_peer_that_takes_nothing_is_closed_before_its_queue_is_full() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage.open(user).await;
    stage.tell(
        &[user],
        FrameClass::Message,
        &json!({"type": "message.new"}),
    );
    stage.pass(Duration::from_secs(30)).await;
    assert_eq!(peer.next().await, Said::Close(4408));
}

#[actix::test]
async fn presence_goes_first_then_typing_and_no_message() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage.open(user).await;
    let filler = "x".repeat(90_000);
    for number in 0..10 {
        let typing = json!({"type": "typing.start", "number": number, "filler": filler});
        stage.tell(&[user], FrameClass::Typing, &typing);
        let presence = json!({"type": "presence.updated", "number": number});
        stage.tell(&[user], FrameClass::Presence, &presence);
    }
    for number in 0..10 {
        let message = json!({"type": "message.new", "number": number, "filler": filler});
        stage.tell(&[user], FrameClass::Message, &message);
    }
    stage.pass(Duration::from_millis(1)).await;
    let mut messages = 0;
    while let Some(Said::Frame(frame)) = peer.next_within(Duration::from_millis(1)).await {
        assert_eq!(frame["type"], "message.new", "all else was shed");
        assert_eq!(frame["number"], messages);
        messages += 1;
    }
    assert_eq!(messages, 10);
    assert!(peer.is_alive().await);
}

#[actix::test]
async fn in_the_background_typing_and_presence_are_held_back() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage.open(user).await;
    let everything = || {
        stage.tell(
            &[user],
            FrameClass::Typing,
            &json!({"type": "typing.start"}),
        );
        stage.tell(
            &[user],
            FrameClass::Presence,
            &json!({"type": "presence.updated"}),
        );
        stage.tell(
            &[user],
            FrameClass::Message,
            &json!({"type": "message.new"}),
        );
    };
    peer.say(json!({"type": "client.state", "foreground": false}));
    assert!(peer.is_alive().await);
    everything();
    let first = peer.next().await;
    assert_eq!(first, Said::Frame(json!({"type": "message.new"})));
    peer.say(json!({"type": "client.state", "foreground": true}));
    assert!(peer.is_alive().await);
    everything();
    let first = peer.next().await;
    assert_eq!(first, Said::Frame(json!({"type": "typing.start"})));
}
