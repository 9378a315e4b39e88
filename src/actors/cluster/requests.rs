//! What the cluster tells the groups of its own node.

use actix::Message;

use crate::id::UserId;

/// Nodes came or went: chats that are another node's now are to go there.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct OwnersChanged;

/// Someone came or went on another node: those who watch him here are to hear of it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct PresenceChanged(pub UserId);
