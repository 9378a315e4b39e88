//! One of each request, with every field that may be there.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use troupe::actors::auth::requests as auth;
use troupe::actors::chat::requests as chat;
use troupe::actors::message::requests as message;
use troupe::actors::notification::requests as notification;
use troupe::actors::user::requests as user;
use troupe::clock::Timestamp;
use troupe::domain::chat::ChatKind;
use troupe::domain::user::{Audience, Platform};
use troupe::id::MediaId;
use troupe::storage::chats::PersonalSetting;
use troupe::storage::codes::Ticket;
use troupe::storage::privacy::PrivacyPatch;
use troupe::storage::users::UserPatch;
use troupe::wire::sync::SyncRequest;
use uuid::Uuid;

pub const TEXT_ID: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// An id of whatever kind.
pub fn id<T: From<Uuid>>() -> T {
    T::from(TEXT_ID.parse::<Uuid>().expect("an id"))
}

pub fn time() -> Timestamp {
    Timestamp(1_767_323_045_678)
}

pub fn text(words: &str) -> Option<String> {
    Some(words.to_owned())
}

pub fn request_otp() -> auth::RequestOtp {
    auth::RequestOtp {
        phone: "+1 202 555 0101".to_owned(),
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        locale: text("de"),
    }
}

pub fn verify_otp() -> auth::VerifyOtp {
    auth::VerifyOtp {
        phone: "1".to_owned(),
        code: "000000".to_owned(),
        device_id: text("d"),
        device_name: None,
        platform: text("web"),
    }
}

pub fn refresh_tokens() -> auth::RefreshTokens {
    auth::RefreshTokens {
        refresh_token: "r".to_owned(),
        device_id: text("d"),
    }
}

pub fn logout() -> auth::Logout {
    auth::Logout {
        user: id(),
        session: id(),
    }
}

pub fn logout_all() -> auth::LogoutAll {
    auth::LogoutAll { user: id() }
}

pub fn list_sessions() -> auth::ListSessions {
    auth::ListSessions {
        user: id(),
        after: Some(id()),
        limit: 3,
    }
}

pub fn remove_session() -> auth::RemoveSession {
    auth::RemoveSession {
        user: id(),
        session: id(),
    }
}

pub fn issue_ticket() -> auth::IssueTicket {
    auth::IssueTicket {
        ticket: Ticket {
            user_id: id(),
            session_id: id(),
            token_expires_at: time(),
        },
    }
}

pub fn redeem_ticket() -> auth::RedeemTicket {
    auth::RedeemTicket {
        ticket: "t".to_owned(),
    }
}

pub fn validate_token() -> auth::ValidateToken {
    auth::ValidateToken {
        token: "a.b.c".to_owned(),
    }
}

pub fn issue_test_users() -> auth::IssueTestUsers {
    auth::IssueTestUsers { count: 7 }
}

pub fn find_public_keys() -> auth::FindPublicKeys {
    auth::FindPublicKeys
}

pub fn get_me() -> user::GetMe {
    user::GetMe { user: id() }
}

pub fn update_me(avatar_media_id: Option<Option<MediaId>>) -> user::UpdateMe {
    user::UpdateMe {
        user: id(),
        patch: UserPatch {
            display_name: text(""),
            status_text: None,
            avatar_media_id,
        },
    }
}

pub fn get_profile() -> user::GetProfile {
    user::GetProfile {
        viewer: id(),
        owner: id(),
    }
}

pub fn sync_contacts() -> user::SyncContacts {
    user::SyncContacts {
        user: id(),
        phones: vec!["0151 1".to_owned(), String::new()],
    }
}

pub fn list_contacts() -> user::ListContacts {
    user::ListContacts {
        user: id(),
        after: None,
        limit: 50,
    }
}

pub fn set_block() -> user::SetBlock {
    user::SetBlock {
        user: id(),
        other: id(),
        blocked: true,
    }
}

pub fn list_blocked() -> user::ListBlocked {
    user::ListBlocked {
        user: id(),
        after: Some(id()),
        limit: 50,
    }
}

pub fn get_privacy() -> user::GetPrivacy {
    user::GetPrivacy { user: id() }
}

