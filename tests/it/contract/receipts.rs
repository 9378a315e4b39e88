//! Watermarks that only rise, and the times behind them.

use std::collections::HashSet;
use std::time::Duration;

use troupe::clock::{Clock, Timestamp};
use troupe::domain::receipts::ReceiptKind::{self, Delivered, Read};
use troupe::domain::receipts::Watermark;
use troupe::id::{ChatId, UserId};
use troupe::storage::receipts::{Moved, ReceiptMark};

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    watermarks_only_rise,
    reading_is_getting,
    times_are_those_of_the_first,
    marks_of_one_call_build_on_each_other,
    moves_are_found_by_position,
    lately_moved_chats_are_found_by_time,
    watermarks_survive,
    marks_of_two_owners_only_rise,
);

impl Opened {
    async fn mark(
        &self,
        (chat_id, user_id): (ChatId, UserId),
        kind: ReceiptKind,
        up_to_seq: u64,
        at: Timestamp,
    ) -> Moved {
        let mark = ReceiptMark {
            chat_id,
            user_id,
            kind,
            up_to_seq,
            at,
        };
        let mut moved = self.receipts.advance(vec![mark]).await.expect("advanced");
        assert_eq!(moved.len(), 1);
        moved.remove(0)
    }

    async fn marks_of(&self, chat_id: ChatId) -> Vec<Watermark> {
        let marks = self.receipts.watermarks(vec![chat_id]).await;
        let marks = marks.expect("watermarks");
        marks.into_iter().map(|(_, mark)| mark).collect()
    }
}

async fn watermarks_only_rise(backend: &dyn Backend) {
    let stores = backend.open();
    let who = (ChatId::new(), UserId::new());
    let moved = stores.mark(who, Delivered, 5, at(1)).await;
    assert_eq!(moved.before, Watermark::nowhere(who.1));
    assert_eq!(moved.after.delivered_seq, 5);
    assert_eq!(moved.after.delivered_at, Some(at(1)));
    assert_eq!((moved.after.read_seq, moved.after.read_at), (0, None));
    for seq in [5, 3, 0] {
        let still = stores.mark(who, Delivered, seq, at(2)).await;
        assert_eq!((still.before, still.after), (moved.after, moved.after));
    }
    let moved = stores.mark(who, Delivered, 6, at(3)).await;
    assert_eq!(moved.after.delivered_at, Some(at(3)));
    assert_eq!(stores.marks_of(who.0).await, [moved.after]);
    assert!(stores.marks_of(ChatId::new()).await.is_empty());
}

async fn reading_is_getting(backend: &dyn Backend) {
    let stores = backend.open();
    let who = (ChatId::new(), UserId::new());
    stores.mark(who, Delivered, 2, at(1)).await;
    let moved = stores.mark(who, Read, 4, at(2)).await;
    assert_eq!((moved.after.delivered_seq, moved.after.read_seq), (4, 4));
    assert_eq!(moved.after.delivered_at, Some(at(2)));
    stores.mark(who, Delivered, 9, at(3)).await;
    let moved = stores.mark(who, Read, 6, at(4)).await;
    assert_eq!((moved.after.delivered_seq, moved.after.read_seq), (9, 6));
    assert_eq!(moved.after.delivered_at, Some(at(3)));
}

async fn times_are_those_of_the_first(backend: &dyn Backend) {
    let stores = backend.open();
    let chat_id = ChatId::new();
    let (one, other) = (UserId::new(), UserId::new());
    stores.mark((chat_id, one), Delivered, 3, at(1)).await;
    stores.mark((chat_id, one), Delivered, 7, at(2)).await;
    stores.mark((chat_id, one), Read, 5, at(3)).await;
    stores.mark((chat_id, other), Read, 4, at(9)).await;
    let times = async |seq| {
        let times = stores.receipts.times(chat_id, seq).await.expect("times");
        let time = |user, kind| {
            let found = times.iter().find(|t| t.user_id == user && t.kind == kind);
            found.map(|found| found.at)
        };
        [
            time(one, Delivered),
            time(one, Read),
            time(other, Delivered),
            time(other, Read),
        ]
    };
    let [nine, three] = [Some(at(9)), Some(at(3))];
    assert_eq!(times(1).await, [Some(at(1)), three, nine, nine]);
    assert_eq!(times(3).await, [Some(at(1)), three, nine, nine]);
    assert_eq!(times(4).await, [Some(at(2)), three, nine, nine]);
    assert_eq!(times(5).await, [Some(at(2)), three, None, None]);
    assert_eq!(times(7).await, [Some(at(2)), None, None, None]);
    assert_eq!(times(8).await, [None; 4]);
    let many = vec![(chat_id, 8), (chat_id, 7), (ChatId::new(), 1)];
    let many = stores.receipts.times_of(many).await.expect("times");
    assert_eq!(many.len(), 1);
    assert_eq!((many[0].chat_id, many[0].seq), (chat_id, 7));
    assert_eq!(many[0].times.len(), 1);
}

