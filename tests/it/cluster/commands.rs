//! Commands on their way to another node: what arrives is what was sent, and answers come back.

use prost::Message;
use serde_json::value::RawValue;
use troupe::actors::chat::requests::{
    ChatCommand, CommandAnswer, EditMessage, ReactToMessage, SendMessage, UpdateChat,
};
use troupe::actors::cluster::calls::{Calls, Waiting};
use troupe::actors::cluster::commands::{decode, encode};
use troupe::actors::cluster::proto;
use troupe::actors::cluster::travelling::Travelling;
use troupe::actors::fanout::{Fanout, SocketRef};
use troupe::actors::request::{ReplyTo, wait};
use troupe::domain::message::{Draft, MessageKind};
use troupe::error::{ErrorCode, Failure};
use troupe::id::{ConnectionId, MediaId, MessageId, NodeId, UserId};
use troupe::storage::messages::ChatPatch;

/// Through the bytes that travel.
fn carried(command: ChatCommand) -> (ChatCommand, Option<Waiting>) {
    let encoded = encode(command, 7);
    let sent = proto::Command {
        what: Some(encoded.what),
        ..proto::Command::default()
    };
    let came = proto::Command::decode(sent.encode_to_vec().as_slice()).expect("readable");
    let (command, _) = decode(came.what.expect("a command"), &Fanout::default()).expect("good");
    (command, encoded.waiting)
}

