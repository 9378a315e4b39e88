//! A command on its way to the owner of its chat, over the real NATS.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler};
use serde_json::value::RawValue;
use troupe::actors::chat::requests::{ChatCommand, CommandAnswer, SendMessage, ToChat};
use troupe::actors::fanout::{Fanout, SocketRef};
use troupe::actors::group::Group;
use troupe::actors::placement::{ChatDoor, Remote};
use troupe::actors::request::ReplyTo;
use troupe::domain::message::{Draft, MessageKind};
use troupe::error::ErrorCode;
use troupe::id::{ChatId, ConnectionId, NodeId, UserId};

use super::remote::bus::{node, settings};
use crate::support::eventually;

/// Stands where a shard of chats does, and keeps what comes.
#[derive(Clone, Default)]
struct Shard(Rc<RefCell<Vec<ToChat>>>);

impl Actor for Shard {
    type Context = Context<Self>;
}

impl Handler<ToChat> for Shard {
    type Result = ();

    fn handle(&mut self, message: ToChat, _: &mut Self::Context) {
        self.0.borrow_mut().push(message);
    }
}

fn send(socket: SocketRef) -> ChatCommand {
    let payload = RawValue::from_string(r#"{"content":"hello"}"#.to_owned());
    ChatCommand::Send(SendMessage {
        sender: UserId::new(),
        client_message_id: "c-1".to_owned(),
        draft: Draft {
            kind: MessageKind::Text,
            payload: payload.expect("JSON"),
            reply_to_id: None,
            content_hash: [9; 16],
        },
        forwarded: false,
        reply: CommandAnswer::socket(socket, None, Fanout::default()),
    })
}

/// A former owner has it from another node: that one waits for the answer, by its own number.
#[actix::test]
async fn a_send_that_waited_at_a_former_owner_is_answered_where_it_came_from() {
    let settings = settings();
    let shard = Shard::default();
    let door = ChatDoor::new(vec![shard.clone().start().recipient()]);
    let owner = node(&settings, &[Group::Chat], door, Vec::new()).await;
    let nobody = ChatDoor::new(Vec::new());
    let former = node(&settings, &[Group::Gateway], nobody, Vec::new()).await;
    let chat_id = ChatId::new();
    eventually("they see each other", async || !former.owns(chat_id)).await;
    let socket = SocketRef {
        node: NodeId::new(),
        lane: 0,
        connection: ConnectionId::new(),
        call: 4711,
    };
    let message = ToChat {
        chat_id,
        command: send(socket),
        detained: false,
    };
    assert!(former.carry(message).is_none());
    eventually("it comes", async || !shard.0.borrow().is_empty()).await;
    let came = shard.0.borrow_mut().remove(0);
    assert_eq!(came.command.socket(), Some(socket));
    drop(owner);
}

/// Refused while there was nobody, a chat is not refused for good.
#[actix::test]
async fn what_comes_before_any_chats_are_served_does_not_bar_what_comes_after() {
    let settings = settings();
    let door = ChatDoor::new(Vec::new());
    let gateway = node(&settings, &[Group::Gateway], door.clone(), Vec::new()).await;
    door.reach_elsewhere(Arc::new(gateway.clone()));
    let chat_id = ChatId::new();
    let refused = door.ask(chat_id, ChatCommand::Refresh).await;
    let refused = refused.expect_err("there is nobody");
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    let shard = Shard::default();
    let chats = ChatDoor::new(vec![shard.clone().start().recipient()]);
    let owner = node(&settings, &[Group::Chat], chats, Vec::new()).await;
    eventually("they see each other", async || !gateway.owns(chat_id)).await;
    let (reply, _answered) = ReplyTo::channel();
    door.tell(chat_id, ChatCommand::Refresh(reply));
    eventually("it comes", async || !shard.0.borrow().is_empty()).await;
    drop(owner);
}
