//! One of each request, and parts of replies, with every field that may be there.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use serde_json::{Value, json};
use troupe::actors::auth::requests as auth;
use troupe::actors::chat::requests as chat;
use troupe::actors::message::requests as message;
use troupe::actors::user::requests as user;
use troupe::clock::Timestamp;
use troupe::domain::chat::ChatKind;
use troupe::domain::phone::Phone;
use troupe::domain::user::{Audience, Platform, Privacy, User};
use troupe::id::MediaId;
use troupe::storage::chats::PersonalSetting;
use troupe::storage::codes::Ticket;
use troupe::storage::devices::Device;
use troupe::storage::privacy::PrivacyPatch;
use troupe::storage::sessions::Session;
use troupe::storage::users::UserPatch;
use troupe::wire::sync::SyncRequest;
use uuid::Uuid;

pub const TEXT_ID: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
pub const TEXT_TIME: &str = "2026-01-02T03:04:05.678Z";

/// An id of whatever kind.
pub fn id<T: From<Uuid>>() -> T {
    T::from(TEXT_ID.parse::<Uuid>().expect("an id"))
}

pub fn time() -> Timestamp {
    Timestamp(1_767_323_045_678)
}

fn text(words: &str) -> Option<String> {
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

pub fn otp_sent() -> auth::OtpSent {
    auth::OtpSent {
        expires_in: 300,
        resend_after: 60,
        dev_code: text("123456"),
    }
}

pub fn tokens() -> auth::TokenPair {
    auth::TokenPair {
        access_token: "a".repeat(400),
        refresh_token: "r".repeat(60),
        expires_in: 86_400,
    }
}

pub fn user() -> User {
    User {
        id: id(),
        phone: Phone::from_store("+12025550101".to_owned()),
        display_name: "Ada".to_owned(),
        status_text: String::new(),
        avatar_media_id: Some(id()),
        created_at: time(),
        updated_at: time(),
    }
}

pub fn session() -> Session {
    Session {
        id: id(),
        user_id: id(),
        device_id: None,
        device_name: text("phone"),
        platform: text("ios"),
        generation: 4,
        is_pair_used: true,
        created_at: time(),
        last_used_at: time(),
        expires_at: time(),
        revoked_at: None,
    }
}

pub fn claims() -> auth::TokenClaims {
    auth::TokenClaims {
        user_id: id(),
        session_id: id(),
        expires_at: time(),
    }
}

pub fn person() -> user::Person {
    user::Person {
        user_id: id(),
        phone: None,
        display_name: "Ben".to_owned(),
        avatar_media_id: Some(id()),
    }
}

pub fn found() -> user::FoundContact {
    user::FoundContact {
        input: "0202".to_owned(),
        phone: "+1202".to_owned(),
        person: person(),
    }
}

pub fn privacy() -> Privacy {
    Privacy {
        last_seen: Audience::Contacts,
        read_receipts: false,
        ..Privacy::default()
    }
}

pub fn device() -> Device {
    Device {
        id: id(),
        user_id: id(),
        session_id: id(),
        token: "fcm".to_owned(),
        platform: Platform::Web,
        created_at: time(),
    }
}

pub fn located() -> message::Located {
    message::Located {
        message_id: id(),
        chat_id: id(),
        seq: 9,
        is_member: false,
    }
}

pub fn message(kind: &str) -> Value {
    json!({
        "id": TEXT_ID, "chatId": TEXT_ID, "seq": 1, "rev": 2, "senderId": TEXT_ID, "clientMessageId": "c",
        "type": kind, "payload": {"content": "hi", "n": 1.50}, "replyToId": TEXT_ID, "forwarded": true,
        "status": {TEXT_ID: {"status": "delivered", "updatedAt": TEXT_TIME}}, "reactions": {TEXT_ID: "👍"},
        "isDeleted": false, "isStarred": true, "editedAt": TEXT_TIME, "expiresAt": null,
        "createdAt": TEXT_TIME, "updatedAt": TEXT_TIME,
    })
}

/// With a status that only counts, and nothing that is personal beside it.
pub fn counted() -> Value {
    let mut counted = message("image");
    counted["status"] = json!({"delivered": 2, "read": 1});
    counted["isStarred"] = Value::Null;
    counted
}

/// A group as all of its members see it.
pub fn shared_chat() -> Value {
    json!({
        "id": TEXT_ID, "type": "group", "name": "Opening night", "avatarUrl": null, "headSeq": 4,
        "headRev": 5, "autoDeleteTimer": 60, "participantCount": 3, "createdAt": TEXT_TIME,
        "updatedAt": TEXT_TIME,
    })
}

/// A direct chat of a list.
pub fn chat() -> Value {
    let mut chat = shared_chat();
    let personal = json!({
        "type": "direct", "name": null, "autoDeleteTimer": null, "peerId": TEXT_ID,
        "lastMessage": message("text"), "unreadCount": 2, "readSeq": 3, "myRole": "member",
        "isMuted": true, "muteUntil": TEXT_TIME, "isPinned": false,
    });
    for (name, value) in personal.as_object().expect("fields") {
        chat[name] = value.clone();
    }
    chat
}

pub fn detailed_chat() -> Value {
    let mut chat = chat();
    let details = json!({
        "description": "Plans", "avatarMediaId": TEXT_ID, "adminOnly": true, "createdBy": TEXT_ID,
    });
    for (name, value) in details.as_object().expect("fields") {
        chat[name] = value.clone();
    }
    chat
}

pub fn participant() -> Value {
    json!({"userId": TEXT_ID, "displayName": "Ada", "avatarUrl": null, "role": "admin", "joinedAt": TEXT_TIME})
}

pub fn sync() -> Value {
    let me = json!({
        "user": {
            "id": TEXT_ID, "phone": "+1", "displayName": "A", "statusText": "", "avatarMediaId": null,
            "avatarUrl": null, "createdAt": TEXT_TIME, "updatedAt": TEXT_TIME,
        },
        "privacy": {
            "lastSeen": "nobody", "profilePhoto": "everyone", "about": "contacts", "readReceipts": true,
            "groupAdd": "everyone",
        },
        "blocked": [TEXT_ID],
        "chats": {TEXT_ID: {"isMuted": false, "muteUntil": null, "isPinned": true}},
        "stars": {TEXT_ID: true},
        "hidden": {TEXT_ID: TEXT_ID},
    });
    json!({
        "chats": [{
            "chatId": TEXT_ID, "reset": true, "rev": 6, "meta": detailed_chat(),
            "messages": [message("text"), counted()],
            "receipts": {TEXT_ID: {"deliveredSeq": 2, "readSeq": 1}}, "headSeq": 8, "headRev": 9,
            "more": true,
        }],
        "left": [TEXT_ID], "me": {"rev": 3, "changes": me, "more": false}, "acks": "x", "more": true,
        "serverTime": TEXT_TIME,
    })
}
