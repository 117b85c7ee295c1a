//! Pictures as they come: decoded, and not believed.

use std::io::Cursor;

use image::error::LimitErrorKind;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat as Codec, ImageReader, ImageResult, Limits,
};

use super::unfit::{MAX_SIDE, Unfit};
use super::{jpeg, png, webp};
use crate::domain::ImageFormat;

/// Bytes that a picture may take while it is decoded and made small: 8 MiB has one of that size at 16 bits a colour.
pub const DECODING_BYTES: usize = 12 << 20;

/// The format of a picture, if it is one.
///
/// # Errors
/// [`Unfit`].
pub fn check(bytes: &[u8]) -> Result<ImageFormat, Unfit> {
    let format = format_of(bytes).ok_or(Unfit::OtherFormat)?;
    decode(bytes, format)?;
    Ok(format)
}

/// The format that the first bytes tell.
fn format_of(bytes: &[u8]) -> Option<ImageFormat> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        Some(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(ImageFormat::Png)
    } else {
        webp::is_webp(bytes).then_some(ImageFormat::WebP)
    }
}

/// The picture, as a person sees it: turned as its camera says.
pub fn decode(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Unfit> {
    look_at_container(bytes, format)?;
    decode_within_limits(bytes, codec(format)).map_err(|error| match error {
        ImageError::Limits(limit) if limit.kind() == LimitErrorKind::DimensionError => {
            Unfit::TooWide
        }
        _ => Unfit::Damaged,
    })
}

/// Refuses what the decoders let pass, or would take too much memory for.
fn look_at_container(bytes: &[u8], format: ImageFormat) -> Result<(), Unfit> {
    match format {
        ImageFormat::Jpeg if !jpeg::has_end(bytes) => Err(Unfit::Damaged),
        ImageFormat::WebP => webp::look_at_frames(bytes),
        ImageFormat::Png => png::look_at_chunks(bytes),
        ImageFormat::Jpeg => Ok(()),
    }
}

fn decode_within_limits(bytes: &[u8], codec: Codec) -> ImageResult<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = u64::try_from(DECODING_BYTES).ok();
    limits
}

fn codec(format: ImageFormat) -> Codec {
    match format {
        ImageFormat::Jpeg => Codec::Jpeg,
        ImageFormat::Png => Codec::Png,
        ImageFormat::WebP => Codec::WebP,
    }
}
