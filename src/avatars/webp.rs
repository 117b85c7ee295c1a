//! Frames of WebP pictures: the decoder makes room for a frame before it compares its sides with those of the picture.

use super::unfit::{MAX_SIDE, Unfit};

/// Bytes of `RIFF`, a length and `WEBP`.
const HEAD: usize = 12;
/// Place of the sides in a lossy frame, two bytes each.
const SIDES: usize = 6;
/// Bits of a side; the others are a scale.
const SIDE_BITS: u16 = 0x3fff;

pub fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..HEAD).is_some_and(|kind| kind == b"WEBP")
}

/// Makes sure that there is no more than a picture that stands still, and that no frame is larger than one may be.
pub fn look_at_frames(bytes: &[u8]) -> Result<(), Unfit> {
    let mut rest = bytes.get(HEAD..).unwrap_or_default();
    while let Some((kind, content, behind)) = chunk(rest) {
        match kind {
            b"ANIM" | b"ANMF" => return Err(Unfit::Animated),
            b"VP8 " => ensure_small(content)?,
            _ => {}
        }
        rest = behind;
    }
    Ok(())
}

/// The kind and content of the first chunk, and what is behind it.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let content = &rest[..length.min(rest.len())];
    // Chunks begin at even places.
    let behind = rest
        .get(length.checked_add(length % 2)?..)
        .unwrap_or_default();
    Some((kind, content, behind))
}

fn ensure_small(frame: &[u8]) -> Result<(), Unfit> {
    let sides = frame.get(SIDES..SIDES + 4).ok_or(Unfit::Damaged)?;
    let is_small = sides
        .chunks_exact(2)
        .all(|side| u32::from(u16::from_le_bytes([side[0], side[1]]) & SIDE_BITS) <= MAX_SIDE);
    is_small.then_some(()).ok_or(Unfit::TooWide)
}
