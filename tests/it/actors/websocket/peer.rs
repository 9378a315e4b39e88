//! The far end of a connection: says masked frames, hears the bytes that are written to it.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use troupe::actors::websocket::link::Link;
use troupe::actors::websocket::queue::Written;
use troupe::id::{ConnectionId, SessionId};

/// One thing the server said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Frame(Value),
    Ping,
    Pong(Vec<u8>),
    Close(u16),
}

pub struct Peer {
    pub session: SessionId,
    pub connection: ConnectionId,
    /// Dropped: the transport is gone.
    pub mouth: Option<mpsc::UnboundedSender<io::Result<BytesMut>>>,
    pub ear: Rc<Link>,
    pub(super) heard: BytesMut,
    pub(super) said: VecDeque<Said>,
}

impl Peer {
    pub fn say(&self, frame: Value) {
        self.say_bytes(&masked(0x81, frame.to_string().as_bytes()));
    }

    /// Bytes as they are.
    pub fn say_bytes(&self, bytes: &[u8]) {
        if let Some(mouth) = &self.mouth {
            let _ = mouth.send(Ok(BytesMut::from(bytes)));
        }
    }

    /// What the server says next within a time; `None` when it says nothing.
    pub async fn next_within(&mut self, time: Duration) -> Option<Said> {
        if let Some(said) = self.said.pop_front() {
            return Some(said);
        }
        let until = tokio::time::Instant::now() + time;
        loop {
            let (ear, heard) = (&self.ear, &mut self.heard);
            let some = std::future::poll_fn(|cx| {
                ear.poll_write(cx, |_, pieces| {
                    heard.extend_from_slice(&pieces[0]);
                    Poll::Ready(Ok(pieces[0].len()))
                })
            });
            let Ok(Ok(Written::Some)) = tokio::time::timeout_at(until, some).await else {
                return None;
            };
            if let Some(said) = take(&mut self.heard) {
                return Some(said);
            }
        }
    }

    pub async fn next(&mut self) -> Said {
        self.next_within(Duration::from_secs(120))
            .await
            .expect("the server says something")
    }

    /// The next frame of a type; what comes before it is dropped.
    pub async fn expect(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Said::Frame(frame) if frame["type"] == kind => return frame,
                Said::Close(code) => panic!("closed with {code} instead of {kind}"),
                _ => {}
            }
        }
    }

    /// The close code; what comes before it is dropped. Answers pings, as clients do.
    pub async fn expect_close(&mut self) -> u16 {
        loop {
            match self.next().await {
                Said::Close(code) => return code,
                Said::Ping => self.say_bytes(&masked(0x8a, b"")),
                _ => {}
            }
        }
    }

    /// Whether the connection still answers.
    pub async fn is_alive(&mut self) -> bool {
        self.say(json!({"type": "ping", "id": "alive"}));
        loop {
            match self.next_within(Duration::from_millis(50)).await {
                Some(Said::Frame(frame)) if frame["type"] == "pong" => return true,
                Some(Said::Close(_)) | None => return false,
                Some(_) => {}
            }
        }
    }
}

/// A client's frame: final when the first byte says so, masked as the protocol wants it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

fn take(heard: &mut BytesMut) -> Option<Said> {
    let length = usize::from(*heard.get(1)?);
    let (header, length) = match length {
        126 => (
            4,
            usize::from(u16::from_be_bytes(heard.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(heard.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        short => (2, short),
    };
    if heard.len() < header + length {
        return None;
    }
    let first = heard[0];
    heard.advance(header);
    let payload = heard.split_to(length);
    Some(match first {
        0x81 => Said::Frame(serde_json::from_slice(&payload).expect("frames are JSON")),
        0x88 => Said::Close(u16::from_be_bytes([payload[0], payload[1]])),
        0x89 => Said::Ping,
        0x8a => Said::Pong(payload.to_vec()),
        other => panic!("the server sent a frame that starts with {other:#x}"),
    })
}
