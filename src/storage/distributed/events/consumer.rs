//! A durable pull consumer. Its position is the server's; a position ahead of its stream is of no use
//! any more, since new events would be skipped up to it: such a consumer is made again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, Info, pull};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::message::{AckKind, Message};
use async_nats::jetstream::stream::Stream;
use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::{COMPARED, JetStreamEvents, TRACEPARENT, internal, unavailable, unknown};
use crate::event::{Event, Unreadable};
use crate::storage::error::StoreResult;
use crate::storage::events::{AnswerEvent, ConsumerSpec, EventConsumer, RECENT, Received};
use crate::trace::TraceContext;

/// Before trying again what failed.
const PAUSE: Duration = Duration::from_millis(500);
/// Without a word for twice as long the server is asked again.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long one request for events stands.
const REQUEST: Duration = Duration::from_secs(30);
/// Events asked for at once: those that wait in this process grow old.
const AT_ONCE: usize = 64;

type PullConsumer = Consumer<pull::Config>;

pub struct JetStreamConsumer {
    events: JetStreamEvents,
    spec: ConsumerSpec,
    messages: Option<pull::Stream>,
    connections: watch::Receiver<u64>,
    compare_at: Instant,
    /// Of the stream, that this consumer has taken into account.
    regressions: u64,
}

impl JetStreamConsumer {
    pub async fn open(events: JetStreamEvents, spec: ConsumerSpec) -> StoreResult<Self> {
        let mut consumer = Self {
            connections: events.0.connections.clone(),
            regressions: events.0.regressions.load(Ordering::Acquire),
            events,
            spec,
            messages: None,
            compare_at: Instant::now(),
        };
        consumer.reopen().await?;
        Ok(consumer)
    }

    /// Compares positions, and asks for events from here on.
    async fn reopen(&mut self) -> StoreResult<()> {
        self.messages = None;
        self.connections.mark_unchanged();
        self.events.connected()?;
        let stream = self.events.compare().await?;
        let regressions = self.events.0.regressions.load(Ordering::Acquire);
        let consumer = self.ensure(&stream, regressions > self.regressions).await?;
        self.regressions = self.events.0.regressions.load(Ordering::Acquire);
        let messages = consumer
            .stream()
            .max_messages_per_batch(self.spec.most_pending.min(AT_ONCE))
            .expires(REQUEST)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(unavailable)?;
        self.messages = Some(messages);
        self.compare_at = Instant::now() + COMPARED;
        Ok(())
    }

    /// The consumer as the spec has it. Made when it is not there, and made again when it stands ahead
    /// of its stream, or did: what took the place of lost events lies behind it.
    async fn ensure(&self, stream: &Stream, went_back: bool) -> StoreResult<PullConsumer> {
        let last = stream.cached_info().state.last_sequence;
        let name = self.spec.name;
        let wanted = self.wanted(stream);
        let consumer = match stream.consumer_info(name).await {
            Ok(found) if went_back || is_ahead(&found, last) => {
                if !went_back {
                    self.events.went_backwards("a consumer stood ahead of it");
                }
                metrics::counter!("troupe_events_consumers_rebuilt_total", "consumer" => name)
                    .increment(1);
                let removed = stream.delete_consumer(name).await;
                removed.map_err(unavailable)?;
                stream.create_consumer(wanted).await.map_err(unavailable)?
            }
            Ok(found) => {
                // Where one began cannot be changed, nor need it be.
                let wanted = pull::Config {
                    deliver_policy: found.config.deliver_policy,
                    ..wanted
                };
                stream.update_consumer(wanted).await.map_err(unavailable)?
            }
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
                stream.create_consumer(wanted).await.map_err(unavailable)?
            }
            Err(error) => return Err(unavailable(error)),
        };
        self.check(consumer)
    }

    fn wanted(&self, stream: &Stream) -> pull::Config {
        let state = &stream.cached_info().state;
        // Nothing there yet: everything that comes.
        let deliver_policy = match state.messages {
            0 => DeliverPolicy::All,
            _ => DeliverPolicy::ByStartTime {
                start_time: state.last_timestamp - RECENT,
            },
        };
        let subjects = self.spec.subjects.iter();
        pull::Config {
            durable_name: Some(self.spec.name.to_owned()),
            deliver_policy,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.spec.patience,
            max_deliver: -1,
            max_ack_pending: i64::try_from(self.spec.most_pending).unwrap_or(i64::MAX),
            filter_subjects: subjects
                .map(|subject| self.events.subject(subject))
                .collect(),
            ..pull::Config::default()
        }
    }

    /// An old server ignores what it does not know, so what it says it made is compared.
    fn check(&self, consumer: PullConsumer) -> StoreResult<PullConsumer> {
        let made = &consumer.cached_info().config;
        let mut subjects = made.filter_subjects.clone();
        if !made.filter_subject.is_empty() {
            subjects.push(made.filter_subject.clone());
        }
        subjects.sort_unstable();
        let mut wanted: Vec<String> = self
            .spec
            .subjects
            .iter()
            .map(|s| self.events.subject(s))
            .collect();
        wanted.sort_unstable();
        let most_pending = i64::try_from(self.spec.most_pending).unwrap_or(i64::MAX);
        let fits = subjects == wanted
            && made.ack_policy == AckPolicy::Explicit
            && made.ack_wait == self.spec.patience
            && made.max_ack_pending == most_pending;
        match fits {
            true => Ok(consumer),
            false => Err(internal(format!(
                "the server made of the consumer {} something else: {made:?}",
                self.spec.name
            ))),
        }
    }

    async fn message(&mut self) -> Heard {
        let Some(messages) = self.messages.as_mut() else {
            return Heard::Silence;
        };
        tokio::select! {
            message = messages.next() => match message {
                Some(Ok(message)) => Heard::Message(Box::new(message)),
                Some(Err(error)) => {
                    tracing::warn!(consumer = self.spec.name, cause = %error, "no events");
                    Heard::Silence
                }
                None => Heard::Silence,
            },
            _ = self.connections.changed() => Heard::Silence,
            () = sleep_until(self.compare_at) => Heard::TimeToCompare,
        }
    }

    /// Whether this consumer and its stream still fit each other.
    async fn stands(&mut self) -> bool {
        self.compare_at = Instant::now() + COMPARED;
        let Ok(stream) = self.events.compare().await else {
            return false;
        };
        let last = stream.cached_info().state.last_sequence;
        let found = stream.consumer_info(self.spec.name).await;
        self.regressions == self.events.0.regressions.load(Ordering::Acquire)
            && found.is_ok_and(|found| !is_ahead(&found, last))
    }

    /// What is made of a message; an answer that fails brings it again.
    async fn take(&self, message: Message) -> StoreResult<Option<Received>> {
        let info = message.info().map_err(internal)?;
        let attempt = u32::try_from(info.delivered).unwrap_or(u32::MAX);
        let subject = self
            .events
            .bare_subject(message.subject.as_str())
            .to_owned();
        let answer = JetStreamAnswer {
            events: self.events.clone(),
            consumer: self.spec.name,
            subject,
            message,
        };
        if attempt > self.spec.attempts {
            let reason = format!("not taken {} times", self.spec.attempts);
            answer.dead(&reason).await?;
            return Ok(None);
        }
        match Event::read(&answer.subject, &answer.message.payload) {
            Ok(event) => {
                let trace = answer.header(TRACEPARENT).and_then(TraceContext::parse);
                let received = Received::new(event, attempt, Arc::new(answer));
                Ok(Some(received.traced(trace)))
            }
            Err(Unreadable::UnknownSubject) => {
                let name = self.spec.name;
                metrics::counter!("troupe_events_skipped_total", "consumer" => name).increment(1);
                answer.done().await?;
                Ok(None)
            }
            Err(malformed) => {
                answer.dead(&malformed.to_string()).await?;
                Ok(None)
            }
        }
    }
}

