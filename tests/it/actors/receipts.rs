//! Receipts at a chat in trouble: none is lost, none goes where it may not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use troupe::actors::chat::requests::{Acknowledge, ChatCommand, MarkAnswer, RemoveMember};
use troupe::actors::request::{Answer, ReplyTo};
use troupe::domain::receipts::ReceiptKind;
use troupe::id::{ChatId, UserId};

use super::stage::Stage;

fn mark(user: UserId, up_to_seq: u64, reply: MarkAnswer) -> Acknowledge {
    Acknowledge {
        user,
        kind: ReceiptKind::Read,
        up_to_seq,
        from: None,
        reply,
    }
}

async fn read(stage: &Stage, chat: ChatId, user: UserId, up_to_seq: u64) -> Answer<()> {
    let command = |reply| mark(user, up_to_seq, MarkAnswer::caller(reply));
    let ask = |reply| ChatCommand::Acknowledge(vec![command(reply)]);
    stage.door.ask(chat, ask).await
}

/// Marks without waiting; what is given is where the answer would come.
fn unanswered(
    stage: &Stage,
    chat: ChatId,
    user: UserId,
    up_to_seq: u64,
) -> oneshot::Receiver<Answer<()>> {
    let (reply, answered) = ReplyTo::channel();
    let marks = vec![mark(user, up_to_seq, MarkAnswer::caller(reply))];
    stage.door.tell(chat, ChatCommand::Acknowledge(marks));
    answered
}

async fn read_seq(stage: &Stage, chat: ChatId, user: UserId) -> u64 {
    let marks = stage.stores.receipts.watermarks(vec![chat]).await;
    let marks = marks.expect("watermarks");
    let own = marks.iter().find(|(_, mark)| mark.user_id == user);
    own.map_or(0, |(_, mark)| mark.read_seq)
}

#[actix::test]
async fn what_was_gathered_while_a_chat_was_loaded_again_is_stored_and_the_chat_can_go() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    for number in ["1", "2"] {
        stage.send(chat, ada, number, "hello").await.expect("sent");
    }
    stage.trouble.receipts.shut();
    let marks = async {
        let one = read(&stage, chat, ben, 1);
        let other = async {
            stage.trouble.receipts.until_waiting(1).await;
            read(&stage, chat, ben, 2).await
        };
        futures_util::future::join(one, other).await
    };
    let trouble = async {
        stage.trouble.receipts.until_waiting(1).await;
        stage.trouble.rosters.shut();
        stage.trouble.unheard.store(1, Ordering::SeqCst);
        let lost = stage.send(chat, ada, "3", "outcome unknown").await;
        lost.expect_err("nobody knows");
        stage.trouble.rosters.until_waiting(1).await;
        stage.trouble.receipts.open();
        crate::support::eventually("the first mark", || async {
            read_seq(&stage, chat, ben).await == 1
        })
        .await;
        stage.settle().await;
        stage.trouble.rosters.open();
    };
    let ((one, other), ()) = futures_util::future::join(marks, trouble).await;
    one.expect("stored");
    other.expect("stored when the chat was loaded");
    assert_eq!(read_seq(&stage, chat, ben).await, 2);

    stage.pass_idle().await;
    assert_eq!(stage.active().await, 0, "nothing keeps it");
}

#[actix::test]
async fn a_chat_that_does_not_go_takes_commands_again() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.send(chat, ada, "1", "hello").await.expect("sent");
    stage.trouble.receipts.shut();
    let _stuck = unanswered(&stage, chat, ben, 1);
    stage.trouble.receipts.until_waiting(1).await;
    stage.pass_idle().await;
    let held = stage.send(chat, ada, "2", "while it should go");
    let later = async {
        stage.settle().await;
        // The sweep after those for which it is held; the send itself has ten.
        stage.pass(Duration::from_secs(6)).await;
    };
    let (held, ()) = futures_util::future::join(held, later).await;
    assert_eq!(held.expect("sent by the one that stayed").seq, 2);
}

