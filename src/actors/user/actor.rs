//! The user group's actor: each request runs in a task of its own.

use std::sync::Arc;

use actix::{Actor, Context};

use super::requests::{
    AddDevice, DeleteMe, ExportMe, FindErasure, FindExport, FindPresence, GetMe, GetPresence,
    GetPrivacy, GetProfile, ListBlocked, ListContacts, ListDevices, ListErasures, RemoveDevice,
    SetBlock, SyncContacts, UpdateMe, UpdatePrivacy,
};
use crate::actors::auth::keyring::Keyring;
use crate::actors::fanout::{FanOut, Fanout};
use crate::actors::media::requests::MediaDesk;
use crate::actors::placement::ChatDoor;
use crate::clock::Clock;
use crate::handles;
use crate::id::UserId;
use crate::storage::Stores;
use crate::storage::limits::Bucket;
use crate::wire::frame::Event;
use crate::wire::me::MeChanges;

/// What the group works with; shared by its tasks, and by its successor after a panic.
pub struct Users {
    pub stores: Stores,
    pub clock: Clock,
    pub fanout: Fanout,
    pub chats: ChatDoor,
    pub media: MediaDesk,
    /// For keyed hashes of looked-up numbers.
    pub keyring: Arc<Keyring>,
    /// New numbers an account may look up; `None`: any number.
    pub contact_budget: Option<Bucket>,
}

impl Users {
    /// Tells a user's own connections what changed for him alone.
    pub(super) fn tell_me(&self, user: UserId, rev: u64, changes: &MeChanges) {
        self.fanout.fan_out(FanOut {
            frame: Event::MeUpdated { rev, changes }.frame(),
            to: Arc::new([user]),
            except: None,
            status: None,
        });
    }
}

#[derive(Clone)]
pub struct UserActor {
    users: Arc<Users>,
}

impl UserActor {
    pub fn new(users: Arc<Users>) -> Self {
        Self { users }
    }
}

impl Actor for UserActor {
    type Context = Context<Self>;
}

handles! { UserActor.users:
    GetMe => get_me,
    UpdateMe => update_me,
    DeleteMe => delete_me,
    ExportMe => export_me,
    FindExport => find_export,
    FindErasure => find_erasure,
    ListErasures => list_erasures,
    GetProfile => get_profile,
    SyncContacts => sync_contacts,
    ListContacts => list_contacts,
    SetBlock => set_block,
    ListBlocked => list_blocked,
    GetPrivacy => get_privacy,
    UpdatePrivacy => update_privacy,
    GetPresence => get_presence,
    FindPresence => find_presence,
    AddDevice => add_device,
    ListDevices => list_devices,
    RemoveDevice => remove_device,
}
