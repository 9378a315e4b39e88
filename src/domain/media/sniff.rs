//! What a file is, by its first bytes: declared and found must agree (415).

use super::MediaKind;
use super::file_name::ending;
use crate::error::{ErrorCode, Failure};

/// As many first bytes as are looked at.
pub const HEAD_BYTES: usize = 8192;

/// Pictures that can be shown everywhere, and made smaller here.
const IMAGES: &[&str] = &["image/jpeg", "image/png", "image/webp", "image/gif"];

/// A kind of container: its MIME type as video and as audio, and the one reader that may open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Container {
    video: Option<&'static str>,
    audio: Option<&'static str>,
    /// As ffmpeg calls it. Left to guess, it would read playlists that name other files.
    pub demuxer: &'static str,
}

const fn container(
    video: Option<&'static str>,
    audio: Option<&'static str>,
    demuxer: &'static str,
) -> Container {
    Container {
        video,
        audio,
        demuxer,
    }
}

/// By what is found.
const CONTAINERS: &[(&str, Container)] = &[
    (
        "video/mp4",
        container(Some("video/mp4"), Some("audio/mp4"), "mov"),
    ),
    ("video/x-m4v", container(Some("video/mp4"), None, "mov")),
    (
        "video/3gpp",
        container(Some("video/3gpp"), Some("audio/3gpp"), "mov"),
    ),
    (
        "video/quicktime",
        container(Some("video/quicktime"), None, "mov"),
    ),
    (
        "video/webm",
        container(Some("video/webm"), Some("audio/webm"), "matroska"),
    ),
    (
        "video/x-matroska",
        container(
            Some("video/x-matroska"),
            Some("audio/x-matroska"),
            "matroska",
        ),
    ),
    (
        "video/x-msvideo",
        container(Some("video/x-msvideo"), None, "avi"),
    ),
    ("audio/m4a", container(None, Some("audio/mp4"), "mov")),
    ("audio/mpeg", container(None, Some("audio/mpeg"), "mp3")),
    ("audio/ogg", container(None, Some("audio/ogg"), "ogg")),
    ("audio/opus", container(None, Some("audio/ogg"), "ogg")),
    ("audio/x-wav", container(None, Some("audio/wav"), "wav")),
    ("audio/x-flac", container(None, Some("audio/flac"), "flac")),
    ("audio/aac", container(None, Some("audio/aac"), "aac")),
    ("audio/amr", container(None, Some("audio/amr"), "amr")),
];

/// Of documents that their content does not tell.
const ENDINGS: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("epub", "application/epub+zip"),
    ("html", "text/html"),
    ("ics", "text/calendar"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("pdf", "application/pdf"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("rtf", "application/rtf"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "application/xml"),
];

/// What an upload turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub mime_type: String,
    /// Of videos and audios.
    pub container: Option<Container>,
}

/// Holds what was declared against the first bytes; 415 names `file`.
pub fn judge(declared: MediaKind, head: &[u8], file_name: Option<&str>) -> Result<Found, Failure> {
    let found = mime_of(head);
    let container = found.and_then(|found| {
        let known = CONTAINERS.iter().find(|(name, _)| *name == found);
        known.map(|(_, container)| *container)
    });
    let mime_type = match declared {
        MediaKind::Image => found.filter(|found| IMAGES.contains(found)),
        MediaKind::Video => container.and_then(|container| container.video),
        MediaKind::Audio => container.and_then(|container| container.audio),
        MediaKind::Document => Some(found.unwrap_or_else(|| by_ending(file_name))),
    };
    let Some(mime_type) = mime_type else {
        return Err(mismatch(declared));
    };
    Ok(Found {
        mime_type: mime_type.to_owned(),
        container: container.filter(|_| declared != MediaKind::Document),
    })
}

/// The file is not what was declared.
pub fn mismatch(declared: MediaKind) -> Failure {
    let wanted = match declared {
        MediaKind::Image => "is no JPEG, PNG, WebP or GIF picture",
        MediaKind::Video => "is no MP4, QuickTime, WebM, Matroska, 3GPP or AVI video",
        MediaKind::Audio => "is no MP3, MP4, Ogg, WebM, WAV, FLAC, AAC or AMR audio",
        MediaKind::Document => "is no document",
    };
    let message = "the file is not of the declared type";
    Failure::new(ErrorCode::UnsupportedMedia, message).with_field("file", wanted)
}

fn mime_of(head: &[u8]) -> Option<&'static str> {
    // Brands that the table of known ones lacks.
    match head.get(4..11) {
        Some(brand) if brand.starts_with(b"ftyp3g") => return Some("video/3gpp"),
        Some(brand) if brand.starts_with(b"ftypM4B") => return Some("audio/m4a"),
        _ => {}
    }
    infer::get(head).map(|found| found.mime_type())
}

fn by_ending(file_name: Option<&str>) -> &'static str {
    let ending = file_name.and_then(ending);
    let known = ending.and_then(|ending| ENDINGS.iter().find(|(name, _)| *name == ending));
    known.map_or("application/octet-stream", |(_, mime)| mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

    fn mime(declared: MediaKind, head: &[u8], name: &str) -> Option<String> {
        let found = judge(declared, head, Some(name)).ok();
        found.map(|found| found.mime_type)
    }

    #[test]
    fn content_decides_and_not_the_name() {
        let png = Some("image/png".to_owned());
        assert_eq!(mime(MediaKind::Image, PNG, "x.txt"), png);
        assert_eq!(mime(MediaKind::Document, PNG, "x.txt"), png);
        assert_eq!(mime(MediaKind::Video, PNG, "x.mp4"), None);
        assert_eq!(mime(MediaKind::Image, MP4, "x.jpg"), None);
        assert_eq!(mime(MediaKind::Image, b"hello", "x.jpg"), None);
        assert_eq!(
            mime(
                MediaKind::Image,
                b"<svg xmlns='http://www.w3.org/2000/svg'>",
                "x"
            ),
            None
        );
    }

    #[test]
    fn one_container_may_hold_video_or_audio() {
        assert_eq!(
            mime(MediaKind::Video, MP4, "").as_deref(),
            Some("video/mp4")
        );
        assert_eq!(
            mime(MediaKind::Audio, MP4, "").as_deref(),
            Some("audio/mp4")
        );
        let read = judge(MediaKind::Audio, b"OggS\0\x02\0\0", None).unwrap();
        assert_eq!(read.container.unwrap().demuxer, "ogg");
    }

    #[test]
    fn a_document_is_named_by_its_ending_at_last() {
        let text = |name| mime(MediaKind::Document, b"a,b\n", name);
        assert_eq!(text("a.CSV").as_deref(), Some("text/csv"));
        assert_eq!(text("a").as_deref(), Some("application/octet-stream"));
    }
}
