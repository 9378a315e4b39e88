//! Looks for sessions that ended on other nodes, wherever tokens are checked (D10).

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::revocations::Revocations;
use crate::clock::Clock;
use crate::storage::StoreResult;
use crate::storage::sessions::SessionStore;

/// How often they are looked for.
const POLL: Duration = Duration::from_secs(1);
/// How far back each look goes; more than once over, so that a slow commit is not missed.
const POLL_BACK: Duration = Duration::from_secs(15);
/// How often those are forgotten whose access tokens have ended.
const SWEEP: Duration = Duration::from_secs(3600);

/// One per process.
#[derive(Clone)]
pub struct RevocationWatch {
    pub sessions: Arc<dyn SessionStore>,
    pub clock: Clock,
    pub revocations: Revocations,
    pub access_lifetime: Duration,
}

impl Actor for RevocationWatch {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.poll(self.access_lifetime + POLL_BACK, ctx);
        ctx.run_later(POLL, Self::poll_due);
        ctx.run_interval(SWEEP, |watch, _| {
            let ended = watch.access_lifetime + POLL_BACK;
            watch.revocations.forget(watch.clock.now().minus(ended));
        });
    }
}

impl RevocationWatch {
    fn poll_due(&mut self, ctx: &mut Context<Self>) {
        self.poll(POLL_BACK, ctx);
        ctx.run_later(POLL, Self::poll_due);
    }

    fn poll(&self, back: Duration, ctx: &mut Context<Self>) {
        let look = self.clone().look(back);
        ctx.spawn(look.into_actor(self).map(|looked, _, _| {
            if let Err(error) = looked {
                tracing::warn!(cause = %error, "revoked sessions could not be read");
            }
        }));
    }

    async fn look(self, back: Duration) -> StoreResult<()> {
        let now = self.clock.now();
        let revoked = self.sessions.revoked_since(now.minus(back)).await?;
        self.revocations.announce(&revoked, now);
        Ok(())
    }
}
