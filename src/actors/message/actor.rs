//! The message group's actor: every request runs in a task of its own, beside the mailbox.

use actix::{Actor, Context, Handler, ResponseFuture};

use super::requests::{
    FindParticipants, GetChat, GetDigest, GetMessage, ListChats, ListMessages, ListParticipants,
    ListReceipts, ListStarred, LocateMessages, SearchMessages, SyncChats,
};
use crate::clock::Clock;
use crate::storage::Stores;

/// What reading needs. Cheap to clone, so that each request owns one.
#[derive(Clone)]
pub struct Reader {
    pub(super) stores: Stores,
    pub(super) clock: Clock,
}

impl Reader {
    pub fn new(stores: Stores, clock: Clock) -> Self {
        Self { stores, clock }
    }
}

/// Answers [`MessagePeers`](super::requests::MessagePeers).
pub struct MessageActor {
    reader: Reader,
}

impl MessageActor {
    pub fn new(reader: Reader) -> Self {
        Self { reader }
    }
}

impl Actor for MessageActor {
    type Context = Context<Self>;
}

/// Each request has a method of [`Reader`] that answers it.
macro_rules! answers {
    ($($request:ident => $method:ident),* $(,)?) => {$(
        impl Handler<$request> for MessageActor {
            type Result = ResponseFuture<<$request as actix::Message>::Result>;

            fn handle(&mut self, request: $request, _: &mut Self::Context) -> Self::Result {
                let reader = self.reader.clone();
                Box::pin(async move { reader.$method(request).await })
            }
        }
    )*};
}

answers!(
    ListMessages => list_messages,
    GetMessage => get_message,
    ListReceipts => list_receipts,
    ListStarred => list_starred,
    SearchMessages => search_messages,
    GetDigest => get_digest,
    ListChats => list_chats,
    GetChat => get_chat,
    ListParticipants => list_participants,
    FindParticipants => find_participants,
    LocateMessages => locate_messages,
    SyncChats => sync_chats,
);
