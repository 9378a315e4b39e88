//! One SQLite file: a writer thread that commits in groups, and readers beside it.
//!
//! WAL with `synchronous=FULL`: when a write is answered it has been fsynced (D1). The writer takes
//! whatever waits and commits it as one transaction; each piece has a savepoint of its own, so one
//! that fails leaves the others whole. There is no timer: a lone write pays one commit.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::commit::{Job, Repeatable, Write, guarded, unavailable, write_loop};
use crate::fault;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// Writes that may wait; beyond it callers wait for a place.
const WRITES_WAITING: usize = 8192;
const READS_WAITING: usize = 1024;
const READERS: usize = 2;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A handle; clones share the file. The threads end when the last handle goes.
#[derive(Clone)]
pub struct Database {
    writes: mpsc::Sender<Box<dyn Job>>,
    reads: mpsc::Sender<Read>,
}

impl Database {
    /// Opens (or makes) the file and brings its schema up to date.
    pub fn open(path: &Path) -> StoreResult<Self> {
        Self::open_with(path, "", super::migrations::run)
    }

    /// A file with a schema and settings of its own.
    pub fn open_with(
        path: &Path,
        settings: &'static str,
        migrate: impl FnOnce(&mut Connection) -> rusqlite::Result<()>,
    ) -> StoreResult<Self> {
        let set = |connection: &Connection| {
            let set = connection.execute_batch(settings);
            set.map_err(|error| store_error(&error))
        };
        let mut writer = connect(path, OpenFlags::default())?;
        set(&writer)?;
        migrate(&mut writer).map_err(|error| store_error(&error))?;
        let checkpoints = Checkpoints::start(path, &mut writer)?;
        let (writes, mut waiting_writes) = mpsc::channel(WRITES_WAITING);
        spawn("sqlite-writer", move || {
            write_loop(&writer, &checkpoints, &mut waiting_writes);
        })?;

        let (reads, waiting_reads) = mpsc::channel(READS_WAITING);
        let waiting_reads = Arc::new(parking_lot::Mutex::new(waiting_reads));
        for _ in 0..READERS {
            let reader = connect(path, OpenFlags::default())?;
            set(&reader)?;
            reader
                .execute_batch("PRAGMA query_only = ON")
                .map_err(|error| store_error(&error))?;
            let waiting = Arc::clone(&waiting_reads);
            spawn("sqlite-reader", move || read_loop(&reader, &waiting))?;
        }
        Ok(Self { writes, reads })
    }

    /// Runs `read` on a reader; it sees every write answered before.
    pub async fn read<T, F>(&self, read: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            let _ = answer.send(guarded(|| read(connection)));
        });
        self.reads.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Runs `write` in a savepoint of the next group commit and answers once that is durable.
    /// An error or a panic undoes this write alone.
    pub async fn write<T, F>(&self, write: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.submit(Box::new(Write::new(write, answer)), answered)
            .await
    }

    /// As [`write`](Self::write), for what may be run again after it was undone: cheaper, since it
    /// needs no savepoint as long as nothing fails.
    pub async fn write_repeatable<T, F>(&self, write: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.submit(Box::new(Repeatable::new(write, answer)), answered)
            .await
    }

    async fn submit<T>(
        &self,
        job: Box<dyn Job>,
        answered: oneshot::Receiver<StoreResult<T>>,
    ) -> StoreResult<T> {
        if !fault::lets_write().await {
            return Err(unavailable("writes are refused, as an operator asked for"));
        }
        self.writes.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

fn closed() -> StoreError {
    unavailable("the storage is shutting down")
}

fn read_loop(connection: &Connection, waiting: &parking_lot::Mutex<mpsc::Receiver<Read>>) {
    loop {
        let next = waiting.lock().blocking_recv();
        match next {
            Some(read) => read(connection),
            None => return,
        }
    }
}

pub fn connect(path: &Path, flags: OpenFlags) -> StoreResult<Connection> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| store_error(&error))?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 0;",
        )
        .map_err(|error| store_error(&error))?;
    connection.set_prepared_statement_cache_capacity(128);
    // Else statements over tables with partial indexes are prepared again whenever a value is bound.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| store_error(&error))?;
    Ok(connection)
}

pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> StoreResult<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|error| unavailable(&error.to_string()))
}

/// A full disk, an I/O error or a lock is `unavailable`; anything else is a bug.
pub fn store_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    let kind = match error.sqlite_error_code() {
        Some(
            Code::DiskFull
            | Code::SystemIoFailure
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::CannotOpen
            | Code::ReadOnly
            | Code::OutOfMemory,
        ) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Internal,
    };
    StoreError {
        kind,
        store: "sqlite",
        message: error.to_string(),
    }
}