/// What came while this consumer listened.
enum Heard {
    Message(Box<Message>),
    TimeToCompare,
    /// It must be opened again.
    Silence,
}

fn is_ahead(consumer: &Info, last: u64) -> bool {
    consumer.delivered.stream_sequence > last || consumer.ack_floor.stream_sequence > last
}

#[async_trait]
impl EventConsumer for JetStreamConsumer {
    async fn next(&mut self) -> Received {
        loop {
            let message = match self.message().await {
                Heard::Message(message) => *message,
                Heard::TimeToCompare if self.stands().await => continue,
                Heard::TimeToCompare | Heard::Silence => {
                    if let Err(error) = self.reopen().await {
                        tracing::warn!(consumer = self.spec.name, cause = %error, "no events");
                        sleep(PAUSE).await;
                    }
                    continue;
                }
            };
            match self.take(message).await {
                Ok(Some(received)) => return received,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(consumer = self.spec.name, cause = %error, "not answered");
                }
            }
        }
    }
}

struct JetStreamAnswer {
    events: JetStreamEvents,
    consumer: &'static str,
    subject: String,
    message: Message,
}

impl JetStreamAnswer {
    /// Waits until the server has it: a plain ack is only queued here.
    async fn say(&self, kind: AckKind) -> StoreResult<()> {
        self.message.double_ack_with(kind).await.map_err(unknown)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.message.headers.as_ref()?;
        headers.get(name).map(|value| value.as_str())
    }

    fn id(&self) -> String {
        match (self.header("Nats-Msg-Id"), self.message.info()) {
            (Some(id), _) => id.to_owned(),
            (None, Ok(info)) => format!("{}:{}", info.stream_sequence, info.published),
            (None, Err(_)) => String::new(),
        }
    }
}

#[async_trait]
impl AnswerEvent for JetStreamAnswer {
    async fn working(&self) -> StoreResult<()> {
        self.message
            .ack_with(AckKind::Progress)
            .await
            .map_err(unknown)
    }

    async fn done(&self) -> StoreResult<()> {
        self.say(AckKind::Ack).await
    }

    async fn again(&self, after: Duration) -> StoreResult<()> {
        self.say(AckKind::Nak(Some(after))).await
    }

    async fn dead(&self, reason: &str) -> StoreResult<()> {
        let event = (self.subject.as_str(), self.message.payload.clone());
        self.events
            .bury(self.consumer, event, &self.id(), reason)
            .await?;
        self.say(AckKind::Term).await
    }
}
