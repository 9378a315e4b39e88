//! What the embedded store does when its disk or one of its jobs fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use tempfile::TempDir;
use troupe::clock::Timestamp;
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::StoreErrorKind;
use troupe::storage::embedded::database::Database;
use troupe::storage::embedded::messages::SqliteMessages;
use troupe::storage::messages::{Append, Appended, Change, Entry, Heads, MessageStore};

pub fn database(folder: &Path) -> Database {
    Database::open(&folder.join("troupe.db")).expect("it opens")
}

/// So many texts after these heads, as one append.
pub fn texts(chat_id: ChatId, sender_id: UserId, heads: Heads, count: u64) -> Append {
    let content = serde_json::json!({ "content": "x".repeat(1_000) }).to_string();
    let entries = (1..=count).map(|place| {
        let id = MessageId::new();
        let at = Timestamp(1_800_000_000_000);
        let message = Message {
            id,
            chat_id,
            seq: heads.seq + place,
            rev: heads.rev + place,
            sender_id,
            client_message_id: Some(id.to_string()),
            content_hash: [0; 16],
            kind: MessageKind::Text,
            payload: serde_json::value::RawValue::from_string(content.clone()).expect("JSON"),
            reply_to_id: None,
            forwarded: false,
            reactions: Default::default(),
            is_deleted: false,
            edited_at: None,
            expires_at: None,
            created_at: at,
            updated_at: at,
        };
        Entry {
            rev: message.rev,
            at,
            change: Change::Sent(Box::new(message)),
        }
    });
    Append {
        chat_id,
        entries: entries.collect(),
    }
}

#[tokio::test]
async fn a_panicking_job_ends_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(folder.path());
    let user = UserId::new();
    let broken = database.write(move |connection| -> rusqlite::Result<()> {
        connection.execute(
            "INSERT INTO outbox (chat_id, first_rev, last_rev, head_seq, at) VALUES (?1, 1, 1, 1, 1)",
            [user.as_bytes()],
        )?;
        panic!("a bug in a job");
    });
    // In one commit with it, most likely; afterwards in any case.
    let fine = database.write(|connection| connection.execute("DELETE FROM hidden", []));
    let (broken, fine) = tokio::join!(broken, fine);
    assert_eq!(
        broken.expect_err("it panicked").kind,
        StoreErrorKind::Internal
    );
    assert_eq!(fine.expect("written"), 0);
    let broken = database.read(|_| -> rusqlite::Result<()> { panic!("a bug in a job") });
    let broken = broken.await.expect_err("it panicked");
    assert_eq!(broken.kind, StoreErrorKind::Internal);
    let rows = database.read(|connection| {
        connection.query_row("SELECT count(*) FROM outbox", [], |row| {
            row.get::<_, i64>(0)
        })
    });
    assert_eq!(rows.await.expect("read"), 0, "it was undone");
}

#[tokio::test]
async fn writes_that_share_a_transaction_are_run_again_when_one_of_them_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(folder.path());
    let add = |connection: &Connection, position: i64| {
        connection.execute(
            "INSERT INTO outbox (position, chat_id, first_rev, last_rev, head_seq, at)
             VALUES (?1, x'00', 1, 1, 1, 1)",
            [position],
        )
    };
    // Holds the writer until all of them wait, so that they are one batch.
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let hold = database.write(move |_| Ok(gate.recv().is_ok()));
    let fine = |position| database.write_repeatable(move |connection| add(connection, position));
    let broken = database.write_repeatable(move |connection| {
        add(connection, 100)?;
        add(connection, 100)
    });
    let panics = database.write_repeatable(move |connection| -> rusqlite::Result<usize> {
        add(connection, 200)?;
        panic!("a bug in a job");
    });
    let once = database.write(move |connection| add(connection, 3));
    let release = async {
        tokio::task::yield_now().await;
        go.send(())
    };
    let (held, first, broken, panics, once, second, _) =
        tokio::join!(hold, fine(1), broken, panics, once, fine(2), release);
    assert!(held.expect("held"));
    for written in [first, once, second] {
        assert_eq!(written.expect("written"), 1);
    }
    broken.expect_err("the same position twice");
    panics.expect_err("it panicked");
    let kept = database.read(|connection| {
        let mut statement = connection.prepare("SELECT position FROM outbox ORDER BY position")?;
        statement.query_map([], |row| row.get(0))?.collect()
    });
    let kept: Vec<i64> = kept.await.expect("read");
    assert_eq!(kept, [1, 2, 3], "each once, nothing of those that failed");
}

