//! Videos and audios: ffprobe says what they are, ffmpeg takes the first frame.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Deserialize;

use super::child::{Outcome, run};
use super::pictures::Bounds;
use crate::domain::media::MediaKind;
use crate::domain::media::sniff::{Container, mismatch};
use crate::error::Failure;

/// Longest description that is read, in bytes.
const DESCRIPTION: usize = 256 * 1024;
/// Largest first frame that is taken, in bytes.
const FRAME: usize = 2 * 1024 * 1024;
/// Most that ffmpeg may allocate at once, in bytes.
const ALLOCATED: u64 = 512 * 1024 * 1024;

/// The programs, and how long each may take for a file.
#[derive(Debug)]
pub struct Programs {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
    pub patience: Duration,
    /// It was said that they are missing.
    pub is_missed: AtomicBool,
}

/// What was found out; nothing where the programs are missing.
#[derive(Debug, Default)]
pub struct Film {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    /// JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

impl Programs {
    /// 422 for a file that cannot be played, 415 for one that is something else.
    pub async fn look(
        &self,
        path: &Path,
        kind: MediaKind,
        container: Container,
        bounds: Bounds,
    ) -> Result<Film, Failure> {
        let described = match self.describe(path, container).await {
            Outcome::Said(json) => serde_json::from_slice(&json).map_err(|_| broken(kind))?,
            Outcome::Missing => {
                self.miss();
                return Ok(Film::default());
            }
            Outcome::Failed => return Err(broken(kind)),
            Outcome::Late => {
                tracing::warn!("ffprobe took too long for a file, which is kept without thumbnail");
                return Ok(Film::default());
            }
        };
        let mut film = read(&described, kind, bounds)?;
        if kind == MediaKind::Video {
            film.thumbnail = self.first_frame(path, container, bounds).await?;
        }
        Ok(film)
    }

    async fn describe(&self, path: &Path, container: Container) -> Outcome {
        let entries = "format=duration:stream=codec_type,width,height,duration:\
            stream_disposition=attached_pic:stream_side_data=rotation:stream_tags=rotate";
        let mut arguments = fence(container);
        arguments.extend(["-show_entries", entries, "-of", "json"].map(str::to_owned));
        arguments.extend(["-i".to_owned(), address(path)]);
        run(&self.ffprobe, &arguments, DESCRIPTION, self.patience).await
    }

    async fn first_frame(
        &self,
        path: &Path,
        container: Container,
        bounds: Bounds,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let side = bounds.thumbnail_side;
        let scale = format!(
            "scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease"
        );
        let mut arguments = vec!["-nostdin".to_owned(), "-threads".to_owned(), "1".to_owned()];
        arguments.extend(fence(container));
        arguments.extend(["-i".to_owned(), address(path)]);
        let frame = [
            "-map",
            "0:v:0",
            "-frames:v",
            "1",
            "-vf",
            &scale,
            "-an",
            "-sn",
            "-dn",
        ];
        let write = [
            "-threads", "1", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "4",
        ];
        let to = ["-map_metadata", "-1", "-f", "image2pipe", "pipe:1"];
        arguments.extend(
            frame
                .iter()
                .chain(&write)
                .chain(&to)
                .map(|&one| one.to_owned()),
        );
        match run(&self.ffmpeg, &arguments, FRAME, self.patience).await {
            Outcome::Said(frame) if !frame.is_empty() => Ok(Some(frame)),
            Outcome::Said(_) | Outcome::Failed => Err(broken(MediaKind::Video)),
            Outcome::Missing => {
                self.miss();
                Ok(None)
            }
            Outcome::Late => {
                tracing::warn!("ffmpeg took too long for a video, which is kept without thumbnail");
                Ok(None)
            }
        }
    }

    fn miss(&self) {
        if !self.is_missed.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                ffmpeg = %self.ffmpeg.display(), ffprobe = %self.ffprobe.display(),
                "not found: videos are kept without thumbnail, videos and audios without duration"
            );
        }
    }
}

/// One reader, of this file alone, within bounds of memory.
fn fence(container: Container) -> Vec<String> {
    let limit = ALLOCATED.to_string();
    let fixed = ["-hide_banner", "-loglevel", "error", "-max_alloc", &limit];
    let source = ["-protocol_whitelist", "file,pipe", "-f", container.demuxer];
    fixed
        .iter()
        .chain(&source)
        .map(|&one| one.to_owned())
        .collect()
}

fn address(path: &Path) -> String {
    format!("file:{}", path.display())
}

#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Tags {
    rotate: Option<String>,
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind) && self.disposition.attached_pic == 0
    }

    /// Whether it is shown lying on its side.
    fn turns(&self) -> bool {
        let side = self.side_data_list.iter().find_map(|data| data.rotation);
        let tag = self.tags.rotate.as_ref().and_then(|tag| tag.parse().ok());
        let degrees: f64 = side.or(tag).unwrap_or(0.0);
        (45.0..135.0).contains(&(degrees.abs() % 180.0))
    }
}

fn read(described: &Described, kind: MediaKind, bounds: Bounds) -> Result<Film, Failure> {
    let video = described.streams.iter().find(|stream| stream.is("video"));
    let audio = described.streams.iter().find(|stream| stream.is("audio"));
    let stream = match kind {
        MediaKind::Video => video,
        _ => audio.filter(|_| video.is_none()),
    };
    let stream = stream.ok_or_else(|| match described.streams.is_empty() {
        true => broken(kind),
        false => mismatch(kind),
    })?;
    let lasts = described
        .format
        .duration
        .as_ref()
        .or(stream.duration.as_ref());
    let mut film = Film {
        duration_ms: lasts.and_then(|text| millis(text)),
        ..Film::default()
    };
    if kind == MediaKind::Video {
        let (Some(width), Some(height)) = (stream.width, stream.height) else {
            return Err(broken(kind));
        };
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > bounds.most_pixels {
            return Err(Failure::invalid(
                "file",
                "has more pixels than are opened here",
            ));
        }
        let (width, height) = match stream.turns() {
            true => (height, width),
            false => (width, height),
        };
        (film.width, film.height) = (Some(width), Some(height));
    }
    Ok(film)
}

/// Of seconds with a fraction; what is no time is none.
fn millis(text: &str) -> Option<u64> {
    let seconds: f64 = text.parse().ok()?;
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(span.as_millis())
        .ok()
        .filter(|millis| *millis > 0)
}

fn broken(kind: MediaKind) -> Failure {
    let what = match kind {
        MediaKind::Video => "is a video that cannot be read",
        _ => "is an audio that cannot be read",
    };
    Failure::invalid("file", what)
}
