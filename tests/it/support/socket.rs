//! A WebSocket client that keeps every frame it was sent, in order.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;

/// One connection, past its `hello`.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    log: Vec<Value>,
    /// Which frames of the log an expectation has used up.
    taken: Vec<bool>,
    close: Option<Option<u16>>,
    next_id: u32,
}

impl Socket {
    /// Connects with an `Authorization` header and waits for `hello`.
    pub async fn open(origin: &str, token: &str) -> Self {
        let request = Self::request(origin, "", &[("authorization", &format!("Bearer {token}"))]);
        Self::open_with(request)
            .await
            .unwrap_or_else(|status| panic!("the upgrade was answered with {status}"))
    }

    /// `origin` is `http://host:port`, `query` is empty or `?…`.
    pub fn request(origin: &str, query: &str, headers: &[(&str, &str)]) -> Request<()> {
        let url = format!("{}/ws{query}", origin.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(
                tokio_tungstenite::tungstenite::http::HeaderName::from_bytes(name.as_bytes())
                    .expect("a header name"),
                value.parse().expect("a header value"),
            );
        }
        request
    }

    /// Connects; a refused upgrade is its status.
    pub async fn open_with(request: Request<()>) -> Result<Self, u16> {
        let (stream, _) = match connect_async(request).await {
            Ok(connected) => connected,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("no connection: {error:?}"),
        };
        let mut socket = Self {
            stream,
            log: Vec::new(),
            taken: Vec::new(),
            close: None,
            next_id: 0,
        };
        let hello = socket.expect("hello", |_| true).await;
        assert_eq!(hello["type"], "hello", "hello is always first: {hello}");
        Ok(socket)
    }

    /// Every frame so far, `hello` first.
    pub fn log(&self) -> &[Value] {
        &self.log
    }

    /// The `hello` frame.
    pub fn hello(&self) -> &Value {
        &self.log[0]
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.expect("sent");
    }

    /// Like [`send_raw`](Self::send_raw) where the server may have closed already.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.stream.send(message).await.is_ok()
    }

    /// An id no other frame of this socket has.
    pub fn fresh_id(&mut self) -> String {
        self.next_id += 1;
        format!("f{}", self.next_id)
    }

    /// Sends a frame with an id and waits for the `ack` or `error` that echoes it.
    pub async fn ask(&mut self, mut frame: Value) -> Value {
        let id = self.fresh_id();
        frame["id"] = json!(id);
        self.send(frame).await;
        self.expect("the answer", |answer| answer["id"] == *id)
            .await
    }

    /// Sends a text; the `ack` that answers.
    pub async fn say(&mut self, chat_id: &str, text: &str) -> Value {
        let ack = self
            .ask(json!({
                "type": "message.send",
                "chatId": chat_id,
                "message": {"type": "text", "content": text},
            }))
            .await;
        assert_eq!(ack["type"], "ack", "{ack}");
        ack
    }

    /// The oldest unused frame for which `wanted` holds, waited for if need be.
    pub async fn expect(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.expect_within(PATIENCE, what, wanted).await
    }

    pub async fn expect_within(
        &mut self,
        time: Duration,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        match self.find_within(time, wanted).await {
            Some(frame) => frame,
            None => panic!(
                "no {what} within {time:?}; close: {:?}; frames: {:#?}",
                self.close, self.log
            ),
        }
    }

    /// The next unused frame of a type.
    pub async fn expect_type(&mut self, kind: &str) -> Value {
        self.expect(kind, |frame| frame["type"] == kind).await
    }

    /// The next unused frame of a type about a chat.
    pub async fn expect_of(&mut self, kind: &str, chat_id: &str) -> Value {
        self.expect(kind, |frame| {
            frame["type"] == kind && frame["chatId"] == chat_id
        })
        .await
    }

    /// Like [`expect_within`](Self::expect_within), `None` when the time is over or the socket closed.
    pub async fn find_within(
        &mut self,
        time: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let deadline = Instant::now() + time;
        let mut seen = 0;
        loop {
            for at in seen..self.log.len() {
                if !self.taken[at] && wanted(&self.log[at]) {
                    self.taken[at] = true;
                    return Some(self.log[at].clone());
                }
            }
            seen = self.log.len();
            if self.close.is_some() || !self.read_until(deadline).await {
                return None;
            }
        }
    }

    /// Everything the server had to say before it answered this `ping`.
    pub async fn settle(&mut self) -> &[Value] {
        let pong = self.ask(json!({"type": "ping"})).await;
        assert_eq!(pong["type"], "pong", "{pong}");
        &self.log
    }

    /// Frames of a type in the log.
    pub fn seen(&self, kind: &str) -> Vec<&Value> {
        self.log
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect()
    }

    /// The close code, waited for; `None` when the connection ended without one.
    pub async fn closed(&mut self) -> Option<u16> {
        self.closed_within(PATIENCE).await
    }

    pub async fn closed_within(&mut self, time: Duration) -> Option<u16> {
        let deadline = Instant::now() + time;
        while self.close.is_none() {
            assert!(
                self.read_until(deadline).await,
                "still open after {time:?}: {:#?}",
                self.log
            );
        }
        self.close.flatten()
    }

    /// Closes from this side, as an app that goes to sleep does.
    pub async fn leave(mut self) {
        // The server may have been quicker.
        let _ = self.stream.close(None).await;
        let deadline = Instant::now() + PATIENCE;
        while self.close.is_none() && self.read_until(deadline).await {}
    }

    /// Every frame of a chat that carries a rev came in dense, rising order; the last rev.
    #[track_caller]
    pub fn assert_dense(&self, chat_id: &str) -> u64 {
        let revs: Vec<u64> = self
            .log
            .iter()
            .filter(|frame| frame["chatId"] == chat_id && frame["type"] != "sync.chat")
            .filter(|frame| frame["duplicate"] != true)
            .filter_map(|frame| frame["rev"].as_u64())
            .collect();
        for pair in revs.windows(2) {
            assert_eq!(
                pair[0] + 1,
                pair[1],
                "revs of one chat, as they came: {revs:?}"
            );
        }
        *revs.last().expect("a frame of this chat")
    }

    /// Reads one message; `false` when the deadline came first.
    async fn read_until(&mut self, deadline: Instant) -> bool {
        let deadline = tokio::time::Instant::from_std(deadline);
        let Ok(next) = tokio::time::timeout_at(deadline, self.stream.next()).await else {
            return false;
        };
        match next {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                assert!(frame["type"].is_string(), "a frame has a type: {frame}");
                self.log.push(frame);
                self.taken.push(false);
            }
            Some(Ok(Message::Close(frame))) => {
                self.close = Some(frame.map(|frame| frame.code.into()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                self.close.get_or_insert(None);
            }
        }
        true
    }
}
