//! One client thread: its connections, its schedule, its acknowledgements.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use super::peer::{Part, Peer};
use super::socket;
use super::stage::{Board, Stage};
use super::tally::Tally;
use super::witness::Witness;

/// Handshakes going on at once in a thread.
const OPENING_AT_ONCE: usize = 32;
const READ_BYTES: usize = 128 * 1024;
/// A schedule needs a fine clock, everything else does not.
const TICK_SCHEDULED: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(10);
/// Each connection acknowledges at most so often.
const ACKNOWLEDGE_EVERY: Duration = Duration::from_millis(100);

/// A connection to be made.
pub struct Planned {
    pub token: String,
    pub part: Part,
    pub head_seq: u64,
    pub head_rev: u64,
}

/// What one thread does.
pub struct Plan {
    pub host: String,
    pub connections: Vec<Planned>,
    /// Sends a second; 0 when connections keep themselves busy.
    pub rate: f64,
    pub acks: bool,
}

/// What one thread saw.
pub struct Outcome {
    pub witnesses: Vec<(usize, Witness)>,
    pub tally: Tally,
}

type Shared = Rc<RefCell<Peer>>;

/// Runs the thread until the test is over.
pub fn run(board: Arc<Board>, plan: Plan) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("client thread: {error}"))?;
    tokio::task::LocalSet::new().block_on(&runtime, drive(board, plan))
}

async fn drive(board: Arc<Board>, plan: Plan) -> Result<Outcome, String> {
    let tally = Rc::new(RefCell::new(Tally::new()?));
    let buffer = Rc::new(RefCell::new(vec![0u8; READ_BYTES]));
    let (rate, acks) = (plan.rate, plan.acks);
    let host = plan.host.as_str();
    let opening = plan.connections.into_iter().map(|planned| {
        let (board, tally, buffer) = (Arc::clone(&board), Rc::clone(&tally), Rc::clone(&buffer));
        async move {
            let (stream, early) = socket::open(host, &planned.token).await?;
            let (reading, writing) = stream.into_split();
            let chat_id = &planned.part.chat_id;
            let mut witness = Witness::new(chat_id, planned.head_seq, planned.head_rev);
            if planned.part.copies {
                witness = witness.copying();
            }
            let mut peer = Peer::new(board, tally, planned.part, witness, writing);
            let alive = peer.take(&early);
            let peer = Rc::new(RefCell::new(peer));
            if alive {
                tokio::task::spawn_local(read(reading, Rc::clone(&peer), buffer));
            }
            Ok::<_, String>(peer)
        }
    });
    let peers: Vec<Shared> = stream::iter(opening)
        .buffer_unordered(OPENING_AT_ONCE)
        .try_collect()
        .await?;
    Ticker::new(&board, &peers, rate, acks).run(&tally).await;
    for peer in &peers {
        peer.borrow_mut().close();
    }
    let witnesses = peers
        .iter()
        .map(|peer| peer.borrow_mut().finish())
        .collect();
    let tally = tally.replace(Tally::new()?);
    Ok(Outcome { witnesses, tally })
}

/// Reads a socket into the thread's one buffer until it ends.
async fn read(mut socket: OwnedReadHalf, peer: Shared, buffer: Rc<RefCell<Vec<u8>>>) {
    let read_once = |socket: &mut OwnedReadHalf, cx: &mut std::task::Context<'_>| {
        let mut buffer = buffer.borrow_mut();
        let mut filled = ReadBuf::new(&mut buffer);
        let outcome = ready!(Pin::new(socket).poll_read(cx, &mut filled));
        let bytes = filled.filled();
        Poll::Ready(outcome.is_ok() && !bytes.is_empty() && peer.borrow_mut().take(bytes))
    };
    while std::future::poll_fn(|cx| read_once(&mut socket, cx)).await {}
    peer.borrow_mut().ended();
}

/// What happens by the clock and not by what comes in.
struct Ticker<'a> {
    board: &'a Board,
    peers: &'a [Shared],
    senders: Vec<&'a Shared>,
    /// Nanoseconds between two sends; 0: no schedule.
    interval: u64,
    tick: Duration,
    acks: bool,
    /// When the next send is due, once sending began.
    due: Option<u64>,
    last: u64,
    next_sender: usize,
    settled: bool,
}

impl<'a> Ticker<'a> {
    fn new(board: &'a Board, peers: &'a [Shared], rate: f64, acks: bool) -> Self {
        let senders = peers.iter().filter(|peer| peer.borrow().sends()).collect();
        let scheduled = rate > 0.0;
        Self {
            board,
            peers,
            senders,
            interval: if scheduled { (1e9 / rate) as u64 } else { 0 },
            tick: if scheduled { TICK_SCHEDULED } else { TICK },
            acks,
            due: None,
            last: 0,
            next_sender: 0,
            settled: false,
        }
    }

    async fn run(&mut self, tally: &RefCell<Tally>) {
        let mut interval = tokio::time::interval(self.tick);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let slots = (ACKNOWLEDGE_EVERY.as_micros() / self.tick.as_micros()).max(1) as usize;
        let mut slot = 0;
        loop {
            interval.tick().await;
            slot = (slot + 1) % slots;
            match self.board.stage() {
                Stage::Connecting => {}
                Stage::WarmingUp | Stage::Measuring => self.keep_sending(tally),
                Stage::Draining => self.look_whether_settled(),
                Stage::Over => return,
            }
            for (index, peer) in self.peers.iter().enumerate() {
                let mut peer = peer.borrow_mut();
                if self.acks && index % slots == slot {
                    peer.acknowledge();
                }
                peer.flush();
            }
        }
    }

    fn keep_sending(&mut self, tally: &RefCell<Tally>) {
        let now = self.board.now();
        if self.interval == 0 {
            if self.due.is_none() {
                self.due = Some(now);
                self.senders
                    .iter()
                    .for_each(|peer| peer.borrow_mut().refill());
            }
            return;
        }
        // What fell due since a tick that was in time is sent in time; a late tick is this client's
        // fault, yet the server's clients would have sent then, so the wait counts.
        let in_time = now.saturating_sub(self.last) <= 2 * self.tick.as_nanos() as u64;
        self.last = now;
        let mut due = self.due.unwrap_or(now);
        while due <= now && !self.senders.is_empty() {
            let peer = self.senders[self.next_sender % self.senders.len()];
            self.next_sender += 1;
            if !peer.borrow_mut().send(if in_time { now } else { due }) {
                tally.borrow_mut().held_back += 1;
            }
            due += self.interval;
        }
        self.due = Some(due);
    }

    fn look_whether_settled(&mut self) {
        let settled = self
            .peers
            .iter()
            .filter(|peer| !peer.borrow().is_settled())
            .count()
            == 0;
        if settled != self.settled {
            self.settled = settled;
            if settled {
                self.board.settled.fetch_add(1, Ordering::AcqRel);
            } else {
                self.board.settled.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}
