//! Receipts whose frames were lost are told again, once, and only to whom they may be told.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use troupe::actors::fanout::FanOut;
use troupe::actors::told::Status;
use troupe::actors::websocket::SocketSettings;
use troupe::clock::Timestamp;
use troupe::domain::chat::{Block, Chat, ChatKind, Member, Role, Roster};
use troupe::domain::receipts::{ReceiptKind, Watermark};
use troupe::id::{ChatId, UserId};
use troupe::wire::frame::Event;
use troupe::wire::status::Standing;

use super::peer::{Peer, Said, masked};
use super::stage::Stage;

fn member(user_id: UserId) -> Member {
    Member {
        user_id,
        role: Role::Member,
        join_seq: 1,
        join_rev: 1,
        left: None,
        joined_at: Timestamp(0),
        muted: None,
        is_pinned: false,
        read_receipts: true,
    }
}

fn chat(kind: ChatKind, members: &[UserId]) -> Standing {
    let chat = Chat {
        id: ChatId::new(),
        kind,
        name: None,
        description: None,
        avatar_media_id: None,
        created_by: members[0],
        admin_only: false,
        auto_delete_timer: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    let roster = Roster {
        chat,
        members: members.iter().copied().map(member).collect(),
        blocks: Vec::new(),
    };
    Standing {
        roster,
        marks: HashMap::new(),
    }
}

fn mark(
    standing: &mut Standing,
    user_id: UserId,
    delivered: (u64, Timestamp),
    read: (u64, Timestamp),
) {
    let mark = Watermark {
        user_id,
        delivered_seq: delivered.0,
        delivered_at: Some(delivered.1),
        read_seq: read.0,
        read_at: Some(read.1),
    };
    standing.marks.insert(user_id, mark);
}

/// What is said in a while: whose progress, of which kind, up to where.
async fn statuses(stage: &Stage, peer: &mut Peer) -> Vec<(Value, Value, Value)> {
    stage.pass(Duration::from_secs(5)).await;
    let mut statuses = Vec::new();
    while let Some(said) = peer.next_within(Duration::from_millis(1)).await {
        match said {
            Said::Frame(frame) if frame["type"] == "message.status" => statuses.push((
                frame["userId"].clone(),
                frame["status"].clone(),
                frame["upToSeq"].clone(),
            )),
            Said::Ping => peer.say_bytes(&masked(0x8a, b"")),
            _ => {}
        }
    }
    statuses
}

fn tell(
    stage: &Stage,
    standing: &Standing,
    to: UserId,
    of: UserId,
    kind: ReceiptKind,
    up_to_seq: u64,
) {
    let chat_id = standing.roster.chat.id;
    let event = Event::MessageStatus {
        chat_id,
        user_id: of,
        status: kind.into(),
        up_to_seq,
        updated_at: stage.clock.now(),
    };
    stage.fanout.fan_out(FanOut {
        frame: event.frame(),
        to: [to].into(),
        except: None,
        status: Some(Status {
            chat_id,
            user_id: of,
            kind,
            up_to_seq,
        }),
    });
}

fn said(user: UserId, kind: &str, up_to_seq: u64) -> (Value, Value, Value) {
    (json!(user), json!(kind), json!(up_to_seq))
}

#[actix::test]
async fn what_was_not_told_is_told_once() {
    let stage = Stage::new();
    let [anna, ben] = [UserId::new(), UserId::new()];
    let mut peer = stage.open(anna).await;
    let mut standing = chat(ChatKind::Direct, &[anna, ben]);
    let put = |standing: &mut Standing, delivered, read| {
        mark(standing, ben, delivered, read);
        *stage.backdrop.standings.lock() = vec![standing.clone()];
    };
    let now = stage.clock.now();
    put(&mut standing, (5, now), (3, now));
    tell(&stage, &standing, anna, ben, ReceiptKind::Delivered, 5);
    assert_eq!(
        statuses(&stage, &mut peer).await,
        [said(ben, "delivered", 5)]
    );
    stage.fanout.lost();
    assert_eq!(statuses(&stage, &mut peer).await, [said(ben, "read", 3)]);
    stage.fanout.lost();
    assert_eq!(statuses(&stage, &mut peer).await, []);
    // It was read a minute ago and more: only what is new.
    let long_ago = stage.clock.now().minus(Duration::from_secs(61));
    put(&mut standing, (8, stage.clock.now()), (4, long_ago));
    stage.fanout.lost();
    assert_eq!(
        statuses(&stage, &mut peer).await,
        [said(ben, "delivered", 8)]
    );
    // Who is told of a read needs not be told that it came.
    put(
        &mut standing,
        (9, stage.clock.now()),
        (9, stage.clock.now()),
    );
    stage.fanout.lost();
    assert_eq!(statuses(&stage, &mut peer).await, [said(ben, "read", 9)]);

    // As far back as the last time, until that was done.
    let readings = || std::mem::take(&mut *stage.backdrop.receipt_readings.lock());
    assert!(readings().is_sorted_by(|one, next| one < next));
    stage.backdrop.receipts_fail.store(true, Ordering::SeqCst);
    put(&mut standing, (10, stage.clock.now()), (9, long_ago));
    stage.fanout.lost();
    assert_eq!(statuses(&stage, &mut peer).await, []);
    stage.backdrop.receipts_fail.store(false, Ordering::SeqCst);
    assert_eq!(
        statuses(&stage, &mut peer).await,
        [said(ben, "delivered", 10)]
    );
    let readings = readings();
    assert!(readings.len() > 1, "tried again");
    assert!(
        readings.iter().all(|since| *since == readings[0]),
        "{readings:?}"
    );
}

/// It synced, and may know more than what was read before.
#[actix::test]
async fn who_came_after_the_reading_is_told_nothing_of_it() {
    let stage = Stage::new();
    let [anna, ben] = [UserId::new(), UserId::new()];
    let mut early = stage.open(anna).await;
    let mut standing = chat(ChatKind::Direct, &[anna, ben]);
    mark(
        &mut standing,
        ben,
        (5, stage.clock.now()),
        (0, Timestamp(0)),
    );
    *stage.backdrop.standings.lock() = vec![standing];
    *stage.backdrop.receipts_take.lock() = Duration::from_secs(3);
    stage.fanout.lost();
    stage.pass(Duration::from_secs(2)).await;
    let mut late = stage.open(anna).await;
    assert_eq!(
        statuses(&stage, &mut early).await,
        [said(ben, "delivered", 5)]
    );
    assert_eq!(statuses(&stage, &mut late).await, []);
}

#[actix::test]
async fn what_a_full_lane_lost_is_told_though_it_was_handed_over() {
    let stage = Stage::with(SocketSettings {
        queue_bytes: 16 * 1024 * 1024,
        ..SocketSettings::default()
    });
    let [anna, ben] = [UserId::new(), UserId::new()];
    let mut peer = stage.open(anna).await;
    let mut standing = chat(ChatKind::Direct, &[anna, ben]);
    let last = 17_000;
    mark(
        &mut standing,
        ben,
        (last, stage.clock.now()),
        (0, Timestamp(0)),
    );
    *stage.backdrop.standings.lock() = vec![standing.clone()];
    // The lane has no turn meanwhile.
    for seq in 1..=last {
        tell(&stage, &standing, anna, ben, ReceiptKind::Delivered, seq);
    }
    let heard = statuses(&stage, &mut peer).await;
    assert!(heard.len() < 17_000, "some were lost: {}", heard.len());
    assert_eq!(heard.last(), Some(&said(ben, "delivered", last)));
}

#[actix::test]
async fn only_to_whom_it_may_be_told() {
    let stage = Stage::new();
    let [anna, ben, cem, dora] = [(); 4].map(|()| UserId::new());
    let mut peer = stage.open(anna).await;
    let mut silent = stage.open(cem).await;
    let now = stage.clock.now();
    let at = (4, now);
    // She sent something in this group; he did not, and reads himself.
    let mut group = chat(ChatKind::Group, &[anna, ben, cem, dora]);
    group.roster.members[1].read_receipts = false;
    mark(&mut group, ben, at, at);
    mark(&mut group, cem, at, at);
    mark(&mut group, dora, at, at);
    let left = troupe::domain::chat::Left { seq: 4, rev: 4 };
    group.roster.members[3].left = Some(left);
    // Who is blocked learns nothing.
    let mut direct = chat(ChatKind::Direct, &[anna, dora]);
    direct.roster.blocks.push(Block {
        blocker: dora,
        blocked: anna,
    });
    mark(&mut direct, dora, at, at);
    // Nor who is in no chat with them.
    let mut others = chat(ChatKind::Direct, &[ben, dora]);
    mark(&mut others, ben, at, at);
    *stage.backdrop.standings.lock() = vec![group, direct, others];
    *stage.backdrop.senders.lock() = vec![(3, anna), (4, ben)];
    stage.fanout.lost();
    let mut heard = statuses(&stage, &mut peer).await;
    heard.sort_by_key(|(user, kind, _)| (user.to_string(), kind.to_string()));
    let mut wanted = vec![said(ben, "delivered", 4), said(cem, "read", 4)];
    wanted.sort_by_key(|(user, kind, _)| (user.to_string(), kind.to_string()));
    assert_eq!(heard, wanted);
    assert_eq!(statuses(&stage, &mut silent).await, [said(cem, "read", 4)]);
}
