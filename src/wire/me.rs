//! A user's own log as clients see it: `me` of a sync and the `me.updated` frame.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::user::MeView;
use crate::clock::Timestamp;
use crate::domain::user::Privacy;
use crate::id::UserId;

/// Latest states since a rev. Values are stored as JSON in this very shape; mutes run out later.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
pub struct MeChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<MeView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Vec<UserId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// By chat.
    pub chats: Option<BTreeMap<String, ChatSettingsView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, bool>>)]
    #[schemars(with = "Option<BTreeMap<String, bool>>")]
    pub stars: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub hidden: Option<BTreeMap<String, Box<RawValue>>>,
}

/// What is mine alone in a chat and stays until I change it, a mute only until its end.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettingsView {
    pub is_muted: bool,
    pub mute_until: Option<Timestamp>,
    pub is_pinned: bool,
}

impl ChatSettingsView {
    /// As it is at a time: a mute that has run out is none.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let holds = self.is_muted && self.mute_until.is_none_or(|until| now < until);
        Self {
            is_muted: holds,
            mute_until: self.mute_until.filter(|_| holds),
            ..self
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
pub struct MyLogView {
    pub rev: u64,
    pub changes: MeChanges,
    pub more: bool,
}
