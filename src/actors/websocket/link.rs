//! One socket as its arbiter sees it: the queue to its peer and the signs of life from it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::close::{CloseReason, ping};
use super::queue::{Pushed, Queue, Written, remember, wake};
use super::transport::Transport;
use super::unanswered::Unanswered;
use crate::actors::fanout::SocketRef;
use crate::actors::inspection::requests::SocketSeen;
use crate::clock::Timestamp;
use crate::id::{ChatId, ConnectionId, SessionId, UserId};
use crate::wire::frame::{Frame, FrameClass};
use crate::wire::socket::HeadView;

/// How often the server pings, and says its heads.
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// How long a peer may stay silent.
pub const SILENCE: Duration = Duration::from_secs(60);
/// How long the server reads on after its close frame.
const FAREWELL: Duration = Duration::from_secs(1);
/// Until what was queued last has reached the socket, with nothing in the way.
const FLUSH: Duration = Duration::from_millis(50);
/// How long after that the close frame may take to be written.
pub const LAST_WRITE: Duration = Duration::from_secs(3);

/// A frame as it was encoded for all, and as it was written for those of one origin.
struct Addressed {
    origin: Rc<str>,
    /// Kept, so that its place in memory is no one else's.
    from: Bytes,
    to: Bytes,
}

thread_local! {
    static LAST: RefCell<Option<Addressed>> = const { RefCell::new(None) };
}

/// Who a socket belongs to, as its token said.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
}

/// What a socket must do now, and when to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    Gone,
    Wait(Duration),
    /// A ping was queued; heads are due with it.
    Pinged(Duration),
}

/// Shared by the connection, its writer and its lane, all on one arbiter.
#[derive(Debug)]
pub struct Link {
    pub id: ConnectionId,
    pub user: UserId,
    pub session: SessionId,
    queue: RefCell<Queue>,
    transport: RefCell<Weak<Transport>>,
    expires: Cell<Timestamp>,
    pub born: Instant,
    heard: Cell<Instant>,
    /// The last answer to a ping.
    ponged: Cell<Option<Instant>>,
    pinged: Cell<Instant>,
    background: Cell<bool>,
    closed: Cell<Option<CloseReason>>,
    /// Where its peer found this server.
    origin: RefCell<Option<Rc<str>>>,
    ended: Notify,
    changed: RefCell<BTreeMap<ChatId, HeadView>>,
    unanswered: RefCell<Unanswered>,
}

impl Link {
    pub fn new(admission: &Admission, queue: Queue) -> Self {
        let now = Instant::now();
        Self {
            id: ConnectionId::new(),
            user: admission.user_id,
            session: admission.session_id,
            queue: RefCell::new(queue),
            transport: RefCell::default(),
            expires: Cell::new(admission.expires_at),
            born: now,
            heard: Cell::new(now),
            ponged: Cell::new(None),
            pinged: Cell::new(now),
            background: Cell::new(false),
            closed: Cell::new(None),
            origin: RefCell::default(),
            ended: Notify::new(),
            changed: RefCell::default(),
            unanswered: RefCell::default(),
        }
    }

    /// The peer is to get an answer that holds so many bytes of what it said.
    pub fn expect_answer(&self, bytes: usize) {
        self.unanswered.borrow_mut().add(bytes);
    }

    /// One of those answers is there.
    pub fn answered(&self) {
        self.unanswered.borrow_mut().take_first();
        self.let_speak();
    }

    /// Ready when the peer may go on: what waits for it, with the answers that it is owed, leaves room for
    /// those to what it may say next. So nobody who reads is closed for what he said himself.
    pub fn poll_hearing(&self, cx: &Context<'_>) -> Poll<()> {
        let (queue, mut unanswered) = (self.queue.borrow(), self.unanswered.borrow_mut());
        if !queue.is_open() || queue.leaves_half(unanswered.bytes()) {
            return Poll::Ready(());
        }
        remember(&mut unanswered.reader, cx);
        // Its words may wait unread, an answer to a ping among them: whether it takes what it is sent says
        // whether it is there.
        self.hear();
        Poll::Pending
    }

    /// Has it looked again whether the peer may go on.
    pub fn let_speak(&self) {
        wake(&mut self.unanswered.borrow_mut().reader);
    }

    /// Queues a frame for the peer; a peer that is too slow for it is closed.
    pub fn push(self: &Rc<Self>, frame: Frame) {
        if self.background.get() && frame.class <= FrameClass::Typing {
            return;
        }
        let frame = match frame.has_stand_in {
            true => self.addressed(frame),
            false => frame,
        };
        let pushed = self.queue.borrow_mut().push(frame);
        if pushed == Pushed::Overflow {
            self.close(CloseReason::TooSlow);
        }
    }

    /// Remembers where its peer found this server, for addresses on it.
    pub fn set_origin(&self, origin: &str) {
        let known = LAST.with_borrow(|last| {
            let last = last.as_ref().filter(|last| &*last.origin == origin);
            last.map(|last| Rc::clone(&last.origin))
        });
        *self.origin.borrow_mut() = Some(known.unwrap_or_else(|| origin.into()));
    }

    /// The frame with addresses as this peer reaches them; written once for all who found the server at
    /// the same place.
    fn addressed(&self, frame: Frame) -> Frame {
        let Some(origin) = self.origin.borrow().clone() else {
            return frame;
        };
        LAST.with_borrow_mut(|last| {
            if let Some(last) = last.as_ref()
                && last.origin == origin
                && last.from.as_ptr() == frame.bytes.as_ptr()
            {
                return Frame {
                    bytes: last.to.clone(),
                    ..frame
                };
            }
            let from = frame.bytes.clone();
            let frame = frame.at(&origin);
            let to = frame.bytes.clone();
            *last = Some(Addressed { origin, from, to });
            frame
        })
    }

