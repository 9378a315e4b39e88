//! The connection to NATS, and the names of what is said over it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, Subscriber};
use bytes::Bytes;
use prost::Message;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::actors::group::Group;
use crate::id::NodeId;

/// Messages that may wait for one subscription; beyond it some are dropped and heads are said.
const SUBSCRIBED: usize = 65_536;

/// How NATS is reached.
#[derive(Clone, Debug)]
pub struct BusSettings {
    pub url: SecretString,
    /// Before every subject, and in the names of buckets and streams.
    pub prefix: String,
    /// For a connection and for each request.
    pub timeout: Duration,
}

/// NATS could not be used.
#[derive(Debug, thiserror::Error)]
#[error("nats: {0}")]
pub struct BusError(pub String);

impl BusError {
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What a server at the other end of the address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// With its version.
    Fine(String),
    Away(String),
    /// With what is to be done.
    Wrong(String, &'static str),
}

/// Connects once, to see whether that works: NATS 2.10 or newer, with JetStream.
pub async fn look(settings: &BusSettings) -> Looked {
    let connecting = ConnectOptions::new()
        .name("troupe")
        .connection_timeout(settings.timeout)
        .connect(settings.url.expose_secret());
    let client = match connecting.await {
        Ok(client) => client,
        Err(error) if is_refusal(error.kind()) => {
            let cure = "correct user and password in the address";
            return Looked::Wrong(error.to_string(), cure);
        }
        Err(error) => return Looked::Away(error.to_string()),
    };
    let server = client.server_info();
    let version = server.version.clone();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    if (parts.next(), parts.next()) < (Some(2u32), Some(10)) {
        return Looked::Wrong(format!("is NATS {version}"), "use NATS 2.10 or newer");
    }
    let jetstream = async_nats::jetstream::new(client);
    if let Err(error) = jetstream.query_account().await {
        let what = format!("has no JetStream ({error})");
        return Looked::Wrong(
            what,
            "start nats-server with -js, and allow it to this user",
        );
    }
    Looked::Fine(format!("NATS {version}"))
}

fn is_refusal(kind: ConnectErrorKind) -> bool {
    matches!(
        kind,
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation
    )
}

/// What became of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Something may have been lost.
    Doubt,
    /// It went: what was under way is not answered any more.
    Gone,
}

/// The connection; it comes back by itself. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    pub client: Client,
    prefix: Arc<str>,
    timeout: Duration,
    connections: watch::Receiver<u64>,
    started: Instant,
}

impl Bus {
    /// Connects. `broken` is called whenever something may have been lost: the connection went or
    /// came back, or a subscription overflowed.
    pub async fn connect(
        settings: &BusSettings,
        broken: impl Fn(Broken) + Send + Sync + 'static,
    ) -> Result<Self, BusError> {
        let broken = Arc::new(broken);
        let (connected, connections) = watch::channel(0);
        let connected = Arc::new(connected);
        let client = ConnectOptions::new()
            .name("troupe")
            .connection_timeout(settings.timeout)
            .request_timeout(Some(settings.timeout))
            .ping_interval(Duration::from_secs(2))
            .subscription_capacity(SUBSCRIBED)
            .event_callback(move |event| {
                let (broken, connected) = (Arc::clone(&broken), Arc::clone(&connected));
                async move {
                    let mut what = Broken::Doubt;
                    match event {
                        Event::Connected => {
                            connected.send_modify(|count| *count += 1);
                            tracing::info!("nats connected");
                        }
                        Event::SlowConsumer(_) => {
                            metrics::counter!("troupe_bus_overflow_total").increment(1);
                        }
                        other => {
                            if other == Event::Disconnected {
                                what = Broken::Gone;
                            }
                            tracing::warn!(event = %other, "nats");
                        }
                    }
                    broken(what);
                }
            })
            .connect(settings.url.expose_secret())
            .await
            .map_err(BusError::of)?;
        Ok(Self {
            client,
            prefix: settings.prefix.as_str().into(),
            timeout: settings.timeout,
            connections,
            started: Instant::now(),
        })
    }

    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// This machine's address as NATS sees it.
    pub fn own_address(&self) -> Option<IpAddr> {
        self.client.server_info().client_ip.parse().ok()
    }

