//! That a sender's id for a message is taken for good in the embedded store, whatever is undone meanwhile:
//! against a model.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::{Strategy, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use rusqlite::Connection;
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::embedded::database::Database;
use troupe::storage::embedded::messages::SqliteMessages;
use troupe::storage::messages::{Append, Appended, Change, Entry, Heads, MessageStore};

use super::storage::{database, texts};

/// Chats, senders, and ids that they choose from.
const CHATS: usize = 3;
const SENDERS: usize = 2;
const IDS: usize = 12;

/// What a message is sent by and as.
type Key = (usize, usize);

#[derive(Clone, Debug)]
enum Step {
    Send(usize, Vec<Key>),
    /// In one transaction with a job that fails: it is undone, and run again.
    SendBesideFailure(usize, Vec<Key>),
    /// Nothing of it may stay.
    SendAndFail(usize, Vec<Key>),
    /// An entry that is no message.
    Change(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = (0..SENDERS, 0..IDS);
    let some = (0..CHATS, proptest::collection::vec(key, 1..4));
    let one = prop_oneof![
        6 => some.clone().prop_map(|(chat, keys)| Step::Send(chat, keys)),
        2 => some.clone().prop_map(|(chat, keys)| Step::SendBesideFailure(chat, keys)),
        1 => some.prop_map(|(chat, keys)| Step::SendAndFail(chat, keys)),
        2 => (0..CHATS).prop_map(Step::Change),
    ];
    proptest::collection::vec(one, 1..40)
}

/// The store and what is to be in it.
struct World {
    database: Database,
    store: SqliteMessages,
    chats: Vec<(ChatId, Heads)>,
    senders: Vec<UserId>,
    taken: HashMap<(usize, Key), u64>,
}

impl World {
    fn new(folder: &Path) -> Self {
        let database = database(folder);
        Self {
            store: SqliteMessages::new(database.clone()),
            database,
            chats: (0..CHATS)
                .map(|_| (ChatId::new(), Heads::default()))
                .collect(),
            senders: (0..SENDERS).map(|_| UserId::new()).collect(),
            taken: HashMap::new(),
        }
    }

    fn append(&self, chat: usize, keys: &[Key]) -> Append {
        let (chat_id, heads) = self.chats[chat];
        let mut append = texts(chat_id, self.senders[0], heads, keys.len() as u64);
        for (entry, (sender, id)) in append.entries.iter_mut().zip(keys) {
            let Change::Sent(message) = &mut entry.change else {
                panic!("a message");
            };
            message.sender_id = self.senders[*sender];
            message.client_message_id = Some(format!("id-{id}"));
        }
        append
    }

    /// How many of these come before the first whose id is taken; they are now.
    fn take(&mut self, chat: usize, keys: &[Key]) -> usize {
        for (place, key) in keys.iter().enumerate() {
            if self.taken.contains_key(&(chat, *key)) {
                return place;
            }
            let heads = &mut self.chats[chat].1;
            heads.seq += 1;
            heads.rev += 1;
            self.taken.insert((chat, *key), heads.rev);
        }
        keys.len()
    }

    /// Both in one transaction, which is undone, and then each for itself.
    async fn append_beside_failure(&self, append: Append) -> Appended {
        let fails = self.database.write_repeatable(|connection| {
            connection.execute("INSERT INTO nowhere VALUES (1)", [])
        });
        // Holds the writer until both wait.
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let hold = self.database.write(move |_| Ok(gate.recv().is_ok()));
        let release = async {
            tokio::task::yield_now().await;
            go.send(())
        };
        let appending = self.store.append(vec![append]);
        let (held, done, failed, _) = tokio::join!(hold, appending, fails, release);
        assert!(held.expect("held"));
        failed.expect_err("there is no such table");
        done.into_iter().next().expect("an outcome")
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Send(chat, keys) => {
                let append = self.append(chat, &keys);
                let done = self.store.append(vec![append]).await;
                self.expect(chat, &keys, &done[0]);
            }
            Step::SendBesideFailure(chat, keys) => {
                let append = self.append(chat, &keys);
                let done = self.append_beside_failure(append).await;
                self.expect(chat, &keys, &done);
            }
            Step::SendAndFail(chat, keys) => {
                let mut append = self.append(chat, &keys);
                let (mut twice, heads) = (append.entries[0].clone(), self.chats[chat].1);
                let count = keys.len() as u64;
                twice.rev = heads.rev + count + 1;
                if let Change::Sent(message) = &mut twice.change {
                    message.seq = heads.seq + count + 1;
                    // An id that nobody has used, for a message that is there.
                    message.client_message_id = None;
                }
                append.entries.push(twice);
                let before = (self.chats.clone(), self.taken.clone());
                let done = self.store.append(vec![append]).await;
                if self.take(chat, &keys) == keys.len() {
                    assert!(matches!(done[0], Appended::Failed(_)), "{done:?}");
                    (self.chats, self.taken) = before;
                }
            }
            Step::Change(chat) => {
                let (chat_id, heads) = &mut self.chats[chat];
                heads.rev += 1;
                let entry = Entry {
                    rev: heads.rev,
                    at: troupe::clock::Timestamp(1_800_000_000_000),
                    change: Change::Deleted {
                        actor: self.senders[0],
                        message_id: MessageId::new(),
                    },
                };
                let append = Append {
                    chat_id: *chat_id,
                    entries: vec![entry],
                };
                let done = self.store.append(vec![append]).await;
                assert!(matches!(done[0], Appended::Committed), "{done:?}");
            }
        }
    }

    fn expect(&mut self, chat: usize, keys: &[Key], done: &Appended) {
        let expected = self.take(chat, keys);
        let committed = match done {
            Appended::Committed => keys.len(),
            Appended::Conflict { committed } => *committed,
            Appended::Failed(error) => panic!("{error}"),
        };
        assert_eq!(committed, expected, "{keys:?} in chat {chat}");
    }

