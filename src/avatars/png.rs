//! Chunks of PNG pictures: the decoder takes the first frame of an animation for the picture.

use super::unfit::Unfit;

/// Bytes of the signature.
const HEAD: usize = 8;
/// Bytes of a checksum.
const CHECKSUM: usize = 4;

/// Makes sure that there is no more than a picture that stands still.
pub fn look_at_chunks(bytes: &[u8]) -> Result<(), Unfit> {
    let mut rest = bytes.get(HEAD..).unwrap_or_default();
    while let Some((kind, behind)) = chunk(rest) {
        if kind == b"acTL" {
            return Err(Unfit::Animated);
        }
        rest = behind;
    }
    Ok(())
}

/// The kind of the first chunk, and what is behind it.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let behind = rest.get(length.checked_add(CHECKSUM)?..);
    Some((kind, behind.unwrap_or_default()))
}
