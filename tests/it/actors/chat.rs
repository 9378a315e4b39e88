//! Chat actors on a real store: death, passivation, two owners, floods, typing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use troupe::actors::chat::requests::{Acknowledge, ChatCommand, RemoveMember, SendMessage, Typing};
use troupe::actors::chat::shard::CountActive;
use troupe::domain::message::draft;
use troupe::domain::receipts::ReceiptKind;
use troupe::error::ErrorCode;

use super::stage::Stage;

#[actix::test]
async fn a_dead_chat_actor_is_followed_by_another() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    let (other, [cy, _]) = stage.direct().await;
    stage.send(chat, ada, "1", "before").await.expect("sent");

    stage.trouble.panics.store(true, Ordering::SeqCst);
    let died = stage.door.ask(chat, ChatCommand::Refresh).await;
    assert_eq!(
        died.expect_err("the actor died").code(),
        ErrorCode::Unavailable
    );

    stage
        .send(other, cy, "1", "never noticed")
        .await
        .expect("another chat goes on");
    let after = stage.send(chat, ben, "2", "after").await.expect("rebuilt");
    assert_eq!((after.seq, after.rev), (2, 3));
    let repeat = stage.send(chat, ada, "1", "before").await.expect("repeat");
    assert!(repeat.duplicate);
    assert_eq!(repeat.seq, 1);
}

#[actix::test]
async fn what_waits_in_a_chat_that_dies_is_answered() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.trouble.rosters.shut();
    let frames = ["a", "b", "read"];
    for id in ["a", "b"] {
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
    let mark = ChatCommand::Acknowledge(vec![Acknowledge {
        user: ben,
        kind: ReceiptKind::Read,
        up_to_seq: 1,
        from: None,
        reply: stage.socket_answer("read"),
    }]);
    stage.door.tell(chat, mark);
    stage.trouble.rosters.until_waiting(1).await;
    stage.trouble.panics.store(true, Ordering::SeqCst);
    stage.trouble.rosters.open();
    stage.until_frame("error").await;
    stage.settle().await;
    for id in frames {
        assert_eq!(stage.refusals(id), ["outcome_unknown"], "{id}");
    }
}

#[actix::test]
async fn an_idle_chat_is_passivated_and_comes_back_where_it_was() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    stage.send(chat, ada, "1", "one").await.expect("sent");
    assert_eq!(stage.active().await, 1);

    stage.pass_idle().await;
    assert_eq!(stage.active().await, 0);

    let sent = stage
        .send(chat, ada, "2", "two")
        .await
        .expect("loaded again");
    assert_eq!((sent.seq, sent.rev), (2, 3));
    assert_eq!(stage.active().await, 1);
}

#[actix::test]
async fn two_owners_of_one_chat_lose_nothing_and_double_nothing() {
    let stage = Stage::new().await;
    let rival = stage.rival();
    let (chat, [ada, ben]) = stage.direct().await;
    let mut sends = Vec::new();
    for n in 0..200 {
        let (owner, sender) = if n % 2 == 0 {
            (&stage, ada)
        } else {
            (&rival, ben)
        };
        sends.push(owner.send(chat, sender, format!("{n}"), "both at once"));
    }
    let mut seqs: Vec<u64> = futures_util::future::join_all(sends)
        .await
        .into_iter()
        .filter_map(Result::ok)
        .map(|sent| sent.seq)
        .collect();
    seqs.sort_unstable();
    let head = stage.stores.messages.heads(chat).await.expect("heads");
    assert!(!seqs.is_empty());
    assert_eq!(seqs, (1..=head.seq).collect::<Vec<_>>(), "dense, each once");
}

#[actix::test]
async fn a_flood_at_one_chat_is_answered_to_the_last_and_others_go_on() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    let (other, [cy, _]) = stage.direct().await;
    let flood = (0..10_000).map(|n| stage.send(chat, ada, format!("{n}"), "flood"));
    let flood = futures_util::future::join_all(flood);
    let calm = stage.send(other, cy, "calm", "through");
    let (answers, calm) = futures_util::future::join(flood, calm).await;
    calm.expect("another chat goes on");
    let mut seqs = Vec::new();
    for answer in answers {
        match answer {
            Ok(sent) => seqs.push(sent.seq),
            Err(failure) => assert_eq!(failure.code(), ErrorCode::Unavailable),
        }
    }
    seqs.sort_unstable();
    assert!(!seqs.is_empty());
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[actix::test]
async fn a_cold_chat_takes_what_a_warm_one_takes() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    assert_eq!(stage.active().await, 0);
    let sends = (0..500).map(|n| stage.send(chat, ada, format!("{n}"), "all at once"));
    for sent in futures_util::future::join_all(sends).await {
        sent.expect("none is refused");
    }
}

#[actix::test]
async fn a_repeat_gets_its_first_ids_even_after_its_sender_was_removed() {
    let stage = Stage::new().await;
    let (chat, [admin, member]) = stage.group().await;
    let first = stage
        .send(chat, member, "once", "hello")
        .await
        .expect("sent");
    stage
        .door
        .ask(chat, |reply| {
            ChatCommand::RemoveMember(
                RemoveMember {
                    actor: admin,
                    user: member,
                },
                reply,
            )
        })
        .await
        .expect("removed");

    let repeat = stage
        .send(chat, member, "once", "hello")
        .await
        .expect("the first ids");
    assert!(repeat.duplicate);
    assert_eq!(repeat.message_id, first.message_id);
    let other_words = stage.send(chat, member, "once", "other words").await;
    assert_eq!(
        other_words.expect_err("conflict").code(),
        ErrorCode::Conflict
    );
    let fresh = stage.send(chat, member, "twice", "hello").await;
    assert_eq!(fresh.expect_err("not a member").code(), ErrorCode::NotFound);
}

