//! Publishing: both halves of each publish are waited for, the sending and the PubAck.

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;

use super::{JetStreamEvents, internal, unavailable, unknown};
use crate::event::Envelope;
use crate::storage::error::{StoreError, StoreResult};

/// Publishes that wait for their PubAck at once.
const IN_FLIGHT: usize = 256;

pub async fn all(events: &JetStreamEvents, envelopes: Vec<Envelope>) -> StoreResult<()> {
    events.connected()?;
    let mut envelopes = envelopes.into_iter().peekable();
    while envelopes.peek().is_some() {
        let mut waiting = Vec::with_capacity(IN_FLIGHT);
        for envelope in envelopes.by_ref().take(IN_FLIGHT) {
            let message = PublishMessage::build()
                .message_id(&envelope.id)
                .payload(envelope.body);
            let subject = events.subject(&envelope.subject);
            let sent = events.0.context.send_publish(subject, message).await;
            waiting.push(sent.map_err(|error| refused(&error))?);
        }
        for acked in waiting {
            match acked.await {
                Ok(ack) => events.acked(&ack.stream, ack.sequence, ack.duplicate)?,
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                    // It was lost with its server: made again, and what was published before is
                    // published again.
                    events.compare().await?;
                    return Err(unavailable(error));
                }
                Err(error) => return Err(refused(&error)),
            }
        }
    }
    Ok(())
}

fn refused(error: &PublishError) -> StoreError {
    match error.kind() {
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => unknown(error),
        PublishErrorKind::MaxPayloadExceeded => internal(error),
        _ => unavailable(full_or(error)),
    }
}

/// A store that is full says so in its source.
fn full_or(error: &PublishError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl JetStreamEvents {
    /// Takes in a PubAck. One from another stream means that somebody else takes these subjects.
    fn acked(&self, stream: &str, sequence: u64, is_repeat: bool) -> StoreResult<()> {
        if stream != self.stream_name() {
            return Err(internal(format!("the stream {stream} took an event")));
        }
        let mut seen = self.0.seen.lock();
        // Acks of one stream may be told in any order by different tasks, but not from far behind.
        let before = seen.last_sequence;
        seen.last_sequence = before.max(sequence);
        if !is_repeat && sequence + u64::try_from(IN_FLIGHT).unwrap_or(0) * 4 < before {
            // The next look decides.
            seen.at = None;
        }
        Ok(())
    }
}
