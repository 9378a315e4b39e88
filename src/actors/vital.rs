//! Actors and tasks that nothing can take the place of while the process runs, for others hold their
//! addresses: when one dies, of a panic, the process is to end and to be started again. Nothing acked is
//! lost with it (D1), and clients come back by themselves.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use super::guardian::WATCH_EVERY;

type IsAlive = Box<dyn Fn() -> bool + Send>;

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Vital(Arc<Mutex<Vec<(&'static str, IsAlive)>>>);

impl Vital {
    /// `name`: as the log calls it.
    pub fn watch(&self, name: &'static str, is_alive: impl Fn() -> bool + Send + 'static) {
        self.0.lock().push((name, Box::new(is_alive)));
    }

    /// Waits until one of them is dead, and names it.
    pub async fn death(&self) -> &'static str {
        let mut look = interval(WATCH_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let all = self.0.lock();
            if let Some((name, _)) = all.iter().find(|(_, is_alive)| !is_alive()) {
                return name;
            }
        }
    }
}
