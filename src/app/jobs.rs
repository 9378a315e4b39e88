//! Background jobs: which there are, the runner of this process, and `troupe jobs`.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Arbiter};
use tokio::time::Instant;

use super::groups::Groups;
use super::{StartError, failed, lock, media, stores};
use crate::actors::jobs::requests::JobDesk;
use crate::actors::jobs::runner::{JobRunner, RunnerNeeds};
use crate::actors::jobs::{Disappearing, Housekeeping, Job, JobKind, KINDS, OrphanMedia, kind};
use crate::actors::keeper::Keeper;
use crate::actors::user::erasure::EraseAccounts;
use crate::actors::user::export::ExportAccounts;
use crate::clock::{Clock, Timestamp};
use crate::config::{Backend, Config};
use crate::id::NodeId;
use crate::storage::Stores;
use crate::storage::jobs::JobRecord;

/// How long `troupe jobs run` waits for a process to begin.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(250);

/// What jobs work with.
pub struct JobNeeds<'a> {
    config: &'a Config,
    stores: &'a Stores,
    groups: &'a Groups,
    clock: Clock,
    me: NodeId,
}

impl<'a> JobNeeds<'a> {
    pub fn new(config: &'a Config, stores: &'a Stores, groups: &'a Groups, me: NodeId) -> Self {
        Self {
            config,
            stores,
            groups,
            clock: Clock::System,
            me,
        }
    }
}

/// Every job, as this process would run it.
fn all(needs: &JobNeeds<'_>) -> Vec<Arc<dyn Job>> {
    let (stores, clock) = (needs.stores, needs.clock);
    vec![
        Arc::new(Housekeeping {
            sessions: Arc::clone(&stores.sessions),
            codes: Arc::clone(&stores.codes),
            clock,
            access_lifetime: needs.config.auth.access_lifetime,
        }),
        Arc::new(ExportAccounts {
            stores: stores.clone(),
            message: needs.groups.message.clone(),
            clock,
            spool: media::spool(needs.config),
        }),
        Arc::new(EraseAccounts {
            stores: stores.clone(),
            chats: needs.groups.door.clone(),
            clock,
        }),
        Arc::new(OrphanMedia {
            stores: stores.clone(),
            clock,
            grace: needs.config.media.orphan_grace,
        }),
        Arc::new(Disappearing {
            stores: stores.clone(),
            clock,
        }),
    ]
}

/// Starts the runner of this process, with the jobs of its groups; `wanted` has it run those alone.
pub fn start(needs: &JobNeeds<'_>, wanted: impl Fn(&JobKind) -> bool) {
    let groups = needs.config.groups;
    let here = |job: &Arc<dyn Job>| groups.contains(job.kind().group) && wanted(job.kind());
    let jobs: Vec<_> = all(needs).into_iter().filter(here).collect();
    let needs = RunnerNeeds {
        store: Arc::clone(&needs.stores.jobs),
        clock: needs.clock,
        me: needs.me,
        config: needs.config.jobs.clone(),
    };
    Keeper::start_in_arbiter(&Arbiter::new().handle(), |_| {
        Keeper::new("job runner", move || {
            JobRunner::new(needs.clone(), jobs.clone())
        })
    });
}

/// A job as the command line prints it.
pub struct JobLine {
    pub name: &'static str,
    pub about: &'static str,
    pub every: Duration,
    /// How it stands, in a line.
    pub state: String,
}

/// Every job, with what is known of its runs.
pub fn list(config: &Config) -> Result<Vec<JobLine>, StartError> {
    actix::System::new().block_on(async {
        let beside = Beside::open(config).await?;
        let jobs = beside.desk().list().await.map_err(failed)?;
        let now = beside.clock.now();
        let line = |(kind, record): (&JobKind, JobRecord)| JobLine {
            name: kind.name,
            about: kind.about,
            every: (kind.every)(&config.jobs),
            state: state(&record, now),
        };
        Ok(jobs.into_iter().map(line).collect())
    })
}

