//! The way out: not ready, sockets told and closed, requests finished, then the end.

use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::future::{join, join_all};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::groups::Groups;
use super::{StartError, failed};
use crate::actors::vital::Vital;
use crate::grpc::Running;
use crate::http::health::Readiness;

/// How long `/health/ready` says so before anything else happens: whoever routes here looks away.
const NOTICE: Duration = Duration::from_millis(500);
/// How long sockets may take to go.
const SOCKETS: Duration = Duration::from_secs(15);

/// SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, StartError> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "told to stop");
    }

    /// Waits for the next one, or for the death of what this process cannot go on without.
    pub async fn next_or_death(&mut self, vital: &Vital) -> Result<(), StartError> {
        let name = tokio::select! {
            () = self.next() => return Ok(()),
            name = vital.death() => name,
        };
        tracing::error!(name, "died of a panic, this process ends");
        Err(failed(format!(
            "the {name} died of a panic, which the log tells above; nothing acked is lost, start it again"
        )))
    }

    /// Waits until this is drained; the next one ends that.
    pub async fn unless_told_again(&mut self, drained: impl Future<Output = ()>) {
        tokio::select! {
            () = drained => tracing::info!("drained"),
            () = self.next() => tracing::warn!("stopped at once, not drained"),
        }
    }
}

/// At most 24 s: sockets, then requests under way (`http::server` bounds them to 8 s), at both
/// listeners at once. With none of them under 10 s, whoever keeps a connection open. What was
/// answered is durable already, so the groups have nothing to write.
pub async fn drain(
    readiness: &Readiness,
    groups: &Groups,
    servers: &[ServerHandle],
    grpc: Vec<Running>,
) {
    readiness.drain();
    for server in &grpc {
        server.announce_end().await;
    }
    tokio::time::sleep(NOTICE).await;
    groups.drain_chats();
    tokio::join!(groups.drain_sockets(SOCKETS), groups.stop_serving());
    join(
        join_all(servers.iter().map(|server| server.stop(true))),
        join_all(grpc.into_iter().map(Running::stop)),
    )
    .await;
    groups.leave().await;
}
