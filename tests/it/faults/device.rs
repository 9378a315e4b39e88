//! A virtual user on one device: it sends on a schedule, follows its chats, and comes back after
//! whatever happened to its socket.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use troupe::error::ErrorCode;

use super::copy::Copies;
use super::ledger::{Acked, Outcome};
use super::world::Ground;
use crate::support::{Person, Socket};

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Between two sends of one user, about.
const PACE: Duration = Duration::from_millis(350);
const TICK: Duration = Duration::from_millis(50);
/// After so long without an answer a send is repeated.
const REPEAT: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(3);
/// Between acks of what was received.
const ACKS: Duration = Duration::from_millis(400);

pub struct Device {
    pub place: usize,
    pub person: Person,
    pub chats: Vec<String>,
    pub copies: Arc<Mutex<Copies>>,
    random: u64,
    count: usize,
    /// Sends without a final answer: their chat, and when they are repeated.
    unanswered: HashMap<String, (String, Instant)>,
    told: HashMap<String, u64>,
    syncing: Option<Instant>,
    seed: u64,
}

impl Device {
    pub fn new(place: usize, person: Person, chats: Vec<String>, seed: u64) -> Self {
        Self {
            place,
            person,
            chats,
            copies: Arc::default(),
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            count: 0,
            unanswered: HashMap::new(),
            told: HashMap::new(),
            syncing: None,
            seed,
        }
    }

