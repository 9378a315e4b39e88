//! What the chat group may be asked. Everything that changes a chat goes to its ChatActor.

use actix::{Actor, Addr, Context, Handler, Message as ActixMessage, Recipient};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use super::answer::{CommandAnswer, MarkAnswer, SendAnswer};
use crate::actors::request::ReplyTo;
use crate::domain::chat::{ChatKind, Role, Roster};
use crate::domain::message::Draft;
use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, ConnectionId, MediaId, MessageId, UserId};
use crate::request;
use crate::storage::chats::PersonalSetting;
use crate::storage::messages::ChatPatch;
use crate::wire::message::SentView;

/// Makes a chat, or finds the one it repeats. Answered by the chat group, not by a ChatActor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateChat {
    pub creator: UserId,
    pub kind: ChatKind,
    /// For a direct chat the other one; for a group everyone but the creator, each once.
    pub others: Vec<UserId>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub avatar_media_id: Option<MediaId>,
    pub admin_only: bool,
    pub idempotency_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMade {
    pub chat_id: ChatId,
    /// `false`: it existed.
    pub created: bool,
}

/// Mutes or pins a chat for one user.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SetPersonal {
    pub user: UserId,
    pub chat_id: ChatId,
    pub setting: PersonalSetting,
}

/// Hides a message for one user (delete for me).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct HideMessage {
    pub user: UserId,
    pub message_id: MessageId,
}

/// Stars a message for one user, or takes the star back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StarMessage {
    pub user: UserId,
    pub message_id: MessageId,
    pub starred: bool,
}

/// Sends copies of a message to other chats: to all that are named, or to none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ForwardMessage {
    pub user: UserId,
    pub message_id: MessageId,
    /// Each once.
    pub chat_ids: Vec<ChatId>,
    pub idempotency_key: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forwarded {
    /// In the order of the chats.
    pub items: Vec<SentView>,
    /// The key was used before: these are the copies of then.
    pub is_repeat: bool,
}

request!(
    CreateChat => ChatMade,
    SetPersonal => (),
    HideMessage => (),
    StarMessage => (),
    ForwardMessage => Forwarded,
);

crate::peers! {
    /// What others may ask of the chat group beside commands to a chat's owner.
    ChatPeers {
        create_chat: CreateChat,
        set_personal: SetPersonal,
        hide_message: HideMessage,
        star_message: StarMessage,
        forward_message: ForwardMessage,
    }
}

/// Everyone who is or was in a chat; 404 for one that is not there.
#[derive(Clone, Copy, Debug)]
pub struct GetRoster {
    pub chat_id: ChatId,
}

/// The role of someone who is in a chat now; `None` for anyone else, and for no chat.
#[derive(Clone, Copy, Debug)]
pub struct FindMember {
    pub chat_id: ChatId,
    pub user: UserId,
}

/// Whether someone may send in a chat now: 404 when not in it, 403 when not allowed.
#[derive(Clone, Copy, Debug)]
pub struct CheckPermission {
    pub chat_id: ChatId,
    pub user: UserId,
}

request!(GetRoster => Roster, FindMember => Option<Role>, CheckPermission => ());

/// Who may do what in a chat, for who asks on nobody's behalf; within the process of the chats alone.
#[derive(Clone)]
pub struct RosterPeers {
    pub get_roster: Recipient<GetRoster>,
    pub find_member: Recipient<FindMember>,
    pub check_permission: Recipient<CheckPermission>,
}

impl RosterPeers {
    pub fn of<A>(actor: &Addr<A>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<GetRoster>
            + Handler<FindMember>
            + Handler<CheckPermission>,
    {
        Self {
            get_roster: actor.clone().recipient(),
            find_member: actor.clone().recipient(),
            check_permission: actor.clone().recipient(),
        }
    }
}

/// A command for the ChatActor of one chat; shards and nodes route by `chat_id`.
#[derive(Debug, ActixMessage)]
#[rtype(result = "()")]
pub struct ToChat {
    pub chat_id: ChatId,
    pub command: ChatCommand,
    /// It is for another node: the chat's actor here has to go first.
    pub detained: bool,
    /// As it came from another node: it may go on to a third.
    pub came_as: Option<Bytes>,
}

#[derive(Debug)]
pub enum ChatCommand {
    Send(SendMessage),
    /// What one member marked at about the same time; each counts or is refused by itself.
    Acknowledge(Vec<Acknowledge>),
    Typing(Typing),
    Edit(EditMessage, ReplyTo<()>),
    Delete(DeleteMessage, ReplyTo<()>),
    React(ReactToMessage, ReplyTo<()>),
    AddMembers(AddMembers, ReplyTo<()>),
    RemoveMember(RemoveMember, ReplyTo<()>),
    SetRole(SetRole, ReplyTo<()>),
    UpdateChat(UpdateChat, ReplyTo<()>),
    SetTimer(SetTimer, ReplyTo<()>),
    Erase(EraseMember, ReplyTo<()>),
    /// Read the roster again now (a block, a privacy change), then answer.
    Refresh(ReplyTo<()>),
}

#[derive(Debug)]
pub struct SendMessage {
    pub sender: UserId,
    pub client_message_id: String,
    /// Its client gave it the id, and may repeat it. Else only a node does, and its client hears nothing
    /// of that.
    pub is_named: bool,
    pub draft: Draft,
    /// Copied by forward; never set by a client's own send.
    pub forwarded: bool,
    pub reply: SendAnswer,
}

#[derive(Debug)]
pub struct EditMessage {
    pub actor: UserId,
    pub message_id: MessageId,
    /// 1–4096 characters, checked.
    pub content: String,
}

/// Deletes for everyone.
#[derive(Debug)]
pub struct DeleteMessage {
    pub actor: UserId,
    pub message_id: MessageId,
}

/// Sets or takes back (`None`) one's own reaction.
#[derive(Debug)]
pub struct ReactToMessage {
    pub actor: UserId,
    pub message_id: MessageId,
    /// One emoji, checked.
    pub emoji: Option<String>,
}

/// Delivered or read up to a seq.
#[derive(Debug)]
pub struct Acknowledge {
    pub user: UserId,
    pub kind: ReceiptKind,
    pub up_to_seq: u64,
    /// The connection it came by, which needs no echo.
    pub from: Option<ConnectionId>,
    pub reply: MarkAnswer,
}

/// Never stored; ends by itself after 5 s.
#[derive(Debug)]
pub struct Typing {
    pub user: UserId,
    pub started: bool,
    pub reply: MarkAnswer,
}

#[derive(Debug)]
pub struct AddMembers {
    pub actor: UserId,
    pub user_ids: Vec<UserId>,
}

/// `user == actor` is leaving.
#[derive(Debug)]
pub struct RemoveMember {
    pub actor: UserId,
    pub user: UserId,
}

#[derive(Debug)]
pub struct SetRole {
    pub actor: UserId,
    pub user: UserId,
    pub role: Role,
}

#[derive(Debug)]
pub struct UpdateChat {
    pub actor: UserId,
    pub patch: ChatPatch,
}

#[derive(Debug)]
pub struct SetTimer {
    pub actor: UserId,
    pub seconds: Option<u32>,
}

/// An account that is gone leaves, and what it said here is stripped; direct chats too.
#[derive(Clone, Copy, Debug)]
pub struct EraseMember {
    pub user: UserId,
}
