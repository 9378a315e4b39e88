//! The sends of one connection while chats move from node to node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::faults::world::World;
use crate::support::{Person, Socket};

const CHATS: usize = 12;
/// Between two sends of the connection, and how many may be without an answer.
const PACE: Duration = Duration::from_millis(2);
const OUTSTANDING: usize = 256;
const CHANGE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn sends_of_one_connection_stay_in_order_while_chats_move() {
    let mut world = World::working(2, 81).await;
    let people = world.nodes[0].server.crowd(2).await;
    let mut chats = Vec::new();
    for number in 0..CHATS {
        let name = format!("Chat {number}");
        chats.push(people[0].group(&name, &[&people[1]]).await);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let origin = world.nodes[0].server.origin();
    let pouring = pour(origin, people[0].clone(), chats, Arc::clone(&is_over));
    let pouring = tokio::spawn(pouring);
    for _ in 0..3 {
        world.add_node().await;
        world.go_on(CHANGE).await;
        let mut going = world.take_node(2).server;
        going.terminate();
        let status = going.exit(Duration::from_secs(30)).await;
        assert!(status.success(), "{status}: {}", going.output());
        world.add_node().await;
        world.go_on(CHANGE).await;
        world.take_node(2).server.kill();
        // Until it is counted out.
        world.go_on(CHANGE * 3).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let sent = pouring.await.expect("joined");
    let mut newest: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    let mut overtaken = Vec::new();
    for (number, (chat_id, seq)) in &sent {
        let before = newest.insert(chat_id, (*number, *seq));
        if before.is_some_and(|(_, before)| before > *seq) {
            overtaken.push(format!("{chat_id}: {before:?}, then {:?}", (number, seq)));
        }
    }
    assert!(overtaken.is_empty(), "{} sends: {overtaken:#?}", sent.len());
    assert!(sent.len() > 2000, "{} sends were acked", sent.len());
    world.recover("chats that moved").await;
    world.end().await;
}

/// Sends by one connection without waiting; chat and seq of those that were acked, by their number.
async fn pour(
    origin: String,
    person: Person,
    chats: Vec<String>,
    is_over: Arc<AtomicBool>,
) -> BTreeMap<usize, (String, u64)> {
    let bearer = format!("Bearer {}", person.access_token);
    let request = Socket::request(&origin, "", &[("authorization", &bearer)]);
    let (mut stream, _) = connect_async(request).await.expect("connected");
    let mut tick = tokio::time::interval(PACE);
    let (mut count, mut outstanding) = (0, 0);
    let mut acked = BTreeMap::new();
    while outstanding > 0 || !is_over.load(Ordering::Relaxed) {
        tokio::select! {
            _ = tick.tick(), if outstanding < OUTSTANDING && !is_over.load(Ordering::Relaxed) => {
                let chat_id = &chats[count / 8 % chats.len()];
                let message = json!({"type": "text", "content": format!("message {count}")});
                let frame = json!({
                    "type": "message.send", "id": count.to_string(), "chatId": chat_id,
                    "message": message,
                });
                stream.send(Message::text(frame.to_string())).await.expect("sent");
                count += 1;
                outstanding += 1;
            }
            frame = stream.next() => {
                let Some(Ok(Message::Text(text))) = frame else { continue };
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                let Some(number) = frame["id"].as_str().and_then(|id| id.parse::<usize>().ok())
                else { continue };
                outstanding -= 1;
                if let Some(seq) = frame["seq"].as_u64() {
                    acked.insert(number, (chats[number / 8 % chats.len()].clone(), seq));
                }
            }
        }
    }
    acked
}
