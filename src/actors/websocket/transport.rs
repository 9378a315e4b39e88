//! The TCP socket under a connection: tuned when it is accepted, shut down when its peer is stuck.

use std::any::Any;
use std::net::Shutdown;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix_http::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

/// How long the kernel keeps trying to reach a peer that acknowledges nothing.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// What the kernel may hold for one WebSocket: a slow peer is noticed here, not megabytes later.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// A second handle to the socket. It lives in the connection's data, so it goes with the
/// connection and never keeps it open.
#[derive(Debug)]
pub struct Transport(Socket);

impl Transport {
    /// For `HttpServer::on_connect`.
    pub fn keep(io: &dyn Any, data: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<TcpStream>() else {
            return;
        };
        let socket = SockRef::from(stream);
        let _ = socket.set_tcp_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = socket.set_tcp_user_timeout(Some(USER_TIMEOUT));
        match socket.try_clone() {
            Ok(second) => {
                data.insert(Arc::new(Self(second)));
            }
            Err(error) => tracing::warn!(cause = %error, "no second handle to a socket"),
        }
    }

    /// The handle of a request's connection, for as long as that connection lives.
    pub fn of(request: &actix_web::HttpRequest) -> Weak<Self> {
        let kept = request.conn_data::<Arc<Self>>();
        if let Some(transport) = kept {
            let _ = transport.0.set_send_buffer_size(SEND_BUFFER_BYTES);
        }
        kept.map(Arc::downgrade).unwrap_or_default()
    }

    /// Says that nothing more will come; the peer then closes, and the connection ends.
    pub fn finish(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Ends both directions at once; a blocked writer wakes up with an error.
    pub fn shut(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
