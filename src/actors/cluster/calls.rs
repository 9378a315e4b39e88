//! Commands that were sent to other nodes and are not answered yet.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::Instant;

use super::proto;
use super::travelling::Travelling;
use crate::actors::chat::requests::{CommandAnswer, MarkAnswer, SendAnswer};
use crate::actors::request::{Answer, DEADLINE, ReplyTo};
use crate::error::{ErrorCode, Failure};
use crate::id::{ChatId, NodeId};

/// Who waits for the answer to one command.
pub enum Waiting {
    Send(SendAnswer),
    /// Of several, all are told what became of the first that failed.
    Marks(Vec<MarkAnswer>),
    Done(ReplyTo<()>),
}

/// How long a command that was passed on may come back because nobody took it.
const PASSED: Duration = Duration::from_secs(10);

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
    pub command: Travelling,
    since: Instant,
}

/// A command that another node has.
struct Call {
    /// `None` from when nobody took it until it is sent again: no node that goes can have done it.
    node: Option<NodeId>,
    since: Instant,
    /// As it was sent, for when nobody took it.
    command: Travelling,
    waiting: Waiting,
}

impl Call {
    fn is_send(&self) -> bool {
        matches!(self.waiting, Waiting::Send(_))
    }

    /// Of a send, its chat.
    fn send_to(&self) -> Option<ChatId> {
        let chat_id = self.command.chat_id().ok();
        chat_id.filter(|_| self.is_send())
    }

    /// Nobody waits any more. A socket waits as long as anyone: its command, or the answer, is lost
    /// with a connection, and it is told that nothing is known.
    fn is_over(&self) -> bool {
        match &self.waiting {
            Waiting::Send(answer) => answer.is_abandoned() || self.since.elapsed() >= GIVEN_UP,
            Waiting::Marks(answers) => answers.iter().all(CommandAnswer::is_abandoned),
            Waiting::Done(reply) => reply.is_abandoned(),
        }
    }
}

/// A command that is to be sent again.
pub struct Bounced {
    /// Of a send, its chat.
    pub send_to: Option<ChatId>,
    pub command: Travelling,
    /// Whoever waits for it has waited long enough.
    pub is_late: bool,
}

impl Calls {
    /// A number for the next command.
    pub fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Remembers a command, which carries its number, as sent to a node.
    pub fn insert(&self, node: NodeId, command: Travelling, waiting: Waiting) {
        let call = Call {
            node: Some(node),
            since: Instant::now(),
            command,
            waiting,
        };
        self.waiting.insert(call.command.call(), call);
    }

    /// Remembers a command for a moment, should nobody be where it is passed on to; answers what it is
    /// called here.
    pub fn pass(&self, node: NodeId, command: Travelling) -> u64 {
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

    /// The sends that were passed on lately to nodes that are meant.
    pub fn take_passed_to(&self, is_meant: impl Fn(NodeId) -> bool) -> Vec<(u64, Travelling)> {
        let is_send =
            |it: &Travelling| matches!(it.command.what, Some(proto::command::What::Send(_)));
        let passed = self.passed.iter();
        let theirs = passed.filter(|passed| is_meant(passed.node) && is_send(&passed.command));
        let numbers: Vec<u64> = theirs.map(|passed| *passed.key()).collect();
        let taken = numbers.into_iter().map(|number| {
            let passed = self.take_passed(number)?;
            Some((number, passed.command))
        });
        taken.flatten().collect()
    }

    fn take(&self, call: u64) -> Option<Call> {
        self.waiting.remove(&call).map(|(_, call)| call)
    }

    /// A command that came back from a node; `None` when that is not where it is.
    pub fn came_back(&self, call: u64, from: NodeId) -> Option<Bounced> {
        let is_there = self.waiting.get(&call)?.node == Some(from);
        is_there.then(|| self.take_back(call)).flatten()
    }

    /// A command that may be lost, and is to be sent again.
    pub fn take_back(&self, call: u64) -> Option<Bounced> {
        let mut call = self.waiting.get_mut(&call)?;
        call.node = None;
        Some(Bounced {
            send_to: call.send_to(),
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

    /// A socket's command was answered by a frame. Answers the chat of what was a send.
    pub fn answered(&self, call: u64) -> Option<ChatId> {
        let call = self.take(call)?;
        let chat_id = call.send_to();
        match call.waiting {
            Waiting::Send(answer) => answer.leave_to_others(),
            Waiting::Marks(_) | Waiting::Done(_) => {}
        }
        chat_id
    }

    /// A command was answered by a message. Answers the chat of what was a send.
    pub fn answer(&self, call: u64, outcome: Answer<Vec<u8>>) -> Option<ChatId> {
        let call = self.take(call)?;
        let chat_id = call.send_to();
        match call.waiting {
            Waiting::Send(answer) => answer.answer(outcome.and_then(|json| {
                serde_json::from_slice(&json).map_err(|error| {
                    tracing::error!(cause = %error, "an answer of another node was not read");
                    Failure::internal()
                })
            })),
            Waiting::Marks(answers) => {
                for answer in answers {
                    answer.answer(outcome.clone().map(|_| ()));
                }
            }
            Waiting::Done(reply) => reply.answer(outcome.map(|_| ())),
        }
        chat_id
    }

    /// A command could not be sent. Answers the chat of what was a send.
    pub fn refuse(&self, call: u64, failure: &Failure) -> Option<ChatId> {
        let call = self.take(call)?;
        let chat_id = call.send_to();
        call.waiting.refuse(failure);
        chat_id
    }

    /// The sends that are with nodes that are meant, and not answered.
    pub fn sends_at(&self, is_meant: impl Fn(NodeId) -> bool) -> Vec<u64> {
        let sends = self.waiting.iter().filter(|call| call.is_send());
        let theirs = sends.filter(|call| call.node.is_some_and(&is_meant));
        theirs.map(|call| *call.key()).collect()
    }

    /// The nodes that have commands which are not answered.
    pub fn nodes(&self) -> HashSet<NodeId> {
        self.waiting.iter().filter_map(|call| call.node).collect()
    }

    pub fn is_waiting(&self, call: u64) -> bool {
        self.waiting.contains_key(&call)
    }

    /// A node is gone: what it was to do may or may not have happened. Whoever waits is told; but for sends,
    /// which are repeated: done twice they are one (D2).
    pub fn lost_with(&self, gone: NodeId) {
        let calls = self.waiting.iter();
        let lost = calls.filter(|call| call.node == Some(gone) && !call.is_send());
        let lost: Vec<u64> = lost.map(|call| *call.key()).collect();
        for call in lost {
            self.refuse(call, &unknown());
        }
    }

    /// Forgets whose callers no longer wait, and what was passed on and did not come back. Answers the
    /// sends among them, with their chats.
    pub fn sweep(&self) -> Vec<(ChatId, u64)> {
        self.passed
            .retain(|_, passed| passed.since.elapsed() < PASSED);
        let mut sends = Vec::new();
        self.waiting.retain(|number, call| {
            let is_over = call.is_over();
            if is_over && let Some(chat_id) = call.send_to() {
                sends.push((chat_id, *number));
            }
            !is_over
        });
        sends
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
