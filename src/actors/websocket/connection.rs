//! ConnectionActor: one per WebSocket. It decodes, charges, passes on, and closes.
//!
//! With `WebsocketContext` the actor would be the response body: a peer that stops reading would
//! freeze it. So the handshake alone comes from there; the actor lives on a plain `Context` and reads
//! the stream that HTTP leaves to it, while a task beside it writes what waits in the queue.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::ready;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, StreamHandler};
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::handshake_with_protocols;
use bytes::BytesMut;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::Doorway;
use super::close::{CloseReason, pong};
use super::frame::{self as client, Spoken};
use super::inbound::{Heard, Inbound};
use super::lane::Room;
use super::link::{Admission, LAST_WRITE, Link};
use super::queue::{Queue, Written};
use super::session::{CloseConnection, SessionOrder};
use super::transport::Transport;
use crate::domain::flood::{FrameBudget, Verdict};
use crate::error::Failure;
use crate::fault;
use crate::id::UserId;
use crate::wire::frame;
use crate::wire::socket::SocketEvent;

/// The subprotocol that is echoed when it is offered.
const SUBPROTOCOL: &str = "troupe.v1";

/// A socket that was admitted, once its connection is no longer HTTP.
pub struct Accepted {
    admission: Admission,
    /// Where its peer found this server.
    origin: String,
    room: Rc<Room>,
}

/// Answers the handshake of a request that was admitted.
pub fn accept(
    request: &HttpRequest,
    doorway: &Doorway,
    admission: Admission,
    origin: String,
) -> Result<(HttpResponse, Accepted), actix_web::Error> {
    let response = handshake_with_protocols(request, &[SUBPROTOCOL])?.finish();
    let room = Rc::clone(&doorway.0);
    let accepted = Accepted {
        admission,
        origin,
        room,
    };
    Ok((response, accepted))
}

impl Accepted {
    /// Serves the socket until both directions have ended. `early`: what came with the handshake.
    pub async fn run(self, stream: TcpStream, early: BytesMut) {
        let transport = Rc::new(Transport::new(stream));
        let queue = Queue::new(self.room.node.settings.queue_bytes);
        let link = Rc::new(Link::new(&self.admission, queue));
        link.set_transport(&transport);
        link.set_origin(&self.origin);
        let (reading, mut read) = oneshot::channel();
        let words = listen(Rc::clone(&link), Rc::clone(&transport), reading);
        let early = (!early.is_empty()).then_some(Ok(early));
        start(
            Rc::clone(&link),
            self.room,
            stream::iter(early).chain(words),
        );
        let mut written = std::pin::pin!(write(&link, &transport));
        tokio::select! {
            done = &mut written => {
                // The peer closes in turn; its link sees that it does not take long.
                match done {
                    Ok(()) => transport.finish(),
                    Err(_) => {
                        transport.shut();
                        // Nothing drains the queue any more, so nothing is to be waited for.
                        link.end();
                    }
                }
                let _ = read.await;
            }
            // The peer has gone: what it did not take by now it hardly will.
            _ = &mut read => {
                let _ = timeout(LAST_WRITE, written).await;
            }
        }
    }
}

/// What the peer sends, until its end. `reading` goes when nobody listens any more. While too much waits
/// for the peer, or is to come, it is not listened to: its network then holds it back.
fn listen(
    link: Rc<Link>,
    transport: Rc<Transport>,
    reading: oneshot::Sender<()>,
) -> impl Stream<Item = io::Result<BytesMut>> {
    stream::poll_fn(move |cx| {
        let _ = &reading;
        ready!(link.poll_hearing(cx));
        transport.poll_read(cx).map(|read| match read {
            Ok(bytes) if bytes.is_empty() => None,
            read => Some(read),
        })
    })
}

/// Writes what waits in the queue until that has ended.
async fn write(link: &Link, transport: &Transport) -> io::Result<()> {
    loop {
        poll_fn(|cx| link.poll_waiting(cx)).await;
        if let Some(delay) = fault::delays(link.user) {
            tokio::time::sleep(delay).await;
        }
        let some = poll_fn(|cx| link.poll_write(cx, |cx, pieces| transport.poll_write(cx, pieces)));
        if some.await? == Written::All {
            return Ok(());
        }
    }
}

/// Starts the connection of a socket that hears `words`.
pub fn start(
    link: Rc<Link>,
    room: Rc<Room>,
    words: impl Stream<Item = io::Result<BytesMut>> + 'static,
) {
    ConnectionActor::create(|ctx| {
        ctx.add_stream(words);
        ConnectionActor::new(link, room)
    });
}

pub struct ConnectionActor {
    pub(super) link: Rc<Link>,
    pub(super) room: Rc<Room>,
    inbound: Inbound,
    budget: FrameBudget,
    born: Instant,
    /// Nothing the peer says is read any more, but for its close frame.
    deaf: bool,
    pub(super) asking: Asking,
    pub(super) watched: BTreeSet<UserId>,
    /// Whose presence is to be told once the reading under way has ended; all of them are watched.
    pub(super) untold: BTreeSet<UserId>,
}

