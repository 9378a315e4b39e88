//! A user's own log as clients see it: `me` of a sync and the `me.updated` frame.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::user::MeView;
use crate::domain::user::Privacy;
use crate::id::UserId;

/// Latest states since a rev. Values are stored as JSON in this very shape.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
pub struct MeChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<MeView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Vec<UserId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// By chat `{isMuted, muteUntil, isPinned}`.
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub chats: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, bool>>)]
    #[schemars(with = "Option<BTreeMap<String, bool>>")]
    pub stars: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub hidden: Option<BTreeMap<String, Box<RawValue>>>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
pub struct MyLogView {
    pub rev: u64,
    pub changes: MeChanges,
    pub more: bool,
}
