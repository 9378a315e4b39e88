//! What the message group may be asked. All of it reads; changes go to the chat's owner.

use serde::{Deserialize, Serialize};

use crate::id::{ChatId, MessageId, UserId};
use crate::request;
use crate::wire::chat::{ChatView, ParticipantView};
use crate::wire::message::{DigestView, MessageView, RecipientView};
use crate::wire::page::Page;
use crate::wire::sync::{SyncRequest, SyncView};

/// A page of a chat's history, newest first. `before` and `after` are seqs, not included; `after`
/// alone gives those next after it. 404 for who never was in the chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListMessages {
    pub viewer: UserId,
    pub chat_id: ChatId,
    pub before: Option<u64>,
    pub after: Option<u64>,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// One message as its viewer may see it; 404 otherwise.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetMessage {
    pub viewer: UserId,
    pub message_id: MessageId,
}

/// Who of a message's recipients has got and read it; for its sender alone (403).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListReceipts {
    pub viewer: UserId,
    pub message_id: MessageId,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// A sum over the messages a viewer can see, both ends included.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetDigest {
    pub viewer: UserId,
    pub chat_id: ChatId,
    pub from: u64,
    pub to: u64,
}

/// My chats, newest activity first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListChats {
    pub viewer: UserId,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// One chat of mine with its details; 404 for who is not in it now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetChat {
    pub viewer: UserId,
    pub chat_id: ChatId,
}

/// Who is in a chat now, longest-standing first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListParticipants {
    pub viewer: UserId,
    pub chat_id: ChatId,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// Some participants by id, in the order asked; those who are not in the chat are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindParticipants {
    pub viewer: UserId,
    pub chat_id: ChatId,
    pub user_ids: Vec<UserId>,
}

/// My starred messages, newest star first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListStarred {
    pub viewer: UserId,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// Messages with these words, newest first, in one chat or in all the viewer sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchMessages {
    pub viewer: UserId,
    pub q: String,
    pub chat_id: Option<ChatId>,
    pub cursor: Option<String>,
    pub limit: usize,
}

/// Which chats some messages belong to, so that their owners can be asked. 404 when one of them is
/// not there for this viewer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LocateMessages {
    pub viewer: UserId,
    pub message_ids: Vec<MessageId>,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    pub message_id: MessageId,
    pub chat_id: ChatId,
    pub seq: u64,
    /// Whether the viewer is in the chat now; who has left may only read.
    pub is_member: bool,
}

/// What changed since a client's copies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncChats {
    pub user: UserId,
    pub request: SyncRequest,
    pub limits: SyncLimits,
}

/// How large an answer to a sync may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncLimits {
    /// Chats an answer.
    pub chats: usize,
    /// Bytes of changed messages a chat, about; one is always given. A copy that is made anew gets all of
    /// the newest messages, and as few chats with it.
    pub chat_bytes: usize,
    /// Bytes of messages an answer, about; beyond it the answer says `more`.
    pub total_bytes: usize,
}

impl SyncLimits {
    /// `POST /sync`: 100 chats an answer.
    pub const REST: Self = Self {
        chats: 100,
        chat_bytes: 1024 * 1024,
        total_bytes: 8 * 1024 * 1024,
    };
    /// The `sync` frame: every chat, each in frames that fit 256 KiB. An answer waits in memory for
    /// as long as its peer takes to read it, so it holds little, and the socket asks again.
    pub const SOCKET: Self = Self {
        chats: usize::MAX,
        chat_bytes: 160 * 1024,
        total_bytes: 512 * 1024,
    };
}

request!(
    ListMessages => Page<MessageView>,
    GetMessage => MessageView,
    ListReceipts => Page<RecipientView>,
    ListStarred => Page<MessageView>,
    SearchMessages => Page<MessageView>,
    GetDigest => DigestView,
    ListChats => Page<ChatView>,
    GetChat => ChatView,
    ListParticipants => Page<ParticipantView>,
    FindParticipants => Vec<ParticipantView>,
    LocateMessages => Vec<Located>,
    SyncChats => SyncView,
);

crate::peers! {
    /// What others may ask of the message group.
    MessagePeers {
        list_messages: ListMessages,
        get_message: GetMessage,
        list_receipts: ListReceipts,
        list_starred: ListStarred,
        search_messages: SearchMessages,
        get_digest: GetDigest,
        list_chats: ListChats,
        get_chat: GetChat,
        list_participants: ListParticipants,
        find_participants: FindParticipants,
        locate_messages: LocateMessages,
        sync_chats: SyncChats,
    }
}