/// Its client sent it once: that a node did so again is no news to him.
#[actix::test]
async fn what_only_a_node_repeats_is_no_duplicate_to_its_client() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    let unnamed = || ("made here".to_owned(), false);
    let first = stage.send_as(chat, ada, unnamed(), "once").await;
    let again = stage.send_as(chat, ada, unnamed(), "once").await;
    let [first, again] = [first, again].map(|sent| sent.expect("sent"));
    assert!(!again.duplicate);
    assert_eq!((again.message_id, again.seq), (first.message_id, 1));
}

#[actix::test]
async fn who_was_removed_while_a_send_was_unknown_learns_what_became_of_it() {
    let stage = Stage::new().await;
    let (chat, [admin, member]) = stage.group().await;
    stage.trouble.unheard.store(1, Ordering::SeqCst);
    let unknown = stage.send(chat, member, "once", "hello").await;
    assert_eq!(
        unknown.expect_err("nobody heard").code(),
        ErrorCode::OutcomeUnknown
    );
    let removal = RemoveMember {
        actor: admin,
        user: member,
    };
    let removed = stage
        .door
        .ask(chat, |reply| ChatCommand::RemoveMember(removal, reply))
        .await;
    removed.expect("removed");
    let repeat = stage.send(chat, member, "once", "hello").await;
    let repeat = repeat.expect("the first ids");
    assert_eq!((repeat.duplicate, repeat.seq), (true, 1));
    let again = stage.send(chat, member, "once", "hello").await;
    assert_eq!(again.expect("the same").message_id, repeat.message_id);
}

#[actix::test]
async fn a_change_whose_roster_cannot_be_read_again_is_told_all_the_same() {
    let stage = Stage::new().await;
    let (chat, [admin, member]) = stage.group().await;
    stage.send(chat, admin, "1", "hello").await.expect("sent");
    stage.online(admin);
    stage.online(member);
    stage.trouble.rosters.fail(1);
    let remove = |reply| {
        let (actor, user) = (admin, member);
        ChatCommand::RemoveMember(RemoveMember { actor, user }, reply)
    };
    stage.door.ask(chat, remove).await.expect("written");
    stage.until_frame("group.member.removed").await;
    assert_eq!(stage.frames_to(member, "group.member.removed").len(), 1);
    assert!(
        stage.overflowed.load(Ordering::SeqCst),
        "heads for the rest"
    );
    let sent = stage.send(chat, admin, "2", "after").await.expect("sent");
    assert_eq!((sent.seq, sent.rev), (3, 4));
}

#[actix::test]
async fn repeats_at_once_cost_the_others_nothing() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.send(chat, ada, "warm", "loaded").await.expect("sent");
    let repeats = (0..40).flat_map(|n| {
        let (id, other) = (format!("{}", n % 10), n >= 30);
        let text = if other { "other words" } else { "hello" };
        [stage.send(chat, ada, id, text)]
    });
    let others = (0..40).map(|n| stage.send(chat, ben, format!("{n}"), "hello"));
    let (repeats, others) = futures_util::future::join(
        futures_util::future::join_all(repeats),
        futures_util::future::join_all(others),
    )
    .await;
    for sent in others {
        sent.expect("not refused for what others repeat");
    }
    for (n, answer) in repeats.iter().enumerate() {
        match answer {
            Ok(sent) if n < 30 => {
                assert_eq!(sent.duplicate, n >= 10, "{n}");
                let first = repeats[n % 10].as_ref().expect("sent");
                assert_eq!(sent.message_id, first.message_id);
            }
            Err(failure) if n >= 30 => assert_eq!(failure.code(), ErrorCode::Conflict),
            other => panic!("{n}: {other:?}"),
        }
    }
    let head = stage.stores.messages.heads(chat).await.expect("heads");
    assert_eq!(head.seq, 1 + 10 + 40);
}

#[actix::test]
async fn typing_ends_by_itself_after_five_seconds() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.send(chat, ada, "1", "loaded").await.expect("sent");
    stage.online(ben);
    let typing = Typing {
        user: ada,
        started: true,
        reply: stage.socket_answer("typing"),
    };
    tokio::time::pause();
    stage.door.tell(chat, ChatCommand::Typing(typing));
    stage.settle().await;
    assert_eq!(stage.frames("typing.start"), 1);
    tokio::time::advance(Duration::from_millis(4_900)).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.frames("typing.stop"), 0, "not before its time");
    tokio::time::advance(Duration::from_millis(200)).await;
    tokio::time::resume();
    stage.until_frame("typing.stop").await;
}

#[actix::test]
async fn what_is_active_is_counted() {
    let stage = Stage::new().await;
    let (chat, [ada, _]) = stage.direct().await;
    assert_eq!(stage.active().await, 0);
    stage.send(chat, ada, "1", "one").await.expect("sent");
    let counted = stage.shard.send(CountActive).await.expect("answered");
    assert_eq!(counted.expect("counted"), 1);
}