    /// Every id is found where it was used, and nowhere else.
    async fn look(&self) {
        for (chat, (chat_id, heads)) in self.chats.iter().enumerate() {
            let all = (0..SENDERS).flat_map(|sender| (0..IDS).map(move |id| (sender, id)));
            let keys = all.map(|(sender, id)| (self.senders[sender], format!("id-{id}")));
            let found = self.store.find_by_client_ids(*chat_id, keys.collect());
            let mut found: Vec<u64> = found.await.expect("read").iter().map(|m| m.rev).collect();
            found.sort_unstable();
            let used = self.taken.iter().filter(|((of, _), _)| *of == chat);
            let mut used: Vec<u64> = used.map(|(_, rev)| *rev).collect();
            used.sort_unstable();
            assert_eq!(found, used);
            assert_eq!(self.store.heads(*chat_id).await.expect("read"), *heads);
        }
    }
}

#[test]
fn an_id_is_taken_for_good_whatever_happens() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cases = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    let ran = TestRunner::new(cases).run(&steps(), |steps| {
        let folder = tempfile::tempdir().expect("a folder");
        runtime.block_on(async {
            let mut world = World::new(folder.path());
            for step in steps {
                world.step(step).await;
            }
            world.look().await;
        });
        Ok(())
    });
    ran.expect("as the model says");
}

/// The same sends once more, where seq and rev are this far.
fn again(mut append: Append, heads: u64) -> Append {
    for (entry, place) in append.entries.iter_mut().zip(1u64..) {
        entry.rev = heads + place;
        if let Change::Sent(message) = &mut entry.change {
            (message.id, message.seq) = (MessageId::new(), heads + place);
        }
    }
    append
}

/// A database of the version before, whose ids an index of the log held.
#[tokio::test]
async fn ids_of_an_older_database_stay_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("troupe.db");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let files = std::fs::read_dir(schema).expect("migrations");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let (chat_id, sender) = (ChatId::new(), UserId::new());
    let append = texts(chat_id, sender, Heads::default(), 3);
    let raw = Connection::open(&path).expect("it opens");
    for file in &files[..10] {
        let text = std::fs::read_to_string(file).expect("read");
        raw.execute_batch(&text).expect("a migration");
    }
    raw.pragma_update(None, "user_version", 10).expect("set");
    let mut insert = raw
        .prepare(
            "INSERT INTO entries (chat_id, rev, seq, change, type, actor_id, at, message_id,
                 content_hash, client_message_id, payload)
             VALUES (?1, ?2, ?2, 'sent', 'text', ?3, 1, ?4, zeroblob(16), ?5, '{}')",
        )
        .expect("prepared");
    for (entry, rev) in append.entries.iter().zip(1i64..) {
        let Change::Sent(message) = &entry.change else {
            panic!("a message");
        };
        let id = &message.client_message_id;
        let row = (
            chat_id.as_bytes(),
            rev,
            sender.as_bytes(),
            message.id.as_bytes(),
            id,
        );
        insert.execute(row).expect("inserted");
    }
    drop(insert);
    drop(raw);

    let store = SqliteMessages::new(Database::open(&path).expect("migrated"));
    let done = store.append(vec![again(append.clone(), 3)]).await;
    let refused = matches!(done[0], Appended::Conflict { committed: 0 });
    assert!(refused, "{done:?}");
    let Change::Sent(first) = &append.entries[0].change else {
        panic!("a message");
    };
    let key = (sender, first.client_message_id.clone().expect("an id"));
    let found = store.find_by_client_ids(chat_id, vec![key]).await;
    assert_eq!(found.expect("read")[0].id, first.id);
}

/// Two ids can have one number: then the second has the next.
#[tokio::test]
async fn a_number_that_is_anothers_is_passed_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteMessages::new(database(folder.path()));
    let (chat_id, sender) = (ChatId::new(), UserId::new());
    let append = texts(chat_id, sender, Heads::default(), 2);
    let done = store.append(vec![append.clone()]).await;
    assert!(matches!(done[0], Appended::Committed), "{done:?}");
    // The first is where the second would be, and that one behind it.
    let raw = Connection::open(folder.path().join("troupe.db")).expect("it opens");
    let place = "SELECT number FROM client_ids WHERE rev = 2";
    let place: i64 = raw.query_row(place, [], |row| row.get(0)).expect("there");
    raw.execute_batch(&format!(
        "UPDATE client_ids SET rev = 1 WHERE number = {place};
         INSERT INTO client_ids (number, rev) VALUES ({place} + 1, 2);"
    ))
    .expect("written");
    let Change::Sent(second) = &append.entries[1].change else {
        panic!("a message");
    };
    let key = (sender, second.client_message_id.clone().expect("an id"));
    let find = async || store.find_by_client_ids(chat_id, vec![key.clone()]).await;
    assert_eq!(find().await.expect("read")[0].id, second.id);
    let mut repeat = append.clone();
    repeat.entries.remove(0);
    let done = store.append(vec![again(repeat.clone(), 2)]).await;
    let refused = matches!(done[0], Appended::Conflict { committed: 0 });
    assert!(refused, "{done:?}");
    // Without its own number it is new, and gets the free one.
    let forgotten = format!("DELETE FROM client_ids WHERE number = {place} + 1");
    raw.execute_batch(&forgotten).expect("written");
    assert!(find().await.expect("read").is_empty());
    let done = store.append(vec![again(repeat, 2)]).await;
    assert!(matches!(done[0], Appended::Committed), "{done:?}");
    assert_eq!(find().await.expect("read")[0].seq, 3);
}
