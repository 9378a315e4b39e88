//! What only shows on a real JetStream: a stream that is lost, one that is something else, a server
//! that is away.

use std::time::Duration;

use async_nats::jetstream::{self, Context, stream};
use secrecy::SecretString;
use troupe::actors::cluster::bus::{Bus, BusSettings};
use troupe::storage::StoreErrorKind;
use troupe::storage::distributed::events::{EventSettings, JetStreamEvents};
use troupe::storage::events::EventStream;

use super::events::{next, sent, spec, take};
use crate::support::servers;

/// A prefix that no other case has.
pub fn fresh() -> EventSettings {
    EventSettings {
        prefix: format!("case{}", uuid::Uuid::new_v4().simple()),
        max_age: Duration::from_secs(3600),
        max_bytes: 16 * 1024 * 1024,
        duplicate_window: Duration::from_secs(120),
        replicas: 1,
        timeout: Duration::from_secs(10),
    }
}

/// The connection of a node with these settings.
pub async fn bus(settings: &EventSettings, url: String) -> Bus {
    let settings = BusSettings {
        url: SecretString::from(url),
        prefix: settings.prefix.clone(),
        timeout: settings.timeout,
    };
    Bus::connect(&settings, |_| {}).await.expect("NATS runs")
}

pub async fn events(settings: EventSettings) -> JetStreamEvents {
    let bus = bus(&settings, servers::address("NATS")).await;
    let events = JetStreamEvents::new(bus.client.clone(), bus.connections(), settings);
    events.prepare().await.expect("the streams are made");
    events
}

async fn context() -> Context {
    let client = async_nats::connect(servers::address("NATS")).await;
    jetstream::new(client.expect("NATS runs"))
}

