//! Which entry of the bucket is a sign of life. A watch that is begun again tells everything once more,
//! and what a dead node said last stays in the bucket for a while.

use std::collections::HashMap;
use std::time::Duration;

use crate::id::NodeId;

/// What is older than this, by the server's clock, than the newest of all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// When each node said last that it is there, in ns on the server's clock.
pub struct News {
    silence: i128,
    newest: i128,
    of: HashMap<NodeId, i128>,
}

impl News {
    /// `silence`: of a node that is heard of for the first time nothing older counts.
    pub fn new(silence: Duration) -> Self {
        Self {
            silence: nanos(silence),
            newest: i128::MIN,
            of: HashMap::new(),
        }
    }

    /// Something was said at this time. What the bucket holds is never so old that it would be forgotten:
    /// then the server's clock was set back.
    pub fn note(&mut self, at: i128) {
        if at < self.newest.saturating_sub(nanos(FORGOTTEN)) {
            self.newest = at;
            self.of.clear();
        }
        self.newest = self.newest.max(at);
    }

    /// Whether what a node said at this time says that it is there now.
    pub fn is_sign_of_life(&mut self, node: NodeId, at: i128) -> bool {
        self.note(at);
        let oldest = self.newest.saturating_sub(nanos(FORGOTTEN));
        self.of.retain(|_, said| *said >= oldest);
        match self.of.insert(node, at) {
            Some(before) => before != at,
            None => at >= self.newest.saturating_sub(self.silence),
        }
    }
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}
