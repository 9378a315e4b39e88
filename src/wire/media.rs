//! Media as clients see them, and in the payloads of messages.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::MessageView;
use crate::clock::Timestamp;
use crate::domain::media::{MediaKind, Medium};
use crate::id::MediaId;

/// A medium and where it is to be had now.
#[derive(Clone, Debug)]
pub struct Described {
    pub medium: Arc<Medium>,
    pub url: String,
    pub thumbnail_url: Option<String>,
}

/// `201` of `POST /media/upload`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadedView {
    pub media_id: MediaId,
    #[serde(rename = "type")]
    pub kind: MediaKind,
    pub mime_type: String,
    pub size_bytes: u64,
    pub url: String,
    /// `null` for audios and documents, and for videos where the server has no ffmpeg.
    pub thumbnail_url: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub created_at: Timestamp,
}

/// `GET /media/{id}`; in snake case, as the requirement prints it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MediumView {
    pub media_id: MediaId,
    #[serde(rename = "type")]
    pub kind: MediaKind,
    pub mime_type: String,
    pub size_bytes: u64,
    pub url: String,
    pub thumbnail_url: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub file_name: Option<String>,
    pub created_at: Timestamp,
    /// When the addresses end.
    pub expires_at: Timestamp,
}

impl UploadedView {
    pub fn new(medium: Medium, url: String, thumbnail_url: Option<String>) -> Self {
        Self {
            media_id: medium.id,
            kind: medium.kind,
            mime_type: medium.mime_type,
            size_bytes: medium.size_bytes,
            url,
            thumbnail_url,
            width: medium.width,
            height: medium.height,
            duration_ms: medium.duration_ms,
            created_at: medium.created_at,
        }
    }
}

/// The medium that a payload names.
pub fn named_in(payload: &RawValue) -> Option<MediaId> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "mediaId")]
        media_id: MediaId,
    }
    let named: Named = serde_json::from_str(payload.get()).ok()?;
    Some(named.media_id)
}

impl MessageView {
    /// The medium that it shows, if it shows one.
    pub fn media_id(&self) -> Option<MediaId> {
        if !self.kind.carries_media() || self.is_deleted {
            return None;
        }
        named_in(&self.payload)
    }

    /// Fills in what the payload's medium says; `null` where that is not known. Only its id is stored,
    /// for an address that is stored dies.
    pub fn show(&mut self, described: Option<&Described>) {
        let Some(kind) = MediaKind::of_message(self.kind).filter(|_| !self.is_deleted) else {
            return;
        };
        let Ok(mut payload) = serde_json::from_str::<Map<String, Value>>(self.payload.get()) else {
            return;
        };
        for (name, value) in fields(kind, described) {
            let is_said = payload.get(name).is_some_and(|said| !said.is_null());
            // A document's name is the sender's own, if he gave one.
            if !is_said {
                payload.insert(name.to_owned(), value);
            }
        }
        if let Ok(shown) = serde_json::value::to_raw_value(&payload) {
            self.payload = shown;
        }
    }
}

fn fields(kind: MediaKind, described: Option<&Described>) -> Vec<(&'static str, Value)> {
    let medium = described.map(|described| &described.medium);
    let url = (
        "mediaUrl",
        Value::from(described.map(|one| one.url.clone())),
    );
    let thumbnail = described.and_then(|one| one.thumbnail_url.clone());
    let thumbnail = ("thumbnailUrl", Value::from(thumbnail));
    let width = ("width", Value::from(medium.and_then(|medium| medium.width)));
    let height = (
        "height",
        Value::from(medium.and_then(|medium| medium.height)),
    );
    let lasts = (
        "durationMs",
        Value::from(medium.and_then(|medium| medium.duration_ms)),
    );
    match kind {
        MediaKind::Image => vec![url, thumbnail, width, height],
        MediaKind::Video => vec![url, thumbnail, width, height, lasts],
        MediaKind::Audio => vec![url, lasts],
        MediaKind::Document => {
            let name = medium.and_then(|medium| medium.file_name.clone());
            let size = medium.map(|medium| medium.size_bytes);
            vec![
                url,
                ("fileName", Value::from(name)),
                ("fileSize", Value::from(size)),
            ]
        }
    }
}
