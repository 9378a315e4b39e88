//! Files to upload, made here, and the calls that upload them.

use std::process::Command;

use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::Value;

use super::{Client, Person, Reply};

/// A form with a file, as a phone sends it.
#[derive(Clone, Debug)]
pub struct Form {
    fields: Vec<(String, String)>,
    file: Option<(String, Vec<u8>)>,
    key: Option<String>,
}

const BOUNDARY: &str = "----a-boundary-7f3a";

impl Form {
    pub fn new(kind: &str, name: &str, bytes: &[u8]) -> Self {
        Self {
            fields: vec![("type".to_owned(), kind.to_owned())],
            file: Some((name.to_owned(), bytes.to_vec())),
            key: None,
        }
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without_fields(mut self) -> Self {
        self.fields.clear();
        self
    }

    #[must_use]
    pub fn without_file(mut self) -> Self {
        self.file = None;
        self
    }

    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        if let Some((name, bytes)) = &self.file {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        for (name, value) in &self.fields {
            let field = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(field.as_bytes());
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        body
    }

    pub async fn send(&self, api: &Client) -> Reply {
        let api = match &self.key {
            Some(key) => api.with_header("idempotency-key", key),
            None => api.clone(),
        };
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let body = Some(self.body());
        api.send(reqwest::Method::POST, "/media/upload", body, &kind)
            .await
    }
}

impl Person {
    /// Uploads a file; the answer.
    pub async fn upload(&self, kind: &str, name: &str, bytes: &[u8]) -> Value {
        Form::new(kind, name, bytes).send(&self.api).await.created()
    }

    /// Uploads a small picture; its id.
    pub async fn picture(&self) -> String {
        let made = self.upload("image", "a.png", &png(8, 6)).await;
        made["mediaId"].as_str().expect("an id").to_owned()
    }
}

/// A file at an address, without a token.
pub async fn fetch(url: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    fetch_with(url, &[]).await
}

pub async fn fetch_with(
    url: &str,
    headers: &[(&str, &str)],
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let mut request = client.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.expect("a body").to_vec();
    (status, headers, bytes)
}

/// Red on the left, blue on the right.
fn picture(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| {
        let is_left = x < width / 2;
        image::Rgb(if is_left { [250, 5, 5] } else { [5, 5, 250] })
    }))
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("written");
    bytes.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    written(&picture(width, height), ImageFormat::Png)
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    written(&picture(width, height), ImageFormat::Jpeg)
}

/// A JPEG that says it is to be turned to the right, and where it was taken.
pub fn turned_jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    // Orientation: 6.
    exif.extend_from_slice(&[0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    // ImageDescription, at 38 of the TIFF part.
    exif.extend_from_slice(&[0x0e, 1, 2, 0, 8, 0, 0, 0, 38, 0, 0, 0]);
    exif.extend_from_slice(&[0; 4]);
    exif.extend_from_slice(b"at home\0");
    let length = u16::try_from(exif.len() + 2).expect("short");
    let plain = jpeg(width, height);
    let mut bytes = plain[..2].to_vec();
    bytes.extend_from_slice(&[0xff, 0xe1]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&exif);
    bytes.extend_from_slice(&plain[2..]);
    bytes
}

/// A PNG of a few kilobytes that would be this large when opened.
pub fn flood(width: u32, height: u32) -> Vec<u8> {
    use std::io::Write;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::new();
    head.extend_from_slice(&width.to_be_bytes());
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    chunk(&mut bytes, b"IHDR", &head);
    let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    data.write_all(&[0; 4096]).expect("packed");
    chunk(&mut bytes, b"IDAT", &data.finish().expect("packed"));
    chunk(&mut bytes, b"IEND", &[]);
    bytes
}

fn chunk(bytes: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("short");
    bytes.extend_from_slice(&length.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(data);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(&sum.sum().to_be_bytes());
}

/// Sound: WAV of so many seconds, written here.
pub fn wav(seconds: u32) -> Vec<u8> {
    let rate = 8000_u32;
    let count = rate * seconds;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend_from_slice(&(36 + count).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&[1, 0, 1, 0]);
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&[1, 0, 8, 0]);
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend((0..count).map(|place| (place % 251) as u8));
    bytes
}

/// A film of two seconds, 64 by 48, as ffmpeg makes it; turned on its side if asked for.
pub fn film(is_turned: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("film.mp4");
    run(
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x48:rate=10",
            "-t",
            "2",
            "-pix_fmt",
            "yuv420p",
        ],
        &path,
    );
    if !is_turned {
        return std::fs::read(path).expect("a film");
    }
    let turned = folder.path().join("turned.mp4");
    let path = path.display().to_string();
    run(
        &["-i", &path, "-c", "copy", "-metadata:s:v", "rotate=90"],
        &turned,
    );
    std::fs::read(turned).expect("a film")
}

fn run(arguments: &[&str], to: &std::path::Path) {
    let ran = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .arg(to)
        .output()
        .expect("ffmpeg runs");
    assert!(ran.status.success(), "{ran:?}");
}
