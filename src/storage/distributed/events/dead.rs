//! Dead events: what no consumer of a name could take, kept in a stream of its own with the reason.

use async_nats::HeaderMap;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{Config, StorageType};
use bytes::Bytes;
use std::time::Duration;

use super::{JetStreamEvents, unavailable, unknown};
use crate::clock::Timestamp;
use crate::storage::error::StoreResult;
use crate::storage::events::DeadEvent;

const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const BYTES: i64 = 16 * 1024 * 1024;
const REASON: &str = "Troupe-Reason";
const CONSUMER: &str = "Troupe-Consumer";
/// A header holds one line, and is not to be long.
const REASON_CHARS: usize = 200;

impl JetStreamEvents {
    fn dead_name(&self) -> String {
        format!("{}-dead-events", self.0.settings.prefix)
    }

    pub(super) fn wanted_dead(&self) -> Config {
        Config {
            name: self.dead_name(),
            description: Some("Events that a consumer could not take".to_owned()),
            subjects: vec![self.subject("dead.>")],
            storage: StorageType::File,
            max_age: KEPT,
            max_bytes: BYTES,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            num_replicas: self.0.settings.replicas,
            duplicate_window: Duration::from_secs(120),
            allow_direct: true,
            ..Config::default()
        }
    }

    /// Keeps an event that is dead; durable when it answers.
    pub(super) async fn bury(
        &self,
        consumer: &'static str,
        (subject, body): (&str, Bytes),
        id: &str,
        reason: &str,
    ) -> StoreResult<()> {
        let reason: String = reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(REASON_CHARS)
            .collect();
        let mut headers = HeaderMap::new();
        headers.insert(REASON, reason.as_str());
        headers.insert(CONSUMER, consumer);
        let message = PublishMessage::build()
            .headers(headers)
            .message_id(format!("{consumer}:{id}"))
            .payload(body);
        let place = self.subject(&format!("dead.{subject}"));
        let sent = self.0.context.send_publish(place, message).await;
        if let Err(error) = sent.map_err(unavailable)?.await {
            self.ensure_one(self.wanted_dead()).await?;
            return Err(unknown(error));
        }
        metrics::counter!("troupe_events_dead_total", "consumer" => consumer).increment(1);
        tracing::error!(consumer, subject, reason, "an event is dead");
        Ok(())
    }

    fn dead_event(&self, message: &StreamMessage) -> DeadEvent {
        let subject = self.bare_subject(message.subject.as_str());
        let header = |name: &str| {
            let value = message.headers.get(name);
            value
                .map(|value| value.as_str().to_owned())
                .unwrap_or_default()
        };
        DeadEvent {
            subject: subject.strip_prefix("dead.").unwrap_or(subject).to_owned(),
            consumer: header(CONSUMER),
            reason: header(REASON),
            at: Timestamp(message.time.unix_timestamp().saturating_mul(1000)),
        }
    }
}

/// The newest first; none while the stream is not there.
pub async fn newest(events: &JetStreamEvents, limit: usize) -> StoreResult<Vec<DeadEvent>> {
    let Some(stream) = events.find(&events.dead_name()).await? else {
        return Ok(Vec::new());
    };
    let state = &stream.cached_info().state;
    if state.messages == 0 {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for sequence in (state.first_sequence..=state.last_sequence).rev() {
        if found.len() >= limit {
            break;
        }
        // One that an operator removed leaves a gap.
        if let Ok(message) = stream.get_raw_message(sequence).await {
            found.push(events.dead_event(&message));
        }
    }
    Ok(found)
}
