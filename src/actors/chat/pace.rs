//! How much of the time the search index is filled.

use std::time::Duration;

use tokio::time::Instant;

/// How many times as long as a stretch took is the pause after it: writers come first.
const REST: u32 = 3;
/// The same while more is written than can be indexed at that: it waits for a quieter time, so that those
/// who write have the processor.
const REST_BEHIND: u32 = 20;
/// How often it is judged which.
const WINDOW: Duration = Duration::from_secs(2);

/// What was written and indexed of late.
pub struct Pace {
    began: Instant,
    written: u64,
    indexed: u64,
    worked: Duration,
    is_behind: bool,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            written: 0,
            indexed: 0,
            worked: Duration::ZERO,
            is_behind: false,
        }
    }

    /// So many entries were written.
    pub fn written(&mut self, entries: u64) {
        self.written += entries;
    }

    /// The pause after work that took so long; so many entries were indexed by it, none where it was
    /// something else.
    pub fn rest(&mut self, took: Duration, indexed: u64, now: Instant) -> Duration {
        if indexed > 0 {
            self.indexed += indexed;
            self.worked += took;
        }
        let window = now.duration_since(self.began);
        if window >= WINDOW {
            let share = window.as_secs_f64() / f64::from(1 + REST);
            let possible = self.indexed as f64 * share / self.worked.as_secs_f64();
            *self = Self {
                // Where nothing was indexed it is not a number, and nothing is known.
                is_behind: self.written as f64 > possible,
                ..Self::new(now)
            };
        }
        took * if self.is_behind { REST_BEHIND } else { REST }
    }
}
