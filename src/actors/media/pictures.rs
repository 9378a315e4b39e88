//! Pictures: their size as they are shown, and a smaller copy without anything else that was in them.

use std::path::Path;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::jpeg::is_whole;
use crate::error::Failure;

/// Quality of thumbnails, of 100.
const QUALITY: u8 = 78;
/// Bytes a pixel may take while it is decoded.
const PIXEL_BYTES: u64 = 4;
/// What a decoder needs beside its pixels.
const DECODER_BYTES: u64 = 16 * 1024 * 1024;

/// A picture that was looked at.
#[derive(Debug)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// JPEG.
    pub thumbnail: Vec<u8>,
}

/// Bounds of what is opened and made.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub most_pixels: u64,
    pub thumbnail_side: u32,
}

/// Opens a picture whose format is known; 422 for one that is broken or larger than is opened. Takes
/// its time: not for an arbiter's thread.
pub fn look(path: &Path, mime_type: &str, bounds: Bounds) -> Result<Picture, Failure> {
    let format = ImageFormat::from_mime_type(mime_type).ok_or_else(broken)?;
    if format == ImageFormat::Jpeg && !is_whole(path).map_err(|error| unreadable(&error))? {
        return Err(broken());
    }
    let mut reader = ImageReader::open(path).map_err(|error| unreadable(&error))?;
    reader.set_format(format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(bounds.most_pixels * PIXEL_BYTES + DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(broken());
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > bounds.most_pixels || decoder.total_bytes() > bounds.most_pixels * PIXEL_BYTES {
        return Err(flood());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    let mut small = shrink(decoded, bounds.thumbnail_side)?;
    small.apply_orientation(orientation);
    let (width, height) = match turns(orientation) {
        true => (height, width),
        false => (width, height),
    };
    Ok(Picture {
        width,
        height,
        thumbnail: encode(&small)?,
    })
}

fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// To fit a square; a picture that fits is left as it is.
fn shrink(picture: DynamicImage, side: u32) -> Result<DynamicImage, Failure> {
    let (width, height) = (picture.width(), picture.height());
    let longer = width.max(height);
    if longer <= side {
        return Ok(picture);
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length) * u64::from(side) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    let (to_width, to_height) = (scaled(width), scaled(height));
    match picture {
        DynamicImage::ImageRgb8(full) => {
            let small = resize(
                full.as_raw(),
                (width, height),
                (to_width, to_height),
                PixelType::U8x3,
            )?;
            let small = RgbImage::from_raw(to_width, to_height, small).ok_or_else(broken)?;
            Ok(DynamicImage::ImageRgb8(small))
        }
        DynamicImage::ImageRgba8(full) => {
            let small = resize(
                full.as_raw(),
                (width, height),
                (to_width, to_height),
                PixelType::U8x4,
            )?;
            let small = RgbaImage::from_raw(to_width, to_height, small).ok_or_else(broken)?;
            Ok(DynamicImage::ImageRgba8(small))
        }
        // Rare ones are not worth a copy in another layout.
        other => Ok(other.thumbnail_exact(to_width, to_height)),
    }
}

fn resize(
    pixels: &[u8],
    (width, height): (u32, u32),
    (to_width, to_height): (u32, u32),
    kind: PixelType,
) -> Result<Vec<u8>, Failure> {
    let from = ImageRef::new(width, height, pixels, kind).map_err(|_| broken())?;
    let mut to = Image::new(to_width, to_height, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let mut resizer = Resizer::new();
    resizer
        .resize(&from, &mut to, &options)
        .map_err(|_| broken())?;
    Ok(to.into_vec())
}

/// What is transparent lies on white. Pixels alone are written, so no metadata are.
fn encode(picture: &DynamicImage) -> Result<Vec<u8>, Failure> {
    let flat = match picture.color().has_alpha() {
        false => picture.to_rgb8(),
        true => on_white(&picture.to_rgba8()),
    };
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(&flat)
        .map_err(|_| Failure::internal())?;
    Ok(bytes)
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u16::from);
        let mixed = |color: u16| (color * alpha + 255 * (255 - alpha)) / 255;
        image::Rgb([red, green, blue].map(|color| u8::try_from(mixed(color)).unwrap_or(255)))
    })
}

fn refused(error: &image::ImageError) -> Failure {
    match error {
        image::ImageError::Limits(_) => flood(),
        image::ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            unreadable(error)
        }
        _ => broken(),
    }
}

/// Decoders say so of files that end early or are nonsense, too.
fn unreadable(error: &std::io::Error) -> Failure {
    tracing::debug!(cause = %error, "a picture could not be read");
    broken()
}

fn broken() -> Failure {
    Failure::invalid("file", "is a picture that cannot be read")
}

fn flood() -> Failure {
    Failure::invalid("file", "has more pixels than are opened here")
}
