//! The stream of events: kept once, given out until it is answered, dead when nobody can take it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use troupe::event::{Envelope, Event, proto};
use troupe::storage::events::{ConsumerSpec, EventConsumer, EventStream, Received};
use uuid::Uuid;

use crate::support::PATIENCE;

/// How long an answer may take before an event comes again: longer than it takes on a busy machine.
const HASTY: Duration = Duration::from_secs(2);

/// Runs each case over either stream, each time on an empty one.
macro_rules! over_every_stream {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test]
                async fn $case() {
                    use troupe::{clock::Clock, storage::embedded::events::MemoryEvents};
                    super::$case(std::sync::Arc::new(MemoryEvents::new(Clock::System))).await;
                }
            )*
        }

        mod jetstream {
            $(
                #[tokio::test]
                async fn $case() {
                    let settings = $crate::contract::jetstream::fresh();
                    let events = $crate::contract::jetstream::events(settings).await;
                    super::$case(std::sync::Arc::new(events)).await;
                }
            )*
        }
    };
}

over_every_stream!(
    events_come_in_order_and_once,
    a_consumer_gets_its_own_subjects,
    what_is_not_answered_comes_again,
    what_is_put_off_comes_again,
    what_is_answered_does_not_come_again,
    a_consumer_goes_on_where_it_left_off,
    two_of_a_name_share_and_two_names_do_not,
    no_more_is_given_out_than_may_be_pending,
    what_is_malformed_is_dead,
    what_nobody_knows_is_skipped,
    what_is_never_taken_is_dead,
    what_is_refused_is_dead,
);

/// A message that was sent, by its place in a chat.
pub fn sent(seq: u64) -> Event {
    let chat_id = Uuid::nil().to_string();
    Event::MessageSent(proto::MessageSent {
        message_id: Uuid::from_u128(u128::from(seq)).to_string(),
        sender_id: chat_id.clone(),
        chat_id,
        seq,
        rev: seq + 1,
        r#type: "text".to_owned(),
        sent_at: 1_800_000_000_000,
    })
}

fn deleted(rev: u64) -> Event {
    let id = Uuid::nil().to_string();
    Event::MessageDeleted(proto::MessageDeleted {
        chat_id: id.clone(),
        message_id: id.clone(),
        rev,
        deleted_by: id,
        deleted_at: 1_800_000_000_000,
    })
}

pub fn spec(name: &'static str) -> ConsumerSpec {
    ConsumerSpec {
        name,
        subjects: vec!["msg.new"],
        patience: Duration::from_secs(60),
        most_pending: 100,
        attempts: 5,
    }
}

type Stream = Arc<dyn EventStream>;

async fn publish(events: &Stream, all: impl IntoIterator<Item = Event>) {
    let all = all.into_iter().map(|event| event.envelope()).collect();
    events.publish(all).await.expect("published");
}

async fn consume(events: &Stream, spec: ConsumerSpec) -> Box<dyn EventConsumer> {
    events.consume(spec).await.expect("a consumer")
}

pub async fn next(consumer: &mut Box<dyn EventConsumer>) -> Received {
    let received = timeout(PATIENCE, consumer.next()).await;
    received.expect("an event in time")
}

/// The seqs of the next so many, each answered.
pub async fn take(consumer: &mut Box<dyn EventConsumer>, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    for _ in 0..count {
        let received = next(consumer).await;
        seqs.push(seq(&received));
        received.done().await.expect("answered");
    }
    seqs
}

fn seq(received: &Received) -> u64 {
    match &received.event {
        Event::MessageSent(event) => event.seq,
        other => panic!("{other:?}"),
    }
}

/// Nothing is given out: an event that is published now is the next.
async fn nothing_before(events: &Stream, consumer: &mut Box<dyn EventConsumer>, seq: u64) {
    publish(events, [sent(seq)]).await;
    assert_eq!(take(consumer, 1).await, [seq]);
}

async fn events_come_in_order_and_once(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    publish(&events, (1..=300).map(sent)).await;
    publish(&events, (290..=310).map(sent)).await;
    assert_eq!(
        take(&mut consumer, 310).await,
        (1..=310).collect::<Vec<_>>()
    );
    nothing_before(&events, &mut consumer, 311).await;
}

async fn a_consumer_gets_its_own_subjects(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    publish(&events, [deleted(1), sent(1), deleted(2), sent(2)]).await;
    assert_eq!(take(&mut consumer, 2).await, [1, 2]);
    let both = ConsumerSpec {
        subjects: vec!["msg.new", "msg.deleted"],
        ..spec("both")
    };
    let mut both = consume(&events, both).await;
    let mut subjects = Vec::new();
    for _ in 0..4 {
        let received = next(&mut both).await;
        subjects.push(received.event.subject());
        received.done().await.expect("answered");
    }
    assert_eq!(
        subjects,
        ["msg.deleted", "msg.new", "msg.deleted", "msg.new"]
    );
}

async fn what_is_not_answered_comes_again(events: Stream) {
    let hasty = ConsumerSpec {
        patience: HASTY,
        ..spec("one")
    };
    let mut consumer = consume(&events, hasty).await;
    publish(&events, [sent(1)]).await;
    let first = next(&mut consumer).await;
    assert_eq!(first.attempt, 1);
    let second = next(&mut consumer).await;
    assert_eq!((seq(&second), second.attempt), (1, 2));
    second.done().await.expect("answered");
    nothing_before(&events, &mut consumer, 2).await;
}

