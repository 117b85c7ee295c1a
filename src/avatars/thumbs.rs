//! Small pictures: made of stored ones when somebody asks for one, and kept a while.

use std::collections::{HashMap, VecDeque};
use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageResult};

use super::picture::decode;
use super::unfit::Unfit;
use crate::domain::{Avatar, ImageFormat, RecordId};

/// Pixels of a side.
const SIDE: u32 = 100;
/// Quality of JPEG, of 100.
const QUALITY: u8 = 85;
/// Bytes that are kept of small pictures, and how many of them.
const MAX_KEPT: usize = 4 << 20;
const MAX_COUNT: usize = 4096;

/// The picture, 100 by 100, in the same format: what is beyond a square is cut off, as PocketBase does it.
pub fn small(avatar: &Avatar) -> Result<Bytes, Unfit> {
    let image = decode(&avatar.bytes, avatar.format)?;
    let image = image.resize_to_fill(SIDE, SIDE, FilterType::Triangle);
    let encoded = encode(&image, avatar.format).map_err(|_| Unfit::Damaged)?;
    Ok(encoded.into())
}

fn encode(image: &DynamicImage, format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => image
            .to_rgb8()
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)),
        ImageFormat::Png => image
            .to_rgba8()
            .write_with_encoder(PngEncoder::new(&mut bytes)),
        ImageFormat::WebP => image
            .to_rgba8()
            .write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
    }?;
    Ok(bytes.into_inner())
}

/// A stored picture: of a name that was imported again, the time tells which.
pub type Key = (RecordId, String, i64);

/// The key of a user's picture.
pub fn key(id: &RecordId, avatar: &Avatar) -> Key {
    let uploaded = avatar.uploaded.as_millisecond();
    (id.clone(), avatar.name.as_str().to_owned(), uploaded)
}

/// Small pictures that are kept; the oldest goes first.
#[derive(Default)]
pub struct Kept {
    by_key: HashMap<Key, Bytes>,
    in_order: VecDeque<Key>,
    bytes: usize,
}

impl Kept {
    pub fn get(&self, key: &Key) -> Option<Bytes> {
        self.by_key.get(key).cloned()
    }

    pub fn put(&mut self, key: Key, small: Bytes) {
        if self.by_key.contains_key(&key) {
            return;
        }
        self.bytes += small.len();
        self.in_order.push_back(key.clone());
        self.by_key.insert(key, small);
        while self.bytes > MAX_KEPT || self.in_order.len() > MAX_COUNT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.in_order.pop_front();
        let small = oldest.and_then(|key| self.by_key.remove(&key));
        self.bytes -= small.map_or(self.bytes, |small| small.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_may_be_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        let key = |n: i64| (RecordId::from_random([0; 30]), "a.png".to_owned(), n);
        for n in 0..100 {
            kept.put(key(n), Bytes::from(vec![0; 100_000]));
            kept.put(key(n), Bytes::from(vec![0; 100_000]));
        }
        assert!(kept.bytes <= MAX_KEPT && kept.bytes > MAX_KEPT - 100_000);
        assert!(kept.get(&key(99)).is_some() && kept.get(&key(0)).is_none());
        assert_eq!(kept.in_order.len(), kept.by_key.len());
        for n in 100..100 + 2 * i64::try_from(MAX_COUNT).unwrap() {
            kept.put(key(n), Bytes::new());
        }
        assert_eq!((kept.in_order.len(), kept.bytes), (MAX_COUNT, 0));
    }
}
