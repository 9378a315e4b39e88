//! From the bytes of a stream to whole messages: decoding, joining, caps.

use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use tokio_util::codec::Decoder;

use super::close::CloseReason;

/// Largest message from a client, its fragments together.
pub const CLIENT_FRAME_BYTES: usize = 64 * 1024;
/// Most fragments of one message, empty ones included.
const FRAGMENTS: usize = 256;
/// The longest header of a masked frame.
const HEADER_BYTES: usize = 14;

/// One whole thing a peer said.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Text(ByteString),
    Ping(Bytes),
    Pong,
    Close,
}

/// The inbound half of one socket. Holds no buffer while nothing is half said.
pub struct Inbound {
    codec: Codec,
    rest: BytesMut,
    joined: Option<Box<Joined>>,
}

#[derive(Default)]
struct Joined {
    text: BytesMut,
    fragments: usize,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            codec: Codec::new().max_size(CLIENT_FRAME_BYTES),
            rest: BytesMut::new(),
            joined: None,
        }
    }
}

impl Inbound {
    /// Takes bytes as they came; [`heard`](Self::heard) then gives what they complete.
    pub fn feed(&mut self, bytes: BytesMut) {
        if self.rest.is_empty() {
            self.rest = bytes;
        } else {
            self.rest.extend_from_slice(&bytes);
        }
    }

    /// The next whole message, `None` when more bytes are needed.
    pub fn heard(&mut self) -> Result<Option<Heard>, CloseReason> {
        loop {
            let frame = self.codec.decode(&mut self.rest).map_err(refuse)?;
            let heard = match frame {
                None => return self.wait(),
                Some(Frame::Text(text)) => Some(Heard::Text(utf8(text)?)),
                Some(Frame::Binary(_) | Frame::Continuation(Item::FirstBinary(_))) => {
                    return Err(CloseReason::Protocol);
                }
                Some(Frame::Continuation(item)) => self.join(item)?,
                Some(Frame::Ping(payload)) => Some(Heard::Ping(payload)),
                Some(Frame::Pong(_)) => Some(Heard::Pong),
                Some(Frame::Close(_)) => Some(Heard::Close),
            };
            if heard.is_some() {
                return Ok(heard);
            }
        }
    }

    /// The codec waits for a frame to be whole before it looks at its length.
    fn wait(&mut self) -> Result<Option<Heard>, CloseReason> {
        if self.rest.len() > CLIENT_FRAME_BYTES + HEADER_BYTES {
            return Err(CloseReason::TooLarge);
        }
        if self.rest.is_empty() {
            self.rest = BytesMut::new();
        }
        Ok(None)
    }

    fn join(&mut self, item: Item) -> Result<Option<Heard>, CloseReason> {
        let joined = self.joined.get_or_insert_default();
        let (piece, last) = match item {
            Item::FirstText(piece) | Item::FirstBinary(piece) | Item::Continue(piece) => {
                (piece, false)
            }
            Item::Last(piece) => (piece, true),
        };
        joined.fragments += 1;
        if joined.fragments > FRAGMENTS || joined.text.len() + piece.len() > CLIENT_FRAME_BYTES {
            return Err(CloseReason::TooLarge);
        }
        joined.text.extend_from_slice(&piece);
        if !last {
            return Ok(None);
        }
        match self.joined.take() {
            Some(whole) => Ok(Some(Heard::Text(utf8(whole.text.freeze())?))),
            None => Ok(None),
        }
    }
}

fn utf8(bytes: Bytes) -> Result<ByteString, CloseReason> {
    ByteString::try_from(bytes).map_err(|_| CloseReason::NotUtf8)
}

fn refuse(error: ProtocolError) -> CloseReason {
    match error {
        ProtocolError::Overflow => CloseReason::TooLarge,
        _ => CloseReason::Protocol,
    }
}