    /// The number of the newest connection.
    pub fn connection(&self) -> u64 {
        *self.connections.borrow()
    }

    /// Moves with every new connection.
    pub fn connections(&self) -> watch::Receiver<u64> {
        self.connections.clone()
    }

    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The bucket in which every node says that it is there.
    pub fn nodes_bucket(&self) -> String {
        format!("{}-nodes", self.prefix)
    }

    /// A subject with who sends, by which of its connections, and when, in ms on a clock of its own:
    /// `….<sender>.<connection>.<time>`.
    pub fn marked(&self, subject: String, me: NodeId) -> String {
        let (connection, time) = (self.connection(), self.started.elapsed().as_millis());
        format!("{subject}.{}.{connection}.{time}", me.0.simple())
    }

    /// Every subject that begins so, marked.
    pub fn with_marks(subject: &str) -> String {
        format!("{subject}.*.*.*")
    }

    /// Frames for the sockets of one node.
    pub fn deliveries(&self, node: NodeId) -> String {
        format!("{}.node.{}.deliver", self.prefix, node.0.simple())
    }

    /// Commands for the chats of one node.
    pub fn commands(&self, node: NodeId) -> String {
        format!("{}.node.{}.chat", self.prefix, node.0.simple())
    }

    /// Answers to commands that one node sent.
    pub fn answers(&self, node: NodeId) -> String {
        format!("{}.node.{}.answer", self.prefix, node.0.simple())
    }

    /// Commands of one node that nobody took, by their number.
    pub fn bounced(&self, node: NodeId) -> String {
        format!("{}.node.{}.bounced.*.*", self.prefix, node.0.simple())
    }

    /// Where it is said that nobody took a command.
    pub fn bounce(&self, me: NodeId, node: NodeId, call: u64) -> String {
        let (me, node) = (me.0.simple(), node.0.simple());
        format!("{}.node.{me}.bounced.{node}.{call}", self.prefix)
    }

    /// Requests to a group; one of the processes that run it takes each. It may be no subject of
    /// events: their stream would keep it, and answer.
    pub fn group(&self, group: Group) -> String {
        format!("{}.ask.{}", self.prefix, group.name())
    }

    /// Requests to one node about itself.
    pub fn node(&self, node: NodeId) -> String {
        format!("{}.node.{}.ask", self.prefix, node.0.simple())
    }

    /// Answers to requests of one node, by their number.
    pub fn replies(&self, node: NodeId) -> String {
        format!("{}.node.{}.reply.*", self.prefix, node.0.simple())
    }

    /// Where the answer to one request goes, and where it is said that nobody took it.
    pub fn reply(&self, node: NodeId, call: u64) -> String {
        format!("{}.node.{}.reply.{call}", self.prefix, node.0.simple())
    }

    /// Who asks one node for the list of everyone who is on it.
    pub fn place_list(&self, node: NodeId) -> String {
        format!("{}.node.{}.places", self.prefix, node.0.simple())
    }

    /// Who is about to come to another node, told to one node, which answers.
    pub fn arrivals(&self, node: NodeId) -> String {
        format!("{}.node.{}.arrive", self.prefix, node.0.simple())
    }

    /// Who came to a node or left it; every node listens.
    pub fn places(&self) -> String {
        format!("{}.places", self.prefix)
    }

    /// Whose presence changed; every node listens.
    pub fn presence(&self) -> String {
        format!("{}.presence", self.prefix)
    }

    pub async fn subscribe(&self, subject: String) -> Result<Subscriber, BusError> {
        self.client.subscribe(subject).await.map_err(BusError::of)
    }

    pub async fn publish(&self, subject: String, message: &impl Message) -> Result<(), BusError> {
        let body = Bytes::from(message.encode_to_vec());
        self.client
            .publish(subject, body)
            .await
            .map_err(BusError::of)
    }

    /// Asks and waits, at most the time limit.
    pub async fn request<A: Message + Default>(
        &self,
        subject: String,
        message: &impl Message,
    ) -> Result<A, BusError> {
        let body = Bytes::from(message.encode_to_vec());
        let answer = self.client.request(subject, body).await;
        A::decode(answer.map_err(BusError::of)?.payload).map_err(BusError::of)
    }
}
