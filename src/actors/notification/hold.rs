//! Events that are worked on: each is answered once everything that it called for is decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::storage::events::AnswerEvent;
use crate::trace::TraceContext;

/// After so long without an answer an event is given out again, here or elsewhere.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// An event that is held is spoken for again after so long.
const SPEAK_EVERY: Duration = Duration::from_secs(20);
/// Pauses before an event that failed comes again, doubled each time.
const AGAIN: Duration = Duration::from_secs(2);
const LONGEST_AGAIN: Duration = Duration::from_secs(120);

/// An event and its place among those that may be held.
pub struct Held {
    pub answer: Arc<dyn AnswerEvent>,
    pub attempt: u32,
    pub room: OwnedSemaphorePermit,
    pub trace: Option<TraceContext>,
}

impl Held {
    /// Nothing is to be done about it.
    pub fn done(self) {
        self.answer_with(true);
    }

    /// It comes again, and after some attempts is dead.
    pub fn failed(self) {
        self.answer_with(false);
    }

    fn answer_with(self, is_done: bool) {
        let pause = AGAIN * 2u32.pow(self.attempt.saturating_sub(1).min(8));
        actix::spawn(async move {
            let answered = match is_done {
                true => self.answer.done().await,
                false => self.answer.again(pause.min(LONGEST_AGAIN)).await,
            };
            if let Err(error) = answered {
                tracing::debug!(cause = %error, "an event was not answered and comes again");
            }
            drop(self.room);
        });
    }

    /// Gives out a ticket for each thing that it calls for; one at least.
    pub fn tickets(self, count: usize) -> (Arc<Hold>, Vec<Ticket>) {
        let hold = Arc::new(Hold {
            answer: Arc::clone(&self.answer),
            trace: self.trace,
            spoken_at: parking_lot::Mutex::new(Instant::now()),
            left: AtomicUsize::new(count),
            is_failed: AtomicBool::new(false),
            held: parking_lot::Mutex::new(Some(self)),
        });
        let tickets = (0..count).map(|_| Ticket(Arc::clone(&hold)));
        let tickets = tickets.collect();
        (hold, tickets)
    }
}

/// An event that waits for its tickets.
pub struct Hold {
    answer: Arc<dyn AnswerEvent>,
    trace: Option<TraceContext>,
    spoken_at: parking_lot::Mutex<Instant>,
    left: AtomicUsize,
    is_failed: AtomicBool,
    held: parking_lot::Mutex<Option<Held>>,
}

impl Hold {
    pub fn is_answered(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// Says that it is still worked on, if that is due.
    pub fn speak(self: &Arc<Self>) {
        let mut spoken_at = self.spoken_at.lock();
        if spoken_at.elapsed() < SPEAK_EVERY {
            return;
        }
        *spoken_at = Instant::now();
        let answer = Arc::clone(&self.answer);
        actix::spawn(async move {
            if let Err(error) = answer.working().await {
                tracing::debug!(cause = %error, "an event was not spoken for");
            }
        });
    }

    fn settle(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if let Some(held) = self.held.lock().take() {
            match self.is_failed.load(Ordering::Acquire) {
                true => held.failed(),
                false => held.done(),
            }
        }
    }
}

/// One thing that an event calls for. Dropped without a word, the event is never answered from here
/// and comes again.
pub struct Ticket(Arc<Hold>);

impl Ticket {
    /// It is decided.
    pub fn done(self) {
        self.0.settle();
    }

    /// It could not be decided: the event comes again.
    pub fn failed(self) {
        self.0.is_failed.store(true, Ordering::Release);
        self.0.settle();
    }

    /// Where in a trace the event stands.
    pub fn trace(&self) -> Option<TraceContext> {
        self.0.trace
    }
}
