//! Search among many messages: how long it takes to index them, and what a caller waits for a page.
//!
//! `cargo bench --bench search -- 1000000` on the embedded stores; with `--servers POSTGRES MONGODB
//! REDIS` on those (empty databases). Half of the messages lie in 100 chats of the caller, half in 100
//! chats that are not his; words come as often as words do (the n-th most frequent 1/n as often).

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and one that cannot be set up has nothing to measure"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::SecretString;
use serde_json::value::RawValue;
use troupe::actors::message::actor::{MessageActor, Reader};
use troupe::actors::message::requests::{MessagePeers, SearchMessages};
use troupe::actors::request::ask;
use troupe::clock::Clock;
use troupe::domain::chat::{Chat, ChatKind, Member, Role};
use troupe::domain::message::{Message, MessageKind};
use troupe::domain::phone::Phone;
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::chats::NewChat;
use troupe::storage::distributed::blobs::S3Settings;
use troupe::storage::distributed::mongo::MongoSettings;
use troupe::storage::distributed::open::{Servers, Settings};
use troupe::storage::distributed::postgres::PostgresSettings;
use troupe::storage::distributed::redis::RedisSettings;
use troupe::storage::embedded::limits::MemoryLimits;
use troupe::storage::messages::{Append, Appended, Change, Entry};
use troupe::storage::search::catch_up;
use troupe::storage::{Stores, embedded};

const CHATS: usize = 200;
const VOCABULARY: usize = 50_000;
const WORDS: usize = 8;
const AT_ONCE: usize = 500;
const QUESTIONS: usize = 300;

struct Bench {
    stores: Stores,
    random: StdRng,
    words: Vec<String>,
}

impl Bench {
    fn word(&mut self) -> String {
        // Of a harmonic distribution.
        let share: f64 = self.random.random();
        let rank = (VOCABULARY as f64).powf(share) as usize;
        self.words[rank.min(VOCABULARY - 1)].clone()
    }

    fn text(&mut self) -> String {
        let words: Vec<String> = (0..WORDS).map(|_| self.word()).collect();
        words.join(" ")
    }

    async fn person(&self, number: usize) -> UserId {
        let phone = Phone::from_store(format!("+4930{:07}", number));
        let inserted = self.stores.users.insert(phone, Clock::System.now()).await;
        inserted.expect("a person").user.id
    }

    async fn chat(&self, people: [UserId; 2]) -> ChatId {
        let now = Clock::System.now();
        let member = |user_id| Member {
            user_id,
            role: Role::Admin,
            join_seq: 1,
            join_rev: 1,
            left: None,
            joined_at: now,
            muted: None,
            is_pinned: false,
            read_receipts: true,
        };
        let chat = Chat {
            id: ChatId::new(),
            kind: ChatKind::Group,
            name: Some("bench".to_owned()),
            description: None,
            avatar_media_id: None,
            created_by: people[0],
            admin_only: false,
            auto_delete_timer: None,
            created_at: now,
            updated_at: now,
        };
        let new = NewChat {
            chat,
            members: people.map(member).into(),
            idempotency_key: None,
        };
        self.stores.chats.insert(new).await.expect("a chat").chat_id
    }

    /// So many texts in one append, after those that are there.
    async fn say(&mut self, chat_id: ChatId, sender: UserId, after: u64, count: usize) {
        let now = Clock::System.now();
        let mut entries = Vec::with_capacity(count);
        for place in 1..=count as u64 {
            let content = serde_json::json!({ "content": self.text() }).to_string();
            let id = MessageId::new();
            let message = Message {
                id,
                chat_id,
                seq: after + place,
                rev: after + place + 1,
                sender_id: sender,
                client_message_id: Some(id.to_string()),
                content_hash: [0; 16],
                kind: MessageKind::Text,
                payload: RawValue::from_string(content).expect("JSON"),
                reply_to_id: None,
                forwarded: false,
                reactions: Default::default(),
                is_deleted: false,
                edited_at: None,
                expires_at: None,
                created_at: now,
                updated_at: now,
            };
            let change = Change::Sent(Box::new(message));
            entries.push(Entry {
                rev: after + place + 1,
                at: now,
                change,
            });
        }
        let done = self
            .stores
            .messages
            .append(vec![Append { chat_id, entries }])
            .await;
        assert!(matches!(done[0], Appended::Committed), "{done:?}");
    }

    async fn run(&mut self, messages: usize) {
        let me = self.person(0).await;
        let mut chats = Vec::new();
        for number in 0..CHATS {
            let other = self.person(1 + 2 * number).await;
            let third = self.person(2 + 2 * number).await;
            let mine = number < CHATS / 2;
            let people = if mine { [other, me] } else { [other, third] };
            chats.push((self.chat(people).await, other));
        }
        let started = Instant::now();
        let rounds = messages / CHATS / AT_ONCE;
        for round in 0..rounds {
            for (chat_id, sender) in &chats {
                let after = (round * AT_ONCE) as u64;
                self.say(*chat_id, *sender, after, AT_ONCE).await;
            }
        }
        println!(
            "{} messages written in {:.1?}",
            rounds * AT_ONCE * CHATS,
            started.elapsed()
        );
        let started = Instant::now();
        let (log, search) = (&self.stores.messages, &self.stores.search);
        for (chat_id, _) in &chats {
            while catch_up(log.as_ref(), search.as_ref(), *chat_id)
                .await
                .expect("indexed")
                .more
            {}
        }
        let took = started.elapsed();
        let each = took / u32::try_from(rounds * AT_ONCE * CHATS).expect("some");
        println!("indexed in {took:.1?}, {each:.1?} a message");
        let reader = Reader::new(self.stores.clone(), Clock::System);
        let peers = MessagePeers::of(&MessageActor::new(reader).start());
        for (name, question) in QUESTION_KINDS {
            for chat_id in [None, Some(chats[0].0)] {
                let mut times = Vec::with_capacity(QUESTIONS);
                let mut items = 0;
                for _ in 0..QUESTIONS {
                    let ask_for = SearchMessages {
                        viewer: me,
                        q: question(self),
                        chat_id,
                        cursor: None,
                        limit: 50,
                    };
                    let started = Instant::now();
                    let page = ask(&peers.search_messages, ask_for).await.expect("a page");
                    times.push(started.elapsed());
                    items += page.items.len();
                }
                report(name, chat_id.is_some(), &mut times, items);
            }
        }
    }
}

