//! Layout of the file: blocks and their checksums, see `blocks.rs`.

use std::io;
use std::ops::Range;

/// Bytes of a block; redb's pages are whole multiples.
pub const BLOCK: usize = 4096;
/// Data blocks of a group: as many checksums as fill a block.
pub const GROUP: u64 = (BLOCK / size_of::<u32>()) as u64;

/// Group of a data block, and its place there.
pub fn place(block: u64) -> (u64, usize) {
    (
        block / GROUP,
        usize::try_from(block % GROUP).unwrap_or_default(),
    )
}

/// Offset of the checksums of a group.
pub fn sums_at(group: u64) -> u64 {
    (group * (GROUP + 1) + 1) * BLOCK as u64
}

/// Offset of a data block.
pub fn physical(block: u64) -> u64 {
    let group = block / GROUP;
    let index = block % GROUP;
    (group * (GROUP + 1) + index + u64::from(index > 0)) * BLOCK as u64
}

/// Bytes of data blocks in a file of `physical` bytes.
pub fn logical_len(physical: u64) -> io::Result<u64> {
    let blocks = physical / BLOCK as u64;
    match blocks {
        0 if physical == 0 => Ok(0),
        0 | 1 => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is too short",
        )),
        _ => {
            let groups = blocks / (GROUP + 1);
            let rest = blocks % (GROUP + 1);
            Ok((groups * GROUP + rest - u64::from(rest > 1)) * BLOCK as u64)
        }
    }
}

/// The parts of `len` bytes from `offset` on: block, and range within it.
pub fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, Range<usize>)> {
    let end = offset + len as u64;
    let mut at = offset;
    std::iter::from_fn(move || {
        let block = at / BLOCK as u64;
        let start = usize::try_from(at % BLOCK as u64).ok()?;
        let left = usize::try_from(end - at).ok().filter(|left| *left > 0)?;
        let size = left.min(BLOCK - start);
        at += size as u64;
        Some((block, start..start + size))
    })
}

pub fn checksum(block: u64, data: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&block.to_le_bytes());
    sum.update(data);
    sum.finalize().max(1)
}
