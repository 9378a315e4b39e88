//! Requests to groups that other processes run: out with a number, and the answer back by it, in parts
//! where it is larger than one message may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use dashmap::DashMap;
use futures_util::future::BoxFuture;
use prost::Message;
use tokio::sync::oneshot;

use super::proto::{self, group_answer::Outcome};
use super::{Cluster, failed};
use crate::actors::group::Group;
use crate::actors::remote::{Carried, Carry, CarryTo};
use crate::actors::request::{Answer, DEADLINE};
use crate::error::{ErrorCode, Failure};
use crate::id::NodeId;

/// What a message needs beside the request itself, about: subjects and header.
const ENVELOPE_BYTES: usize = 1024;

/// Requests that were sent and are not answered yet.
#[derive(Default)]
pub struct Asked {
    last: AtomicU64,
    waiting: DashMap<u64, Waiting, ahash::RandomState>,
}

struct Waiting {
    answer: oneshot::Sender<Answer<Vec<u8>>>,
    /// The parts so far.
    body: Vec<u8>,
    parts: u32,
}

/// One request; it is forgotten with whoever waits for it.
struct Asking {
    asked: Arc<Asked>,
    call: u64,
    answer: oneshot::Receiver<Answer<Vec<u8>>>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.asked.waiting.remove(&self.call);
    }
}

impl Asked {
    fn begin(self: &Arc<Self>) -> Asking {
        let call = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answer) = oneshot::channel();
        let waiting = Waiting {
            answer: sender,
            body: Vec::new(),
            parts: 0,
        };
        self.waiting.insert(call, waiting);
        Asking {
            asked: Arc::clone(self),
            call,
            answer,
        }
    }

    /// Takes a part of an answer; who no longer waits is no error.
    pub fn take(&self, call: u64, answer: proto::GroupAnswer) {
        let piece = match answer.outcome {
            Some(Outcome::Done(piece)) => piece,
            Some(Outcome::Failed(failed)) => return self.refuse(call, failed::decode(failed)),
            None => return proto::skipped("reply"),
        };
        let Some(mut waiting) = self.waiting.get_mut(&call) else {
            return;
        };
        if answer.part != waiting.parts {
            drop(waiting);
            return self.refuse(call, broken());
        }
        waiting.parts += 1;
        waiting.body.extend_from_slice(&piece);
        drop(waiting);
        if !answer.more {
            self.finish(call, Ok);
        }
    }

    /// A request cannot be answered.
    pub fn refuse(&self, call: u64, failure: Failure) {
        self.finish(call, |_| Err(failure));
    }

    fn finish(&self, call: u64, outcome: impl FnOnce(Vec<u8>) -> Answer<Vec<u8>>) {
        if let Some((_, waiting)) = self.waiting.remove(&call) {
            let _ = waiting.answer.send(outcome(waiting.body));
        }
    }

    /// The connection went, and the answers to everything under way with it.
    pub fn break_off(&self) {
        let calls: Vec<u64> = self.waiting.iter().map(|waiting| *waiting.key()).collect();
        for call in calls {
            self.refuse(call, broken());
        }
    }
}

impl Carry for Cluster {
    fn carry(&self, group: Group, request: Carried) -> BoxFuture<'static, Answer<Vec<u8>>> {
        let cluster = self.clone();
        let subject = self.bus().group(group);
        Box::pin(async move { cluster.ask_at(subject, request).await })
    }
}

impl CarryTo for Cluster {
    fn carry_to(&self, node: NodeId, request: Carried) -> BoxFuture<'static, Answer<Vec<u8>>> {
        let cluster = self.clone();
        let subject = self.bus().node(node);
        Box::pin(async move { cluster.ask_at(subject, request).await })
    }
}

impl Cluster {
    async fn ask_at(&self, subject: String, carried: Carried) -> Answer<Vec<u8>> {
        let Carried { name, body, trace } = carried;
        let bus = self.bus();
        if !bus.is_connected() {
            return Err(Failure::unavailable(
                "the other parts of this server cannot be reached now, try again",
            ));
        }
        let request = proto::GroupRequest {
            name: name.to_owned(),
            body,
            deadline_ms: u32::try_from(DEADLINE.as_millis()).unwrap_or(u32::MAX),
            traceparent: trace.map(|trace| trace.to_string()).unwrap_or_default(),
            tracestate: String::new(),
        };
        let payload = Bytes::from(request.encode_to_vec());
        if payload.len() + ENVELOPE_BYTES > bus.client.max_payload() {
            let message = "this is more than can be passed on, ask for less at once";
            return Err(Failure::new(ErrorCode::TooLarge, message));
        }
        let mut asking = self.asked().begin();
        let reply = bus.reply(self.me(), asking.call);
        let sent = bus
            .client
            .publish_with_reply(subject.clone(), reply, payload)
            .await;
        if let Err(error) = sent {
            tracing::warn!(subject, request = name, cause = %error, "a request was not sent");
            return Err(nobody());
        }
        match tokio::time::timeout(DEADLINE, &mut asking.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(broken()),
            Err(_) => Err(Failure::new(
                ErrorCode::Timeout,
                "no answer in time; it may still have happened",
            )),
        }
    }
}

/// No process runs the group.
pub fn nobody() -> Failure {
    Failure::unavailable("this part is not running, try again")
}

/// An answer that was lost on its way.
fn broken() -> Failure {
    Failure::new(
        ErrorCode::Timeout,
        "the answer was lost on its way; it may still have happened",
    )
}
