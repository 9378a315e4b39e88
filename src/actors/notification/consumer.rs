//! Reads events: nothing as long as nobody has a push device, and never more than can be held.

use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::actor::{EventsCame, Load};
use super::arrivals::Arrival;
use super::desk::Desk;
use super::hold::PATIENCE;
use crate::actors::request::{Refused, tell};
use crate::domain::notification::Push;
use crate::storage::events::{ConsumerSpec, EventConsumer};

/// The durable consumer: processes with this group share it, and each event goes to one of them.
pub const NAME: &str = "notification";
/// What it hears.
pub const SUBJECTS: &[&str] = &[
    "msg.new",
    "msg.status.updated",
    "msg.deleted",
    "msg.updated",
    "group.member.added",
];
/// An event that is given out so often and never taken is dead.
const ATTEMPTS: u32 = 10;
/// Events that are looked at together.
const BATCH: usize = 256;
/// How often it is looked whether anyone has a push device.
const ANYONE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_secs(1);
const BUSY: Duration = Duration::from_millis(50);

/// Hands events to the actor until that is gone.
pub async fn read(desk: Arc<Desk>, load: Load, came: Recipient<EventsCame>) {
    begin_counting();
    until_anyone(&desk).await;
    let mut consumer = open(&desk).await;
    let room = Arc::new(Semaphore::new(desk.rules.pending));
    loop {
        while load.is_too_much() {
            sleep(BUSY).await;
        }
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let mut batch = vec![Arrival::new(consumer.next().await, permit)];
        while batch.len() < BATCH {
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                break;
            };
            match consumer.next().now_or_never() {
                Some(received) => batch.push(Arrival::new(received, permit)),
                None => break,
            }
        }
        let mut events = EventsCame(batch);
        loop {
            match tell(&came, events) {
                Ok(()) => break,
                Err(Refused::Full(refused)) => events = refused,
                // What was not handed over comes again to the successor.
                Err(Refused::Closed(_)) => return,
            }
            sleep(BUSY).await;
        }
    }
}

/// A counter that begins with what it counts has never risen for who alerts on it: it begins before.
fn begin_counting() {
    metrics::counter!("troupe_events_dead_total", "consumer" => NAME).increment(0);
    for kind in Push::KINDS {
        metrics::counter!("troupe_pushes_total", "kind" => kind, "outcome" => "given_up")
            .increment(0);
    }
}

/// While nobody has a device there is nothing to decide, and where nobody listens no event is made.
async fn until_anyone(desk: &Desk) {
    loop {
        match desk.stores.devices.is_any().await {
            Ok(true) => return,
            Ok(false) => sleep(ANYONE).await,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn open(desk: &Desk) -> Box<dyn EventConsumer> {
    let spec = ConsumerSpec {
        name: NAME,
        subjects: SUBJECTS.to_vec(),
        patience: PATIENCE,
        most_pending: desk.rules.pending,
        attempts: ATTEMPTS,
    };
    loop {
        match desk.events.consume(spec.clone()).await {
            Ok(consumer) => return consumer,
            Err(error) => {
                tracing::warn!(cause = %error, "no events for notifications");
                sleep(PAUSE).await;
            }
        }
    }
}