#[tokio::test]
async fn a_stream_that_is_gone_is_made_again_and_that_is_told() {
    let settings = fresh();
    let events = events(settings.clone()).await;
    let before = events.regressions().await.expect("told");
    let mut consumer = events.consume(spec("one")).await.expect("a consumer");
    let publish = async |seqs: std::ops::RangeInclusive<u64>| {
        let all = seqs.map(|seq| sent(seq).envelope()).collect();
        events.publish(all).await
    };
    publish(1..=3).await.expect("published");
    assert_eq!(take(&mut consumer, 3).await, [1, 2, 3]);
    assert_eq!(events.regressions().await.expect("told"), before);

    let wiped = context().await;
    let name = format!("{}-events", settings.prefix);
    wiped.delete_stream(&name).await.expect("wiped");
    let refused = publish(4..=4).await.expect_err("nobody keeps it");
    assert_eq!(refused.kind, StoreErrorKind::Unavailable, "{refused}");
    let after = events.regressions().await.expect("told");
    assert!(after > before, "what was published lately is wanted again");
    publish(1..=5).await.expect("published again");
    // The same consumer, without being told.
    assert_eq!(take(&mut consumer, 5).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn limits_follow_the_settings_and_positions_stay() {
    let settings = fresh();
    let before = events(settings.clone()).await;
    before
        .publish(vec![sent(1).envelope()])
        .await
        .expect("published");
    let wider = EventSettings {
        max_bytes: settings.max_bytes * 2,
        max_age: Duration::from_secs(7200),
        ..settings.clone()
    };
    let after = events(wider.clone()).await;
    assert!(after.examine().await.expect("looked at").is_empty());
    let name = format!("{}-events", settings.prefix);
    let stream = context().await.get_stream(name).await.expect("there");
    let config = &stream.cached_info().config;
    assert_eq!(
        config.max_bytes,
        i64::try_from(wider.max_bytes).expect("fits")
    );
    assert_eq!(config.max_age, wider.max_age);
    assert_eq!(config.duplicate_window, wider.duplicate_window);
    assert_eq!(stream.cached_info().state.messages, 1);
}

#[tokio::test]
async fn a_stream_that_is_something_else_is_named_and_left_alone() {
    let settings = fresh();
    let name = format!("{}-events", settings.prefix);
    let others = stream::Config {
        name: name.clone(),
        subjects: vec![format!("{}.msg.>", settings.prefix)],
        storage: stream::StorageType::Memory,
        ..stream::Config::default()
    };
    let context = context().await;
    context.create_stream(others).await.expect("made");
    let bus = bus(&settings, servers::address("NATS")).await;
    let events = JetStreamEvents::new(bus.client.clone(), bus.connections(), settings);
    let refused = events.prepare().await.expect_err("not ours");
    assert_eq!(refused.kind, StoreErrorKind::Internal);
    for word in [&name, "Memory", "subjects", "nats stream rm"] {
        assert!(refused.message.contains(word), "{}", refused.message);
    }
    let misfits = events.examine().await.expect("looked at");
    assert_eq!(misfits.len(), 1);
    let stream = context.get_stream(name).await.expect("still there");
    assert_eq!(
        stream.cached_info().config.storage,
        stream::StorageType::Memory
    );
}

#[tokio::test]
async fn another_stream_with_these_subjects_is_named() {
    let settings = fresh();
    let others = stream::Config {
        name: format!("{}-other", settings.prefix),
        subjects: vec![format!("{}.msg.new", settings.prefix)],
        ..stream::Config::default()
    };
    context().await.create_stream(others).await.expect("made");
    let bus = bus(&settings, servers::address("NATS")).await;
    let events = JetStreamEvents::new(bus.client.clone(), bus.connections(), settings);
    let refused = events.prepare().await.expect_err("not ours");
    assert!(refused.message.contains("nats.prefix"), "{refused}");
}

#[tokio::test]
async fn more_than_the_server_has_room_for_is_named() {
    let settings = EventSettings {
        max_bytes: 1 << 60,
        ..fresh()
    };
    let bus = bus(&settings, servers::address("NATS")).await;
    let events = JetStreamEvents::new(bus.client.clone(), bus.connections(), settings);
    let refused = events.prepare().await.expect_err("no room");
    assert!(refused.message.contains("max_bytes"), "{refused}");
}

#[tokio::test]
async fn a_consumer_made_otherwise_is_brought_in_line() {
    let settings = fresh();
    let events = events(settings).await;
    let mut consumer = events.consume(spec("one")).await.expect("a consumer");
    events
        .publish(vec![sent(1).envelope()])
        .await
        .expect("published");
    assert_eq!(take(&mut consumer, 1).await, [1]);
    let mut other = spec("one");
    other.most_pending = 1;
    other.patience = Duration::from_secs(7);
    let mut consumer = events.consume(other).await.expect("changed");
    let two = vec![sent(2).envelope(), sent(3).envelope()];
    events.publish(two).await.expect("published");
    let first = next(&mut consumer).await;
    let second = tokio::time::timeout(Duration::from_millis(400), consumer.next()).await;
    assert!(second.is_err(), "one at a time by now");
    first.done().await.expect("answered");
    assert_eq!(take(&mut consumer, 1).await, [3]);
}

/// What `troupe doctor` says of an installation with this prefix.
async fn doctor(prefix: &str) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_troupe"));
    command
        .arg("doctor")
        .env("TROUPE__STORAGE__BACKEND", "distributed")
        .env(
            "TROUPE__STORAGE__KEYS_SECRET",
            "0123456789abcdef0123456789abcdef",
        )
        .env("TROUPE__NATS__PREFIX", prefix);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("joined").expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn doctor_names_a_stream_that_is_something_else_and_dead_events() {
    let settings = fresh();
    let events = events(settings.clone()).await;
    let said = doctor(&settings.prefix).await;
    assert!(said.contains("fine   events"), "{said}");

    let mut consumer = events.consume(spec("one")).await.expect("a consumer");
    let one = vec![sent(1).envelope()];
    events.publish(one).await.expect("published");
    let received = next(&mut consumer).await;
    received.dead("no such thing").await.expect("answered");
    let said = doctor(&settings.prefix).await;
    for word in ["WRONG  events: msg.new", "consumer one", "no such thing"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }

    let other = stream::Config {
        name: format!("{}-events", settings.prefix),
        subjects: vec![format!("{}.other", settings.prefix)],
        ..stream::Config::default()
    };
    let context = context().await;
    context.delete_stream(&other.name).await.expect("removed");
    context.create_stream(other).await.expect("made");
    let said = doctor(&settings.prefix).await;
    assert!(said.contains("WRONG  events (nats.events)"), "{said}");
    assert!(said.contains("nats stream rm"), "{said}");
}
