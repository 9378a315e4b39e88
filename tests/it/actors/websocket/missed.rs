//! Receipts whose frames were lost are told again, once, and only to whom they may be told.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use troupe::actors::fanout::FanOut;
use troupe::actors::told::Status;
use troupe::clock::Timestamp;
use troupe::domain::chat::{Block, Chat, ChatKind, Member, Role, Roster};
use troupe::domain::receipts::{ReceiptKind, Watermark};
use troupe::id::{ChatId, UserId};
use troupe::wire::frame::Event;
use troupe::wire::status::Standing;

use super::peer::{Peer, Said};
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

/// What was said before the next heads: whose progress, of which kind, up to where.
async fn statuses(peer: &mut Peer) -> Vec<(Value, Value, Value)> {
    let mut statuses = Vec::new();
    loop {
        match peer.next().await {
            Said::Frame(frame) if frame["type"] == "message.status" => statuses.push((
                frame["userId"].clone(),
                frame["status"].clone(),
                frame["upToSeq"].clone(),
            )),
            Said::Frame(frame) if frame["type"] == "heads" => return statuses,
            _ => {}
        }
    }
}

fn said(user: UserId, kind: &str, up_to_seq: u64) -> (Value, Value, Value) {
    (json!(user), json!(kind), json!(up_to_seq))
}

#[actix::test]
async fn what_was_not_told_is_told_once() {
    let stage = Stage::new();
    let [anna, ben] = [UserId::new(), UserId::new()];
    let mut peer = stage.open(anna).await;
    let (now, long_ago) = (stage.clock.now(), Timestamp(1));
    let mut standing = chat(ChatKind::Direct, &[anna, ben]);
    let chat_id = standing.roster.chat.id;
    mark(&mut standing, ben, (5, now), (3, now));
    *stage.backdrop.standings.lock() = vec![standing.clone()];
    // This much she was told.
    let status = Status {
        chat_id,
        user_id: ben,
        kind: ReceiptKind::Delivered,
        up_to_seq: 5,
    };
    let event = Event::MessageStatus {
        chat_id,
        user_id: ben,
        status: status.kind.into(),
        up_to_seq: 5,
        updated_at: now,
    };
    stage.fanout.fan_out(FanOut {
        frame: event.frame(),
        to: [anna].into(),
        except: None,
        status: Some(status),
    });
    peer.expect("message.status").await;
    stage.fanout.lost();
    assert_eq!(statuses(&mut peer).await, [said(ben, "read", 3)]);
    stage.fanout.lost();
    assert_eq!(statuses(&mut peer).await, []);
    // What a lane was given and may have lost.
    stage.fanout.doubt();
    stage.fanout.lost();
    let both = [said(ben, "delivered", 5), said(ben, "read", 3)];
    assert_eq!(statuses(&mut peer).await, both);
    mark(&mut standing, ben, (8, now), (3, long_ago));
    *stage.backdrop.standings.lock() = vec![standing];
    stage.fanout.lost();
    assert_eq!(statuses(&mut peer).await, [said(ben, "delivered", 8)]);
    let since = stage.backdrop.receipt_readings.lock().clone();
    assert!(
        since.is_sorted(),
        "each looks back no further than it must: {since:?}"
    );
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
    *stage.backdrop.senders.lock() = vec![anna, ben];
    stage.fanout.lost();
    let mut heard = statuses(&mut peer).await;
    heard.sort_by_key(|(user, kind, _)| (user.to_string(), kind.to_string()));
    let mut wanted = vec![
        said(ben, "delivered", 4),
        said(cem, "delivered", 4),
        said(cem, "read", 4),
    ];
    wanted.sort_by_key(|(user, kind, _)| (user.to_string(), kind.to_string()));
    assert_eq!(heard, wanted);
    let own = [said(cem, "delivered", 4), said(cem, "read", 4)];
    assert_eq!(statuses(&mut silent).await, own);
    stage.pass(Duration::from_secs(1)).await;
}