pub fn update_privacy() -> user::UpdatePrivacy {
    user::UpdatePrivacy {
        user: id(),
        patch: PrivacyPatch {
            last_seen: Some(Audience::Nobody),
            read_receipts: Some(false),
            ..PrivacyPatch::default()
        },
    }
}

pub fn get_presence() -> user::GetPresence {
    user::GetPresence {
        viewer: id(),
        owner: id(),
    }
}

pub fn find_presence() -> user::FindPresence {
    user::FindPresence {
        viewer: id(),
        owners: vec![id(), id()],
    }
}

pub fn add_device() -> user::AddDevice {
    user::AddDevice {
        user: id(),
        session: id(),
        token: "fcm".to_owned(),
        platform: Platform::Ios,
    }
}

pub fn list_devices() -> user::ListDevices {
    user::ListDevices {
        user: id(),
        after: None,
        limit: 1,
    }
}

pub fn remove_device() -> user::RemoveDevice {
    user::RemoveDevice {
        user: id(),
        device: id(),
    }
}

pub fn create_chat() -> chat::CreateChat {
    chat::CreateChat {
        creator: id(),
        kind: ChatKind::Group,
        others: vec![id()],
        name: text("🎭"),
        description: None,
        avatar_media_id: Some(id()),
        admin_only: true,
        idempotency_key: text("k"),
    }
}

pub fn set_personal(setting: PersonalSetting) -> chat::SetPersonal {
    chat::SetPersonal {
        user: id(),
        chat_id: id(),
        setting,
    }
}

pub fn hide_message() -> chat::HideMessage {
    chat::HideMessage {
        user: id(),
        message_id: id(),
    }
}

pub fn star_message() -> chat::StarMessage {
    chat::StarMessage {
        user: id(),
        message_id: id(),
        starred: true,
    }
}

pub fn forward_message() -> chat::ForwardMessage {
    chat::ForwardMessage {
        user: id(),
        message_id: id(),
        chat_ids: vec![id(), id()],
        idempotency_key: text("k"),
    }
}

pub fn list_starred() -> message::ListStarred {
    message::ListStarred {
        viewer: id(),
        cursor: text("c"),
        limit: 2,
    }
}

pub fn search_messages() -> message::SearchMessages {
    message::SearchMessages {
        viewer: id(),
        q: "wörter".to_owned(),
        chat_id: Some(id()),
        cursor: None,
        limit: 2,
    }
}

pub fn list_messages() -> message::ListMessages {
    message::ListMessages {
        viewer: id(),
        chat_id: id(),
        before: Some(u64::MAX),
        after: None,
        cursor: text("c"),
        limit: 200,
    }
}

pub fn get_message() -> message::GetMessage {
    message::GetMessage {
        viewer: id(),
        message_id: id(),
    }
}

pub fn list_receipts() -> message::ListReceipts {
    message::ListReceipts {
        viewer: id(),
        message_id: id(),
        cursor: None,
        limit: 2,
    }
}

pub fn get_digest() -> message::GetDigest {
    message::GetDigest {
        viewer: id(),
        chat_id: id(),
        from: 1,
        to: 1 << 53,
    }
}

pub fn list_chats() -> message::ListChats {
    message::ListChats {
        viewer: id(),
        cursor: None,
        limit: 2,
    }
}

pub fn get_chat() -> message::GetChat {
    message::GetChat {
        viewer: id(),
        chat_id: id(),
    }
}

pub fn list_participants() -> message::ListParticipants {
    message::ListParticipants {
        viewer: id(),
        chat_id: id(),
        cursor: text("c"),
        limit: 2,
    }
}

pub fn find_participants() -> message::FindParticipants {
    message::FindParticipants {
        viewer: id(),
        chat_id: id(),
        user_ids: vec![id()],
    }
}

pub fn locate_messages() -> message::LocateMessages {
    message::LocateMessages {
        viewer: id(),
        message_ids: vec![id()],
    }
}

pub fn sync_chats() -> message::SyncChats {
    message::SyncChats {
        user: id(),
        request: SyncRequest {
            chats: BTreeMap::from([(id(), 7)]),
            me: 3,
            acks: text("a"),
            only: Some(vec![id()]),
        },
        limits: message::SyncLimits::SOCKET,
    }
}

pub fn list_pushes() -> notification::ListPushes {
    notification::ListPushes {
        user: id(),
        after: 7,
        limit: 3,
    }
}
