//! How chats' actors look from outside: looked at without being made or disturbed, and counted right.

use std::time::{Duration, Instant};

use troupe::actors::chat::requests::{ChatCommand, SendMessage};
use troupe::actors::chat::vitals::{FindHot, LookAt};
use troupe::actors::inspection::requests::{ActorSeen, ActorState, HotBy};
use troupe::domain::message::draft;
use troupe::id::ChatId;

use super::stage::Stage;

async fn look(stage: &Stage, chat_id: ChatId) -> Option<ActorSeen> {
    let looked = stage.shard.send(LookAt { chat_id }).await;
    let seen = looked.expect("the shard lives").expect("answered");
    seen.map(|(seen, _)| seen)
}

async fn hot(stage: &Stage, by: HotBy, limit: usize) -> Vec<ChatId> {
    let found = stage.shard.send(FindHot { by, limit }).await;
    let found = found.expect("the shard lives").expect("answered");
    found.iter().map(|hot| hot.chat.chat_id).collect()
}

#[actix::test]
async fn looking_makes_no_actor_and_keeps_none() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    assert_eq!(look(&stage, chat).await, None);
    assert_eq!(stage.active().await, 0);
    stage.send(chat, ada, "1", "hi").await.expect("sent");
    assert!(look(&stage, chat).await.is_some());
    stage.pass_idle().await;
    look(&stage, chat).await;
    crate::support::eventually("it is gone", || async { stage.active().await == 0 }).await;
    assert_eq!(look(&stage, chat).await, None);
}

#[actix::test]
async fn what_was_done_is_counted() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.group().await;
    let began = Instant::now();
    for place in 0..5 {
        let id = place.to_string();
        stage.send(chat, ada, id, "hi").await.expect("sent");
    }
    let seen = look(&stage, chat).await.expect("an actor");
    assert_eq!(seen.state, ActorState::Active);
    assert_eq!((seen.head_seq, seen.head_rev), (5, 6));
    assert_eq!((seen.sends, seen.batches), (5, 5));
    assert_eq!((seen.mailbox, seen.queued, seen.in_flight), (0, 0, 0));
    assert_eq!(seen.members, 2);
    // Five of about ten seconds, less what has faded since.
    let least = 0.49 * (-began.elapsed().as_secs_f64() / 20.0).exp();
    assert!(seen.rate_per_second > least, "{seen:?}");
    assert!(seen.mailbox_wait_ms.is_some(), "{seen:?}");
    // A repeat is no message.
    stage.send(chat, ada, "1", "hi").await.expect("a repeat");
    let again = look(&stage, chat).await.expect("an actor");
    assert_eq!(again.sends, 5);
    stage.pass(Duration::from_secs(120)).await;
    let later = look(&stage, chat).await.expect("an actor");
    assert_eq!(later.rate_per_second, 0.0, "it fades");
}

#[actix::test]
async fn what_waits_is_seen_while_it_waits() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    stage.trouble.rosters.shut();
    for id in ["a", "b", "c"] {
        let send = ChatCommand::Send(SendMessage {
            sender: ada,
            client_message_id: id.to_owned(),
            is_named: true,
            draft: draft::parse("text", Some("hi".to_owned()), None, None).expect("a draft"),
            forwarded: false,
            reply: stage.socket_answer(id),
        });
        stage.door.tell(chat, send);
    }
    stage.settle().await;
    let seen = look(&stage, chat).await.expect("an actor");
    assert_eq!(seen.state, ActorState::Loading, "{seen:?}");
    assert_eq!(seen.mailbox + seen.queued as u64, 3, "{seen:?}");
    stage.trouble.rosters.open();
    crate::support::eventually("they are sent", || async {
        look(&stage, chat).await.is_some_and(|seen| seen.sends == 3)
    })
    .await;
}

#[actix::test]
async fn the_hottest_are_found_among_many() {
    let stage = Stage::new().await;
    let mut chats = Vec::new();
    for place in 0..6 {
        let (chat, [ada, _]) = stage.direct().await;
        for sent in 0..=place {
            let id = sent.to_string();
            stage.send(chat, ada, id, "hi").await.expect("sent");
        }
        chats.push(chat);
    }
    chats.reverse();
    assert_eq!(hot(&stage, HotBy::Rate, 3).await, chats[..3]);
    assert_eq!(hot(&stage, HotBy::Rate, 99).await, chats);
    assert_eq!(hot(&stage, HotBy::Members, 2).await.len(), 2);
}
