//! People as clients see them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::user::User;
use crate::id::{MediaId, UserId};

/// `GET /users/me`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeView {
    pub id: UserId,
    pub phone: String,
    pub display_name: String,
    pub status_text: String,
    pub avatar_media_id: Option<MediaId>,
    pub avatar_url: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl MeView {
    /// `picture`: where a medium is.
    pub fn new(user: User, picture: impl Fn(MediaId) -> String) -> Self {
        Self {
            id: user.id,
            phone: user.phone.as_str().to_owned(),
            display_name: user.display_name,
            status_text: user.status_text,
            avatar_url: user.avatar_media_id.map(picture),
            avatar_media_id: user.avatar_media_id,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// What of someone stands in lists, as his privacy shows it to their reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Face {
    pub display_name: String,
    pub avatar_url: Option<String>,
}

/// `GET /users/{id}`: what privacy and blocks leave. A `None` marked optional is left out.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileView {
    pub id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// `GET /users/{id}/presence` and the body of `presence.updated`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceView {
    pub user_id: UserId,
    pub online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}