type Question = fn(&mut Bench) -> String;

const QUESTION_KINDS: &[(&str, Question)] = &[
    ("one of the 20 most frequent words", |bench| {
        let rank = bench.random.random_range(0..20);
        bench.words[rank].clone()
    }),
    ("a word as often as it is said", Bench::word),
    ("a rare word", |bench| {
        let rank = bench.random.random_range(VOCABULARY / 2..VOCABULARY);
        bench.words[rank].clone()
    }),
    ("two words", |bench| {
        format!("{} {}", bench.word(), bench.word())
    }),
    ("three letters", |bench| {
        bench.word().chars().take(3).collect()
    }),
    ("one letter", |bench| bench.word().chars().take(1).collect()),
    ("nothing like it", |_| "zzzzqqqq".to_owned()),
];

fn report(name: &str, in_one: bool, times: &mut [Duration], items: usize) {
    times.sort_unstable();
    let place = if in_one { "one chat" } else { "100 chats" };
    println!(
        "{name:36} {place:10} median {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}  {:.1} found",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1],
        items as f64 / times.len() as f64,
    );
}

/// Words of two to five syllables, each once.
fn vocabulary(random: &mut StdRng) -> Vec<String> {
    const SYLLABLES: &[&str] = &[
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu",
        "va", "we", "xi", "yo", "zu", "an", "er", "is", "om", "un", "al", "ent", "ing", "st", "ch",
    ];
    let mut words = std::collections::BTreeSet::new();
    while words.len() < VOCABULARY {
        let count = random.random_range(2..=5);
        let word: String = (0..count)
            .map(|_| SYLLABLES[random.random_range(0..SYLLABLES.len())])
            .collect();
        words.insert(word);
    }
    let mut words: Vec<String> = words.into_iter().collect();
    for place in (1..words.len()).rev() {
        words.swap(place, random.random_range(0..=place));
    }
    words
}

async fn on_servers(urls: &[String]) -> Stores {
    let secret = |url: &String| SecretString::from(url.clone());
    let [postgres, mongo, redis] = urls else {
        println!("--servers takes three addresses: PostgreSQL, MongoDB, Redis");
        std::process::exit(2);
    };
    let settings = Settings {
        postgres: PostgresSettings {
            url: secret(postgres),
            connections: 8,
            wait: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(10),
        },
        mongo: MongoSettings {
            url: secret(mongo),
            database: "search_bench".to_owned(),
            connections: 16,
            timeout: Duration::from_secs(30),
        },
        redis: RedisSettings {
            url: secret(redis),
            prefix: "search_bench:".to_owned(),
            connections: 2,
            timeout: Duration::from_secs(5),
        },
        // No file is kept here.
        s3: S3Settings {
            endpoint: "http://127.0.0.1:1".to_owned(),
            public_endpoint: String::new(),
            region: "none".to_owned(),
            bucket: "search-bench".to_owned(),
            access_key: "none".to_owned(),
            secret_key: SecretString::from("none"),
            timeout: Duration::from_secs(1),
            address_life: Duration::from_secs(1),
        },
        keys_secret: SecretString::from("a secret that every node knows, 32 characters"),
        unlimited: true,
    };
    let servers = Servers::new(&settings).await.expect("servers");
    servers.migrate().await.expect("a schema");
    let local = Arc::new(MemoryLimits::new(Clock::System, true));
    servers.stores(&settings, Clock::System, uuid::Uuid::new_v4(), local)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| one != "--bench")
        .collect();
    let messages = arguments.first().and_then(|text| text.parse().ok());
    let messages = messages.unwrap_or(100_000);
    let servers = arguments.iter().position(|one| one == "--servers");
    actix::System::new().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let stores = match servers {
            Some(place) => on_servers(&arguments[place + 1..]).await,
            None => {
                let settings = embedded::open::Settings {
                    data_dir: folder.path(),
                    unlimited: true,
                    address_life: Duration::from_secs(1),
                    public_url: "",
                };
                embedded::open::open(settings, Clock::System).expect("opened")
            }
        };
        let mut random = StdRng::seed_from_u64(7);
        let words = vocabulary(&mut random);
        let mut bench = Bench {
            stores,
            random,
            words,
        };
        bench.run(messages).await;
        for name in ["troupe.db", "search.db"] {
            if let Ok(file) = std::fs::metadata(folder.path().join(name)) {
                println!("{name}: {} MB", file.len() / 1_000_000);
            }
        }
    });
}
