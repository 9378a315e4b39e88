//! The way to whoever watches someone on this node.

use std::sync::{Arc, OnceLock};

use actix::Recipient;

use super::cluster::requests::PresenceChanged;
use super::request::tell;

/// Knows of nobody until it is set. Cheap to clone.
#[derive(Clone, Default)]
pub struct Announcer(Arc<OnceLock<Recipient<PresenceChanged>>>);

impl Announcer {
    /// Where there are sockets.
    pub fn set(&self, to: Recipient<PresenceChanged>) {
        let _ = self.0.set(to);
    }

    pub fn announce(&self, changed: PresenceChanged) {
        if let Some(to) = self.0.get() {
            // One that is not told is found by whoever asks again.
            let _ = tell(to, changed);
        }
    }
}
