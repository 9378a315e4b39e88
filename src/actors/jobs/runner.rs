//! Looks for jobs that are due, and runs those of this process, each once at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::Job;
use super::run::{LEASE, run};
use crate::clock::Clock;
use crate::config::JobsConfig;
use crate::id::NodeId;
use crate::storage::StoreResult;
use crate::storage::jobs::{Claim, JobStore};

/// How soon a job that was asked for begins.
const LOOK: Duration = Duration::from_secs(1);

/// What every run needs.
#[derive(Clone)]
pub struct RunnerNeeds {
    pub store: Arc<dyn JobStore>,
    pub clock: Clock,
    pub me: NodeId,
    pub config: JobsConfig,
}

/// One per process.
pub struct JobRunner {
    needs: RunnerNeeds,
    jobs: Vec<Arc<dyn Job>>,
    running: BTreeSet<&'static str>,
}

impl JobRunner {
    pub fn new(needs: RunnerNeeds, jobs: Vec<Arc<dyn Job>>) -> Self {
        Self {
            needs,
            jobs,
            running: BTreeSet::new(),
        }
    }

    /// Each look follows the end of the last one, however slow the store is.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let idle = self
            .jobs
            .iter()
            .filter(|job| !self.running.contains(job.kind().name));
        let look = claim(self.needs.clone(), idle.cloned().collect());
        ctx.spawn(look.into_actor(self).map(|claimed, runner, ctx| {
            match claimed {
                Ok(jobs) => jobs.into_iter().for_each(|job| runner.start(job, ctx)),
                Err(error) => tracing::warn!(cause = %error, "jobs could not be looked for"),
            }
            ctx.run_later(LOOK, Self::look);
        }));
    }

    fn start(&mut self, job: Arc<dyn Job>, ctx: &mut Context<Self>) {
        let name = job.kind().name;
        self.running.insert(name);
        let run = run(self.needs.clone(), job);
        ctx.spawn(run.into_actor(self).map(move |(), runner, _| {
            runner.running.remove(name);
        }));
    }
}

impl Actor for JobRunner {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if !self.jobs.is_empty() {
            self.look(ctx);
        }
    }
}

/// Those of these jobs that are due, and now ours. Most looks find none and only read.
async fn claim(needs: RunnerNeeds, idle: Vec<Arc<dyn Job>>) -> StoreResult<Vec<Arc<dyn Job>>> {
    let records = needs.store.list().await?;
    let mut claimed = Vec::new();
    for job in idle {
        let kind = job.kind();
        let at = needs.clock.now();
        let due_before = at.minus((kind.every)(&needs.config));
        let record = records.iter().find(|record| record.name == kind.name);
        if record.is_some_and(|record| !record.is_due(at, due_before)) {
            continue;
        }
        let claim = Claim {
            job: kind.name,
            runner: needs.me,
            at,
            due_before,
            until: at + LEASE,
        };
        if needs.store.claim(claim).await? {
            claimed.push(job);
        }
    }
    Ok(claimed)
}