fn state(record: &JobRecord, now: Timestamp) -> String {
    if record.is_running(now) {
        return format!("running, {} done", record.done);
    }
    if record.requested_at.is_some() {
        return "asked for, waits for a process".to_owned();
    }
    match (record.finished_at, &record.report) {
        (Some(at), Some(report)) if record.has_failed => format!("failed at {at}: {report}"),
        (Some(at), Some(report)) => format!("ran at {at}: {report}"),
        _ => "has not run".to_owned(),
    }
}

/// Runs a job now and waits for it: in a process of the installation if there is one, else, on
/// embedded storage, in this one. Answers what it said; `tell` hears how much it has done.
pub fn run(config: Config, name: &str, tell: impl FnMut(u64)) -> Result<String, StartError> {
    let Some(kind) = kind(name) else {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        return Err(StartError::Setting {
            setting: "NAME",
            what: format!("there is no job \"{name}\""),
            cure: format!("name one of {}", names.join(", ")).into(),
        });
    };
    let running = run_and_wait(Arc::new(config), kind, tell);
    let record = actix::System::new().block_on(running)?;
    let report = record.report.unwrap_or_default();
    if record.has_failed {
        Err(StartError::Failed(format!("{name} failed: {report}")))
    } else {
        Ok(report)
    }
}

async fn run_and_wait(
    config: Arc<Config>,
    kind: &'static JobKind,
    tell: impl FnMut(u64),
) -> Result<JobRecord, StartError> {
    let beside = Beside::open(&config).await?;
    let alone = match config.storage.backend {
        Backend::Embedded => lock::take(&config.storage.data_dir).ok(),
        Backend::Distributed => None,
    };
    if alone.is_some() {
        let Beside { stores, clock, me } = &beside;
        let groups = Groups::start(&config, stores, *clock, None).await?;
        let needs = JobNeeds::new(&config, stores, &groups, *me);
        start(&needs, |other| other.name == kind.name);
    }
    let desk = beside.desk();
    let asked = beside.clock.now();
    desk.request(kind.name).await.map_err(failed)?;
    wait(&desk, kind, asked, tell).await
}

async fn wait(
    desk: &JobDesk,
    kind: &JobKind,
    asked: Timestamp,
    mut tell: impl FnMut(u64),
) -> Result<JobRecord, StartError> {
    let began = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let jobs = desk.list().await.map_err(failed)?;
        let found = jobs.into_iter().find(|(other, _)| other.name == kind.name);
        let (_, record) = found.ok_or_else(|| failed("the job is gone"))?;
        let has_begun = record
            .requested_at
            .is_none_or(|requested| requested > asked);
        if has_begun && record.lease.is_none() {
            return Ok(record);
        }
        if !has_begun && record.lease.is_none() && began.elapsed() > PATIENCE {
            return Err(StartError::Failed(format!(
                "no process took it within {} s: start one that runs the group {}; it will run there",
                PATIENCE.as_secs(),
                kind.group.name()
            )));
        }
        tell(record.done);
    }
}

/// The stores, opened beside a server that may be running on them.
struct Beside {
    stores: Stores,
    clock: Clock,
    me: NodeId,
}

impl Beside {
    async fn open(config: &Config) -> Result<Self, StartError> {
        let data_dir = &config.storage.data_dir;
        if config.storage.backend == Backend::Embedded && !data_dir.is_dir() {
            return Err(StartError::Setting {
                setting: "storage.data_dir",
                what: format!("there is no {}", data_dir.display()),
                cure: "name the directory of an installation with --data-dir".into(),
            });
        }
        let (clock, me) = (Clock::System, NodeId::new());
        let stores = stores::open(config, clock, me).await?;
        Ok(Self { stores, clock, me })
    }

    fn desk(&self) -> JobDesk {
        JobDesk {
            store: Arc::clone(&self.stores.jobs),
            clock: self.clock,
        }
    }
}
