//! The `jobs` table.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::postgres::{Postgres, failed, number, signed, stored, time, uncertain};
use crate::clock::Timestamp;
use crate::id::NodeId;
use crate::storage::StoreResult;
use crate::storage::jobs::{Claim, Finish, JobRecord, JobStore, Lease};

pub struct PostgresJobs(pub Postgres);

#[async_trait]
impl JobStore for PostgresJobs {
    async fn insert_request(&self, job: &'static str, at: Timestamp) -> StoreResult<()> {
        self.execute(
            "INSERT INTO jobs (name, requested_at) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET requested_at = excluded.requested_at",
            &[&job, &stored(at)],
        )
        .await
        .map(|_| ())
    }

    async fn list(&self) -> StoreResult<Vec<JobRecord>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT name, runner, leased_until, requested_at, started_at, finished_at,
                        succeeded_at, done, report, has_failed
                 FROM jobs ORDER BY name",
            )
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[]).await.map_err(failed)?;
        Ok(rows.iter().map(read).collect())
    }

    async fn claim(&self, claim: Claim) -> StoreResult<bool> {
        self.execute(
            "INSERT INTO jobs (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
            &[&claim.job],
        )
        .await?;
        let rows = self
            .execute(
                "UPDATE jobs SET runner = $2, leased_until = $5, requested_at = NULL,
                     started_at = $3, done = 0
                 WHERE name = $1 AND (leased_until IS NULL OR leased_until <= $3)
                   AND (started_at IS NULL OR started_at <= $4
                        OR requested_at IS NOT NULL OR runner IS NOT NULL)",
                &[
                    &claim.job,
                    &claim.runner.0,
                    &stored(claim.at),
                    &stored(claim.due_before),
                    &stored(claim.until),
                ],
            )
            .await?;
        Ok(rows == 1)
    }

    async fn update_lease(&self, job: &'static str, lease: Lease, done: u64) -> StoreResult<bool> {
        let rows = self
            .execute(
                "UPDATE jobs SET leased_until = $3, done = $4 WHERE name = $1 AND runner = $2",
                &[&job, &lease.runner.0, &stored(lease.until), &signed(done)],
            )
            .await?;
        Ok(rows == 1)
    }

    async fn update_finished(&self, finish: Finish) -> StoreResult<()> {
        self.execute(
            "UPDATE jobs SET runner = NULL, leased_until = NULL, finished_at = $3,
                 succeeded_at = CASE WHEN $6 THEN succeeded_at ELSE $3 END,
                 done = $4, report = $5, has_failed = $6
             WHERE name = $1 AND runner = $2",
            &[
                &finish.job,
                &finish.runner.0,
                &stored(finish.at),
                &signed(finish.done),
                &finish.report,
                &finish.has_failed,
            ],
        )
        .await
        .map(|_| ())
    }
}

impl PostgresJobs {
    async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> StoreResult<u64> {
        let client = self.0.client().await?;
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, values).await.map_err(uncertain)
    }
}

fn read(row: &Row) -> JobRecord {
    let at = |column: usize| row.get::<_, Option<_>>(column).map(time);
    let runner: Option<uuid::Uuid> = row.get(1);
    JobRecord {
        name: row.get(0),
        lease: runner
            .map(NodeId)
            .zip(at(2))
            .map(|(runner, until)| Lease { runner, until }),
        requested_at: at(3),
        started_at: at(4),
        finished_at: at(5),
        succeeded_at: at(6),
        done: number(row.get(7)),
        report: row.get(8),
        has_failed: row.get(9),
    }
}
