//! Parts of replies, with every field that may be there.

use serde_json::{Value, json};
use troupe::actors::auth::requests as auth;
use troupe::actors::message::requests as message;
use troupe::actors::user::requests as user;
use troupe::domain::leaving;
use troupe::domain::phone::Phone;
use troupe::domain::user::{Audience, Platform, Privacy, User};
use troupe::storage::devices::Device;
use troupe::storage::erasures::Erasure;
use troupe::storage::pushes::KeptPush;
use troupe::storage::sessions::Session;

use super::samples::{TEXT_ID, id, text, time};

pub const TEXT_TIME: &str = "2026-01-02T03:04:05.678Z";

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
        avatar_url: text("http://a"),
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

pub fn push() -> KeptPush {
    KeptPush {
        place: 9,
        user_id: id(),
        device_id: id(),
        platform: Platform::Ios,
        data: [("t".to_owned(), "sync".to_owned())].into(),
        at: time(),
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

pub fn erasure() -> Erasure {
    Erasure {
        user_id: id(),
        requested_at: time(),
        finished_at: None,
        parts: leaving::begun(&["chats", "media"]),
    }
}

pub fn exported() -> user::Exported {
    user::Exported {
        state: leaving::WorkState::Ready,
        url: text("http://files/archive"),
        stores: leaving::begun(&["chats", "media"]),
    }
}
