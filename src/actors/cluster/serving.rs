//! Requests of other processes to the groups that run here: one queue per group, so that of several
//! processes with a group one takes each request.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use async_nats::{Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::timeout;
use tracing::Instrument;

use super::bus::{Bus, BusError};
use super::proto::{self, group_answer::Outcome};
use super::{Cluster, failed};
use crate::actors::group::Group;
use crate::actors::guardian::IN_FLIGHT;
use crate::actors::remote::Serve;
use crate::actors::request::{Answer, DEADLINE};
use crate::error::{ErrorCode, Failure};
use crate::trace::{self, TraceContext};

/// Largest part of an answer, and largest answer of all, in bytes.
const PART_BYTES: usize = 256 * 1024;
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How long requests under way may take once this process goes.
const FAREWELL: Duration = Duration::from_secs(8);

/// A group that runs here.
pub struct Offer {
    pub group: Group,
    pub peers: Arc<dyn Serve>,
}

impl Offer {
    pub fn new(group: Group, peers: impl Serve + 'static) -> Self {
        Self {
            group,
            peers: Arc::new(peers),
        }
    }
}

/// The requests of others that are being worked on.
pub struct Serving {
    free: Arc<Semaphore>,
    closing: watch::Sender<bool>,
    readers: parking_lot::Mutex<Vec<oneshot::Receiver<()>>>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(IN_FLIGHT)),
            closing: watch::Sender::new(false),
            readers: parking_lot::Mutex::default(),
        }
    }
}

impl Serving {
    /// Takes no further requests, and waits for those that came.
    pub async fn close(&self) {
        let _ = self.closing.send(true);
        let readers = std::mem::take(&mut *self.readers.lock());
        let ended = async {
            join_all(readers).await;
            // All of them back: nothing is under way.
            let _ = self.free.acquire_many(all()).await;
        };
        if timeout(FAREWELL, ended).await.is_err() {
            tracing::warn!("requests of other processes were cut off");
        }
    }
}

fn all() -> u32 {
    u32::try_from(IN_FLIGHT).unwrap_or(u32::MAX)
}

impl Cluster {
    /// Answers for these groups, and for this process itself, on a thread of its own: what is read and
    /// written can be large.
    pub(super) async fn serve(
        &self,
        offers: Vec<Offer>,
        itself: Option<Arc<dyn Serve>>,
    ) -> Result<(), BusError> {
        let of_group = |Offer { group, peers }| (group.name(), self.bus().group(group), peers);
        let itself = itself.map(|peers| ("node", self.bus().node(self.me()), peers));
        let served: Vec<_> = offers.into_iter().map(of_group).chain(itself).collect();
        if served.is_empty() {
            return Ok(());
        }
        let thread = Arbiter::new().handle();
        for (name, subject, peers) in served {
            let client = &self.bus().client;
            let messages = client.queue_subscribe(subject, name.to_owned()).await;
            let messages = messages.map_err(BusError::of)?;
            let (ended, end) = oneshot::channel();
            self.serving().readers.lock().push(end);
            let counter = Counter {
                name,
                bus: self.bus().clone(),
                peers,
                free: Arc::clone(&self.serving().free),
            };
            let closing = self.serving().closing.subscribe();
            thread.spawn(async move {
                counter.read(messages, closing).await;
                let _ = ended.send(());
            });
        }
        Ok(())
    }
}

/// Where the requests to one group, or to this process, are taken.
struct Counter {
    name: &'static str,
    bus: Bus,
    peers: Arc<dyn Serve>,
    free: Arc<Semaphore>,
}

impl Counter {
    async fn read(self, mut messages: Subscriber, mut closing: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.take(message),
                    None => return,
                },
                Ok(()) = closing.changed() => {
                    // What came is still read; then the stream ends.
                    if messages.drain().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn take(&self, message: Message) {
        let Some(reply) = message.reply else {
            return proto::skipped("group");
        };
        let decoded = proto::GroupRequest::decode(message.payload);
        let Ok(request) = decoded else {
            proto::skipped("group");
            return self.refuse(reply, unknown());
        };
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            metrics::counter!("troupe_bus_refused_total").increment(1);
            let full = Failure::unavailable("too much is waiting here, try again");
            return self.refuse(reply, full);
        };
        let Ok(served) = self.peers.serve(&request.name, &request.body) else {
            proto::skipped("group");
            return self.refuse(reply, unknown());
        };
        let wait = Duration::from_millis(request.deadline_ms.into()).min(DEADLINE);
        let bus = self.bus.clone();
        let span = trace::child(TraceContext::parse(&request.traceparent), || {
            let (group, name) = (self.name, request.name);
            tracing::debug_span!(parent: None, "group.request", group.name = group, request.name = name)
        });
        let answered = async move {
            // Whoever asked has gone by then, and so nobody hears that it was late.
            if let Ok(answer) = timeout(wait, served).await {
                send(&bus, reply, answer, permit).await;
            }
        };
        actix::spawn(answered.instrument(span));
    }

    fn refuse(&self, reply: Subject, failure: Failure) {
        let bus = self.bus.clone();
        actix::spawn(async move { send_part(&bus, reply, refusal(&failure)).await });
    }
}

/// Another version asks for what this one does not know.
fn unknown() -> Failure {
    Failure::new(ErrorCode::Internal, "this part does not know that request")
}

async fn send(bus: &Bus, reply: Subject, answer: Answer<Vec<u8>>, _permit: OwnedSemaphorePermit) {
    let body = match answer {
        Ok(body) if body.len() > ANSWER_BYTES => {
            tracing::error!(bytes = body.len(), "an answer is too large to be carried");
            return send_part(bus, reply, refusal(&Failure::internal())).await;
        }
        Ok(body) => body,
        Err(failure) => return send_part(bus, reply, refusal(&failure)).await,
    };
    let size = PART_BYTES.min(bus.client.max_payload() / 2).max(1);
    let last = body.len().div_ceil(size).saturating_sub(1);
    for (place, piece) in body.chunks(size).enumerate() {
        let part = proto::GroupAnswer {
            part: u32::try_from(place).unwrap_or(u32::MAX),
            more: place < last,
            outcome: Some(Outcome::Done(piece.to_vec())),
        };
        send_part(bus, reply.clone(), part).await;
    }
}

fn refusal(failure: &Failure) -> proto::GroupAnswer {
    proto::GroupAnswer {
        part: 0,
        more: false,
        outcome: Some(Outcome::Failed(failed::encode(failure))),
    }
}

async fn send_part(bus: &Bus, reply: Subject, part: proto::GroupAnswer) {
    let body = Bytes::from(part.encode_to_vec());
    if let Err(error) = bus.client.publish(reply, body).await {
        tracing::warn!(cause = %error, "an answer was not sent");
    }
}
