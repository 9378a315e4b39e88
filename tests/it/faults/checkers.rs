//! K1 to K8: what must hold once a fault is healed.

use std::collections::{BTreeMap, HashSet};

use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;
use troupe::storage::distributed::messages::MongoMessages;
use troupe::storage::distributed::mongo::{Mongo, MongoSettings};
use troupe::storage::distributed::postgres::{Postgres, PostgresSettings};
use troupe::storage::events::EventStream;
use troupe::storage::messages::MessageStore;

use super::ledger::Outcome;
use super::world::{QUIET, World};
use crate::support::{Client, eventually_within};

/// Most memory and descriptors of a node under this load.
const RSS_KIB: u64 = 700 * 1024;
const DESCRIPTORS: usize = 600;
const THREADS: u64 = 200;

/// The messages of a chat as one reader gets them: id and clientMessageId, by seq from 1.
type History = Vec<(String, Option<String>)>;

impl World {
    /// Lets everything come to rest, then checks all of it.
    pub async fn check(&self, after: &str) {
        self.rest(after).await;
        let histories = self.histories(after).await;
        self.acked_is_there_once(after, &histories);
        self.devices_hold_it(after, &histories).await;
        self.statuses_arrived(after, &histories).await;
        self.nothing_is_left_in_the_outbox(after).await;
        self.every_event_arrived(after, &histories).await;
        self.nodes_are_bounded(after);
        let violations = self.ground.ledger.violations();
        assert!(violations.is_empty(), "K8 after {after}: {violations:#?}");
    }

    /// K3: dense, and the same for every reader on every node.
    async fn histories(&self, after: &str) -> BTreeMap<String, History> {
        let mut histories = BTreeMap::new();
        for (chat_id, members) in &self.chats {
            let mut first: Option<History> = None;
            for (place, member) in members.iter().take(3).enumerate() {
                let history = history(&self.api(*member, place), chat_id).await;
                match &first {
                    Some(first) => assert_eq!(&history, first, "K3 after {after}: {chat_id}"),
                    None => first = Some(history),
                }
            }
            histories.insert(chat_id.clone(), first.expect("a reader"));
        }
        histories
    }

    /// K1 and K2.
    fn acked_is_there_once(&self, after: &str, histories: &BTreeMap<String, History>) {
        for (chat_id, history) in histories {
            let mut seen = HashSet::new();
            for client_id in history
                .iter()
                .filter_map(|(_, client_id)| client_id.as_ref())
            {
                assert!(
                    seen.insert(client_id),
                    "K2 after {after}: {client_id} in {chat_id}"
                );
            }
        }
        for (client_id, operation) in self.ground.ledger.operations() {
            let Outcome::Acked(acked) = operation.outcome else {
                continue;
            };
            let history = &histories[&operation.chat_id];
            let place = usize::try_from(acked.seq).expect("a seq") - 1;
            let found = history.get(place);
            let wanted = (acked.message_id, Some(client_id.clone()));
            assert_eq!(found, Some(&wanted), "K1 after {after}: seq {}", acked.seq);
        }
    }

    /// K4: each device holds the history, in order, from where its copy begins. K5, first half: no
    /// status that it was told went back.
    async fn devices_hold_it(&self, after: &str, histories: &BTreeMap<String, History>) {
        for (place, copies) in &self.copies {
            let mine = self.chats.iter().filter(|(_, of)| of.contains(place));
            for (chat_id, _) in mine {
                let history = &histories[chat_id];
                let caught_up = async || copies.lock().newest(chat_id) == history.len() as u64;
                let what = format!("K4 after {after}: device {place} has all of {chat_id}");
                eventually_within(QUIET, &what, caught_up).await;
                let copies = copies.lock();
                let held = &copies.chats[chat_id].messages;
                let begins = held.keys().next().copied().unwrap_or(1);
                for (seq, (id, _)) in (1_u64..).zip(history) {
                    if seq >= begins {
                        assert_eq!(held.get(&seq), Some(id), "{what}, seq {seq}");
                    }
                }
            }
            let violations = copies.lock().violations.clone();
            assert!(
                violations.is_empty(),
                "K4, K5 after {after}: {violations:?}"
            );
        }
    }

    /// K5, second half: everyone has told that he got the newest message; it says so to its sender.
    async fn statuses_arrived(&self, after: &str, histories: &BTreeMap<String, History>) {
        for (chat_id, members) in self.chats.iter().filter(|(_, of)| of.len() == 2) {
            let Some((message_id, _)) = histories[chat_id].last() else {
                continue;
            };
            let arrived = async || {
                let mut all = Vec::new();
                for member in members {
                    let path = format!("/messages/{message_id}");
                    all.push(self.api(*member, 0).get(&path).await.ok());
                }
                all.iter().any(is_delivered)
            };
            let what = format!("K5 after {after}: the newest of {chat_id} is delivered");
            eventually_within(QUIET, &what, arrived).await;
        }
    }

