//! `[media]`: what may be uploaded, and what becomes of it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Problems, span};
use crate::domain::media::MediaKind;
use crate::storage::limits::Bucket;

const MIB: u64 = 1024 * 1024;
/// A day's bytes are counted in these, so that a bucket of 32 bits holds terabytes.
pub const QUOTA_UNIT: u64 = 1024;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConfig {
    /// Largest file of each type.
    pub image_bytes: u64,
    pub video_bytes: u64,
    pub audio_bytes: u64,
    pub document_bytes: u64,
    /// What one account may upload in a day.
    pub daily_bytes: u64,
    /// Largest picture that is opened, in pixels.
    pub image_pixels: u64,
    /// Longer side of a thumbnail, in pixels.
    pub thumbnail_side: u32,
    #[serde(with = "span")]
    pub address_life: Duration,
    /// How long what nothing refers to is kept.
    #[serde(with = "span")]
    pub orphan_grace: Duration,
    /// A whole upload.
    #[serde(with = "span")]
    pub upload_timeout: Duration,
    /// What addresses on this server begin with; empty: the host each client used.
    pub public_url: String,
    /// Where uploads are put together; the embedded storage has a place of its own.
    pub spool_dir: PathBuf,
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
    #[serde(with = "span")]
    pub ffmpeg_timeout: Duration,
}

impl MediaConfig {
    pub fn most_bytes(&self, kind: MediaKind) -> u64 {
        match kind {
            MediaKind::Image => self.image_bytes,
            MediaKind::Video => self.video_bytes,
            MediaKind::Audio => self.audio_bytes,
            MediaKind::Document => self.document_bytes,
        }
    }

    pub fn quota(&self) -> Bucket {
        Bucket {
            capacity: u32::try_from(self.daily_bytes / QUOTA_UNIT).unwrap_or(u32::MAX),
            refill: Duration::from_secs(24 * 3600),
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let sizes = [
            ("media.image_bytes", self.image_bytes),
            ("media.video_bytes", self.video_bytes),
            ("media.audio_bytes", self.audio_bytes),
            ("media.document_bytes", self.document_bytes),
        ];
        for (setting, bytes) in sizes {
            problems.require(
                (1024..=4096 * MIB).contains(&bytes),
                setting,
                "is not between 1 KiB and 4 GiB",
                "leave it out for the usual limit",
            );
            problems.require(
                bytes <= self.daily_bytes,
                "media.daily_bytes",
                &format!("is less than {setting}"),
                "let an account upload at least one file of each type in a day",
            );
        }
        problems.require(
            (10_000..=400_000_000).contains(&self.image_pixels),
            "media.image_pixels",
            "is not between 10,000 and 400 million",
            "50000000 opens what phones take, in at most 200 MB of memory each",
        );
        problems.require(
            (16..=2048).contains(&self.thumbnail_side),
            "media.thumbnail_side",
            "is not between 16 and 2048",
            "320 suits a list of messages",
        );
        self.check_times(problems);
    }

    fn check_times(&self, problems: &mut Problems) {
        let week = Duration::from_secs(7 * 24 * 3600);
        problems.require(
            (Duration::from_secs(60)..=week).contains(&self.address_life),
            "media.address_life",
            "is not between 1 m and 7 d",
            "\"1h\" is what clients expect; no S3 server signs for more than a week",
        );
        problems.require(
            self.orphan_grace >= Duration::from_secs(3600),
            "media.orphan_grace",
            "is shorter than an hour, so uploads in flight could be swept",
            "\"24h\" leaves time to send what was uploaded",
        );
        problems.require(
            !self.upload_timeout.is_zero() && self.upload_timeout < self.orphan_grace,
            "media.upload_timeout",
            "is zero, or not shorter than media.orphan_grace",
            "\"15m\" is enough for slow networks",
        );
        problems.require(
            !self.ffmpeg_timeout.is_zero(),
            "media.ffmpeg_timeout",
            "gives no time",
            "\"20s\" is enough for a first frame",
        );
        let is_http =
            self.public_url.starts_with("http://") || self.public_url.starts_with("https://");
        problems.require(
            self.public_url.is_empty() || is_http,
            "media.public_url",
            "is no address",
            "write it as \"https://chat.example.org\"",
        );
    }
}
