//! The messages of `proto/node.proto`, and how ids stand in them.

use uuid::Uuid;

use crate::actors::announcer::{HeardBy, PresenceChanged};
use crate::id::NodeId;

include!(concat!(env!("OUT_DIR"), "/troupe.node.v1.rs"));

/// A message that another version, or someone else, sent and that says nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed message")]
pub struct Malformed;

/// An id out of its 16 bytes.
pub fn id<T: From<Uuid>>(bytes: &[u8]) -> Result<T, Malformed> {
    Uuid::from_slice(bytes).map(T::from).map_err(|_| Malformed)
}

/// An id that may be missing: no bytes.
pub fn optional_id<T: From<Uuid>>(bytes: &[u8]) -> Result<Option<T>, Malformed> {
    if bytes.is_empty() {
        return Ok(None);
    }
    id(bytes).map(Some)
}

pub fn ids<T: From<Uuid>>(all: &[Vec<u8>]) -> Result<Vec<T>, Malformed> {
    all.iter().map(|bytes| id(bytes)).collect()
}

pub fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// That someone's presence changed, as `me` tells it.
pub fn presence(changed: PresenceChanged, me: NodeId) -> Presence {
    let viewer = match changed.heard_by {
        HeardBy::One(viewer) => bytes(viewer.0),
        HeardBy::WhoSees | HeardBy::All => Vec::new(),
    };
    Presence {
        user_id: bytes(changed.user.0),
        node: bytes(me.0),
        all: changed.heard_by == HeardBy::All,
        viewer,
    }
}

impl Presence {
    /// Whose it is, and which node tells it.
    pub fn read(&self) -> Result<(NodeId, PresenceChanged), Malformed> {
        let heard_by = match optional_id(&self.viewer)? {
            Some(viewer) => HeardBy::One(viewer),
            None if self.all => HeardBy::All,
            None => HeardBy::WhoSees,
        };
        let user = id(&self.user_id)?;
        Ok((id(&self.node)?, PresenceChanged { user, heard_by }))
    }
}

/// Counts what came over the bus and could not be read; it is skipped.
pub fn skipped(subject: &'static str) {
    metrics::counter!("troupe_bus_malformed_total", "subject" => subject).increment(1);
    tracing::warn!(subject, "a malformed message was skipped");
}
