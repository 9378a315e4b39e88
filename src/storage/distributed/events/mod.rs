//! The stream of events, on JetStream: `publish` waits for every PubAck, `stream` makes and checks
//! the stream, `consumer` reads it, `dead` keeps what nobody could take.
//!
//! JetStream may lose the tail of a stream when its server dies. So the last sequence anyone was told
//! of is remembered, and a stream that stands before it has gone backwards.

mod consumer;
mod dead;
mod publish;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use self::consumer::JetStreamConsumer;
pub use self::stream::Misfit;
use crate::event::Envelope;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};
use crate::storage::events::{ConsumerSpec, DeadEvent, EventConsumer, EventStream};

/// How often positions are compared.
const COMPARED: Duration = Duration::from_secs(30);

/// What the stream is to be.
#[derive(Clone, Debug)]
pub struct EventSettings {
    /// Before every subject, and in the names of the streams.
    pub prefix: String,
    pub max_age: Duration,
    pub max_bytes: u64,
    pub duplicate_window: Duration,
    pub replicas: usize,
    /// For each request.
    pub timeout: Duration,
}

/// The distributed [`EventStream`]. Cheap to clone.
#[derive(Clone)]
pub struct JetStreamEvents(Arc<Inner>);

struct Inner {
    client: Client,
    context: Context,
    settings: EventSettings,
    /// Moves with every new connection.
    connections: watch::Receiver<u64>,
    seen: Mutex<Seen>,
    regressions: AtomicU64,
}

/// The stream as it was last seen.
#[derive(Clone, Default)]
struct Seen {
    /// When it was made, in nanoseconds since 1970.
    made: Option<i128>,
    last_sequence: u64,
    /// The last one of ours that was kept: its sequence and id.
    acked: Option<(u64, String)>,
    at: Option<Instant>,
    connection: u64,
}

/// The header that says where in a trace an event happened, as W3C has it.
const TRACEPARENT: &str = "traceparent";

impl JetStreamEvents {
    /// `connections` moves whenever the client has connected again.
    pub fn new(client: Client, connections: watch::Receiver<u64>, settings: EventSettings) -> Self {
        let context = ContextBuilder::new()
            .timeout(settings.timeout)
            .build(client.clone());
        Self(Arc::new(Inner {
            client,
            context,
            settings,
            connections,
            seen: Mutex::default(),
            regressions: AtomicU64::new(0),
        }))
    }

    fn is_connected(&self) -> bool {
        self.0.client.connection_state() == State::Connected
    }

    fn connected(&self) -> StoreResult<()> {
        match self.is_connected() {
            true => Ok(()),
            false => Err(unavailable("not connected")),
        }
    }

    fn stream_name(&self) -> String {
        format!("{}-events", self.0.settings.prefix)
    }

    fn subject(&self, subject: &str) -> String {
        format!("{}.{subject}", self.0.settings.prefix)
    }

    /// What comes after the installation's prefix.
    fn bare_subject<'s>(&self, subject: &'s str) -> &'s str {
        let bare = subject.strip_prefix(self.0.settings.prefix.as_str());
        bare.and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(subject)
    }

    fn went_backwards(&self, what: &str) {
        self.0.regressions.fetch_add(1, Ordering::AcqRel);
        metrics::counter!("troupe_events_regressions_total").increment(1);
        tracing::warn!(what, "the stream of events went backwards");
    }

    /// Looks at the stream, makes it when it is gone, and compares it with what was seen of it.
    async fn compare(&self) -> StoreResult<Stream> {
        let connection = *self.0.connections.borrow();
        // As it was before the question: acks go on meanwhile.
        let before = self.0.seen.lock().clone();
        let (stream, is_new) = self.ensure().await?;
        let info = stream.cached_info();
        let (made, last) = (
            info.created.unix_timestamp_nanos(),
            info.state.last_sequence,
        );
        let is_another = before.made.is_some_and(|before| before != made);
        let lost_tail = !is_another && lost_tail(&before, &stream).await?;
        let mut seen = self.0.seen.lock();
        if is_another || lost_tail {
            *seen = Seen::default();
        }
        seen.made = Some(made);
        seen.last_sequence = seen.last_sequence.max(last);
        seen.at = Some(Instant::now());
        seen.connection = connection;
        drop(seen);
        metrics::gauge!("troupe_events_stream_bytes").set(info.state.bytes as f64);
        if is_new || is_another {
            self.went_backwards("it was made afresh");
        } else if lost_tail {
            self.went_backwards("it lost its tail");
        }
        Ok(stream)
    }

    fn must_compare(&self) -> bool {
        let connection = *self.0.connections.borrow();
        let seen = self.0.seen.lock();
        seen.connection != connection || seen.at.is_none_or(|at| at.elapsed() >= COMPARED)
    }
}

#[async_trait]
impl EventStream for JetStreamEvents {
    async fn publish(&self, events: Vec<Envelope>) -> StoreResult<()> {
        publish::all(self, events).await
    }

    async fn regressions(&self) -> StoreResult<u64> {
        if self.is_connected() && self.must_compare() {
            self.compare().await?;
        }
        Ok(self.0.regressions.load(Ordering::Acquire))
    }

    async fn consume(&self, spec: ConsumerSpec) -> StoreResult<Box<dyn EventConsumer>> {
        let consumer = JetStreamConsumer::open(self.clone(), spec).await?;
        Ok(Box::new(consumer))
    }

    async fn dead(&self, limit: usize) -> StoreResult<Vec<DeadEvent>> {
        self.connected()?;
        dead::newest(self, limit).await
    }
}

/// Whether what was seen last is not there any more, though others may have published since.
async fn lost_tail(before: &Seen, stream: &Stream) -> StoreResult<bool> {
    let state = &stream.cached_info().state;
    if state.last_sequence < before.last_sequence {
        return Ok(true);
    }
    let Some((sequence, id)) = &before.acked else {
        return Ok(false);
    };
    if *sequence < state.first_sequence {
        return Ok(false);
    }
    match stream.get_raw_message(*sequence).await {
        Ok(message) => Ok(message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str()) != Some(id)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(true),
        Err(error) => Err(unavailable(error)),
    }
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "nats",
        message: error.to_string(),
    }
}

/// It may have happened.
fn unknown(error: impl std::fmt::Display) -> StoreError {
    StoreError {
        kind: StoreErrorKind::OutcomeUnknown,
        store: "nats",
        message: error.to_string(),
    }
}

fn internal(error: impl std::fmt::Display) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "nats",
        message: error.to_string(),
    }
}