#[tokio::test]
async fn a_deletion_strips_the_text_of_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteMessages::new(database(folder.path()));
    let (chat_id, actor) = (ChatId::new(), UserId::new());
    let mut append = texts(chat_id, actor, Heads::default(), 1);
    let Change::Sent(message) = &append.entries[0].change else {
        panic!("a message");
    };
    let message_id = message.id;
    let payload = message.payload.clone();
    let changes = [
        Change::Edited {
            actor,
            message_id,
            payload,
        },
        Change::Deleted { actor, message_id },
    ];
    for (change, rev) in changes.into_iter().zip(2..) {
        let at = Timestamp(1_800_000_000_001);
        append.entries.push(Entry { rev, at, change });
    }
    let done = store.append(vec![append]).await;
    assert!(matches!(done[0], Appended::Committed), "{done:?}");
    drop(store);
    let raw = Connection::open(folder.path().join("troupe.db")).expect("it opens");
    let left: i64 = raw
        .query_row(
            "SELECT count(*) FROM entries WHERE payload LIKE '%xxx%'",
            [],
            |row| row.get(0),
        )
        .expect("counted");
    assert_eq!(left, 0);
    let entries: i64 = raw
        .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(entries, 3, "no entry is ever removed");
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(database(folder.path()));
    let raw = Connection::open(folder.path().join("troupe.db")).expect("it opens");
    raw.pragma_update(None, "user_version", 1_000).expect("set");
    let refused = Database::open(&folder.path().join("troupe.db"));
    let refused = refused.err().expect("refused");
    assert_eq!(refused.kind, StoreErrorKind::Internal);
    assert!(refused.message.contains("has schema 1000"), "{refused}");
}

/// A file system of a few megabytes; unmounted when dropped.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self { folder })
    }

    /// Takes all the space there is.
    fn fill(&self) -> PathBuf {
        use std::io::Write;
        let path = self.folder.path().join("ballast");
        let mut file = std::fs::File::create(&path).expect("a file");
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a thread of the store may still hold a file.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
    }
}

/// Appends until the disk says no; answers the heads of what was committed.
async fn until_full(store: &SqliteMessages, who: (ChatId, UserId), mut heads: Heads) -> Heads {
    for _ in 0..200 {
        let done = store.append(vec![texts(who.0, who.1, heads, 50)]).await;
        match &done[0] {
            Appended::Committed => {
                heads.seq += 50;
                heads.rev += 50;
            }
            Appended::Failed(error) => {
                assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
                return heads;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("the disk never filled");
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_writing_goes_on_when_there_is_space() {
    let Some(disk) = SmallDisk::mount() else {
        return a_full_database_is_unavailable().await;
    };
    let store = SqliteMessages::new(database(disk.folder.path()));
    let who = (ChatId::new(), UserId::new());
    let heads = until_full(&store, who, Heads::default()).await;
    let ballast = disk.fill();
    // Whatever is left of the log's own file may take a little more; then nothing does.
    let heads = until_full(&store, who, heads).await;
    assert_eq!(store.heads(who.0).await.expect("heads"), heads);
    for _ in 0..5 {
        let done = store.append(vec![texts(who.0, who.1, heads, 400)]).await;
        assert!(
            matches!(&done[0], Appended::Failed(error) if error.kind == StoreErrorKind::Unavailable),
            "{done:?}"
        );
        assert_eq!(store.heads(who.0).await.expect("heads"), heads);
    }
    std::fs::remove_file(ballast).expect("removed");
    grow(&disk);
    let done = store.append(vec![texts(who.0, who.1, heads, 400)]).await;
    assert!(matches!(done[0], Appended::Committed), "{done:?}");
    assert!(heads.seq > 0);
}

fn grow(disk: &SmallDisk) {
    let grown = Command::new("mount")
        .args(["-o", "remount,size=64m"])
        .arg(disk.folder.path())
        .status();
    assert!(grown.expect("mount runs").success());
}

/// The same where there is no mounting: SQLite's own limit says that the disk is full.
async fn a_full_database_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = database(folder.path());
    let limit = |pages: u32| {
        database.write(move |connection| {
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        })
    };
    limit(400).await.expect("limited");
    let store = SqliteMessages::new(database.clone());
    let who = (ChatId::new(), UserId::new());
    let heads = until_full(&store, who, Heads::default()).await;
    assert!(heads.seq > 0);
    assert_eq!(store.heads(who.0).await.expect("heads"), heads);
    limit(100_000).await.expect("lifted");
    let done = store.append(vec![texts(who.0, who.1, heads, 50)]).await;
    assert!(matches!(done[0], Appended::Committed), "{done:?}");
}
