//! The runner of background jobs, in virtual time on a real store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::Actor;
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::task::yield_now;
use tokio::time::{advance, sleep};
use troupe::actors::group::Group;
use troupe::actors::jobs::runner::{JobRunner, RunnerNeeds};
use troupe::actors::jobs::{Job, JobError, JobKind, Progress};
use troupe::clock::{Clock, Timestamp};
use troupe::config::Loader;
use troupe::id::NodeId;
use troupe::storage::embedded::database::Database;
use troupe::storage::embedded::jobs::SqliteJobs;
use troupe::storage::jobs::{Claim, JobRecord, JobStore, Lease};

static KIND: JobKind = JobKind {
    name: "count",
    about: "counts its runs",
    group: Group::Auth,
    every: |_| Duration::from_secs(60),
};

/// Counts its runs, and those at one time.
#[derive(Default)]
struct Counting {
    takes: Duration,
    panics: bool,
    begun: AtomicUsize,
    ended: AtomicUsize,
    at_once: AtomicUsize,
}

impl Counting {
    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Job for Counting {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let before = self.at_once.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "two runs at once");
        self.begun.fetch_add(1, Ordering::SeqCst);
        progress.advance(5);
        assert!(!self.panics, "as it is told to");
        sleep(self.takes).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let ended = self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(format!("run {ended}"))
    }
}

/// A store, and how to start processes on it.
struct Stage {
    store: Arc<dyn JobStore>,
    clock: Clock,
    _data: TempDir,
}

impl Stage {
    fn new() -> Self {
        tokio::time::pause();
        // Always something to do: time moves when the test says so, never while the store works.
        actix::spawn(async {
            loop {
                yield_now().await;
            }
        });
        let data = tempfile::tempdir().unwrap();
        let database = Database::open(&data.path().join("troupe.db")).unwrap();
        Self {
            store: Arc::new(SqliteJobs(database)),
            clock: Clock::tokio(Timestamp(1_700_000_000_000)),
            _data: data,
        }
    }

    fn process(&self, job: &Arc<Counting>) {
        let needs = RunnerNeeds {
            store: Arc::clone(&self.store),
            clock: self.clock,
            me: NodeId::new(),
            config: Loader::dev().load().unwrap().jobs,
        };
        let jobs: Vec<Arc<dyn Job>> = vec![Arc::clone(job) as Arc<dyn Job>];
        JobRunner::new(needs, jobs).start();
    }

    /// Time goes by, a second at once, and between them everyone comes to rest: the store takes
    /// one after the other.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            advance(Duration::from_secs(1)).await;
            for _ in 0..10 {
                let nobody = Lease {
                    runner: NodeId::new(),
                    until: self.clock.now(),
                };
                let write = self.store.update_lease(KIND.name, nobody, 0);
                assert!(!write.await.unwrap());
                self.store.list().await.unwrap();
            }
        }
    }

    /// Lets so many seconds pass at most, until it is so: a busy machine takes more than a second's rest
    /// to look, claim and begin.
    async fn until(&self, most: u64, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..most {
            self.pass(1).await;
            if is_so().await {
                return;
            }
        }
        panic!("not within {most} s: {what}");
    }

    async fn until_begun(&self, job: &Counting) {
        let begun = async || job.begun() == 1;
        self.until(20, "it begins", begun).await;
    }

    async fn record(&self) -> JobRecord {
        self.store.list().await.unwrap().pop().unwrap()
    }
}

#[actix::test]
async fn a_job_runs_as_often_as_it_is_to_be_however_many_could() {
    let stage = Stage::new();
    let job = Arc::new(Counting {
        takes: Duration::from_secs(40),
        ..Counting::default()
    });
    (0..3).for_each(|_| stage.process(&job));
    stage.until_begun(&job).await;
    let first = stage.clock.now();
    let is_seen = async || {
        let record = stage.record().await;
        record.is_running(stage.clock.now()) && record.done == 5
    };
    stage.until(20, "it is seen while it runs", is_seen).await;
    let last = async || stage.record().await.report.as_deref() == Some("run 3");
    stage.until(250, "the fourth run ends", last).await;
    // They began at about 0, 60, 120 and 180 s, and no sooner.
    assert_eq!((job.begun(), job.ended()), (4, 4));
    let took = stage.clock.now().since(first);
    assert!(took >= Duration::from_secs(210), "{took:?}");
    assert!(!stage.record().await.has_failed);
}

#[actix::test]
async fn a_job_that_is_asked_for_runs_at_once() {
    let stage = Stage::new();
    let job = Arc::new(Counting::default());
    stage.process(&job);
    let ended = async |times| job.ended() == times;
    stage.until(20, "it runs", || ended(1)).await;
    let now = stage.clock.now();
    stage.store.insert_request(KIND.name, now).await.unwrap();
    stage.until(20, "it runs again", || ended(2)).await;
}

#[actix::test]
async fn a_job_that_panics_fails_and_runs_again() {
    let stage = Stage::new();
    let job = Arc::new(Counting {
        panics: true,
        ..Counting::default()
    });
    stage.process(&job);
    stage.until_begun(&job).await;
    let first = stage.clock.now();
    let has_failed = async || {
        let record = stage.record().await;
        record.has_failed && record.lease.is_none()
    };
    stage.until(20, "it is seen to fail", has_failed).await;
    let record = stage.record().await;
    assert!(record.report.unwrap().contains("panicked"));
    job.at_once.store(0, Ordering::SeqCst);
    let again = async || job.begun() == 2;
    stage.until(80, "it runs again", again).await;
    let later = stage.clock.now().since(first);
    assert!(later >= Duration::from_secs(55), "{later:?}");
}

#[actix::test]
async fn a_run_whose_lease_is_lost_is_dropped() {
    let stage = Stage::new();
    let job = Arc::new(Counting {
        takes: Duration::from_secs(50),
        ..Counting::default()
    });
    stage.process(&job);
    stage.until_begun(&job).await;
    let other = NodeId::new();
    let later = stage.clock.now() + Duration::from_secs(40);
    let claim = Claim {
        job: KIND.name,
        runner: other,
        at: later,
        due_before: later,
        until: later + Duration::from_secs(3600),
    };
    assert!(stage.store.claim(claim).await.unwrap());
    stage.pass(100).await;
    assert_eq!(job.ended(), 0, "it was dropped");
    assert_eq!(stage.record().await.lease.unwrap().runner, other);
}
