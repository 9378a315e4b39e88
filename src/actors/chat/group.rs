//! The chat group's own actor: what concerns chats but is no command to a chat's owner.

use actix::{Actor, Context, Handler, ResponseFuture};

use super::requests::{
    CheckPermission, CreateChat, FindMember, ForwardMessage, GetRoster, HideMessage, SetPersonal,
    StarMessage,
};
use crate::actors::fanout::{FanOut, Fanout};
use crate::actors::media::requests::MediaDesk;
use crate::actors::placement::ChatDoor;
use crate::clock::Clock;
use crate::id::UserId;
use crate::storage::Stores;
use crate::wire::frame::Event;
use crate::wire::me::MeChanges;

/// What these requests need. Cheap to clone, so that each owns one.
#[derive(Clone)]
pub struct Desk {
    pub(super) stores: Stores,
    pub(super) fanout: Fanout,
    pub(super) clock: Clock,
    pub(super) media: MediaDesk,
    /// To the chats themselves.
    pub(super) door: ChatDoor,
}

impl Desk {
    pub fn new(
        stores: Stores,
        fanout: Fanout,
        clock: Clock,
        media: MediaDesk,
        door: ChatDoor,
    ) -> Self {
        Self {
            stores,
            fanout,
            clock,
            media,
            door,
        }
    }

    /// Tells all connections of a user what changed in his own log.
    pub(super) fn tell_me(&self, user: UserId, rev: u64, changes: &MeChanges) {
        self.fanout.fan_out(FanOut {
            frame: Event::MeUpdated { rev, changes }.frame(),
            to: [user].into(),
            except: None,
            status: None,
        });
    }
}

/// Answers [`ChatPeers`](super::requests::ChatPeers) and [`RosterPeers`](super::requests::RosterPeers).
pub struct ChatGroup {
    desk: Desk,
}

impl ChatGroup {
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }
}

impl Actor for ChatGroup {
    type Context = Context<Self>;
}

/// Each request has a method of [`Desk`] that answers it, in a task of its own.
macro_rules! answers {
    ($($request:ident => $method:ident),* $(,)?) => {$(
        impl Handler<$request> for ChatGroup {
            type Result = ResponseFuture<<$request as actix::Message>::Result>;

            fn handle(&mut self, request: $request, _: &mut Self::Context) -> Self::Result {
                let desk = self.desk.clone();
                Box::pin(async move { desk.$method(request).await })
            }
        }
    )*};
}

answers!(
    CreateChat => create_chat,
    SetPersonal => set_personal,
    HideMessage => hide_message,
    StarMessage => star_message,
    ForwardMessage => forward_message,
    GetRoster => get_roster,
    FindMember => find_member,
    CheckPermission => check_permission,
);