    /// The same numbers for the same seed.
    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).unwrap_or(0) % bound.max(1)
    }

    /// Until the ground says that it is over.
    pub async fn live(mut self, ground: Arc<Ground>) {
        let mut attempt = self.place;
        while !ground.is_over() {
            let origins = ground.origins();
            // For moments there may be none.
            let origin = origins.get(attempt % origins.len().max(1));
            let stream = match origin {
                Some(origin) => {
                    ground.saw(self.place, &format!("asks {origin}"));
                    self.connect(origin).await
                }
                None => None,
            };
            match stream {
                Some(stream) => self.session(stream, &ground).await,
                None => tokio::time::sleep(Duration::from_millis(150)).await,
            }
            attempt += 1;
        }
    }

    async fn connect(&self, origin: &str) -> Option<Stream> {
        let bearer = format!("Bearer {}", self.person.access_token);
        let request = Socket::request(origin, "", &[("authorization", &bearer)]);
        let connected = timeout(CONNECT, connect_async(request)).await.ok()?.ok()?;
        Some(connected.0)
    }

    async fn session(&mut self, mut stream: Stream, ground: &Ground) {
        self.copies.lock().is_behind = true;
        self.syncing = None;
        ground.saw(self.place, "is connected");
        let now = Instant::now();
        for (_, repeat_at) in self.unanswered.values_mut() {
            *repeat_at = now;
        }
        let mut tick = tokio::time::interval(TICK);
        let mut next_send = now + PACE;
        let mut next_acks = now + ACKS;
        while !ground.is_over() {
            tokio::select! {
                frame = stream.next() => match frame {
                    Some(Ok(Message::Text(text))) => self.hear(&text, ground),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                _ = tick.tick() => {
                    let now = Instant::now();
                    let mut out = self.repeats(now);
                    if ground.is_loaded() && now >= next_send {
                        next_send = now + PACE / 2 + PACE.mul_f64(self.below(100) as f64 / 100.0);
                        out.push(self.send(ground));
                    }
                    out.extend(self.sync(now));
                    if now >= next_acks {
                        next_acks = now + ACKS;
                        out.extend(self.acks());
                    }
                    for frame in out {
                        let sent = timeout(CONNECT, stream.send(Message::text(frame.to_string())));
                        if !matches!(sent.await, Ok(Ok(()))) {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn send(&mut self, ground: &Ground) -> Value {
        let place = self.below(self.chats.len());
        let chat_id = self.chats[place].clone();
        self.count += 1;
        let client_id = format!("{}-{}-{}", self.seed, self.place, self.count);
        ground.ledger.invoked(&client_id, &chat_id);
        let frame = frame(&client_id, &chat_id);
        let repeat_at = Instant::now() + REPEAT;
        self.unanswered.insert(client_id, (chat_id, repeat_at));
        frame
    }

    fn repeats(&mut self, now: Instant) -> Vec<Value> {
        let due = self.unanswered.iter_mut().filter(|(_, (_, at))| *at <= now);
        due.map(|(client_id, (chat_id, at))| {
            *at = now + REPEAT;
            frame(client_id, chat_id)
        })
        .collect()
    }

    fn sync(&mut self, now: Instant) -> Option<Value> {
        let mut copies = self.copies.lock();
        let waits = self.syncing.is_some_and(|since| now - since < REPEAT);
        if !copies.is_behind || waits {
            return None;
        }
        copies.is_behind = false;
        self.syncing = Some(now);
        Some(json!({"type": "sync", "id": "sync", "chats": copies.ask(), "me": 0}))
    }

    fn acks(&mut self) -> Vec<Value> {
        let copies = self.copies.lock();
        let mut out = Vec::new();
        for (number, chat_id) in self.chats.iter().enumerate() {
            let newest = copies.newest(chat_id);
            let told = self.told.entry(chat_id.clone()).or_default();
            // Each time from where it stands, so that a mark that was lost is told again.
            if newest == 0 || (newest == *told && out.len() > 8) {
                continue;
            }
            *told = newest;
            let kind = match (newest + number as u64) % 3 {
                0 => "message.read",
                _ => "message.ack",
            };
            out.push(json!({"type": kind, "chatId": chat_id, "seq": newest}));
        }
        out
    }

    fn hear(&mut self, text: &str, ground: &Ground) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return ground.ledger.violation(format!("no JSON: {text}"));
        };
        let id = frame["id"].as_str().unwrap_or_default();
        if !id.is_empty() {
            ground.saw(self.place, &format!("heard {text:.200}"));
        }
        match frame["type"].as_str() {
            Some("ack") => self.acked(id, &frame, ground),
            Some("error") => self.refused(id, &frame, ground),
            Some("sync.done") => self.syncing = None,
            _ => self.copies.lock().take(&frame),
        }
    }

    fn acked(&mut self, client_id: &str, frame: &Value, ground: &Ground) {
        if client_id.is_empty() {
            return;
        }
        let Some((chat_id, _)) = self.unanswered.remove(client_id) else {
            // Of the first, after the repeat.
            return self.again(client_id, frame, ground);
        };
        self.copies.lock().acked(&chat_id, frame);
        self.again(client_id, frame, ground);
    }

    fn again(&self, client_id: &str, frame: &Value, ground: &Ground) {
        let acked = Acked {
            message_id: frame["messageId"].as_str().unwrap_or_default().to_owned(),
            seq: frame["seq"].as_u64().unwrap_or_default(),
        };
        ground.ledger.answered(client_id, Outcome::Acked(acked));
    }

    fn refused(&mut self, id: &str, frame: &Value, ground: &Ground) {
        let code = frame["code"].as_str().unwrap_or_default();
        if ErrorCode::parse(code).is_none() {
            ground.ledger.violation(format!("an unknown code: {frame}"));
        }
        if id == "sync" {
            self.copies.lock().is_behind = true;
            self.syncing = Some(Instant::now() + Duration::from_secs(1) - REPEAT);
            return;
        }
        match (code, self.unanswered.get_mut(id)) {
            ("outcome_unknown" | "timeout" | "internal", Some((_, repeat_at))) => {
                *repeat_at = Instant::now() + Duration::from_secs(1);
            }
            (_, Some(_)) => {
                self.unanswered.remove(id);
                let failed = Outcome::Failed(code.to_owned());
                ground.ledger.answered(id, failed);
            }
            // A receipt that was not taken: told again.
            (_, None) => self.told.clear(),
        }
    }
}

fn frame(client_id: &str, chat_id: &str) -> Value {
    json!({
        "type": "message.send", "id": client_id, "chatId": chat_id,
        "clientMessageId": client_id,
        "message": {"type": "text", "content": format!("message {client_id}")},
    })
}