#[actix::test]
async fn a_mark_beyond_the_head_swallows_none_and_each_is_refused_by_itself() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    for number in ["1", "2"] {
        stage.send(chat, ada, number, "hello").await.expect("sent");
    }
    let marks = [(7, "beyond"), (2, "good"), (1, "passed"), (9, "far beyond")]
        .map(|(seq, id)| mark(ben, seq, stage.socket_answer(id)));
    stage
        .door
        .tell(chat, ChatCommand::Acknowledge(marks.into()));
    crate::support::eventually("the good one", || async {
        read_seq(&stage, chat, ben).await == 2
    })
    .await;
    stage.until_frame("error").await;
    for id in ["beyond", "far beyond"] {
        assert_eq!(stage.refusals(id), ["invalid"], "{id}");
    }
    for id in ["good", "passed"] {
        assert!(stage.refusals(id).is_empty(), "{id}");
    }
}

#[actix::test]
async fn who_was_removed_before_a_mark_was_stored_is_not_told_of_it() {
    let stage = Stage::new().await;
    let (chat, [admin, member]) = stage.group().await;
    stage.online(member);
    for number in ["1", "2"] {
        let sent = stage.send(chat, member, number, "hello").await;
        sent.expect("sent");
    }
    read(&stage, chat, admin, 1).await.expect("stored");
    stage.until_frame("message.status").await;
    assert_eq!(stage.frames_to(member, "message.status").len(), 1);

    stage.trouble.receipts.shut();
    let mut later = unanswered(&stage, chat, admin, 2);
    stage.trouble.receipts.until_waiting(1).await;
    let remove = RemoveMember {
        actor: admin,
        user: member,
    };
    let removed = stage
        .door
        .ask(chat, |reply| ChatCommand::RemoveMember(remove, reply));
    removed.await.expect("removed");
    later.try_recv().expect_err("still waits");
    stage.trouble.receipts.open();
    later.await.expect("answered").expect("stored");
    stage.settle().await;
    assert_eq!(stage.frames_to(member, "message.status").len(), 1);
}

/// What a socket marks.
fn by_socket(stage: &Stage, chat: ChatId, user: UserId, up_to_seq: u64, frame_id: &str) {
    let marks = vec![mark(user, up_to_seq, stage.socket_answer(frame_id))];
    stage.door.tell(chat, ChatCommand::Acknowledge(marks));
}

#[actix::test]
async fn a_mark_that_could_not_be_stored_is_stored_later() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.send(chat, ada, "1", "hello").await.expect("sent");
    stage.trouble.receipts.fail(2);
    by_socket(&stage, chat, ben, 1, "mark");
    for left in [1, 0] {
        crate::support::eventually("a failure", || async {
            stage.trouble.receipts.failures_left() <= left
        })
        .await;
        stage.settle().await;
        stage.pass(Duration::from_secs(2)).await;
    }
    crate::support::eventually("the mark", || async {
        read_seq(&stage, chat, ben).await == 1
    })
    .await;
    assert!(stage.refusals("mark").is_empty());
}

#[actix::test]
async fn a_mark_that_cannot_be_stored_is_refused_in_the_end() {
    let stage = Stage::new().await;
    let (chat, [ada, ben]) = stage.direct().await;
    stage.send(chat, ada, "1", "hello").await.expect("sent");
    stage.trouble.receipts.fail(100);
    by_socket(&stage, chat, ben, 1, "mark");
    let refused = read(&stage, chat, ben, 1).await;
    refused.expect_err("a caller is told at once");
    for _ in 0..10 {
        stage.pass(Duration::from_secs(2)).await;
    }
    assert_eq!(stage.refusals("mark"), ["unavailable"]);
    stage.trouble.receipts.fail(0);
    stage.pass_idle().await;
    assert_eq!(stage.active().await, 0, "nothing keeps it");
}
