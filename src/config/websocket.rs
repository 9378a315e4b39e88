//! `[websocket]`: what one person and one socket may take.

use serde::Deserialize;

use super::{MediaConfig, Problems};
use crate::actors::websocket::SocketSettings;
use crate::wire::socket::MediaBytesView;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebsocketConfig {
    pub sockets_per_user: usize,
    pub queue_bytes: usize,
    pub frames_per_second: u16,
}

impl WebsocketConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.sockets_per_user > 0,
            "websocket.sockets_per_user",
            "lets no one in",
            "10 is enough for a person's devices",
        );
        problems.require(
            (512 * 1024..=1 << 26).contains(&self.queue_bytes),
            "websocket.queue_bytes",
            "is not between 512 KiB and 64 MiB",
            "1048576 holds four of the largest frames",
        );
        problems.require(
            self.frames_per_second > 0,
            "websocket.frames_per_second",
            "lets nothing through",
            "50 is more than people type",
        );
    }

    /// As the sockets want them; `unlimited` is `limits.unlimited`.
    pub fn settings(&self, unlimited: bool, media: &MediaConfig) -> SocketSettings {
        SocketSettings {
            sockets_per_user: self.sockets_per_user,
            queue_bytes: self.queue_bytes,
            frames_per_second: self.frames_per_second,
            unlimited,
            media_bytes: MediaBytesView {
                image: media.image_bytes,
                video: media.video_bytes,
                audio: media.audio_bytes,
                document: media.document_bytes,
            },
        }
    }
}
