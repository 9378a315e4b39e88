//! Sockets that break, that nobody is at the end of, that are slow, and that say too much at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::LOAD;
use crate::faults::world::{QUIET, World};
use crate::support::{Mode, Person, Socket, eventually_within};

/// What everyone sends at once to one chat, all together.
const FLOOD: usize = 10_000;
const FLOODERS: usize = 20;

impl World {
    pub async fn trouble_sockets(&self, mode: Mode, time: Duration) {
        self.each_way(|ways| ways.door.set(mode.clone()));
        self.go_on(time).await;
        self.each_way(|ways| ways.door.set(Mode::Pass));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn sockets_break_and_are_slow() {
    let world = World::working(2, 71).await;
    let often = Duration::from_secs(1)..Duration::from_secs(5);
    let slice = Duration::from_millis(200);
    for (mode, seconds) in [
        (Mode::Reset(often), 20),
        (Mode::Slice(64, slice), 20),
        (Mode::SlowClose(Duration::from_secs(3)), 5),
    ] {
        world.go_on(LOAD).await;
        world
            .trouble_sockets(mode.clone(), Duration::from_secs(seconds))
            .await;
        world.recover(&format!("{mode:?} before everyone")).await;
    }
    world.end().await;
}

/// The server lets go of sockets at whose end nobody is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn nobody_is_at_the_other_end() {
    let world = World::working(2, 72).await;
    let often = Duration::from_secs(1)..Duration::from_secs(5);
    world
        .trouble_sockets(Mode::HalfOpen(often), Duration::from_secs(20))
        .await;
    let sockets = || -> usize { world.nodes.iter().map(|node| node.ways.door.open()).sum() };
    let left = sockets();
    let devices = world.copies.len();
    assert!(left > devices + 10, "{left} sockets of {devices} devices");
    let gone = async || sockets() <= devices;
    // A peer is silent for 60 s before it is given up, and it is looked for every 25 s.
    eventually_within(QUIET * 2, "the server lets go of them", gone).await;
    world.recover("sockets at whose end nobody was").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn everyone_sends_to_one_chat_at_once() {
    let world = World::working(2, 73).await;
    let people = world.nodes[0].server.crowd(FLOODERS).await;
    let others: Vec<&Person> = people[1..].iter().collect();
    let chat_id = people[0].group("Flood", &others).await;
    let before = world.rate(LOAD).await;
    let began = Instant::now();
    let sends = people.iter().enumerate().map(|(number, person)| {
        let origin = world.nodes[number % 2].server.origin();
        flood(origin, person.clone(), chat_id.clone())
    });
    let (answers, during) = tokio::join!(join_all(sends), world.rate(LOAD));
    let answers: Vec<String> = answers.into_iter().flatten().collect();
    assert_eq!(answers.len(), FLOOD, "everyone is answered");
    let acked = answers.iter().filter(|answer| *answer == "ack").count();
    let lawful = ["ack", "unavailable", "rate_limited"];
    let unlawful = answers
        .iter()
        .find(|answer| !lawful.contains(&answer.as_str()));
    assert_eq!(unlawful, None);
    assert!(acked > 0, "none of {FLOOD} was taken");
    assert!(began.elapsed() < QUIET, "{:?}", began.elapsed());
    assert!(
        during > before / 4.0,
        "the others: {before} acked a second, then {during}"
    );
    let seen = people[0].chat(&chat_id).await;
    assert_eq!(seen["headSeq"], json!(acked), "what was acked is there");
    world.recover("a flood of one chat").await;
    world.end().await;
}

/// One's share of the flood: `ack`, or the code of a refusal, for each. It reads while it sends, or it
/// would be too slow a reader of what the others send.
async fn flood(origin: String, person: Person, chat_id: String) -> Vec<String> {
    let bearer = format!("Bearer {}", person.access_token);
    let request = Socket::request(&origin, "", &[("authorization", &bearer)]);
    let (stream, _) = connect_async(request).await.expect("connected");
    let (mut writes, mut reads) = stream.split();
    let count = FLOOD / FLOODERS;
    let sending = async {
        for number in 0..count {
            let frame = json!({
                "type": "message.send", "id": format!("flood-{number}"), "chatId": chat_id,
                "message": {"type": "text", "content": "flood"},
            });
            let sent = writes.send(Message::text(frame.to_string())).await;
            sent.expect("sent");
        }
    };
    let reading = async {
        let mut answers = Vec::with_capacity(count);
        while answers.len() < count {
            let next = timeout(QUIET, reads.next()).await.expect("an answer");
            let frame = next.expect("open").expect("whole");
            assert!(!frame.is_close(), "{frame:?} after {}", answers.len());
            // Only answers have its ids; to read all that the others say would take it too long.
            let text = frame.to_text().expect("text");
            if text.contains("\"flood-") {
                let answer: Value = serde_json::from_str(text).expect("json");
                let code = answer["code"].as_str().unwrap_or("ack");
                answers.push(code.to_owned());
            }
        }
        answers
    };
    tokio::join!(sending, reading).1
}
