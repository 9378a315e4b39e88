//! A lost tail is found: heads name every chat that changed, to its members alone.

use std::time::Duration;

use serde_json::json;
use troupe::id::{ChatId, UserId};
use troupe::wire::socket::HeadView;

use super::peer::{Peer, masked};
use super::stage::Stage;

async fn next_heads(peer: &mut Peer) -> serde_json::Value {
    let heads = peer.expect("heads").await;
    peer.say_bytes(&masked(0x8a, b""));
    heads["chats"].clone()
}

#[actix::test]
async fn each_change_is_told_once_and_within_35_seconds() {
    let stage = Stage::new();
    let (member, stranger) = (UserId::new(), UserId::new());
    let mut peer = stage.open(member).await;
    let mut other = stage.open(stranger).await;
    let chat = ChatId::new();
    let put = |seq, rev| {
        let head = HeadView { seq, rev };
        let mut heads = stage.backdrop.heads.lock();
        heads.insert(chat, (head, vec![member]));
    };
    let mut told = Vec::new();
    for round in 0..12 {
        match round {
            2 => put(4, 6),
            6 => put(5, 7),
            7 => put(5, 9),
            _ => {}
        }
        let heads = next_heads(&mut peer).await;
        assert_eq!(
            next_heads(&mut other).await,
            json!({}),
            "no member, no heads"
        );
        if heads != json!({}) {
            told.push((round, heads));
        }
    }
    let named = |seq, rev| json!({ chat.to_string(): {"seq": seq, "rev": rev} });
    // With heads every 25 s, 35 s later is in the same round or the next.
    assert_eq!(told.len(), 3, "each once: {told:?}");
    for ((round, heads), (put, wanted)) in
        told.iter()
            .zip([(2, named(4, 6)), (6, named(5, 7)), (7, named(5, 9))])
    {
        assert_eq!(heads, &wanted);
        assert!((put..=put + 1).contains(round), "{told:?}");
    }
}

#[actix::test]
async fn frames_lost_while_heads_are_being_read_are_found_at_once() {
    let stage = Stage::new();
    let member = UserId::new();
    let mut peer = stage.open(member).await;
    let opened = stage.clock.now();
    let chat = ChatId::new();
    let put = |seq, rev| {
        let head = HeadView { seq, rev };
        let mut heads = stage.backdrop.heads.lock();
        heads.insert(chat, (head, vec![member]));
    };
    put(1, 1);
    // The round of every 10 s looks, and takes its time to say what it saw.
    *stage.backdrop.heads_take.lock() = Duration::from_secs(3);
    stage.pass(Duration::from_millis(10_500)).await;
    put(2, 2);
    stage.fanout.lost();
    stage.pass(Duration::from_millis(1)).await;
    *stage.backdrop.heads_take.lock() = Duration::ZERO;
    let heads = peer.expect("heads").await;
    let named = json!({ chat.to_string(): {"seq": 2, "rev": 2} });
    assert_eq!(heads["chats"], named);
    let now = stage.clock.now().since(opened);
    assert!(now < Duration::from_secs(20), "before its time: {now:?}");
}