fn send(reply: ReplyTo<troupe::wire::message::SentView>) -> SendMessage {
    SendMessage {
        sender: UserId::new(),
        client_message_id: "c-1".to_owned(),
        is_named: false,
        draft: Draft {
            kind: MessageKind::Location,
            payload: RawValue::from_string(r#"{"latitude":1.5,"longitude":2}"#.to_owned())
                .expect("JSON"),
            reply_to_id: Some(MessageId::new()),
            content_hash: [9; 16],
        },
        forwarded: true,
        reply: CommandAnswer::caller(reply),
    }
}

#[tokio::test]
async fn a_send_arrives_whole() {
    let (reply, _answered) = ReplyTo::channel();
    let sent = send(reply);
    let (sender, reply_to) = (sent.sender, sent.draft.reply_to_id);
    let (ChatCommand::Send(came), waiting) = carried(ChatCommand::Send(sent)) else {
        panic!("another command");
    };
    assert_eq!(
        (came.sender, came.client_message_id.as_str(), came.is_named),
        (sender, "c-1", false)
    );
    assert_eq!(came.draft.kind, MessageKind::Location);
    assert_eq!(
        came.draft.payload.get(),
        r#"{"latitude":1.5,"longitude":2}"#
    );
    assert_eq!(came.draft.reply_to_id, reply_to);
    assert_eq!((came.draft.content_hash, came.forwarded), ([9; 16], true));
    assert!(matches!(waiting, Some(Waiting::Send(_))));
}

#[tokio::test]
async fn what_is_cleared_and_what_is_kept_are_told_apart() {
    for patch in [
        ChatPatch::default(),
        ChatPatch {
            name: Some("Name".to_owned()),
            description: Some(None),
            avatar_media_id: Some(None),
            admin_only: Some(false),
        },
        ChatPatch {
            name: None,
            description: Some(Some("Words".to_owned())),
            avatar_media_id: Some(Some(MediaId::new())),
            admin_only: Some(true),
        },
    ] {
        let (reply, _answered) = ReplyTo::channel();
        let update = UpdateChat {
            actor: UserId::new(),
            patch: patch.clone(),
        };
        let (command, _) = carried(ChatCommand::UpdateChat(update, reply));
        let ChatCommand::UpdateChat(came, _) = command else {
            panic!("another command");
        };
        assert_eq!(came.patch, patch);
    }
}

#[tokio::test]
async fn a_reaction_set_and_one_taken_back_are_told_apart() {
    for emoji in [Some("👍"), None] {
        let (reply, _answered) = ReplyTo::channel();
        let react = ReactToMessage {
            actor: UserId::new(),
            message_id: MessageId::new(),
            emoji: emoji.map(str::to_owned),
        };
        let (actor, message_id) = (react.actor, react.message_id);
        let (ChatCommand::React(came, _), _) = carried(ChatCommand::React(react, reply)) else {
            panic!("another command");
        };
        assert_eq!((came.actor, came.message_id), (actor, message_id));
        assert_eq!(came.emoji.as_deref(), emoji);
    }
}

fn numbered(call: u64) -> Travelling {
    saying(call, None)
}

fn saying(call: u64, what: Option<proto::command::What>) -> Travelling {
    Travelling::from(proto::Command {
        call,
        what,
        ..proto::Command::default()
    })
}

#[tokio::test]
async fn an_answer_finds_its_caller_once() {
    let (calls, node) = (Calls::default(), NodeId::new());
    let (reply, answered) = ReplyTo::channel();
    let call = calls.next();
    calls.insert(node, numbered(call), Waiting::Done(reply));
    calls.answer(call, Err(Failure::forbidden("admins only")));
    calls.answer(call, Ok(Vec::new()));
    let failure = wait(answered).await.expect_err("refused");
    assert_eq!(failure.code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn whoever_waits_for_a_node_that_goes_is_told_that_nothing_is_known() {
    let (calls, gone, other) = (Calls::default(), NodeId::new(), NodeId::new());
    let [(lost, told), (kept, mut waits)] = [(); 2].map(|()| ReplyTo::channel());
    calls.insert(gone, numbered(calls.next()), Waiting::Done(lost));
    calls.insert(other, numbered(calls.next()), Waiting::Done(kept));
    calls.lost_with(gone);
    let failure = wait(told).await.expect_err("unknown");
    assert_eq!(failure.code(), ErrorCode::OutcomeUnknown);
    assert!(waits.try_recv().is_err(), "the other node may still answer");
}

#[tokio::test]
async fn a_command_that_nobody_took_is_not_lost_with_the_node_that_is_not_there() {
    let (calls, gone) = (Calls::default(), NodeId::new());
    let (reply, mut waits) = ReplyTo::channel();
    let call = calls.next();
    calls.insert(gone, numbered(call), Waiting::Done(reply));
    assert!(calls.came_back(call, gone).is_some());
    calls.lost_with(gone);
    assert!(waits.try_recv().is_err(), "it is sent again");
    calls.redirect(call, gone);
    calls.lost_with(gone);
    assert!(waits.try_recv().is_ok(), "a node had it");
}

#[tokio::test]
async fn a_send_that_is_lost_with_its_node_is_repeated() {
    let (calls, gone) = (Calls::default(), NodeId::new());
    let (reply, mut waits) = ReplyTo::channel();
    let call = calls.next();
    let waiting = Waiting::Send(CommandAnswer::caller(reply));
    calls.insert(gone, numbered(call), waiting);
    calls.lost_with(gone);
    assert_eq!(calls.sends_at(|node| node == gone), [call]);
    assert!(waits.try_recv().is_err(), "nobody was told yet");
}

#[test]
fn a_command_that_was_passed_on_comes_back_once() {
    let (calls, next_owner) = (Calls::default(), NodeId::new());
    let number = calls.pass(next_owner, numbered(7));
    assert_ne!(number, calls.pass(next_owner, numbered(7)));
    let passed = calls.take_passed(number).expect("it is known");
    assert_eq!((passed.node, passed.command.call()), (next_owner, 7));
    assert!(calls.take_passed(number).is_none());
    assert!(
        calls.take_back(number).is_none(),
        "nobody waits for it here"
    );
}

#[test]
fn a_send_that_was_passed_on_is_not_lost_with_the_node_that_got_it() {
    let (calls, gone, other) = (Calls::default(), NodeId::new(), NodeId::new());
    let (send, refresh) = (proto::Send::default(), proto::Refresh {});
    let send = |call| saying(call, Some(proto::command::What::Send(send.clone())));
    let refresh = |call| saying(call, Some(proto::command::What::Refresh(refresh)));
    let number = calls.pass(gone, send(1));
    calls.pass(gone, refresh(2));
    calls.pass(other, send(3));
    let lost = calls.take_passed_to(|node| node == gone);
    let lost: Vec<(u64, u64)> = lost
        .iter()
        .map(|(number, it)| (*number, it.call()))
        .collect();
    assert_eq!(lost, [(number, 1)], "done twice the other may be two");
    assert!(calls.take_passed_to(|node| node == gone).is_empty());
}

/// That nobody is where it was first can be said when it is long with another, which is there.
#[test]
fn what_is_with_another_node_does_not_come_back_from_the_first() {
    let (calls, gone, next_owner) = (Calls::default(), NodeId::new(), NodeId::new());
    let (reply, _waits) = ReplyTo::channel();
    let call = calls.next();
    calls.insert(gone, numbered(call), Waiting::Done(reply));
    assert!(calls.came_back(call, gone).is_some());
    assert!(calls.came_back(call, gone).is_none(), "nowhere, for now");
    calls.redirect(call, next_owner);
    assert!(calls.came_back(call, gone).is_none());
    assert!(calls.came_back(call, next_owner).is_some());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let bad = [
        proto::command::What::Edit(proto::Edit {
            actor: vec![1, 2, 3],
            ..proto::Edit::default()
        }),
        proto::command::What::Typing(proto::Typing::default()),
        proto::command::What::Send(proto::Send {
            sender: UserId::new().as_bytes().to_vec(),
            r#type: "system".to_owned(),
            payload: "{}".to_owned(),
            content_hash: vec![0; 16],
            ..proto::Send::default()
        }),
        proto::command::What::Send(proto::Send {
            sender: UserId::new().as_bytes().to_vec(),
            r#type: "text".to_owned(),
            payload: "no JSON".to_owned(),
            content_hash: vec![0; 16],
            ..proto::Send::default()
        }),
    ];
    for what in bad {
        assert!(decode(what, &Fanout::default()).is_err());
    }
}

#[tokio::test]
async fn an_edit_arrives_whole() {
    let (reply, _answered) = ReplyTo::channel();
    let edit = EditMessage {
        actor: UserId::new(),
        message_id: MessageId::new(),
        content: "new \u{0} words".to_owned(),
    };
    let (actor, message_id) = (edit.actor, edit.message_id);
    let (ChatCommand::Edit(came, _), _) = carried(ChatCommand::Edit(edit, reply)) else {
        panic!("another command");
    };
    assert_eq!((came.actor, came.message_id), (actor, message_id));
    assert_eq!(came.content, "new \u{0} words");
}

/// A caller ends its wait by itself; a socket would wait for ever.
#[tokio::test(start_paused = true)]
async fn a_send_of_a_socket_whose_answer_is_lost_is_given_up() {
    let calls = Calls::default();
    let socket = SocketRef {
        node: NodeId::new(),
        lane: 0,
        connection: ConnectionId::new(),
        call: 0,
    };
    let answer = CommandAnswer::socket(socket, None, Fanout::default());
    calls.insert(NodeId::new(), numbered(7), Waiting::Send(answer));
    calls.sweep();
    assert!(calls.take_back(7).is_some());
    tokio::time::advance(std::time::Duration::from_secs(20)).await;
    calls.sweep();
    assert!(calls.take_back(7).is_none());
}
