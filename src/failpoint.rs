//! Places at which a test can have this process die, as by `kill -9`, or a handler panic.
//! `TROUPE_ABORT_AT=place` or `place:n`, for the n-th time it is reached; `TROUPE_PANIC_AT` the same,
//! every n-th time. Not in builds without debug assertions.

#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU32, Ordering};

/// What is done at a place, once it was reached as often as that.
#[cfg(debug_assertions)]
struct Armed {
    place: String,
    every: u32,
    reached: AtomicU32,
}

#[cfg(debug_assertions)]
static ABORTS: OnceLock<Armed> = OnceLock::new();
#[cfg(debug_assertions)]
static PANICS: OnceLock<Armed> = OnceLock::new();

#[cfg(debug_assertions)]
impl Armed {
    fn parse(wish: &str) -> Self {
        let (place, count) = wish.split_once(':').unwrap_or((wish, "1"));
        Self {
            place: place.to_owned(),
            every: count.parse().unwrap_or(1),
            reached: AtomicU32::new(0),
        }
    }

    fn is_due(&self, place: &str) -> bool {
        self.place == place
            && (self.reached.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.every)
    }
}

/// Takes what the environment asked for.
#[cfg(debug_assertions)]
pub fn arm(aborts: Option<&str>, panics: Option<&str>) {
    if let Some(wish) = aborts {
        let _ = ABORTS.set(Armed::parse(wish));
    }
    if let Some(wish) = panics {
        let _ = PANICS.set(Armed::parse(wish));
    }
}

/// Ends the process, or panics, where that was asked for.
#[cfg(debug_assertions)]
pub fn reached(place: &str) {
    if ABORTS.get().is_some_and(|armed| armed.is_due(place)) {
        std::process::abort();
    }
    let panics = PANICS.get().is_some_and(|armed| armed.is_due(place));
    assert!(!panics, "a test asked for this panic at {place}");
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn reached(_: &str) {}
