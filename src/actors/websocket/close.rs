//! Why a socket is closed (contract, "Close codes").

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::frame::{Frame, FrameClass};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer asked for it; echoed.
    Asked,
    GoingAway,
    /// No sign of life for too long.
    Silent,
    NotUtf8,
    TooLarge,
    Protocol,
    TokenOver,
    SessionGone,
    TooSlow,
    TooManyConnections,
    Flooding,
}

impl CloseReason {
    pub const fn code(self) -> u16 {
        match self {
            Self::Asked => 1000,
            Self::GoingAway | Self::Silent => 1001,
            Self::NotUtf8 => 1007,
            Self::TooLarge => 1009,
            Self::Protocol => 4400,
            Self::TokenOver | Self::SessionGone => 4401,
            Self::TooSlow => 4408,
            Self::TooManyConnections => 4409,
            Self::Flooding => 4429,
        }
    }

    /// What a developer reads in the close frame and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "bye",
            Self::GoingAway => "going away",
            Self::Silent => "no sign of life",
            Self::NotUtf8 => "not utf-8",
            Self::TooLarge => "frame too large",
            Self::Protocol => "protocol error",
            Self::TokenOver => "token over",
            Self::SessionGone => "session gone",
            Self::TooSlow => "too slow",
            Self::TooManyConnections => "too many connections",
            Self::Flooding => "flooding",
        }
    }

    /// The rest of the queue is not worth waiting for.
    pub const fn at_once(self) -> bool {
        matches!(self, Self::TooSlow | Self::Silent)
    }

    /// The close frame, header included.
    pub fn frame(self) -> Frame {
        let text = self.as_str().as_bytes();
        let mut payload = BytesMut::with_capacity(2 + text.len());
        payload.put_u16(self.code());
        payload.extend_from_slice(text);
        control(0x88, &payload)
    }
}

/// A ping, empty.
pub fn ping() -> Frame {
    Frame {
        bytes: Bytes::from_static(&[0x89, 0x00]),
        class: FrameClass::Message,
        trace: None,
        has_stand_in: false,
    }
}

/// The pong to a ping, at most 125 bytes.
pub fn pong(payload: &[u8]) -> Frame {
    control(0x8a, payload)
}

fn control(first: u8, payload: &[u8]) -> Frame {
    let payload = &payload[..payload.len().min(125)];
    let mut bytes = BytesMut::with_capacity(2 + payload.len());
    bytes.put_u8(first);
    bytes.put_u8(u8::try_from(payload.len()).unwrap_or(0));
    bytes.extend_from_slice(payload);
    Frame {
        bytes: bytes.freeze(),
        class: FrameClass::Message,
        trace: None,
        has_stand_in: false,
    }
}
