//! Commands that were sent to other nodes and are not answered yet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::Instant;

use super::proto;
use crate::actors::chat::requests::{MarkAnswer, SendAnswer};
use crate::actors::request::{Answer, DEADLINE, ReplyTo};
use crate::error::{ErrorCode, Failure};
use crate::id::NodeId;

/// Who waits for the answer to one command.
pub enum Waiting {
    Send(SendAnswer),
    /// Of several, all are told what became of the first that failed.
    Marks(Vec<MarkAnswer>),
    Done(ReplyTo<()>),
}

/// How long a command that was passed on may come back because nobody took it.
const PASSED: Duration = Duration::from_secs(5);

/// A socket waits as long as anyone: after that its send, or the answer, is lost with a connection, and
/// it is told that nothing is known.
const GIVEN_UP: Duration = Duration::from_secs(2 * DEADLINE.as_secs());

#[derive(Default)]
pub struct Calls {
    last: AtomicU64,
    waiting: DashMap<u64, Call, ahash::RandomState>,
    /// Commands of other nodes that went on to the next owner.
    passed: DashMap<u64, Passed, ahash::RandomState>,
}

/// A command that another node sent, and that was passed on to a third.
pub struct Passed {
    pub node: NodeId,
    pub command: proto::Command,
    since: Instant,
}

/// A command that another node has.
struct Call {
    /// `None` from when nobody took it until it is sent again: no node that goes can have done it.
    node: Option<NodeId>,
    since: Instant,
    /// As it was sent, for when nobody took it.
    command: proto::Command,
    waiting: Waiting,
}

/// A command that is to be sent again.
pub struct Bounced {
    /// The node that did not take it.
    pub node: Option<NodeId>,
    pub command: proto::Command,
    /// Whoever waits for it has waited long enough.
    pub is_late: bool,
}

impl Calls {
    /// A number for the next command.
    pub fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Remembers a command, which carries its number, as sent to a node.
    pub fn insert(&self, node: NodeId, command: proto::Command, waiting: Waiting) {
        let call = Call {
            node: Some(node),
            since: Instant::now(),
            command,
            waiting,
        };
        self.waiting.insert(call.command.call, call);
    }

    /// Remembers a command for a moment, should nobody be where it is passed on to; answers what it is
    /// called here.
    pub fn pass(&self, node: NodeId, command: proto::Command) -> u64 {
        let number = self.next();
        let passed = Passed {
            node,
            command,
            since: Instant::now(),
        };
        self.passed.insert(number, passed);
        number
    }

    /// A command that was passed on and came back.
    pub fn take_passed(&self, number: u64) -> Option<Passed> {
        self.passed.remove(&number).map(|(_, passed)| passed)
    }

    fn take(&self, call: u64) -> Option<Waiting> {
        self.waiting.remove(&call).map(|(_, call)| call.waiting)
    }

    /// A command that came back, or is lost with its node.
    pub fn bounced(&self, call: u64) -> Option<Bounced> {
        self.waiting.get_mut(&call).map(|mut call| Bounced {
            node: call.node.take(),
            command: call.command.clone(),
            is_late: call.since.elapsed() >= DEADLINE,
        })
    }

    /// A command is sent to another node than before.
    pub fn redirect(&self, call: u64, node: NodeId) {
        if let Some(mut call) = self.waiting.get_mut(&call) {
            call.node = Some(node);
        }
    }

    /// A socket's command was answered by a frame.
    pub fn answered(&self, call: u64) {
        match self.take(call) {
            Some(Waiting::Send(answer)) => answer.leave_to_others(),
            Some(Waiting::Marks(_) | Waiting::Done(_)) | None => {}
        }
    }

    /// A command was answered by a message.
    pub fn answer(&self, call: u64, outcome: Answer<Vec<u8>>) {
        match self.take(call) {
            Some(Waiting::Send(answer)) => answer.answer(outcome.and_then(|json| {
                serde_json::from_slice(&json).map_err(|error| {
                    tracing::error!(cause = %error, "an answer of another node was not read");
                    Failure::internal()
                })
            })),
            Some(Waiting::Marks(answers)) => {
                for answer in answers {
                    answer.answer(outcome.clone().map(|_| ()));
                }
            }
            Some(Waiting::Done(reply)) => reply.answer(outcome.map(|_| ())),
            None => {}
        }
    }

    /// A command could not be sent.
    pub fn refuse(&self, call: u64, failure: &Failure) {
        if let Some(waiting) = self.take(call) {
            waiting.refuse(failure);
        }
    }

    /// A node is gone: what it was to do may or may not have happened. Sends are answered: done twice
    /// they are one (D2), so they are repeated. Of the others whoever waits is told.
    pub fn lost_with(&self, gone: NodeId) -> Vec<u64> {
        let of_node = |call: &Call| call.node == Some(gone);
        let lost: Vec<(u64, bool)> = self
            .waiting
            .iter()
            .filter(|call| of_node(call.value()))
            .map(|call| (*call.key(), matches!(call.waiting, Waiting::Send(_))))
            .collect();
        let (sends, others): (Vec<_>, Vec<_>) = lost.into_iter().partition(|(_, is_send)| *is_send);
        for (call, _) in others {
            self.refuse(call, &unknown());
        }
        sends.into_iter().map(|(call, _)| call).collect()
    }

    /// Forgets whose callers no longer wait, and what was passed on and did not come back.
    pub fn sweep(&self) {
        self.passed
            .retain(|_, passed| passed.since.elapsed() < PASSED);
        self.waiting.retain(|_, call| match &call.waiting {
            Waiting::Send(answer) => !answer.is_abandoned() && call.since.elapsed() < GIVEN_UP,
            Waiting::Marks(answers) => answers.iter().any(|answer| !answer.is_abandoned()),
            Waiting::Done(reply) => !reply.is_abandoned(),
        });
    }
}

impl Waiting {
    fn refuse(self, failure: &Failure) {
        match self {
            Self::Send(answer) => answer.refuse(failure),
            Self::Marks(answers) => {
                for answer in answers {
                    answer.refuse(failure);
                }
            }
            Self::Done(reply) => reply.answer(Err(failure.clone())),
        }
    }
}

/// What became of a command that a node took with it.
pub fn unknown() -> Failure {
    Failure::new(
        ErrorCode::OutcomeUnknown,
        "it may or may not have happened; send it again with the same clientMessageId",
    )
}
