//! What the user group may be asked.

use serde::{Deserialize, Serialize};

use crate::domain::leaving::{StoreWork, WorkState};
use crate::domain::user::{Platform, Privacy, User};
use crate::id::{DeviceId, SessionId, UserId};
use crate::request;
use crate::storage::devices::Device;
use crate::storage::erasures::Erasure;
use crate::storage::privacy::PrivacyPatch;
use crate::storage::users::UserPatch;
use crate::wire::user::{PresenceView, ProfileView};

/// The caller's own profile.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetMe {
    pub user: UserId,
}

/// Changes the caller's profile; 422 past a limit, 404 for an avatar that is not his medium.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateMe {
    pub user: UserId,
    pub patch: UserPatch,
}

/// Deletes the caller's account and everything of his.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DeleteMe {
    pub user: UserId,
}

/// Has an archive of the caller's data made, or answers the one that is made or was made lately.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ExportMe {
    pub user: UserId,
}

/// How far the caller's archive is; 404 where none was asked for, or it is over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FindExport {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    pub state: WorkState,
    /// Once it is whole.
    pub url: Option<String>,
    pub stores: Vec<StoreWork>,
}

/// How far the deletion of an account is; 404 for one that was not deleted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FindErasure {
    pub user: UserId,
}

/// The newest deletions.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListErasures {
    pub limit: usize,
}

/// Someone's profile as privacy and blocks leave it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetProfile {
    pub viewer: UserId,
    pub owner: UserId,
}

/// Finds who of an address book is here, and keeps them as contacts.
///
/// 429 past the budget of distinct numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncContacts {
    pub user: UserId,
    /// At most 1,000, as the address book writes them.
    pub phones: Vec<String>,
}

/// Someone of the address book who is here; `input` as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundContact {
    pub input: String,
    pub phone: String,
    pub person: Person,
}

/// What lists show of someone, through his privacy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub user_id: UserId,
    pub phone: Option<String>,
    pub display_name: String,
    pub avatar_url: Option<String>,
}

/// The caller's contacts, by id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListContacts {
    pub user: UserId,
    pub after: Option<UserId>,
    pub limit: usize,
}

/// Blocks or unblocks someone; 404 when he is not there, 422 for oneself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SetBlock {
    pub user: UserId,
    pub other: UserId,
    pub blocked: bool,
}

/// Whom the caller blocks, by id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListBlocked {
    pub user: UserId,
    pub after: Option<UserId>,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetPrivacy {
    pub user: UserId,
}

/// Changes the settings the patch names, and answers all of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct UpdatePrivacy {
    pub user: UserId,
    pub patch: PrivacyPatch,
}

/// Whether someone is online, as privacy and blocks leave it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetPresence {
    pub viewer: UserId,
    pub owner: UserId,
}

/// [`GetPresence`] of many at once, in no order; who does not exist is left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindPresence {
    pub viewer: UserId,
    pub owners: Vec<UserId>,
}

/// Keeps a push token for the caller's session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddDevice {
    pub user: UserId,
    pub session: SessionId,
    pub token: String,
    pub platform: Platform,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddedDevice {
    pub device: Device,
    /// `false`: this account had named the token before.
    pub created: bool,
}

/// The caller's push devices, by id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListDevices {
    pub user: UserId,
    pub after: Option<DeviceId>,
    pub limit: usize,
}

/// Forgets a push device; 404 for one that is not the caller's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveDevice {
    pub user: UserId,
    pub device: DeviceId,
}

request!(
    GetMe => User,
    UpdateMe => User,
    DeleteMe => (),
    ExportMe => Exported,
    FindExport => Exported,
    FindErasure => Erasure,
    ListErasures => Vec<Erasure>,
    GetProfile => ProfileView,
    SyncContacts => Vec<FoundContact>,
    ListContacts => Vec<Person>,
    SetBlock => (),
    ListBlocked => Vec<Person>,
    GetPrivacy => Privacy,
    UpdatePrivacy => Privacy,
    GetPresence => PresenceView,
    FindPresence => Vec<PresenceView>,
    AddDevice => AddedDevice,
    ListDevices => Vec<Device>,
    RemoveDevice => (),
);

crate::peers! {
    /// The ways into the user group.
    UserPeers {
        get_me: GetMe,
        update_me: UpdateMe,
        delete_me: DeleteMe,
        export_me: ExportMe,
        find_export: FindExport,
        find_erasure: FindErasure,
        list_erasures: ListErasures,
        get_profile: GetProfile,
        sync_contacts: SyncContacts,
        list_contacts: ListContacts,
        set_block: SetBlock,
        list_blocked: ListBlocked,
        get_privacy: GetPrivacy,
        update_privacy: UpdatePrivacy,
        get_presence: GetPresence,
        find_presence: FindPresence,
        add_device: AddDevice,
        list_devices: ListDevices,
        remove_device: RemoveDevice,
    }
}
