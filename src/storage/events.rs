//! The stream of events (D7): what the relay publishes and durable consumers read. It carries facts;
//! the log is the truth.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::event::{Envelope, Event};
use crate::trace::TraceContext;

/// How far back a consumer begins that has no position: one that is new, or whose own was lost. The
/// outbox keeps as much, so that all of it can be published again.
pub const RECENT: Duration = Duration::from_secs(15 * 60);

/// A durable consumer: it goes on where everyone of its name left off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSpec {
    pub name: &'static str,
    /// Of [`SUBJECTS`](crate::event::SUBJECTS).
    pub subjects: Vec<&'static str>,
    /// After so long without an answer an event is given out again.
    pub patience: Duration,
    /// Events given out and not answered; beyond it nothing more is given out.
    pub most_pending: usize,
    /// An event that was given out so often and not taken is dead.
    pub attempts: u32,
}

/// An event that no consumer of a name could take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEvent {
    pub subject: String,
    pub consumer: String,
    pub reason: String,
    pub at: Timestamp,
}

#[async_trait]
pub trait EventStream: Send + Sync {
    /// Publishes in order; all of them are kept when it answers. One whose id was published lately is
    /// not kept twice. After an error any of them may have been kept.
    async fn publish(&self, events: Vec<Envelope>) -> StoreResult<()>;

    /// Whether anyone could ever read what is published now.
    fn is_heard(&self) -> bool {
        true
    }

    /// How often it was found that the stream went backwards: it was made afresh, it lost its tail,
    /// or a consumer stood ahead of it. Each time what was published lately is to be published again.
    async fn regressions(&self) -> StoreResult<u64>;

    /// A consumer, made if there is none of the name.
    async fn consume(&self, spec: ConsumerSpec) -> StoreResult<Box<dyn EventConsumer>>;

    /// The newest dead events, newest first.
    async fn dead(&self, limit: usize) -> StoreResult<Vec<DeadEvent>>;
}

#[async_trait]
pub trait EventConsumer: Send {
    /// The next event. Waits for it, and for the stream while that is away. What cannot be read is
    /// dead, a subject that nobody knows is skipped; both are counted.
    async fn next(&mut self) -> Received;
}

/// An event that is to be answered; unanswered it comes again.
pub struct Received {
    pub event: Event,
    /// 1 the first time.
    pub attempt: u32,
    /// Where in a trace it was published.
    pub trace: Option<TraceContext>,
    answer: Arc<dyn AnswerEvent>,
}

/// The way back to the stream.
#[async_trait]
pub trait AnswerEvent: Send + Sync {
    /// It is still being worked on: it is given out again only when the patience has passed anew.
    async fn working(&self) -> StoreResult<()>;
    async fn done(&self) -> StoreResult<()>;
    async fn again(&self, after: Duration) -> StoreResult<()>;
    async fn dead(&self, reason: &str) -> StoreResult<()>;
}

impl Received {
    pub fn new(event: Event, attempt: u32, answer: Arc<dyn AnswerEvent>) -> Self {
        Self {
            event,
            attempt,
            trace: None,
            answer,
        }
    }

    #[must_use]
    pub fn traced(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// The way back, for whoever answers later.
    pub fn answer(&self) -> Arc<dyn AnswerEvent> {
        Arc::clone(&self.answer)
    }

    /// It was taken; the stream knows when this answers.
    pub async fn done(self) -> StoreResult<()> {
        self.answer.done().await
    }

    /// It could not be taken now.
    pub async fn again(self, after: Duration) -> StoreResult<()> {
        self.answer.again(after).await
    }

    /// It can never be taken, and why.
    pub async fn dead(self, reason: &str) -> StoreResult<()> {
        self.answer.dead(reason).await
    }
}