async fn what_is_put_off_comes_again(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    publish(&events, [sent(1), sent(2)]).await;
    let first = next(&mut consumer).await;
    let put_off = first.again(Duration::from_millis(200)).await;
    put_off.expect("answered");
    assert_eq!(take(&mut consumer, 1).await, [2]);
    let again = next(&mut consumer).await;
    assert_eq!((seq(&again), again.attempt), (1, 2));
}

async fn what_is_answered_does_not_come_again(events: Stream) {
    let hasty = ConsumerSpec {
        patience: HASTY,
        ..spec("one")
    };
    let mut consumer = consume(&events, hasty).await;
    publish(&events, [sent(1)]).await;
    assert_eq!(take(&mut consumer, 1).await, [1]);
    let more = timeout(HASTY * 5 / 2, consumer.next()).await;
    assert!(more.is_err(), "it was answered");
}

async fn a_consumer_goes_on_where_it_left_off(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    publish(&events, (1..=3).map(sent)).await;
    assert_eq!(take(&mut consumer, 3).await, [1, 2, 3]);
    drop(consumer);
    publish(&events, (4..=5).map(sent)).await;
    let mut consumer = consume(&events, spec("one")).await;
    assert_eq!(take(&mut consumer, 2).await, [4, 5]);
}

async fn two_of_a_name_share_and_two_names_do_not(events: Stream) {
    let mut here = consume(&events, spec("one")).await;
    let mut there = consume(&events, spec("one")).await;
    let mut other = consume(&events, spec("other")).await;
    publish(&events, (1..=6).map(sent)).await;
    assert_eq!(take(&mut other, 6).await, [1, 2, 3, 4, 5, 6]);
    let mut seen = Vec::new();
    while seen.len() < 6 {
        let received = tokio::select! {
            received = here.next() => received,
            received = there.next() => received,
            () = tokio::time::sleep(PATIENCE) => panic!("only {seen:?}"),
        };
        seen.push(seq(&received));
        received.done().await.expect("answered");
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
}

async fn no_more_is_given_out_than_may_be_pending(events: Stream) {
    let narrow = ConsumerSpec {
        most_pending: 2,
        ..spec("one")
    };
    let mut consumer = consume(&events, narrow).await;
    publish(&events, (1..=4).map(sent)).await;
    let (first, second) = (next(&mut consumer).await, next(&mut consumer).await);
    let third = timeout(Duration::from_millis(400), consumer.next()).await;
    assert!(third.is_err(), "two are pending");
    second.done().await.expect("answered");
    assert_eq!(seq(&next(&mut consumer).await), 3);
    first.done().await.expect("answered");
}

async fn one_dead(events: &Stream, subject: &str, reason: &str) {
    let dead = events.dead(9).await.expect("dead events");
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(
        (dead[0].subject.as_str(), dead[0].consumer.as_str()),
        (subject, "one")
    );
    assert!(dead[0].reason.contains(reason), "{dead:?}");
    assert!(dead[0].at.0 > 1_700_000_000_000, "{dead:?}");
}

async fn what_is_malformed_is_dead(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    let mut no_id = sent(1).envelope();
    no_id.id = "no id".to_owned();
    no_id.body = b"\x0a\x04none".as_slice().into();
    events.publish(vec![no_id]).await.expect("published");
    nothing_before(&events, &mut consumer, 2).await;
    one_dead(&events, "msg.new", "chat_id").await;
    let torn = Envelope {
        id: "torn".to_owned(),
        subject: "msg.new".into(),
        body: b"\xff\xff\xff".as_slice().into(),
        trace: None,
    };
    events.publish(vec![torn]).await.expect("published");
    nothing_before(&events, &mut consumer, 3).await;
    assert_eq!(events.dead(9).await.expect("dead events").len(), 2);
    assert_eq!(events.dead(1).await.expect("dead events").len(), 1);
}

async fn what_nobody_knows_is_skipped(events: Stream) {
    let newer = ConsumerSpec {
        subjects: vec!["msg.new", "msg.folded"],
        ..spec("one")
    };
    let mut consumer = consume(&events, newer).await;
    let folded = Envelope {
        id: "folded".to_owned(),
        subject: "msg.folded".into(),
        body: b"\x0a\x04none".as_slice().into(),
        trace: None,
    };
    events.publish(vec![folded]).await.expect("published");
    nothing_before(&events, &mut consumer, 1).await;
    assert!(events.dead(9).await.expect("dead events").is_empty());
}

async fn what_is_never_taken_is_dead(events: Stream) {
    let hasty = ConsumerSpec {
        attempts: 3,
        ..spec("one")
    };
    let mut consumer = consume(&events, hasty).await;
    publish(&events, [sent(1)]).await;
    for attempt in 1..=3 {
        let received = next(&mut consumer).await;
        assert_eq!((seq(&received), received.attempt), (1, attempt));
        received.again(Duration::ZERO).await.expect("answered");
    }
    let buried = crate::support::eventually("it is dead", async || {
        !events.dead(9).await.expect("dead events").is_empty()
    });
    tokio::select! {
        () = buried => {}
        received = consumer.next() => panic!("given out again: {:?}", received.event),
    }
    one_dead(&events, "msg.new", "3 times").await;
    nothing_before(&events, &mut consumer, 2).await;
}

async fn what_is_refused_is_dead(events: Stream) {
    let mut consumer = consume(&events, spec("one")).await;
    publish(&events, [sent(1)]).await;
    let received = next(&mut consumer).await;
    let refused = received.dead("no such\r\nthing").await;
    refused.expect("answered");
    nothing_before(&events, &mut consumer, 2).await;
    one_dead(&events, "msg.new", "no such").await;
}
