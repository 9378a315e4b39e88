//! What becomes of commands that were sent to other nodes: answered, sent again when nobody was there,
//! given up; and what waited behind them.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::calls::Passed;
use super::peers::{Outgoing, Peer};
use super::travelling::Travelling;
use super::{Cluster, calls, inbound};
use crate::actors::request::Answer;
use crate::error::Failure;
use crate::id::{ChatId, NodeId};

/// How long after nobody took a command it is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long losses of one node are gathered: under load each would have everything repeated, and add
/// to it.
const DOUBT: Duration = Duration::from_secs(1);

/// Why a command comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    /// Nobody listens where it was sent.
    NobodyThere,
    /// There was no connection for too long.
    NotSent,
}

impl Cluster {
    /// A send of a socket was answered by a frame. `false`: nobody waits for that any more.
    pub(super) fn answered(&self, call: u64) -> bool {
        let chat_id = self.0.calls.answered(call);
        self.finish(chat_id, call);
        chat_id.is_some()
    }

    pub(super) fn answer(&self, call: u64, outcome: Answer<Vec<u8>>) {
        let chat_id = self.0.calls.answer(call, outcome);
        self.finish(chat_id, call);
    }

    pub(super) fn refuse(&self, call: u64, failure: &Failure) {
        let chat_id = self.0.calls.refuse(call, failure);
        self.finish(chat_id, call);
    }

    /// Once in a while: nothing is waited for without end.
    pub(super) fn sweep_calls(&self) {
        for (chat_id, call) in self.0.calls.sweep() {
            self.finish(Some(chat_id), call);
        }
        for node in self.0.calls.nodes() {
            // Sent while it was counted out.
            if self.0.peers.find(node).is_none() {
                self.repeat_lost(node);
            }
        }
        for chat_id in self.0.routes.crowded() {
            self.settle(chat_id);
        }
    }

    /// A send to a chat has its answer.
    pub(super) fn finish(&self, chat_id: Option<ChatId>, call: u64) {
        if let Some(chat_id) = chat_id
            && self.0.routes.finish(chat_id, call)
        {
            self.settle(chat_id);
        }
    }

    /// Sends what waited for a chat, if nothing is before it any more.
    fn settle(&self, chat_id: ChatId) {
        let _placing = self.0.placing.read();
        loop {
            let owner = self.owner(chat_id);
            let node = owner.as_ref().map(Peer::node);
            let Some(waited) = self.0.routes.release(chat_id, node) else {
                return;
            };
            for message in waited {
                match &owner {
                    Some(owner) => {
                        let call = self.0.calls.next();
                        self.0.routes.goes(chat_id, call, owner.node());
                        self.send_as(owner, call, message);
                    }
                    None => self.tell_here(message),
                }
            }
            self.0.routes.released(chat_id);
        }
    }

