//! How a chat's actor is, as operators ask: kept by the actor and read by its shard, on their one thread,
//! so that looking costs the actor nothing and counting costs it next to nothing.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use tokio::time::Instant;

use super::scope::{Cast, ChatServices};
use crate::actors::inspection::requests::{
    ActorSeen, ActorState, BatchSeen, ChatsDone, HotBy, HotChat, SendsWithin,
};
use crate::clock::Timestamp;
use crate::domain::pace::Pace;
use crate::id::{ChatId, UserId};
use crate::request;
use crate::storage::messages::Heads;

/// The hottest chats of one shard, the hottest first.
#[derive(Clone, Copy, Debug)]
pub struct FindHot {
    pub by: HotBy,
    pub limit: usize,
}

/// A hot chat, and who is in it now.
#[derive(Clone, Debug)]
pub struct Hot {
    pub chat: HotChat,
    pub active: Arc<[UserId]>,
}

/// The actor of a chat, if one shard has it, and who is in the chat now.
#[derive(Clone, Copy, Debug)]
pub struct LookAt {
    pub chat_id: ChatId,
}

request!(FindHot => Vec<Hot>, LookAt => Option<(ActorSeen, Arc<[UserId]>)>);

/// What all actors of this process did together.
#[derive(Default)]
struct Meter {
    actors: AtomicU64,
    messages: AtomicU64,
    /// Messages by how long their batch took, see [`BOUNDS_MS`]; the last are those above all.
    took: [AtomicU64; BOUNDS_MS.len() + 1],
}

/// Bounds of the times that batches take, in milliseconds.
const BOUNDS_MS: [f64; 14] = [
    0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0,
];

static METER: LazyLock<Meter> = LazyLock::new(Meter::default);
static ACTORS: LazyLock<Gauge> =
    LazyLock::new(|| metrics::gauge!("troupe_actors", "kind" => "chat"));
static MESSAGES: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("troupe_messages_total"));
static SEND_SECONDS: LazyLock<Histogram> =
    LazyLock::new(|| metrics::histogram!("troupe_send_seconds"));

impl Meter {
    fn count(&self, messages: usize, took: Duration) {
        let ms = took.as_secs_f64() * 1000.0;
        let place = BOUNDS_MS.iter().position(|bound| ms <= *bound);
        let messages = messages as u64;
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.took[place.unwrap_or(BOUNDS_MS.len())].fetch_add(messages, Ordering::Relaxed);
        MESSAGES.increment(messages);
        SEND_SECONDS.record(took.as_secs_f64());
    }
}

/// What the chats of this process did so far.
pub fn done() -> ChatsDone {
    let bounds = BOUNDS_MS.iter().copied().map(Some).chain([None]);
    let took = bounds.zip(&METER.took);
    ChatsDone {
        chat_actors: METER.actors.load(Ordering::Relaxed),
        messages: METER.messages.load(Ordering::Relaxed),
        send_ms: took
            .map(|(up_to, count)| SendsWithin {
                up_to,
                count: count.load(Ordering::Relaxed),
            })
            .collect(),
    }
}

/// Counts and places of one actor.
pub struct Vitals {
    born: Instant,
    /// Commands sent to it, and those it has taken.
    delivered: Cell<u64>,
    taken: Cell<u64>,
    /// One command whose wait is measured: its number, and when it was sent.
    probe: Cell<Option<(u64, Instant)>>,
    waited: Cell<Option<Duration>>,
    pace: Cell<Pace>,
    work: Cell<Option<Work>>,
    batches: Cell<u64>,
    sends: Cell<u64>,
    last_batch: Cell<Option<(usize, Duration)>>,
    pub waiting: Cell<Waiting>,
    stand: RefCell<Option<Stand>>,
}

/// What is being written, since when.
#[derive(Clone, Copy)]
struct Work {
    size: usize,
    since: Instant,
}

/// What waits in the actor itself.
#[derive(Clone, Copy, Default)]
pub struct Waiting {
    pub queued: usize,
    pub receipts: usize,
    pub is_storing: bool,
    pub typing: usize,
}

/// Where the log stands, and who is in the chat.
struct Stand {
    loaded_at: Timestamp,
    heads: Heads,
    announced: Arc<AtomicU64>,
    cast: Arc<Cast>,
}

impl Default for Vitals {
    fn default() -> Self {
        METER.actors.fetch_add(1, Ordering::Relaxed);
        ACTORS.increment(1);
        Self {
            born: Instant::now(),
            delivered: Cell::new(0),
            taken: Cell::new(0),
            probe: Cell::new(None),
            waited: Cell::new(None),
            pace: Cell::new(Pace::default()),
            work: Cell::new(None),
            batches: Cell::new(0),
            sends: Cell::new(0),
            last_batch: Cell::new(None),
            waiting: Cell::new(Waiting::default()),
            stand: RefCell::new(None),
        }
    }
}

impl Drop for Vitals {
    fn drop(&mut self) {
        METER.actors.fetch_sub(1, Ordering::Relaxed);
        ACTORS.decrement(1);
    }
}

impl Vitals {
    /// Its shard has sent it a command.
    pub fn deliver(&self, now: Instant) {
        let number = self.delivered.get() + 1;
        self.delivered.set(number);
        if self.probe.get().is_none() {
            self.probe.set(Some((number, now)));
        }
    }

    /// It begins with a command.
    pub fn take(&self) {
        let number = self.taken.get() + 1;
        self.taken.set(number);
        if let Some((probed, since)) = self.probe.get()
            && probed <= number
        {
            self.waited.set(Some(since.elapsed()));
            self.probe.set(None);
        }
    }