async fn marks_of_one_call_build_on_each_other(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, user_id) = (ChatId::new(), UserId::new());
    let mark = |kind, up_to_seq, millis| ReceiptMark {
        chat_id,
        user_id,
        kind,
        up_to_seq,
        at: at(millis),
    };
    let marks = vec![
        mark(Delivered, 3, 1),
        mark(Delivered, 2, 2),
        mark(Read, 3, 3),
        mark(Delivered, 5, 4),
    ];
    let moved = stores.receipts.advance(marks.clone()).await;
    let moved = moved.expect("advanced");
    let asked: Vec<_> = moved.iter().map(|moved| moved.mark).collect();
    assert_eq!(asked, marks);
    let seqs: Vec<_> = moved
        .iter()
        .map(|moved| (moved.after.delivered_seq, moved.after.read_seq))
        .collect();
    assert_eq!(seqs, [(3, 0), (3, 0), (3, 3), (5, 3)]);
    assert!(moved.is_sorted_by_key(|moved| moved.before.delivered_seq));
}

/// A position after which nothing has moved. Where positions are times, what moved just before one
/// is named again for some seconds.
async fn quiet_position(stores: &Opened, chats: &[ChatId]) -> i64 {
    for _ in 0..300 {
        let position = stores.receipts.position().await.expect("a position");
        let moved = stores.receipts.moved_since(chats.to_vec(), position).await;
        if moved.expect("moved").is_empty() {
            return position;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing moves and yet something moved");
}

async fn moves_are_found_by_position(backend: &dyn Backend) {
    let stores = backend.open();
    let user = UserId::new();
    let (quiet, busy) = (ChatId::new(), ChatId::new());
    let moved = async |position| {
        let chats = vec![quiet, busy];
        let moved = stores.receipts.moved_since(chats, position).await;
        moved.expect("moved")
    };
    let first = stores.receipts.position().await.expect("a position");
    assert!(moved(first).await.is_empty());
    stores.mark((quiet, user), Delivered, 1, at(1)).await;
    let second = stores.receipts.position().await.expect("a position");
    stores.mark((busy, user), Delivered, 1, at(1)).await;
    assert_eq!(moved(first).await.len(), 2);
    assert!(moved(second).await.contains(&busy), "none falls between");
    let position = quiet_position(&stores, &[quiet, busy]).await;
    stores.mark((busy, user), Delivered, 1, at(2)).await;
    assert!(moved(position).await.is_empty(), "nothing moved");
    stores.mark((busy, user), Read, 1, at(3)).await;
    assert_eq!(moved(position).await, [busy]);
    assert_eq!(moved(0).await.len(), 2);
    assert!(quiet_position(&stores, &[busy]).await > position);
}

async fn lately_moved_chats_are_found_by_time(backend: &dyn Backend) {
    let stores = backend.open();
    let now = Clock::System.now();
    let minute = Duration::from_secs(60);
    let [one, other, third] = [(); 3].map(|()| (ChatId::new(), UserId::new()));
    let found = async |since| {
        let found = stores.receipts.moved_lately(since, 20_000).await;
        let found: HashSet<ChatId> = found.expect("chats").into_iter().collect();
        // Others may write meanwhile.
        [one, other, third].map(|(chat, _)| found.contains(&chat))
    };
    assert_eq!(found(now.minus(minute)).await, [false; 3]);
    stores.mark(one, Delivered, 3, now).await;
    stores.mark(other, Read, 2, now).await;
    stores.mark(one, Read, 3, now).await;
    assert_eq!(found(now.minus(minute)).await, [true, true, false]);
    assert_eq!(found(now + minute).await, [false; 3]);
    // A mark that does not move is none.
    stores.mark(third, Read, 0, now).await;
    assert_eq!(found(now.minus(minute)).await, [true, true, false]);
}

async fn watermarks_survive(backend: &dyn Backend) {
    let stores = backend.open();
    let who = (ChatId::new(), UserId::new());
    let position = stores.receipts.position().await.expect("a position");
    stores.mark(who, Delivered, 5, at(1)).await;
    let moved = stores.mark(who, Read, 4, at(2)).await;
    let after = stores.receipts.position().await.expect("a position");
    drop(stores);
    let stores = backend.open();
    assert_eq!(stores.marks_of(who.0).await, [moved.after]);
    assert!(stores.receipts.position().await.expect("a position") >= after);
    let moved = stores.receipts.moved_since(vec![who.0], position).await;
    assert_eq!(moved.expect("moved"), [who.0]);
}

async fn marks_of_two_owners_only_rise(backend: &dyn Backend) {
    let (here, there) = (backend.open(), backend.open());
    let chat_id = ChatId::new();
    let (one, other) = (UserId::new(), UserId::new());
    let raise = async |stores: &Opened, first: u64| {
        for step in 0..10 {
            let seq = first + 2 * step;
            let millis = seq.cast_signed();
            let moved = stores
                .mark((chat_id, one), Delivered, seq, at(millis))
                .await;
            assert!(moved.after.delivered_seq >= moved.before.delivered_seq.max(seq));
            stores.mark((chat_id, other), Read, seq, at(millis)).await;
        }
    };
    tokio::join!(raise(&here, 1), raise(&there, 2));
    let marks = here.marks_of(chat_id).await;
    assert_eq!(marks.len(), 2);
    for mark in marks {
        assert_eq!((mark.delivered_seq, mark.delivered_at), (20, Some(at(20))));
        let read = if mark.user_id == one { 0 } else { 20 };
        assert_eq!(mark.read_seq, read);
    }
    let times = there.receipts.times(chat_id, 20).await.expect("times");
    assert_eq!(times.len(), 3);
    assert!(times.iter().all(|time| time.at == at(20)));
}
