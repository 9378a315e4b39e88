//! One SQLite file: a writer thread that commits in groups, and readers beside it.
//!
//! WAL with `synchronous=FULL`: when a write is answered it has been fsynced (D1). The writer takes
//! whatever waits and commits it as one transaction; each piece has a savepoint of its own, so one
//! that fails leaves the others whole. There is no timer: a lone write pays one commit.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use rusqlite::{Connection, OpenFlags, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// Writes that may wait; beyond it callers wait for a place.
const WRITES_WAITING: usize = 8192;
/// Most writes in one commit.
const WRITES_PER_COMMIT: usize = 512;
const READS_WAITING: usize = 1024;
const READERS: usize = 2;

type Finish = Box<dyn FnOnce(Option<StoreError>) + Send>;
type Write = Box<dyn FnOnce(&mut Transaction<'_>) -> Finish + Send>;
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A handle; clones share the file. The threads end when the last handle goes.
#[derive(Clone)]
pub struct Database {
    writes: mpsc::Sender<Write>,
    reads: mpsc::Sender<Read>,
}

impl Database {
    /// Opens (or makes) the file and brings its schema up to date.
    pub fn open(path: &Path) -> StoreResult<Self> {
        let mut writer = connect(path, OpenFlags::default())?;
        super::migrations::run(&mut writer).map_err(|error| store_error(&error))?;
        let (writes, waiting_writes) = mpsc::channel(WRITES_WAITING);
        spawn("sqlite-writer", move || write_loop(writer, waiting_writes))?;

        let (reads, waiting_reads) = mpsc::channel(READS_WAITING);
        let waiting_reads = Arc::new(parking_lot::Mutex::new(waiting_reads));
        for _ in 0..READERS {
            let reader = connect(path, OpenFlags::default())?;
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
            let _ = answer.send(read(connection).map_err(|error| store_error(&error)));
        });
        self.reads.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Runs `write` in a savepoint of the next group commit and answers once that is durable.
    /// An error undoes this write alone.
    pub async fn write<T, F>(&self, write: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Write = Box::new(move |transaction| {
            let result = in_savepoint(transaction, write).map_err(|error| store_error(&error));
            Box::new(move |failed: Option<StoreError>| {
                let _ = answer.send(match failed {
                    Some(error) => Err(error),
                    None => result,
                });
            })
        });
        self.writes.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

fn in_savepoint<T>(
    transaction: &mut Transaction<'_>,
    write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let savepoint = transaction.savepoint()?;
    let value = write(&savepoint)?;
    savepoint.commit()?;
    Ok(value)
}

fn write_loop(mut connection: Connection, mut waiting: mpsc::Receiver<Write>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < WRITES_PER_COMMIT {
            match waiting.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        metrics::histogram!("troupe_sqlite_commit_writes").record(batch.len() as f64);
        commit(&mut connection, batch);
    }
}

/// One transaction for a batch. When it cannot begin or commit, everyone in it is told: a failed
/// commit rolled everything back, so nothing was written.
fn commit(connection: &mut Connection, batch: Vec<Write>) {
    let mut finishes = Vec::with_capacity(batch.len());
    let outcome = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .and_then(|mut transaction| {
            for write in batch {
                finishes.push(write(&mut transaction));
            }
            transaction.commit()
        });
    let failed = outcome.err().map(|error| {
        tracing::error!(cause = %error, "commit failed");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        store_error(&error)
    });
    for finish in finishes {
        finish(failed.clone());
    }
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

fn connect(path: &Path, flags: OpenFlags) -> StoreResult<Connection> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| store_error(&error))?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 4000;",
        )
        .map_err(|error| store_error(&error))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> StoreResult<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|error| StoreError {
            kind: StoreErrorKind::Unavailable,
            store: "sqlite",
            message: error.to_string(),
        })
}

fn closed() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "sqlite",
        message: "the storage is shutting down".to_owned(),
    }
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