    /// It begins to write.
    pub fn begin(&self, size: usize) {
        let since = Instant::now();
        self.work.set(Some(Work { size, since }));
    }

    /// It has written, this many messages among it.
    pub fn end(&self, sends: usize) {
        let Some(work) = self.work.take() else { return };
        if sends == 0 {
            return;
        }
        let now = Instant::now();
        self.batches.set(self.batches.get() + 1);
        self.sends.set(self.sends.get() + sends as u64);
        self.last_batch.set(Some((sends, now - work.since)));
        METER.count(sends, now - work.since);
        let mut pace = self.pace.get();
        pace.count(sends, now - self.born);
        self.pace.set(pace);
    }

    /// Where it stands now.
    pub fn place(&self, heads: Heads, announced: &Arc<AtomicU64>, cast: &Arc<Cast>) {
        let mut stand = self.stand.borrow_mut();
        match stand.as_mut() {
            Some(stand) => {
                stand.heads = heads;
                if !Arc::ptr_eq(&stand.cast, cast) {
                    stand.cast = Arc::clone(cast);
                }
                if !Arc::ptr_eq(&stand.announced, announced) {
                    stand.announced = Arc::clone(announced);
                }
            }
            None => {
                *stand = Some(Stand {
                    loaded_at: cast.read_at,
                    heads,
                    announced: Arc::clone(announced),
                    cast: Arc::clone(cast),
                });
            }
        }
    }

    /// It is loaded, again perhaps: it stands nowhere until that is done.
    pub fn load(&self) {
        *self.stand.borrow_mut() = None;
    }

    fn mailbox(&self) -> u64 {
        self.delivered.get().saturating_sub(self.taken.get())
    }

    /// How long a command waited lately, or has waited by now if that is longer.
    fn wait_ms(&self) -> Option<f64> {
        let waiting = self.probe.get().map(|(_, since)| since.elapsed());
        self.waited.get().max(waiting).map(ms)
    }

    fn rate(&self) -> f64 {
        rounded(self.pace.get().per_second(self.born.elapsed()))
    }

    fn active(&self) -> Arc<[UserId]> {
        let stand = self.stand.borrow();
        let active = stand.as_ref().map(|stand| Arc::clone(&stand.cast.active));
        active.unwrap_or_default()
    }

    /// What orders it among others, cheap enough to ask of every chat.
    pub fn heat(&self, by: HotBy) -> f64 {
        match by {
            HotBy::Rate => self.rate(),
            HotBy::Mailbox => (self.mailbox() + self.waiting.get().queued as u64) as f64,
            HotBy::Members => {
                let stand = self.stand.borrow();
                stand
                    .as_ref()
                    .map_or(0.0, |one| one.cast.active.len() as f64)
            }
        }
    }

    pub fn hot(&self, chat_id: ChatId, used_at: Instant, services: &ChatServices) -> Hot {
        let active = self.active();
        let stand = self.stand.borrow();
        let heads = stand.as_ref().map(|one| one.heads).unwrap_or_default();
        let chat = HotChat {
            chat_id,
            node: services.fanout.me(),
            kind: stand.as_ref().map(|one| one.cast.roster.chat.kind),
            members: active.len(),
            online: 0,
            rate_per_second: self.rate(),
            mailbox: self.mailbox() + self.waiting.get().queued as u64,
            in_flight: self.work.get().map_or(0, |work| work.size),
            head_seq: heads.seq,
            head_rev: heads.rev,
            mailbox_wait_ms: self.wait_ms(),
            last_active_at: services.clock.now().minus(used_at.elapsed()),
        };
        Hot { chat, active }
    }

    pub fn seen(
        &self,
        is_leaving: bool,
        used_at: Instant,
        services: &ChatServices,
    ) -> (ActorSeen, Arc<[UserId]>) {
        let active = self.active();
        let stand = self.stand.borrow();
        let stand = stand.as_ref();
        let heads = stand.map(|one| one.heads).unwrap_or_default();
        let waiting = self.waiting.get();
        let seen = ActorSeen {
            state: match stand {
                _ if is_leaving => ActorState::Leaving,
                Some(_) => ActorState::Active,
                None => ActorState::Loading,
            },
            loaded_at: stand.map(|one| one.loaded_at),
            last_active_at: services.clock.now().minus(used_at.elapsed()),
            head_seq: heads.seq,
            head_rev: heads.rev,
            announced_seq: stand.map_or(0, |one| {
                one.announced.load(Ordering::Relaxed).max(heads.seq)
            }),
            members: active.len(),
            online: 0,
            roster_read_at: stand.map(|one| one.cast.read_at),
            rate_per_second: self.rate(),
            mailbox: self.mailbox(),
            queued: waiting.queued,
            in_flight: self.work.get().map_or(0, |work| work.size),
            working_ms: self.work.get().map(|work| ms(work.since.elapsed())),
            mailbox_wait_ms: self.wait_ms(),
            batches: self.batches.get(),
            sends: self.sends.get(),
            last_batch: self.last_batch.get().map(|(messages, took)| BatchSeen {
                messages,
                ms: ms(took),
            }),
            receipts_waiting: waiting.receipts,
            receipts_storing: waiting.is_storing,
            typing: waiting.typing,
        };
        (seen, active)
    }
}

fn ms(span: Duration) -> f64 {
    rounded(span.as_secs_f64() * 1000.0)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
