//! One run of a job, from the lease to the report.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::runner::RunnerNeeds;
use super::{Job, Progress};
use crate::storage::jobs::{Finish, Lease};

/// A process that says nothing for so long has lost its job to the next.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is kept and the progress shown.
const KEEP: Duration = Duration::from_secs(2);

/// Runs a job whose lease is ours, keeps the lease, and says how it went. A job whose lease is lost,
/// or could not be kept for as long as it holds, is dropped where it stands.
pub async fn run(needs: RunnerNeeds, job: Arc<dyn Job>) {
    let name = job.kind().name;
    let progress = Progress::default();
    let began = Instant::now();
    let (running, shown) = (Arc::clone(&job), progress.clone());
    // A task of its own, so that a panic is one run's alone.
    let mut task = actix::spawn(async move { running.run(&shown).await });
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = keep(&needs, name, &progress) => {
            task.abort();
            tracing::warn!(job = name, "the job's lease was lost, its run is dropped");
            count(name, "lost");
            return;
        }
    };
    let (has_failed, report) = match ended {
        Ok(Ok(report)) => (false, report),
        Ok(Err(error)) => (true, error.to_string()),
        Err(_) => (true, "it panicked; the log says where".to_owned()),
    };
    let took = began.elapsed();
    count(name, if has_failed { "failed" } else { "ok" });
    metrics::histogram!("troupe_job_seconds", "job" => name).record(took.as_secs_f64());
    if has_failed {
        tracing::error!(job = name, cause = report, "a job failed");
    } else {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(job = name, report, took.ms = millis, "a job ran");
    }
    let finish = Finish {
        job: name,
        runner: needs.me,
        at: needs.clock.now(),
        done: progress.done(),
        report,
        has_failed,
    };
    if let Err(error) = needs.store.update_finished(finish).await {
        tracing::warn!(job = name, cause = %error, "the end of a job could not be stored");
    }
}

/// Ends when the lease is no longer ours.
async fn keep(needs: &RunnerNeeds, job: &'static str, progress: &Progress) {
    let mut kept = Instant::now();
    while kept.elapsed() < LEASE {
        tokio::time::sleep(KEEP).await;
        let asked = Instant::now();
        let lease = Lease {
            runner: needs.me,
            until: needs.clock.now() + LEASE,
        };
        match needs.store.update_lease(job, lease, progress.done()).await {
            Ok(true) => kept = asked,
            Ok(false) => return,
            Err(error) => tracing::warn!(job, cause = %error, "a job's lease could not be kept"),
        }
    }
}

fn count(job: &'static str, outcome: &'static str) {
    metrics::counter!("troupe_job_runs_total", "job" => job, "outcome" => outcome).increment(1);
}
