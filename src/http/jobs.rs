//! `/admin/jobs`: background jobs, and running one now.

use std::time::Duration;

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use super::Answer;
use crate::actors::jobs::requests::{JobDesk, JobKind};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::id::NodeId;
use crate::storage::jobs::JobRecord;
use crate::wire::page::Page;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobView {
    name: &'static str,
    about: &'static str,
    group: &'static str,
    every_seconds: u64,
    /// `running`, `waiting` (asked for), `failed`, `ok` or `never`.
    state: &'static str,
    /// Who runs it now.
    runner: Option<NodeId>,
    done: u64,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    succeeded_at: Option<Timestamp>,
    report: Option<String>,
}

impl JobView {
    fn new(kind: &JobKind, record: JobRecord, every: Duration, now: Timestamp) -> Self {
        let is_running = record.is_running(now);
        Self {
            name: kind.name,
            about: kind.about,
            group: kind.group.name(),
            every_seconds: every.as_secs(),
            state: match record.finished_at {
                _ if is_running => "running",
                _ if record.requested_at.is_some() => "waiting",
                Some(_) if record.has_failed => "failed",
                Some(_) => "ok",
                None => "never",
            },
            runner: record
                .lease
                .filter(|_| is_running)
                .map(|lease| lease.runner),
            done: record.done,
            started_at: record.started_at,
            finished_at: record.finished_at,
            succeeded_at: record.succeeded_at,
            report: record.report,
        }
    }
}

async fn views(desk: &JobDesk, config: &Config) -> Answer<Vec<JobView>> {
    let now = desk.clock.now();
    let jobs = desk.list().await?;
    let view = |(kind, record): (&'static JobKind, JobRecord)| {
        JobView::new(kind, record, (kind.every)(&config.jobs), now)
    };
    Ok(jobs.into_iter().map(view).collect())
}

pub async fn list(desk: web::Data<JobDesk>, config: web::Data<Config>) -> Answer<impl Responder> {
    Ok(HttpResponse::Ok().json(Page {
        items: views(&desk, &config).await?,
        next_cursor: None,
    }))
}

/// Asks for a run; it begins within a second or two where a process has the job's group.
pub async fn run(
    desk: web::Data<JobDesk>,
    config: web::Data<Config>,
    name: web::Path<String>,
) -> Answer<impl Responder> {
    let kind = desk.request(&name).await?;
    let jobs = views(&desk, &config).await?;
    let asked = jobs.into_iter().find(|job| job.name == kind.name);
    Ok(HttpResponse::Ok().json(asked))
}
