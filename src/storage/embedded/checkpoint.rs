//! Copies commits from the write-ahead log into the database file, beside the writer.
//!
//! Left to itself SQLite does that inside a commit, and everyone waits. Here a thread of its own
//! copies while the writer goes on. What came meanwhile is little: the writer copies that itself
//! between two transactions, and then the log starts over at its beginning.

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, OpenFlags};

use super::database::{connect, spawn, store_error};
use crate::storage::error::StoreResult;

/// Pages in the log before it is copied: 64 MiB. Pages written again meanwhile are copied once.
const PAGES: c_int = 16_384;

/// The writer's side.
pub struct Checkpoints {
    /// In the log after the last commit.
    pages: Arc<AtomicI32>,
    wake: SyncSender<()>,
    /// The thread has copied what it found.
    copied: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Starts the thread; it ends when this is dropped.
    pub fn start(path: &Path, writer: &mut Connection) -> StoreResult<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&pages);
        writer
            .wal_hook(Some(move |_: &mut _, in_log: c_int| {
                counted.store(in_log, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(|error| store_error(&error))?;
        let (wake, woken) = sync_channel(1);
        let copied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&copied);
        let connection = connect(path, OpenFlags::default())?;
        spawn("sqlite-checkpoint", move || {
            copy_loop(&connection, &woken, &done);
        })?;
        Ok(Self {
            pages,
            wake,
            copied,
        })
    }

    /// To be called by the writer between two transactions.
    pub fn between(&self, connection: &Connection) {
        if self.pages.load(Ordering::Relaxed) < PAGES {
            return;
        }
        if self.copied.swap(false, Ordering::Acquire) {
            self.pages.store(0, Ordering::Relaxed);
            copy(connection);
        } else {
            // Full: it has been woken already.
            let _ = self.wake.try_send(());
        }
    }
}

fn copy_loop(connection: &Connection, woken: &Receiver<()>, done: &AtomicBool) {
    while woken.recv().is_ok() {
        if copy(connection) {
            done.store(true, Ordering::Release);
        }
    }
}

/// Passive: waits for nobody. What a reader still needs is copied the next time.
fn copy(connection: &Connection) -> bool {
    let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = &copied {
        tracing::warn!(cause = %error, "the log could not be copied into the database");
    }
    copied.is_ok()
}
