//! Publishing: both halves of each publish are waited for, the sending and the PubAck.

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;

use super::{JetStreamEvents, TRACEPARENT, internal, unavailable, unknown};
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
            let mut message = PublishMessage::build()
                .message_id(&envelope.id)
                .payload(envelope.body);
            if let Some(trace) = envelope.trace {
                message = message.header(TRACEPARENT, trace.to_string().as_str());
            }
            let subject = events.subject(&envelope.subject);
            let sent = events.0.context.send_publish(subject, message).await;
            waiting.push((envelope.id, sent.map_err(|error| refused(&error))?));
        }
        for (id, acked) in waiting {
            match acked.await {
                Ok(ack) => events.acked(&ack, id)?,
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
    fn acked(&self, ack: &PublishAck, id: String) -> StoreResult<()> {
        if ack.stream != self.stream_name() {
            let stream = &ack.stream;
            return Err(internal(format!("the stream {stream} took an event")));
        }
        let mut seen = self.0.seen.lock();
        // That of a repeat is the first one's.
        if !ack.duplicate && ack.sequence >= seen.last_sequence {
            seen.last_sequence = ack.sequence;
            seen.acked = Some((ack.sequence, id));
        }
        Ok(())
    }
}
