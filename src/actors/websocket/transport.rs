//! The TCP stream under a socket: tuned when it is accepted, read and written without a buffer of its
//! own, shut down when its peer is stuck.

use std::any::Any;
use std::cell::RefCell;
use std::io::{ErrorKind, IoSlice, Result};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::Extensions;
use actix_web::rt::net::TcpStream;
use bytes::BytesMut;
use socket2::SockRef;

/// How long the kernel keeps trying to reach a peer that acknowledges nothing.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// What the kernel may hold for one WebSocket: a slow peer is noticed here, not megabytes later.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Most that is read at once.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// Every socket of an arbiter is read into the same space, so an idle one holds none.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
pub struct Transport(TcpStream);

impl Transport {
    /// Tunes a connection that was accepted; for `on_connect`.
    pub fn tune(io: &dyn Any, _: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<TcpStream>() else {
            return;
        };
        let socket = SockRef::from(stream);
        let _ = socket.set_tcp_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
    }

    /// Takes the stream of a connection that became a WebSocket.
    pub fn new(stream: TcpStream) -> Self {
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
        Self(stream)
    }

    /// What the peer sent; empty at its end.
    pub fn poll_read(&self, cx: &mut Context<'_>) -> Poll<Result<BytesMut>> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(READ_BYTES, 0);
            loop {
                ready!(self.0.poll_read_ready(cx))?;
                match self.0.try_read(scratch) {
                    Ok(read) => return Poll::Ready(Ok(BytesMut::from(&scratch[..read]))),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
        })
    }

    /// Hands bytes to the kernel; answers how many it took.
    pub fn poll_write(&self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write_vectored(pieces) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    /// Says that nothing more will come; the peer then closes, and the connection ends.
    pub fn finish(&self) {
        let _ = SockRef::from(&self.0).shutdown(Shutdown::Write);
    }

    /// Ends both directions at once; a blocked writer wakes up with an error.
    pub fn shut(&self) {
        let _ = SockRef::from(&self.0).shutdown(Shutdown::Both);
    }
}
