//! The `jobs` table.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::database::Database;
use super::row;
use crate::clock::Timestamp;
use crate::storage::StoreResult;
use crate::storage::jobs::{Claim, Finish, JobRecord, JobStore, Lease};

pub struct SqliteJobs(pub Database);

#[async_trait]
impl JobStore for SqliteJobs {
    async fn insert_request(&self, job: &'static str, at: Timestamp) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO jobs (name, requested_at) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET requested_at = excluded.requested_at",
                    )?
                    .execute(params![job, at.0])
                    .map(|_| ())
            })
            .await
    }

    async fn list(&self) -> StoreResult<Vec<JobRecord>> {
        self.0
            .read(|connection| {
                connection
                    .prepare_cached(
                        "SELECT name, runner, leased_until, requested_at, started_at, finished_at,
                                succeeded_at, done, report, has_failed
                         FROM jobs ORDER BY name",
                    )?
                    .query_map([], read)?
                    .collect()
            })
            .await
    }

    async fn claim(&self, claim: Claim) -> StoreResult<bool> {
        self.0
            .write(move |connection| take(connection, &claim))
            .await
    }

    async fn update_lease(&self, job: &'static str, lease: Lease, done: u64) -> StoreResult<bool> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE jobs SET leased_until = ?3, done = ?4 WHERE name = ?1 AND runner = ?2",
                    )?
                    .execute(params![
                        job,
                        lease.runner.as_bytes(),
                        lease.until.0,
                        row::signed(done)
                    ])
                    .map(|rows| rows == 1)
            })
            .await
    }

    async fn update_finished(&self, finish: Finish) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE jobs SET runner = NULL, leased_until = NULL, finished_at = ?3,
                             succeeded_at = CASE WHEN ?6 THEN succeeded_at ELSE ?3 END,
                             done = ?4, report = ?5, has_failed = ?6
                         WHERE name = ?1 AND runner = ?2",
                    )?
                    .execute(params![
                        finish.job,
                        finish.runner.as_bytes(),
                        finish.at.0,
                        row::signed(finish.done),
                        finish.report,
                        finish.has_failed
                    ])
                    .map(|_| ())
            })
            .await
    }
}

fn take(connection: &Connection, claim: &Claim) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("INSERT INTO jobs (name) VALUES (?1) ON CONFLICT (name) DO NOTHING")?
        .execute([claim.job])?;
    connection
        .prepare_cached(
            "UPDATE jobs SET runner = ?2, leased_until = ?5, requested_at = NULL, started_at = ?3,
                 done = 0
             WHERE name = ?1 AND (leased_until IS NULL OR leased_until <= ?3)
               AND (started_at IS NULL OR started_at <= ?4
                    OR requested_at IS NOT NULL OR runner IS NOT NULL)",
        )?
        .execute(params![
            claim.job,
            claim.runner.as_bytes(),
            claim.at.0,
            claim.due_before.0,
            claim.until.0
        ])
        .map(|rows| rows == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let runner = row::optional_id(row, 1)?;
    let until = row::optional_time(row, 2)?;
    Ok(JobRecord {
        name: row.get(0)?,
        lease: runner
            .zip(until)
            .map(|(runner, until)| Lease { runner, until }),
        requested_at: row::optional_time(row, 3)?,
        started_at: row::optional_time(row, 4)?,
        finished_at: row::optional_time(row, 5)?,
        succeeded_at: row::optional_time(row, 6)?,
        done: row::number(row, 7)?,
        report: row.get(8)?,
        has_failed: row.get(9)?,
    })
}
