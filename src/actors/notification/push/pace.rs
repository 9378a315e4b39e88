//! When the next push may go: FCM's waits are kept, and failures make the pauses longer.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::id::DeviceId;

/// Pauses after failures without a word of how long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// So many failures on end are no longer one device's.
const SUSPICIOUS: u32 = 3;
/// Devices that are waited for; beyond it those whose wait is over are forgotten.
const DEVICES: usize = 10_000;

#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    failures: u32,
}

struct State {
    everyone: Pause,
    /// Failures on end, whosever.
    failures: u32,
    devices: HashMap<DeviceId, Pause, ahash::RandomState>,
}

pub struct Pace(Mutex<State>);

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State {
            everyone: Pause {
                until: Instant::now(),
                failures: 0,
            },
            failures: 0,
            devices: HashMap::default(),
        }))
    }
}

impl Pace {
    /// How long a push to this device has still to wait; zero: it may go.
    pub fn wait(&self, device: DeviceId) -> Duration {
        let state = self.0.lock();
        let own = state.devices.get(&device).map(|pause| pause.until);
        let until = own.map_or(state.everyone.until, |own| own.max(state.everyone.until));
        until.saturating_duration_since(Instant::now())
    }

    pub fn succeeded(&self, device: DeviceId) {
        let mut state = self.0.lock();
        state.failures = 0;
        state.everyone.failures = 0;
        state.devices.remove(&device);
    }

    /// A push to this device that began then failed. Answers how long to wait.
    pub fn device_failed(
        &self,
        device: DeviceId,
        began: Instant,
        told: Option<Duration>,
    ) -> Duration {
        let mut state = self.0.lock();
        let now = Instant::now();
        if state.devices.len() >= DEVICES {
            state.devices.retain(|_, pause| pause.until > now);
        }
        let failures = state.devices.get(&device).map_or(0, |pause| pause.failures);
        let wait = told.unwrap_or_else(|| backed_off(failures));
        if state.devices.len() < DEVICES {
            let pause = Pause {
                until: now + wait,
                failures: failures + 1,
            };
            state.devices.insert(device, pause);
        }
        state.failures += 1;
        let is_general = told.is_none() && state.failures >= SUSPICIOUS;
        drop(state);
        match is_general {
            true => self.everyone_failed(began, None).max(wait),
            false => wait,
        }
    }

    /// Nothing goes for some time. Of those that were under way together one makes the pause longer.
    pub fn everyone_failed(&self, began: Instant, told: Option<Duration>) -> Duration {
        let mut state = self.0.lock();
        let now = Instant::now();
        let pause = &mut state.everyone;
        let wait = told.unwrap_or_else(|| backed_off(pause.failures));
        if told.is_some() || began >= pause.until {
            pause.until = pause.until.max(now + wait);
            pause.failures += 1;
        }
        pause.until.saturating_duration_since(now).max(FIRST)
    }
}

/// Doubled with each failure, and scattered by a fifth.
fn backed_off(failures: u32) -> Duration {
    let pause = FIRST * 2u32.pow(failures.min(6));
    pause.min(LONGEST).mul_f64(rand::random_range(0.8..1.2))
}
