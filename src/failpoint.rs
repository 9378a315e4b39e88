//! Places at which a test can have this process die, as by `kill -9`. `TROUPE_ABORT_AT=place` or
//! `place:n`, for the n-th time it is reached. Not in builds without debug assertions.

#[cfg(debug_assertions)]
use std::sync::OnceLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(debug_assertions)]
static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

/// Takes what the environment asked for.
#[cfg(debug_assertions)]
pub fn arm(wish: &str) {
    let (place, count) = wish.split_once(':').unwrap_or((wish, "1"));
    let count = AtomicU32::new(count.parse().unwrap_or(1));
    let _ = ARMED.set((place.to_owned(), count));
}

/// Ends the process where that was asked for.
#[cfg(debug_assertions)]
pub fn reached(place: &str) {
    if let Some((armed, left)) = ARMED.get()
        && armed == place
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
#[inline]
pub fn reached(_: &str) {}
