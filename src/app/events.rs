//! The stream of events: in memory, or on JetStream.

use std::sync::Arc;

use super::dependencies::Finding;
use super::{StartError, nodes};
use crate::actors::cluster::Cluster;
use crate::actors::cluster::bus::Bus;
use crate::clock::Clock;
use crate::config::Config;
use crate::storage::distributed::events::{EventSettings, JetStreamEvents};
use crate::storage::embedded::events::MemoryEvents;
use crate::storage::events::EventStream;
use crate::storage::{StoreErrorKind, StoreResult};

/// Dead events that `troupe doctor` lists.
const LISTED: usize = 5;

/// Opens it. A stream that cannot be what it must be is an error; one that is away is made later.
pub async fn open(
    config: &Config,
    clock: Clock,
    nodes: Option<&Cluster>,
) -> Result<Arc<dyn EventStream>, StartError> {
    let Some(cluster) = nodes else {
        return Ok(Arc::new(MemoryEvents::new(clock)));
    };
    let events = on(config, cluster.bus());
    match events.prepare().await {
        Err(error) if error.kind == StoreErrorKind::Internal => Err(StartError::Setting {
            setting: "nats.events",
            what: "the stream of events cannot be used".to_owned(),
            cure: error.message.into(),
        }),
        Err(error) => {
            tracing::warn!(cause = %error, "the stream of events is looked for again");
            Ok(Arc::new(events))
        }
        Ok(()) => Ok(Arc::new(events)),
    }
}

fn on(config: &Config, bus: &Bus) -> JetStreamEvents {
    let (nats, events) = (&config.nats, &config.nats.events);
    let settings = EventSettings {
        prefix: nats.prefix.clone(),
        max_age: events.max_age,
        max_bytes: events.max_bytes,
        duplicate_window: events.duplicate_window,
        replicas: events.replicas,
        timeout: nats.timeout,
    };
    JetStreamEvents::new(bus.client.clone(), bus.connections(), settings)
}

/// What `troupe doctor` says of it; nothing while NATS cannot be reached, which is said elsewhere.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let Ok(bus) = Bus::connect(&nodes::settings(config), |_| {}).await else {
        return Vec::new();
    };
    let findings = findings(&on(config, &bus)).await;
    findings.unwrap_or_else(|error| vec![Finding::wrong(format!("events: {error}"))])
}

async fn findings(events: &JetStreamEvents) -> StoreResult<Vec<Finding>> {
    let misfits = events.examine().await?;
    let dead = events.dead(LISTED).await?;
    let mut findings: Vec<Finding> = misfits
        .into_iter()
        .map(|misfit| Finding::wrong(format!("events (nats.events): {misfit}")))
        .collect();
    for one in dead {
        findings.push(Finding::wrong(format!(
            "events: {} of {} could not be taken by the consumer {}: {}",
            one.subject, one.at, one.consumer, one.reason
        )));
    }
    if findings.is_empty() {
        findings.push(Finding::fine("events: none is dead"));
    }
    Ok(findings)
}
