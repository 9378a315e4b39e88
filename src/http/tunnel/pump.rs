//! Bytes both ways. Each side is waited for, so a slow one slows the other down and nothing piles up
//! between them; one that takes nothing for half a minute is let go.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::Upgraded;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::actors::websocket::close::CloseReason;
use crate::actors::websocket::lane::goaway;
use crate::actors::websocket::queue::PIECE_BYTES;
use crate::actors::websocket::transport::Transport;

/// Pieces that may wait for the client.
const WAITING: usize = 4;
/// How long a side may take nothing.
const STUCK: Duration = Duration::from_secs(30);
/// As a socket is parted with, in `actors/websocket/link.rs`.
const FAREWELL: Duration = Duration::from_secs(1);
const FLUSH: Duration = Duration::from_millis(50);
const LAST_WRITE: Duration = Duration::from_secs(3);

/// Starts both directions; answers what goes to the client.
pub fn start(
    upgraded: Upgraded,
    request: &HttpRequest,
    payload: web::Payload,
    closing: watch::Receiver<bool>,
) -> Downstream {
    let (reading, writing) = tokio::io::split(upgraded);
    let (pieces, waiting) = mpsc::channel(WAITING);
    let pull = Pull {
        pieces,
        transport: Transport::of(request),
        frames: Frames::default(),
    };
    actix::spawn(pull.run(reading, closing));
    actix::spawn(push(payload, writing));
    Downstream(waiting)
}

/// The response body: `None` in the channel is its end.
pub struct Downstream(mpsc::Receiver<Option<Bytes>>);

impl MessageBody for Downstream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = ready!(self.0.poll_recv(cx));
        Poll::Ready(piece.flatten().map(Ok))
    }
}

/// From the sockets' process to the client.
struct Pull {
    pieces: mpsc::Sender<Option<Bytes>>,
    transport: Weak<Transport>,
    frames: Frames,
}

impl Pull {
    async fn run(mut self, mut from: ReadHalf<Upgraded>, mut closing: watch::Receiver<bool>) {
        let _open = Open::enter();
        let mut is_closing = *closing.borrow();
        loop {
            if is_closing && self.frames.is_between() {
                for frame in [goaway(), CloseReason::GoingAway.frame()] {
                    self.hand_on(Some(frame.bytes)).await;
                }
                // Cut short by a client that goes.
                let _ = timeout(FAREWELL, self.pieces.closed()).await;
                break;
            }
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            tokio::select! {
                read = from.read_buf(&mut piece) => {
                    if !matches!(read, Ok(1..)) {
                        break;
                    }
                    self.frames.pass(&piece);
                    if !self.hand_on(Some(piece.freeze())).await {
                        return self.shut();
                    }
                }
                changed = closing.changed(), if !is_closing => {
                    is_closing = changed.is_ok();
                }
            }
        }
        // Whoever waits for the end of all tunnels need not wait for the connection's.
        let is_given = self.give_all().await;
        drop(closing);
        if is_given {
            sleep(FLUSH).await;
            if let Some(transport) = self.transport.upgrade() {
                transport.finish();
            }
            sleep(LAST_WRITE).await;
        }
        self.shut();
    }

    /// `false`: the client takes nothing any more.
    async fn hand_on(&self, piece: Option<Bytes>) -> bool {
        matches!(timeout(STUCK, self.pieces.send(piece)).await, Ok(Ok(())))
    }

    /// Whether the client took everything.
    async fn give_all(&self) -> bool {
        self.hand_on(None).await && timeout(STUCK, self.pieces.closed()).await.is_ok()
    }

    fn shut(&self) {
        if let Some(transport) = self.transport.upgrade() {
            transport.shut();
        }
    }
}

/// A tunnel in the numbers.
struct Open;

impl Open {
    fn enter() -> Self {
        metrics::gauge!("troupe_tunnels").increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("troupe_tunnels").decrement(1.0);
    }
}

/// From the client to the sockets' process.
async fn push(mut payload: web::Payload, mut to: WriteHalf<Upgraded>) {
    while let Some(Ok(piece)) = payload.next().await {
        let written = async {
            to.write_all(&piece).await?;
            to.flush().await
        };
        if !matches!(timeout(STUCK, written).await, Ok(Ok(()))) {
            break;
        }
    }
    // It closes in turn, and so the other direction ends.
    let _ = to.shutdown().await;
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
