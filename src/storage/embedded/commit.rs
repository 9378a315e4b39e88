//! The writer thread: takes whatever waits and commits it as one transaction.
//!
//! A savepoint makes SQLite copy every page that its job changes and another changed before. So
//! jobs that can be run again go first and without one; should any of them fail, the transaction
//! is undone and they are run again, each in a savepoint.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::database::store_error;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// Most writes in one commit.
const WRITES_PER_COMMIT: usize = 512;

/// A write that waits for its commit.
pub trait Job: Send {
    /// Whether it may be run once more after it was undone.
    fn is_repeatable(&self) -> bool;

    /// Runs it and keeps the result for later. `false`: it failed, and has been undone if it had
    /// a savepoint.
    fn run(&mut self, connection: &Connection, extent: Extent) -> bool;

    /// Tells the caller, once the commit is durable (`None`) or has failed.
    fn answer(self: Box<Self>, failed: Option<&StoreError>);
}

/// What a job that fails takes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole transaction, which must then be undone.
    Transaction,
    /// Itself alone.
    Savepoint,
}

/// A closure that runs once, and the caller who waits for its result.
pub struct Write<T, F> {
    write: Option<F>,
    result: StoreResult<T>,
    answer: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Write<T, F> {
    pub fn new(write: F, answer: oneshot::Sender<StoreResult<T>>) -> Self {
        Self {
            write: Some(write),
            result: Err(unavailable("the write did not run")),
            answer,
        }
    }
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn is_repeatable(&self) -> bool {
        false
    }

    /// Always in a savepoint: it could not be run again with the others.
    fn run(&mut self, connection: &Connection, _: Extent) -> bool {
        if let Some(write) = self.write.take() {
            self.result = guarded(|| in_savepoint(connection, write));
        }
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        let _ = self.answer.send(outcome(self.result, failed));
    }
}

/// A closure that may run again after it was undone.
pub struct Repeatable<T, F> {
    write: F,
    result: StoreResult<T>,
    answer: oneshot::Sender<StoreResult<T>>,
}

impl<T, F> Repeatable<T, F> {
    pub fn new(write: F, answer: oneshot::Sender<StoreResult<T>>) -> Self {
        Self {
            write,
            result: Err(unavailable("the write did not run")),
            answer,
        }
    }
}

impl<T, F> Job for Repeatable<T, F>
where
    T: Send,
    F: Fn(&Connection) -> rusqlite::Result<T> + Send,
{
    fn is_repeatable(&self) -> bool {
        true
    }

    fn run(&mut self, connection: &Connection, extent: Extent) -> bool {
        self.result = guarded(|| match extent {
            Extent::Transaction => (self.write)(connection),
            Extent::Savepoint => in_savepoint(connection, &self.write),
        });
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        let _ = self.answer.send(outcome(self.result, failed));
    }
}

fn outcome<T>(result: StoreResult<T>, failed: Option<&StoreError>) -> StoreResult<T> {
    match failed {
        Some(error) => Err(error.clone()),
        None => result,
    }
}

/// Runs a job of either kind; a panic in it is a bug of that job and ends nothing else.
pub fn guarded<T>(job: impl FnOnce() -> rusqlite::Result<T>) -> StoreResult<T> {
    match catch_unwind(AssertUnwindSafe(job)) {
        Ok(result) => result.map_err(|error| store_error(&error)),
        Err(_) => Err(StoreError {
            kind: StoreErrorKind::Internal,
            store: "sqlite",
            message: "a storage job panicked".to_owned(),
        }),
    }
}

/// Undoes what the closure wrote when it fails or panics.
fn in_savepoint<T>(
    connection: &Connection,
    write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    execute(connection, "SAVEPOINT job")?;
    let undo = Undo(connection);
    let value = write(connection)?;
    std::mem::forget(undo);
    execute(connection, "RELEASE job")?;
    Ok(value)
}

struct Undo<'c>(&'c Connection);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        // A full disk makes SQLite undo the whole transaction: then there is no savepoint any more.
        if !self.0.is_autocommit() {
            let undone =
                execute(self.0, "ROLLBACK TO job").and_then(|()| execute(self.0, "RELEASE job"));
            if let Err(error) = undone {
                tracing::error!(cause = %error, "a savepoint could not be undone");
                let _ = execute(self.0, "ROLLBACK");
            }
        }
    }
}

/// Runs until the last handle goes.
pub fn write_loop(
    connection: &Connection,
    checkpoints: &Checkpoints,
    waiting: &mut mpsc::Receiver<Box<dyn Job>>,
) {
    let mut batch = Vec::with_capacity(WRITES_PER_COMMIT);
    while waiting.blocking_recv_many(&mut batch, WRITES_PER_COMMIT) > 0 {
        metrics::histogram!("troupe_sqlite_commit_writes").record(batch.len() as f64);
        commit(connection, &mut batch);
        checkpoints.between(connection);
    }
}

/// Commits a batch. When SQLite gave up the transaction half-way (a full disk), those that had run
/// are told so and the rest gets a transaction of its own: nothing may run outside of one.
fn commit(connection: &Connection, batch: &mut Vec<Box<dyn Job>>) {
    // Who waits for one answer has not sent what depends on it, so the order may change.
    batch.sort_by_key(|job| !job.is_repeatable());
    let mut extent = Extent::Transaction;
    while !batch.is_empty() {
        let (ran, failed) = match execute(connection, "BEGIN IMMEDIATE") {
            Ok(()) => match run(connection, batch, extent) {
                Some(ran) => (ran, end(connection).err()),
                None => {
                    extent = Extent::Savepoint;
                    continue;
                }
            },
            Err(error) => (batch.len(), Some(store_error(&error))),
        };
        if let Some(error) = &failed {
            tracing::error!(cause = %error.message, writes = ran, "commit failed");
        }
        for job in batch.drain(..ran) {
            job.answer(failed.as_ref());
        }
    }
}

/// How many were run in the open transaction. `None`: it was undone, because one without a
/// savepoint failed; all of them were repeatable.
fn run(connection: &Connection, batch: &mut [Box<dyn Job>], extent: Extent) -> Option<usize> {
    let mut ran = 0;
    for job in batch {
        if connection.is_autocommit() {
            break;
        }
        let bare = extent == Extent::Transaction && job.is_repeatable();
        ran += 1;
        if !job.run(connection, extent) && bare {
            if !connection.is_autocommit()
                && let Err(error) = execute(connection, "ROLLBACK")
            {
                tracing::error!(cause = %error, "a transaction could not be undone");
            }
            return None;
        }
    }
    Some(ran)
}

fn end(connection: &Connection) -> StoreResult<()> {
    if connection.is_autocommit() {
        return Err(unavailable("the transaction was undone half-way"));
    }
    execute(connection, "COMMIT").map_err(|error| {
        if !connection.is_autocommit() {
            let _ = execute(connection, "ROLLBACK");
        }
        let mut failed = store_error(&error);
        // The pages may have reached the log before the error: after a crash they could be found there.
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) {
            failed.kind = StoreErrorKind::OutcomeUnknown;
        }
        failed
    })
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

pub fn unavailable(message: &str) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "sqlite",
        message: message.to_owned(),
    }
}