    /// K6, first half.
    async fn nothing_is_left_in_the_outbox(&self, after: &str) {
        let messages = self.messages().await;
        let empty = async || {
            let rows = messages.outbox_unpublished(99).await;
            rows.is_ok_and(|rows| rows.is_empty())
        };
        let what = format!("K6 after {after}: everything is published");
        eventually_within(QUIET, &what, empty).await;
        let unsettled = messages.outbox_unsettled(troupe::clock::Timestamp(i64::MAX), 9);
        let unsettled = unsettled.await.expect("looked at");
        assert!(unsettled.is_empty(), "K6 after {after}: {unsettled:?}");
    }

    /// K6, second half: each message has its event, none is dead, no consumer is ahead.
    async fn every_event_arrived(&self, after: &str, histories: &BTreeMap<String, History>) {
        let all = || histories.values().flatten();
        // What the server itself says has no id of a client, and another event.
        let of_people = all().filter(|(_, client_id)| client_id.is_some()).count();
        let wanted = (of_people, all().count() - of_people);
        let what = format!("K6 after {after}: {wanted:?} messages have their events");
        let arrived = async || {
            let witnessed = self.witnessed.lock();
            let of = |subject| {
                let of_chat = |id: &&String| {
                    let chat_id = id.split_once(':').map(|(chat_id, _)| chat_id);
                    chat_id.is_some_and(|chat_id| histories.contains_key(chat_id))
                };
                let ids = witnessed.keys().filter(|id| id.ends_with(subject));
                ids.filter(of_chat).count()
            };
            (of(":msg.new"), of(":chat.updated")) == wanted
        };
        eventually_within(QUIET, &what, arrived).await;
        let dead = self.events.dead(9).await.expect("dead events");
        assert!(dead.is_empty(), "K6 after {after}: {dead:?}");
        let client = async_nats::connect(self.servers.address("NATS")).await;
        let context = async_nats::jetstream::new(client.expect("NATS runs"));
        let stream = context.get_stream("faults-events").await.expect("a stream");
        let info = stream.consumer_info("witness").await.expect("a consumer");
        let fresh = stream.get_info().await.expect("its state");
        assert!(
            info.delivered.stream_sequence <= fresh.state.last_sequence,
            "K6 after {after}: {info:?}"
        );
    }

    async fn messages(&self) -> MongoMessages {
        let mongo = MongoSettings {
            url: SecretString::from(self.servers.address("MONGODB")),
            database: "troupe".to_owned(),
            connections: 2,
            timeout: Duration::from_secs(10),
        };
        let postgres = PostgresSettings {
            url: SecretString::from(self.servers.address("POSTGRES")),
            connections: 1,
            wait: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(10),
        };
        let mongo = Mongo::new(&mongo).await.expect("settings");
        MongoMessages::new(mongo, Postgres::new(&postgres).expect("settings"))
    }

    /// K7.
    fn nodes_are_bounded(&self, after: &str) {
        for node in &self.nodes {
            let place = format!("/proc/{}", node.server.pid());
            let status = std::fs::read_to_string(format!("{place}/status")).expect("it runs");
            let number = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                let number = line.and_then(|line| line.split_whitespace().next());
                number
                    .and_then(|number| number.parse::<u64>().ok())
                    .expect("a number")
            };
            let open = std::fs::read_dir(format!("{place}/fd"))
                .expect("it runs")
                .count();
            let (rss, threads) = (number("VmRSS:"), number("Threads:"));
            assert!(
                rss < RSS_KIB && open < DESCRIPTORS && threads < THREADS,
                "K7 after {after}: {rss} KiB, {open} descriptors, {threads} threads"
            );
        }
    }
}

/// The status map of the sender's own view.
fn is_delivered(message: &Value) -> bool {
    let people = message["status"].as_object();
    people.is_some_and(|people| {
        people
            .values()
            .any(|status| status["status"] == "delivered" || status["status"] == "read")
    })
}

async fn history(api: &Client, chat_id: &str) -> History {
    let mut history = History::new();
    loop {
        let after = history.len();
        let path = format!("/chats/{chat_id}/messages?after={after}&limit=200");
        let page = api.get(&path).await.ok();
        let items = page["items"].as_array().expect("items");
        if items.is_empty() {
            return history;
        }
        for message in items.iter().rev() {
            let text = |field: &str| message[field].as_str().map(str::to_owned);
            let seq = history.len() as u64 + 1;
            assert_eq!(message["seq"], seq, "K3: seqs are dense: {message}");
            history.push((text("id").expect("an id"), text("clientMessageId")));
        }
    }
}
