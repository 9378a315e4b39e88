//! What one durable message costs in the embedded store: appends of several sizes over several chats.
//!
//! `cpu` counts the processor time of all threads per message, `wall` what a caller waits, fsync
//! included. Every chat begins with [`HISTORY`] messages, so that no tree is small.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use serde_json::value::RawValue;
use tokio::runtime::Runtime;
use troupe::clock::Timestamp;
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::embedded::database::Database;
use troupe::storage::embedded::messages::SqliteMessages;
use troupe::storage::messages::{Append, Appended, Change, Entry, Heads, MessageStore};

/// Messages in each chat before anything is measured.
const HISTORY: u64 = 200;
/// Messages per call, over how many chats.
const SHAPES: &[(usize, usize)] = &[(1, 1), (64, 1), (512, 1), (64, 64), (512, 64), (512, 512)];

/// Processor time of the whole process.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_nanos(nanos)
    }

    fn end(&self, started: Duration) -> Duration {
        self.start() - started
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// A store with some chats, and the numbers that come next in each.
struct Stage {
    store: SqliteMessages,
    runtime: Runtime,
    chats: Vec<Chat>,
    _folder: tempfile::TempDir,
}

struct Chat {
    id: ChatId,
    people: [UserId; 2],
    heads: Heads,
}

impl Stage {
    fn new(chats: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("bench.db")).expect("it opens");
        let mut stage = Self {
            store: SqliteMessages::new(database),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
            chats: (0..chats)
                .map(|_| Chat {
                    id: ChatId::new(),
                    people: [UserId::new(), UserId::new()],
                    heads: Heads::default(),
                })
                .collect(),
            _folder: folder,
        };
        for _ in 0..HISTORY / 4 {
            let appends = stage.next(chats * 4);
            stage.append(appends);
        }
        stage
    }

    /// So many messages, evenly over the chats.
    fn next(&mut self, messages: usize) -> Vec<Append> {
        let each = messages / self.chats.len();
        self.chats
            .iter_mut()
            .map(|chat| Append {
                chat_id: chat.id,
                entries: (0..each).map(|_| chat.next()).collect(),
            })
            .collect()
    }

    fn append(&self, appends: Vec<Append>) {
        let done = self.runtime.block_on(self.store.append(appends));
        assert!(done.iter().all(|one| matches!(one, Appended::Committed)));
    }
}

impl Chat {
    fn next(&mut self) -> Entry {
        let heads = Heads {
            seq: self.heads.seq + 1,
            rev: self.heads.rev + 1,
        };
        self.heads = heads;
        let id = MessageId::new();
        let at = Timestamp(1_800_000_000_000 + i64::try_from(heads.rev).unwrap_or(0));
        let content =
            r#"{"content":"the quick brown fox jumps over the lazy dog, and again it does."}"#;
        let message = Message {
            id,
            chat_id: self.id,
            seq: heads.seq,
            rev: heads.rev,
            sender_id: self.people[usize::from(heads.seq.is_multiple_of(2))],
            client_message_id: Some(uuid::Uuid::new_v4().to_string()),
            content_hash: [7; 16],
            kind: MessageKind::Text,
            payload: RawValue::from_string(content.to_owned()).expect("JSON"),
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
            rev: heads.rev,
            at,
            change: Change::Sent(Box::new(message)),
        }
    }
}

fn append<M: Measurement>(criterion: &mut Criterion<M>, kind: &str) {
    let mut group = criterion.benchmark_group(format!("append {kind}"));
    for &(messages, chats) in SHAPES {
        let stage = std::cell::RefCell::new(Stage::new(chats));
        group.throughput(Throughput::Elements(
            u64::try_from(messages).unwrap_or(u64::MAX),
        ));
        let id = BenchmarkId::new(format!("{messages} messages"), format!("{chats} chats"));
        group.bench_function(id, |bencher| {
            bencher.iter_batched(
                || stage.borrow_mut().next(messages),
                |appends| stage.borrow().append(appends),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn cpu(criterion: &mut Criterion<CpuTime>) {
    append(criterion, "cpu");
}

fn wall(criterion: &mut Criterion<WallTime>) {
    append(criterion, "wall");
}

criterion_group! {
    name = cpu_time;
    config = Criterion::default().with_measurement(CpuTime).sample_size(20);
    targets = cpu
}
criterion_group! {
    name = wall_time;
    config = Criterion::default().sample_size(20);
    targets = wall
}
criterion_main!(cpu_time, wall_time);
