//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again every few milliseconds until the answer is `Some`, and panics after [`PATIENCE`].
#[track_caller]
pub fn eventually_some<T, F, A>(what: &str, mut ask: F) -> impl Future<Output = T>
where
    F: FnMut() -> A,
    A: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{caller}: not within {PATIENCE:?}: {what}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Like [`eventually_some`], for a condition.
#[track_caller]
pub fn eventually<F, A>(what: &str, mut ask: F) -> impl Future<Output = ()>
where
    F: FnMut() -> A,
    A: Future<Output = bool>,
{
    eventually_some(what, move || {
        let asked = ask();
        async move { asked.await.then_some(()) }
    })
}

/// Like [`eventually`], within a time of one's own.
#[track_caller]
pub fn eventually_within<F, A>(time: Duration, what: &str, mut ask: F) -> impl Future<Output = ()>
where
    F: FnMut() -> A,
    A: Future<Output = bool>,
{
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        while !ask().await {
            assert!(
                started.elapsed() < time,
                "{caller}: not within {time:?}: {what}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
