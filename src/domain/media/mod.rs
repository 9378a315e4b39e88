//! Media: what an upload is taken for, and where its parts are.

pub mod file_name;
pub mod sniff;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::message::MessageKind;
use crate::id::{MediaId, UserId};

/// How long a medium that someone is about to refer to cannot be removed: longer than any send may
/// stay undecided.
pub const HELD_FOR: Duration = Duration::from_secs(120);

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Document,
}

impl MediaKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Document]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// What a message of this type must name; `None` where it names no medium.
    pub const fn of_message(kind: MessageKind) -> Option<Self> {
        match kind {
            MessageKind::Image => Some(Self::Image),
            MessageKind::Video => Some(Self::Video),
            MessageKind::Audio => Some(Self::Audio),
            MessageKind::Document => Some(Self::Document),
            MessageKind::Text | MessageKind::Location | MessageKind::System => None,
        }
    }
}

/// An upload that is complete. Nothing of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    pub id: MediaId,
    pub owner_id: UserId,
    pub kind: MediaKind,
    /// As its content says, not as its sender did.
    pub mime_type: String,
    pub size_bytes: u64,
    /// As its sender called it, without what could do harm.
    pub file_name: Option<String>,
    /// As it is shown, turned as its metadata say.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub has_thumbnail: bool,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The very bytes that were uploaded.
    Original,
    Thumbnail,
}

/// What blobs are called: by ids alone, whatever their senders called them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    pub media_id: MediaId,
    pub part: Part,
}

impl BlobKey {
    pub const fn original(media_id: MediaId) -> Self {
        Self {
            media_id,
            part: Part::Original,
        }
    }

    pub const fn thumbnail(media_id: MediaId) -> Self {
        Self {
            media_id,
            part: Part::Thumbnail,
        }
    }
}

impl Part {
    pub const ALL: [Self; 2] = [Self::Original, Self::Thumbnail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Thumbnail => "thumb.jpg",
        }
    }
}

impl FromStr for Part {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|part| part.as_str() == text);
        found.ok_or(())
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.media_id, self.part.as_str())
    }
}

/// Since when an address counts that is given out now in lists and frames: the same for half of its
/// life, so that what holds it does not change with every answer.
pub fn steady(now: Timestamp, life: Duration) -> Timestamp {
    let step = i64::try_from(life.as_millis() / 2)
        .unwrap_or(i64::MAX)
        .max(1);
    Timestamp(now.0.div_euclid(step) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_address_has_half_of_its_life_before_it() {
        let life = Duration::from_secs(3600);
        for now in [0, 1, 1_799_999, 1_800_000, 1_800_000_123_456] {
            let since = steady(Timestamp(now), life);
            let left = (since + life).since(Timestamp(now));
            assert!(left > life / 2 && left <= life, "{now}: {left:?}");
        }
        assert_eq!(
            steady(Timestamp(1_800_001), life),
            steady(Timestamp(3_599_999), life)
        );
    }

    #[test]
    fn keys_are_made_of_ids() {
        let id: MediaId = "0190a0a0-0000-7000-8000-000000000001".parse().unwrap();
        let key = BlobKey::thumbnail(id).to_string();
        assert_eq!(key, "0190a0a0-0000-7000-8000-000000000001/thumb.jpg");
        assert_eq!("thumb.jpg".parse(), Ok(Part::Thumbnail));
        assert_eq!("../thumb.jpg".parse::<Part>(), Err(()));
    }
}
