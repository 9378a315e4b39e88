//! A command on its way between nodes. A node of a newer version may say more in it than this one knows:
//! where it is passed on, that goes with it.

use bytes::Bytes;
use prost::{DecodeError, Message, encoding};

use super::proto::{self, Malformed};
use crate::id::ChatId;

/// As `proto/node.proto` numbers the fields of a command.
const FROM: u32 = 2;
const CALL: u32 = 3;
const HOPS: u32 = 4;
const TRACEPARENT: u32 = 16;

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
            command: proto::Command::decode(payload.as_ref())?,
            // What it lies in is the buffer of a whole reading.
            came_as: Some(Bytes::copy_from_slice(&payload)),
        })
    }

    pub fn chat_id(&self) -> Result<ChatId, Malformed> {
        proto::id(&self.command.chat_id)
    }

    /// What the node that asks calls it; 0: no answer is wanted.
    pub fn call(&self) -> u64 {
        self.command.call
    }

    /// As it goes on, if it came so.
    #[must_use]
    pub fn with(self, came_as: Option<Bytes>) -> Self {
        Self { came_as, ..self }
    }

    /// The command, and how it came.
    pub fn into_parts(self) -> (proto::Command, Option<Bytes>) {
        (self.command, self.came_as)
    }

    /// The bytes to send: as it came, and behind that what a node on the way may set, zeros too. Of a field
    /// that stands twice the last counts.
    pub fn encode(&self) -> Bytes {
        let Some(came_as) = &self.came_as else {
            return self.command.encode_to_vec().into();
        };
        let mut bytes = came_as.to_vec();
        encoding::bytes::encode(FROM, &self.command.from, &mut bytes);
        encoding::uint64::encode(CALL, &self.command.call, &mut bytes);
        encoding::uint32::encode(HOPS, &self.command.hops, &mut bytes);
        if !self.command.traceparent.is_empty() {
            encoding::string::encode(TRACEPARENT, &self.command.traceparent, &mut bytes);
        }
        bytes.into()
    }
}