/// What is being asked elsewhere for this socket; one of each at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    pub sync: bool,
    pub renewal: bool,
    pub presence: bool,
}

impl ConnectionActor {
    pub fn new(link: Rc<Link>, room: Rc<Room>) -> Self {
        Self {
            budget: FrameBudget::full(&room.node.rate, Duration::ZERO),
            link,
            room,
            inbound: Inbound::default(),
            born: Instant::now(),
            deaf: false,
            asking: Asking::default(),
            watched: BTreeSet::new(),
            untold: BTreeSet::new(),
        }
    }

    fn greet(&self) {
        let node = &self.room.node;
        let hello = SocketEvent::Hello {
            connection_id: self.link.id,
            user_id: self.link.user,
            session_id: self.link.session,
            server_time: node.clock.now(),
            token_expires_at: self.link.expires(),
            heartbeat_seconds: super::link::HEARTBEAT.as_secs(),
            server_version: env!("CARGO_PKG_VERSION"),
            limits: &node.limits,
        };
        self.link.push(hello.frame());
    }

    /// Says to the session of the user that this socket is there.
    fn open_session(&self, ctx: &Context<Self>) {
        let order = SessionOrder::Open {
            socket: self.room.socket(&self.link),
            closer: ctx.address().recipient(),
        };
        let node = &self.room.node;
        node.sessions.open(node, self.link.user, order);
    }

    /// Tells the session; one that died is started again and told of this socket first.
    pub(super) fn tell_session(&self, order: SessionOrder, ctx: &Context<Self>) {
        let sessions = &self.room.node.sessions;
        if let Err(order) = sessions.tell(self.link.user, order) {
            self.open_session(ctx);
            if sessions.tell(self.link.user, order).is_err() {
                tracing::warn!(user.id = %self.link.user, "a session did not take an order");
            }
        }
    }

    fn hear(&mut self, heard: Heard, ctx: &mut Context<Self>) {
        if heard == Heard::Close {
            // However much it said before: a goodbye costs nothing.
            self.deaf = true;
            return self.link.close(CloseReason::Asked);
        }
        match self.charge() {
            Verdict::Flooding => return self.link.close(CloseReason::Flooding),
            Verdict::Refuse(after) => {
                if let Heard::Text(text) = heard {
                    let id = client::parse(&text).map_or_else(|bad| bad.id, |spoken| spoken.id);
                    self.refuse(id.as_deref(), &Failure::rate_limited(after));
                }
                return;
            }
            Verdict::Accept => {}
        }
        match heard {
            Heard::Text(text) => match client::parse(&text) {
                Ok(Spoken { id, frame }) => self.handle_frame(id, frame, ctx),
                Err(bad) => self.refuse(bad.id.as_deref(), &bad.failure),
            },
            Heard::Ping(payload) => self.link.push(pong(&payload)),
            Heard::Pong => self.link.pong(),
            Heard::Close => {}
        }
    }

    fn charge(&mut self) -> Verdict {
        if self.room.node.settings.unlimited {
            return Verdict::Accept;
        }
        self.budget
            .charge(&self.room.node.rate, self.born.elapsed())
    }

    pub(super) fn refuse(&self, id: Option<&str>, failure: &Failure) {
        self.link.push(frame::error(id, failure));
    }
}

impl Actor for ConnectionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.greet();
        self.room.join(&self.link);
        if self.link.is_open() {
            self.open_session(ctx);
        }
    }
}

/// Also when a handler panicked: nothing of a socket stays behind.
impl Drop for ConnectionActor {
    fn drop(&mut self) {
        self.room.leave(&self.link);
        self.link.end();
        for user in std::mem::take(&mut self.watched) {
            self.room.node.watches.remove(user, self.link.id);
        }
        let closed = SessionOrder::Closed(self.link.id);
        // No session: nothing that would have to know.
        let _ = self.room.node.sessions.tell(self.link.user, closed);
    }
}

impl StreamHandler<io::Result<BytesMut>> for ConnectionActor {
    fn handle(&mut self, bytes: io::Result<BytesMut>, ctx: &mut Self::Context) {
        let Ok(bytes) = bytes else {
            return ctx.stop();
        };
        self.link.hear();
        if self.deaf {
            return;
        }
        self.inbound.feed(bytes);
        loop {
            match self.inbound.heard() {
                Ok(None) => return,
                Ok(Some(Heard::Close)) if !self.link.is_open() => {
                    self.deaf = true;
                    return self.link.end();
                }
                Ok(Some(_)) if !self.link.is_open() => {}
                Ok(Some(heard)) => self.hear(heard, ctx),
                Err(reason) => {
                    self.deaf = true;
                    return self.link.close(reason);
                }
            }
        }
    }
}

impl Handler<CloseConnection> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, CloseConnection(reason): CloseConnection, _: &mut Self::Context) {
        self.link.close(reason);
    }
}
