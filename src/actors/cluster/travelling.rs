//! A command on its way between nodes. A node of a newer version may say more in it than this one knows:
//! where it is passed on, that goes with it.

use bytes::Bytes;
use prost::{DecodeError, Message};

use super::proto;

#[derive(Clone, Debug)]
pub struct Travelling {
    pub command: proto::Command,
    /// As it came from another node, if it did.
    came_as: Option<Bytes>,
}

impl From<proto::Command> for Travelling {
    fn from(command: proto::Command) -> Self {
        Self {
            command,
            came_as: None,
        }
    }
}

impl Travelling {
    /// One that another node sent.
    pub fn decode(payload: Bytes) -> Result<Self, DecodeError> {
        Ok(Self {
            command: proto::Command::decode(payload.clone())?,
            came_as: Some(payload),
        })
    }

    /// As it goes on, if it came so.
    #[must_use]
    pub fn with(self, came_as: Option<Bytes>) -> Self {
        Self { came_as, ..self }
    }

    pub fn came_as(&self) -> Option<&Bytes> {
        self.came_as.as_ref()
    }

    /// The bytes to send: as it came, and behind that what a node on the way may set. Of a field that
    /// stands twice the last counts.
    pub fn encode(&self) -> Bytes {
        let Some(came_as) = &self.came_as else {
            return self.command.encode_to_vec().into();
        };
        let command = &self.command;
        let set = proto::Command {
            from: command.from.clone(),
            call: command.call,
            hops: command.hops,
            traceparent: command.traceparent.clone(),
            ..proto::Command::default()
        };
        [came_as.as_ref(), &set.encode_to_vec()].concat().into()
    }
}
