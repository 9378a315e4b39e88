//! Background jobs.

use std::time::Duration;

use troupe::id::NodeId;
use troupe::storage::jobs::{Claim, Finish, JobRecord, Lease};

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    a_job_is_claimed_when_it_is_due,
    of_many_who_claim_a_job_one_has_it,
    a_job_that_was_asked_for_runs_again,
    a_run_that_did_not_end_is_begun_again,
    a_lost_lease_changes_nothing_any_more,
    what_a_run_said_is_kept,
);

const JOB: &str = "sweep";

/// At a moment, every ten, for thirty.
fn claim(runner: NodeId, moment: i64) -> Claim {
    Claim {
        job: JOB,
        runner,
        at: at(moment),
        due_before: at(moment - 10),
        until: at(moment + 30),
    }
}

fn finish(runner: NodeId, moment: i64, has_failed: bool) -> Finish {
    Finish {
        job: JOB,
        runner,
        at: at(moment),
        done: 7,
        report: format!("at {moment}"),
        has_failed,
    }
}

impl Opened {
    async fn take(&self, runner: NodeId, moment: i64) -> bool {
        self.jobs.claim(claim(runner, moment)).await.unwrap()
    }

    async fn end(&self, runner: NodeId, moment: i64, has_failed: bool) {
        let finish = finish(runner, moment, has_failed);
        self.jobs.update_finished(finish).await.unwrap();
    }

    async fn job(&self) -> JobRecord {
        self.jobs.list().await.unwrap().pop().unwrap()
    }
}

async fn a_job_is_claimed_when_it_is_due(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (NodeId::new(), NodeId::new());
    assert!(stores.take(one, 100).await);
    assert!(!stores.take(other, 101).await, "it runs");
    stores.end(one, 102, false).await;
    assert!(!stores.take(other, 109).await, "it began nine seconds ago");
    assert!(stores.take(other, 110).await);
}

async fn of_many_who_claim_a_job_one_has_it(backend: &dyn Backend) {
    let stores = backend.open();
    let claims = (0..20).map(|_| stores.take(NodeId::new(), 100));
    let taken = futures_util::future::join_all(claims).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}

async fn a_job_that_was_asked_for_runs_again(backend: &dyn Backend) {
    let stores = backend.open();
    let node = NodeId::new();
    assert!(stores.take(node, 100).await);
    stores.jobs.insert_request(JOB, at(101)).await.unwrap();
    assert!(!stores.take(node, 102).await, "it still runs");
    stores.end(node, 103, false).await;
    assert_eq!(stores.job().await.requested_at, Some(at(101)));
    assert!(stores.take(node, 104).await);
    assert_eq!(stores.job().await.requested_at, None);
    stores.end(node, 105, false).await;
    assert!(!stores.take(node, 106).await);
}

async fn a_run_that_did_not_end_is_begun_again(backend: &dyn Backend) {
    let stores = backend.open();
    let (dead, other) = (NodeId::new(), NodeId::new());
    let claim = Claim {
        due_before: at(-1_000_000),
        ..claim(dead, 100)
    };
    assert!(stores.jobs.claim(claim).await.unwrap());
    let later = |moment| Claim {
        runner: other,
        at: at(moment),
        until: at(moment + 30),
        ..claim
    };
    assert!(!stores.jobs.claim(later(129)).await.unwrap());
    assert!(
        stores.jobs.claim(later(130)).await.unwrap(),
        "its lease is over"
    );
}

async fn a_lost_lease_changes_nothing_any_more(backend: &dyn Backend) {
    let stores = backend.open();
    let (slow, other) = (NodeId::new(), NodeId::new());
    assert!(stores.take(slow, 100).await);
    let lease = |runner, moment| Lease {
        runner,
        until: at(moment),
    };
    let keep = |lease, done| stores.jobs.update_lease(JOB, lease, done);
    assert!(keep(lease(slow, 140), 3).await.unwrap());
    assert_eq!(stores.job().await.done, 3);
    assert!(!stores.take(other, 139).await, "it was kept");
    assert!(stores.take(other, 140).await);
    assert!(!keep(lease(slow, 200), 9).await.unwrap());
    stores.end(slow, 150, true).await;
    let job = stores.job().await;
    assert_eq!(job.lease, Some(lease(other, 170)));
    assert_eq!(
        (job.done, job.finished_at, job.has_failed),
        (0, None, false)
    );
}

async fn what_a_run_said_is_kept(backend: &dyn Backend) {
    let node = NodeId::new();
    {
        let stores = backend.open();
        assert!(stores.take(node, 100).await);
        stores.end(node, 101, false).await;
        assert!(stores.take(node, 110).await);
        stores.end(node, 112, true).await;
    }
    let kept = backend.open().job().await;
    let expected = JobRecord {
        name: JOB.to_owned(),
        lease: None,
        requested_at: None,
        started_at: Some(at(110)),
        finished_at: Some(at(112)),
        succeeded_at: Some(at(101)),
        done: 7,
        report: Some("at 112".to_owned()),
        has_failed: true,
    };
    assert_eq!(kept, expected);
    assert!(!kept.is_running(at(112) + Duration::from_secs(1)));
}