    /// A command goes to whoever owns the chat a moment later. A node that is not there, and was not
    /// counted out yet, is counted out now.
    pub(super) fn send_again(&self, node: NodeId, call: u64, why: Back) {
        if let Some(passed) = self.0.calls.take_passed(call) {
            return self.pass_again(call, passed, why);
        }
        // It may have gone elsewhere since.
        let Some(bounced) = self.0.calls.came_back(call, node) else {
            return;
        };
        self.suspect(node, why);
        if bounced.is_late {
            let away = Failure::unavailable("the owner of this chat cannot be reached, try again");
            return self.refuse(call, &away);
        }
        let is_first = bounced
            .send_to
            .is_none_or(|chat_id| self.0.routes.came_back(chat_id, call));
        if !is_first {
            return;
        }
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(AGAIN).await;
            match bounced.send_to {
                Some(chat_id) => cluster.retry(chat_id),
                None => cluster.send_now(call, bounced.command),
            }
        });
    }

    /// The same with a command of another node, which this one passed on.
    fn pass_again(&self, number: u64, passed: Passed, why: Back) {
        self.suspect(passed.node, why);
        let Ok(chat_id) = passed.command.chat_id() else {
            return;
        };
        if !self.0.detours.came_back(chat_id, number, passed.command) {
            return;
        }
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(AGAIN).await;
            cluster.end_detour(chat_id);
        });
    }

    fn end_detour(&self, chat_id: ChatId) {
        for command in self.0.detours.take(chat_id) {
            inbound::do_or_pass(self, command, None);
        }
    }

    fn suspect(&self, node: NodeId, why: Back) {
        if why == Back::NobodyThere {
            // Full means that enough was said of the same node.
            let _ = self.0.suspects.try_send(node);
        }
    }

    /// After a new connection: what the old one held, or the answers, may be lost with it. Of what is no
    /// send nobody knows whether it was done.
    pub(super) async fn repeat_when_connected(self) {
        let mut connections = self.0.bus.connections();
        loop {
            let connection = *connections.borrow_and_update();
            let chats = {
                let _alone = self.0.placing.write();
                self.0.repeated.store(connection, Ordering::Release);
                self.take_back(|_| true)
            };
            self.repeat_passed(|_| true);
            self.retry_all(chats);
            if connection > 1 {
                self.tell_lost(|_| true);
            }
            if connections.changed().await.is_err() {
                return;
            }
        }
    }

    /// Nodes that are meant may miss frames and answers of this one.
    pub(super) fn tell_lost(&self, is_meant: impl Fn(NodeId) -> bool) {
        let others = self.0.peers.others();
        for peer in others.iter().filter(|peer| is_meant(peer.node())) {
            // Who cannot be told is told with the next frames.
            if !peer.send(Outgoing::lost(&self.0.bus, peer.node())) {
                peer.set_lost();
            }
        }
    }

    /// Frames of a node were lost, and may have been answers: what it has is repeated, a moment later
    /// with what else it loses.
    pub(super) fn doubt(&self, node: NodeId) {
        if !self.0.doubted.insert(node) {
            return;
        }
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(DOUBT).await;
            cluster.0.doubted.remove(&node);
            let chats = cluster.take_back(|at| at == node);
            cluster.retry_all(chats);
        });
    }

    /// A node is gone: the sends it had go to the next owners at once, in the order they were sent; also
    /// those of other nodes.
    pub(super) fn repeat_lost(&self, gone: NodeId) {
        self.0.calls.lost_with(gone);
        self.repeat_passed(|node| node == gone);
        let chats = self.take_back(|node| node == gone);
        self.retry_all(chats);
    }

    fn repeat_passed(&self, is_meant: impl Fn(NodeId) -> bool) {
        let mut chats = BTreeSet::new();
        for (number, passed) in self.0.calls.take_passed_to(is_meant) {
            if let Ok(chat_id) = passed.chat_id() {
                self.0.detours.came_back(chat_id, number, passed);
                chats.insert(chat_id);
            }
        }
        for chat_id in chats {
            self.end_detour(chat_id);
        }
    }

    /// This node's sends that nodes which are meant have: the chats of those that are to be retried.
    fn take_back(&self, is_meant: impl Fn(NodeId) -> bool) -> BTreeSet<ChatId> {
        let mut chats = BTreeSet::new();
        for call in self.0.calls.sends_at(is_meant) {
            let lost = self.0.calls.take_back(call);
            if let Some(chat_id) = lost.and_then(|lost| lost.send_to) {
                self.0.routes.came_back(chat_id, call);
                chats.insert(chat_id);
            }
        }
        chats
    }

    fn retry_all(&self, chats: BTreeSet<ChatId>) {
        for chat_id in chats {
            self.retry(chat_id);
        }
    }

    /// Sends again what came back of a chat's sends, and then what waited for that.
    fn retry(&self, chat_id: ChatId) {
        for call in self.0.routes.retry(chat_id) {
            match self.0.calls.take_back(call) {
                Some(lost) if lost.is_late => self.refuse(call, &calls::unknown()),
                Some(lost) => self.send_now(call, lost.command),
                None => {}
            }
        }
        self.settle(chat_id);
    }

    fn send_now(&self, call: u64, travelling: Travelling) {
        let _placing = self.0.placing.read();
        let Ok(chat_id) = travelling.chat_id() else {
            return;
        };
        if let Some(owner) = self.owner(chat_id) {
            self.0.calls.redirect(call, owner.node());
            let outgoing = self.command_to(&owner, &travelling);
            self.send_command(&owner, call, outgoing);
            // Only now others may go behind it.
            return self.0.routes.redirect(chat_id, call, owner.node());
        }
        inbound::do_here(self, chat_id, travelling, false);
    }
}
