//! Bytes both ways. Each side is waited for, so a slow one slows the other down and nothing piles up
//! between them; one that takes nothing for half a minute is let go.

use std::time::Duration;

use actix_web::rt::net::TcpStream;
use bytes::BytesMut;
use reqwest::Upgraded;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::actors::websocket::close::CloseReason;
use crate::actors::websocket::lane::goaway;
use crate::actors::websocket::link::LAST_WRITE;

/// Most that is read at once.
const PIECE_BYTES: usize = 4096;
/// How long a side may take nothing.
const STUCK: Duration = Duration::from_secs(30);

/// Carries both directions until they have ended: one soon after the other.
pub async fn run(
    client: TcpStream,
    early: BytesMut,
    upgraded: Upgraded,
    closing: watch::Receiver<bool>,
) {
    // Who drains the tunnels waits until the client is gone too.
    let _held = closing.clone();
    let (from_client, to_client) = client.into_split();
    let (from_sockets, to_sockets) = tokio::io::split(upgraded);
    let pull = Pull {
        to: to_client,
        frames: Frames::default(),
    };
    let mut pulled = std::pin::pin!(pull.run(from_sockets, closing));
    let mut pushed = std::pin::pin!(push(early, from_client, to_sockets));
    tokio::select! {
        () = &mut pulled => { let _ = timeout(LAST_WRITE, pushed).await; }
        () = &mut pushed => { let _ = timeout(LAST_WRITE, pulled).await; }
    }
}

/// From the sockets' process to the client.
struct Pull {
    to: OwnedWriteHalf,
    frames: Frames,
}

impl Pull {
    /// Its end is the end of the client's stream: the client then closes in turn.
    async fn run(mut self, mut from: ReadHalf<Upgraded>, mut closing: watch::Receiver<bool>) {
        let mut is_closing = *closing.borrow();
        let mut piece = BytesMut::new();
        loop {
            if is_closing && self.frames.is_between() {
                for frame in [goaway(), CloseReason::GoingAway.frame()] {
                    hand_on(&mut self.to, &frame.bytes).await;
                }
                break;
            }
            piece.clear();
            piece.reserve(PIECE_BYTES);
            tokio::select! {
                read = from.read_buf(&mut piece) => {
                    if !matches!(read, Ok(1..)) {
                        break;
                    }
                    self.frames.pass(&piece);
                    if !hand_on(&mut self.to, &piece).await {
                        return;
                    }
                }
                changed = closing.changed(), if !is_closing => {
                    is_closing = changed.is_ok();
                }
            }
        }
        let _ = self.to.shutdown().await;
    }
}

/// From the client to the sockets' process.
async fn push(
    mut piece: BytesMut,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    loop {
        if !piece.is_empty() && !hand_on(&mut to, &piece).await {
            break;
        }
        piece.clear();
        piece.reserve(PIECE_BYTES);
        if !matches!(from.read_buf(&mut piece).await, Ok(1..)) {
            break;
        }
    }
    // It closes in turn, and so the other direction ends.
    let _ = to.shutdown().await;
}

/// `false`: this side takes nothing any more.
async fn hand_on(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let written = async {
        to.write_all(bytes).await?;
        to.flush().await
    };
    matches!(timeout(STUCK, written).await, Ok(Ok(())))
}

/// Where the frames of a server end; they are not masked.
#[derive(Debug, Default)]
pub struct Frames {
    /// Of the payload under way.
    left: u64,
    header: Vec<u8>,
}

impl Frames {
    /// Whether the last frame is complete.
    pub fn is_between(&self) -> bool {
        self.left == 0 && self.header.is_empty()
    }

    /// Follows bytes that pass.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let taken = usize::try_from(self.left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                self.left -= taken as u64;
                bytes = &bytes[taken..];
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some(length) = length(&self.header) {
                self.left = length;
                self.header.clear();
            }
        }
    }
}

/// The payload's length, once the header says it.
fn length(header: &[u8]) -> Option<u64> {
    match (header.get(1)? & 0x7f, header.get(2..)?) {
        (126, [high, low]) => Some(u16::from_be_bytes([*high, *low]).into()),
        (127, long) => <[u8; 8]>::try_from(long).ok().map(u64::from_be_bytes),
        (126, _) => None,
        (short, _) => Some(short.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    #[test]
    fn frames_end_where_they_end() {
        let mut all = vec![0x81, 2, b'o', b'k', 0x89, 0];
        all.extend([0x81, 126, 0x01, 0x00]);
        all.extend([b'x'; 256]);
        all.extend([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        all.extend(vec![b'y'; 65_536]);
        let ends = [4, 6, 266, all.len()];
        for size in [1, 3, 7, 4096] {
            let (mut frames, mut passed) = (Frames::default(), 0);
            for piece in all.chunks(size) {
                frames.pass(piece);
                passed += piece.len();
                assert_eq!(frames.is_between(), ends.contains(&passed), "at {passed}");
            }
        }
    }
}
