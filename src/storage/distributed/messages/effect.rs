//! What a system message does to its chat's rows, kept with it until it is done: anyone can do it.

use mongodb::bson::{Bson, Document, doc};

use crate::domain::chat::Role;
use crate::id::UserId;
use crate::storage::distributed::document::{
    binaries, binary, broken, id, optional_id, text, uuid,
};
use crate::storage::error::StoreResult;
use crate::storage::messages::{ChatEffect, ChatPatch};

pub fn to_document(effect: &ChatEffect) -> Document {
    match effect {
        ChatEffect::MembersAdded { user_ids } => {
            doc! { "kind": "members_added", "user_ids": people(user_ids) }
        }
        ChatEffect::MembersGone {
            user_ids,
            new_admin,
        } => doc! {
            "kind": "members_gone",
            "user_ids": people(user_ids),
            "new_admin": new_admin.map(|id| binary(id.0)),
        },
        ChatEffect::RoleChanged { user_id, role } => doc! {
            "kind": "role_changed",
            "user_id": binary(user_id.0),
            "role": match role {
                Role::Admin => "admin",
                Role::Member => "member",
            },
        },
        ChatEffect::ChatChanged(patch) => doc! { "kind": "chat_changed", "patch": fields(patch) },
        ChatEffect::TimerChanged { seconds } => {
            doc! { "kind": "timer_changed", "seconds": seconds.map(i64::from) }
        }
    }
}

fn people(user_ids: &[UserId]) -> Vec<Bson> {
    binaries(user_ids.iter().map(|id| id.0))
}

/// A field that is null clears; one that is not there keeps.
fn fields(patch: &ChatPatch) -> Document {
    let mut fields = Document::new();
    if let Some(name) = &patch.name {
        fields.insert("name", name);
    }
    if let Some(description) = &patch.description {
        fields.insert("description", description.clone());
    }
    if let Some(avatar) = patch.avatar_media_id {
        fields.insert("avatar_media_id", avatar.map(|id| binary(id.0)));
    }
    if let Some(admin_only) = patch.admin_only {
        fields.insert("admin_only", admin_only);
    }
    fields
}

pub fn from_document(stored: &Document) -> StoreResult<ChatEffect> {
    Ok(match text(stored, "kind")? {
        "members_added" => ChatEffect::MembersAdded {
            user_ids: user_ids(stored)?,
        },
        "members_gone" => ChatEffect::MembersGone {
            user_ids: user_ids(stored)?,
            new_admin: optional_id(stored, "new_admin")?,
        },
        "role_changed" => ChatEffect::RoleChanged {
            user_id: id(stored, "user_id")?,
            role: match text(stored, "role")? {
                "admin" => Role::Admin,
                "member" => Role::Member,
                _ => return Err(broken("effect.role")),
            },
        },
        "chat_changed" => {
            let fields = stored.get_document("patch");
            ChatEffect::ChatChanged(patch(fields.map_err(|_| broken("effect.patch"))?)?)
        }
        "timer_changed" => ChatEffect::TimerChanged {
            seconds: match stored.get("seconds") {
                Some(Bson::Int64(seconds)) => u32::try_from(*seconds).ok(),
                _ => None,
            },
        },
        _ => return Err(broken("effect.kind")),
    })
}

fn user_ids(stored: &Document) -> StoreResult<Vec<UserId>> {
    let values = stored.get_array("user_ids");
    let ids = values.map_err(|_| broken("effect.user_ids"))?.iter();
    ids.map(|value| {
        let id = uuid(value).ok_or_else(|| broken("effect.user_ids"))?;
        Ok(UserId(id))
    })
    .collect()
}

fn patch(fields: &Document) -> StoreResult<ChatPatch> {
    Ok(ChatPatch {
        name: fields.get_str("name").ok().map(str::to_owned),
        description: fields
            .get("description")
            .map(|value| value.as_str().map(str::to_owned)),
        avatar_media_id: match fields.contains_key("avatar_media_id") {
            false => None,
            true => Some(optional_id(fields, "avatar_media_id")?),
        },
        admin_only: fields.get_bool("admin_only").ok(),
    })
}
