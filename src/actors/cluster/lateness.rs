//! Who sent a message, and whether it came late: by a connection that its sender has replaced since, or
//! long after it was sent. A network that held a connection's last bytes can let them go when others have
//! long done without, and they would undo what came after them.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::id::NodeId;

/// So much longer than others on the way, and it is late.
const LATE: Duration = Duration::from_secs(5);
/// Clocks run apart: what is usual is that of the last one or two of these.
const WINDOW: Duration = Duration::from_secs(10);
/// Who was not heard for so long is forgotten.
pub const FORGOTTEN: Duration = Duration::from_secs(600);

/// What is known of those who send to one subject.
pub struct Lateness {
    started: Instant,
    senders: HashMap<NodeId, Sender>,
}

struct Sender {
    /// Its newest connection.
    connection: u64,
    /// The shortest ways of this window and the one before, in ms, each with the same unknown added.
    shortest: [i64; 2],
    window: Instant,
}

/// What the marks of a subject say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The node that sent it last; not always the one that made it.
    pub sender: Option<NodeId>,
    /// By a connection that was replaced, whose commands are repeated.
    pub is_replaced: bool,
    /// That, or much later than is usual.
    pub is_late: bool,
}

impl Lateness {
    pub fn new(now: Instant) -> Self {
        Self {
            started: now,
            senders: HashMap::new(),
        }
    }

    /// Reads the marks of a subject, as [`Bus::marked`](super::bus::Bus::marked) makes them.
    pub fn read(&mut self, subject: &str, now: Instant) -> Marked {
        let mut marks = subject.rsplit('.');
        let sent_at = marks.next().and_then(|mark| mark.parse::<i64>().ok());
        let connection = marks.next().and_then(|mark| mark.parse::<u64>().ok());
        let node = marks.next().and_then(|mark| mark.parse::<NodeId>().ok());
        let (Some(sent_at), Some(connection), Some(node)) = (sent_at, connection, node) else {
            return Marked::default();
        };
        let arrived_at = millis(now.duration_since(self.started));
        let way = arrived_at.saturating_sub(sent_at);
        if !self.senders.contains_key(&node) {
            let is_known = |known: &Sender| now.duration_since(known.window) < FORGOTTEN;
            self.senders.retain(|_, known| is_known(known));
        }
        let sender = self.senders.entry(node).or_insert(Sender {
            connection,
            shortest: [way; 2],
            window: now,
        });
        let is_replaced = connection < sender.connection;
        let is_late = is_replaced || sender.is_slow(connection, way, now);
        if is_late {
            metrics::counter!("troupe_bus_stale_total").increment(1);
        }
        Marked {
            sender: Some(node),
            is_replaced,
            is_late,
        }
    }
}

impl Sender {
    fn is_slow(&mut self, connection: u64, way: i64, now: Instant) -> bool {
        if connection > self.connection {
            self.connection = connection;
            self.shortest = [way; 2];
            self.window = now;
        }
        if now.duration_since(self.window) >= WINDOW {
            self.shortest = [way, self.shortest[0]];
            self.window = now;
        }
        self.shortest[0] = way.min(self.shortest[0]);
        let usual = self.shortest[0].min(self.shortest[1]);
        way.saturating_sub(usual) >= millis(LATE)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
