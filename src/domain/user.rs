//! A person's own data and what others may see of it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::phone::Phone;
use crate::id::{MediaId, UserId};

/// Longest display name, in characters.
pub const DISPLAY_NAME_CHARS: usize = 100;
/// Longest status text, in characters.
pub const STATUS_TEXT_CHARS: usize = 500;
/// Most numbers of one contact sync.
pub const SYNCED_PHONES: usize = 1000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub phone: Phone,
    /// Empty until the person sets it.
    pub display_name: String,
    pub status_text: String,
    pub avatar_media_id: Option<MediaId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Who may see one thing of mine.
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
#[serde(rename_all = "lowercase")]
pub enum Audience {
    Everyone,
    /// Those in my own contact list.
    Contacts,
    Nobody,
}

impl Audience {
    /// How stores and the wire write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Contacts => "contacts",
            Self::Nobody => "nobody",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Everyone, Self::Contacts, Self::Nobody]
            .into_iter()
            .find(|audience| audience.as_str() == text)
    }
}

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
pub struct Privacy {
    pub last_seen: Audience,
    pub profile_photo: Audience,
    pub about: Audience,
    pub read_receipts: bool,
    pub group_add: Audience,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            last_seen: Audience::Everyone,
            profile_photo: Audience::Everyone,
            about: Audience::Everyone,
            read_receipts: true,
            group_add: Audience::Everyone,
        }
    }
}

/// What a push device runs on.
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
#[serde(rename_all = "lowercase")]
pub enum Platform {
    Android,
    Ios,
    Web,
}

impl Platform {
    /// How stores and the wire write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Web => "web",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Android, Self::Ios, Self::Web]
            .into_iter()
            .find(|platform| platform.as_str() == text)
    }
}

/// How one person (the owner) stands to another (the viewer); the input of every privacy rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    pub owner: UserId,
    pub privacy: Privacy,
    /// The viewer is in the owner's contact list.
    pub in_contacts: bool,
    /// The owner is in the viewer's contact list, so the viewer has the number.
    pub is_contact: bool,
    pub owner_blocks: bool,
    pub viewer_blocks: bool,
}