    /// Says goodbye, reads on for a second, and then lets go, by force if need be.
    pub fn close(self: &Rc<Self>, reason: CloseReason) {
        if self
            .closed
            .replace(self.closed.get().or(Some(reason)))
            .is_some()
        {
            return;
        }
        metrics::counter!("troupe_socket_closed_total", "reason" => reason.as_str()).increment(1);
        self.queue
            .borrow_mut()
            .close(reason.frame(), reason.at_once());
        self.let_speak();
        actix::spawn(Rc::clone(self).part(reason));
    }

    /// Lets go of a socket that has been told why.
    async fn part(self: Rc<Self>, reason: CloseReason) {
        if reason != CloseReason::Asked {
            // Cut short by the peer's own close frame.
            let _ = tokio::time::timeout(FAREWELL, self.ended.notified()).await;
        }
        self.end();
        tokio::time::sleep(FLUSH).await;
        if self.queue.borrow().is_empty()
            && let Some(transport) = self.transport()
        {
            transport.finish();
        }
        tokio::time::sleep(LAST_WRITE).await;
        if let Some(transport) = self.transport() {
            transport.shut();
        }
    }

    /// What it is read from and written to, for as long as that is there.
    pub fn set_transport(&self, transport: &Rc<Transport>) {
        *self.transport.borrow_mut() = Rc::downgrade(transport);
    }

    fn transport(&self) -> Option<Rc<Transport>> {
        self.transport.borrow().upgrade()
    }

    /// Both sides are done: the socket ends when what waits is written.
    pub fn end(&self) {
        self.queue.borrow_mut().end();
        self.let_speak();
        self.ended.notify_one();
    }

    pub fn is_open(&self) -> bool {
        self.queue.borrow().is_open()
    }

    /// How long the peer has taken nothing of what waits for it.
    pub fn stalled(&self) -> Duration {
        self.queue.borrow().stalled()
    }

    /// The peer has said something.
    pub fn hear(&self) {
        self.heard.set(Instant::now());
    }

    /// The peer has answered a ping.
    pub fn pong(&self) {
        self.ponged.set(Some(Instant::now()));
    }

    /// How it is, for operators; `me_rev`: how far its user's own log was told.
    pub fn look_at(&self, now: Timestamp, place: &SocketRef, me_rev: u64) -> SocketSeen {
        let queue = self.queue.borrow();
        let (queue_frames, queue_bytes) = queue.waiting();
        let ago = |instant: Instant| now.minus(instant.elapsed());
        SocketSeen {
            connection_id: self.id,
            session_id: self.session,
            node: place.node,
            lane: place.lane,
            since: ago(self.born),
            token_expires_at: self.expires.get(),
            is_closing: !queue.is_open(),
            is_foreground: !self.background.get(),
            queue_frames,
            queue_bytes,
            stalled_ms: u64::try_from(queue.stalled().as_millis()).unwrap_or(u64::MAX),
            heard_at: ago(self.heard.get()),
            pong_at: self.ponged.get().map(ago),
            cursors: self.changed.borrow().len(),
            me_rev,
        }
    }

    pub fn expires(&self) -> Timestamp {
        self.expires.get()
    }

    pub fn renew(&self, expires_at: Timestamp) {
        self.expires.set(expires_at);
    }

    /// Holds typing and presence back, or lets them through again; answers how it was.
    pub fn set_background(&self, background: bool) -> bool {
        self.background.replace(background)
    }

    /// Called when its time on the wheel has come.
    pub fn beat(self: &Rc<Self>, now: Timestamp) -> Beat {
        if !self.is_open() {
            return Beat::Gone;
        }
        if self.expires.get() <= now {
            self.close(CloseReason::TokenOver);
            return Beat::Gone;
        }
        let silent = self.heard.get().elapsed();
        if silent >= SILENCE {
            self.close(CloseReason::Silent);
            return Beat::Gone;
        }
        let since_ping = self.pinged.get().elapsed();
        let due = since_ping >= HEARTBEAT;
        if due {
            self.pinged.set(Instant::now());
            self.push(ping());
        }
        let next_ping = if due {
            HEARTBEAT
        } else {
            HEARTBEAT - since_ping
        };
        let wait = next_ping
            .min(SILENCE - silent)
            .min(self.expires.get().since(now));
        if due {
            Beat::Pinged(wait)
        } else {
            Beat::Wait(wait)
        }
    }

    /// Remembers how far a chat has got, to be said with the next heads.
    pub fn note(&self, chat_id: ChatId, head: HeadView) {
        self.changed.borrow_mut().insert(chat_id, head);
    }

    /// What changed since the last heads.
    pub fn take_changed(&self) -> BTreeMap<ChatId, HeadView> {
        self.changed.take()
    }

    /// Ready when something waits to be written, or nothing more will.
    pub fn poll_waiting(&self, cx: &Context<'_>) -> Poll<()> {
        self.queue.borrow_mut().poll_waiting(cx)
    }

    /// Ends it at once, as a broken network does.
    pub fn cut(&self) {
        if let Some(transport) = self.transport() {
            transport.shut();
        }
    }

    /// Writes what waits, see [`Queue::poll_write`].
    pub fn poll_write(
        &self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Context<'_>, &[IoSlice<'_>]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<Written>> {
        let written = self.queue.borrow_mut().poll_write(cx, write);
        if written.is_ready() {
            self.let_speak();
        }
        written
    }

    /// Waits until a large frame fits; `false` when the socket is going.
    pub async fn room(&self) -> bool {
        std::future::poll_fn(|cx| self.queue.borrow_mut().poll_room(cx)).await;
        self.is_open()
    }
}
