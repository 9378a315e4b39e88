//! What one send costs between the commit and the sockets: views, frames, fan-out.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::value::RawValue;
use troupe::actors::fanout::{Deliver, Delivery, FanOut, Fanout};
use troupe::clock::Timestamp;
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MessageId, UserId};
use troupe::wire::frame::{Event, Frame, SendAck};
use troupe::wire::message::{MessageView, SentView};

const AT: Timestamp = Timestamp(1_790_000_000_123);

fn message() -> Message {
    let text = r#"{"content":"the quick brown fox jumps over the lazy dog, and again it does."}"#;
    Message {
        id: MessageId::new(),
        chat_id: ChatId::new(),
        seq: 123_456,
        rev: 123_460,
        sender_id: UserId::new(),
        client_message_id: Some("0000000f4b2d1c00-0000a1b2".to_owned()),
        content_hash: [7; 16],
        kind: MessageKind::Text,
        payload: RawValue::from_string(text.to_owned()).expect("JSON"),
        reply_to_id: None,
        forwarded: false,
        reactions: BTreeMap::new(),
        is_deleted: false,
        edited_at: None,
        expires_at: None,
        created_at: AT,
        updated_at: AT,
    }
}

fn new_message(view: &MessageView) -> Frame {
    Event::MessageNew {
        chat_id: view.chat_id,
        seq: view.seq,
        rev: view.rev,
        message: &view.encoded(),
    }
    .frame()
}

fn frames(criterion: &mut Criterion) {
    let message = message();
    let view = MessageView::new(&message, AT);
    let (sent, encoded) = (SentView::new(view.clone(), false), view.encoded());
    let mut group = criterion.benchmark_group("frames");
    group.throughput(Throughput::Elements(1));
    group.bench_function("view", |b| {
        b.iter(|| MessageView::new(black_box(&message), AT));
    });
    group.bench_function("message.new", |b| b.iter(|| new_message(black_box(&view))));
    group.bench_function("ack", |b| {
        b.iter(|| {
            SendAck::frame(
                Some("0000000f4b2d1c00-0000a1b2"),
                black_box(&sent),
                &encoded,
            )
        });
    });
    group.bench_function("timestamp", |b| b.iter(|| black_box(AT).to_string()));
    group.finish();
}

/// Stands in for the sockets of one arbiter.
struct Lane;

impl actix::Actor for Lane {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_000_000);
    }
}

impl actix::Handler<Deliver> for Lane {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _: &mut Self::Context) {
        black_box(deliver);
    }
}

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan_out");
    let system = actix::System::new();
    for members in [2u64, 200] {
        let users: Arc<[UserId]> = (0..members).map(|_| UserId::new()).collect();
        let fanout = Fanout::default();
        system.block_on(async {
            for lane in 0..2 {
                fanout.register(actix::Actor::start(Lane).recipient());
                for user in users.iter().skip(lane).step_by(2) {
                    fanout.place(*user, u16::try_from(lane).unwrap_or(0), true);
                }
            }
        });
        let frame = new_message(&MessageView::new(&message(), AT));
        group.throughput(Throughput::Elements(members));
        group.bench_function(format!("to {members}"), |b| {
            b.iter_custom(|times| {
                let begun = std::time::Instant::now();
                for round in 0..times {
                    let to_all = FanOut {
                        frame: frame.clone(),
                        to: Arc::clone(&users),
                        except: None,
                        status: None,
                    };
                    fanout.send(vec![(None, Delivery::FanOut(to_all))]);
                    if round % 1000 == 999 {
                        system.block_on(tokio::task::yield_now());
                    }
                }
                begun.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frames, fan_out);
criterion_main!(benches);
