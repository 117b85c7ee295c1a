//! Layout of the file: blocks and their checksums, see `blocks.rs`.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes of a block; redb's pages are whole multiples.
pub const BLOCK: usize = 4096;
/// Place in the first sector of the mark of our files; redb's header ends before.
pub const MARK_AT: usize = 500;
/// The mark of our files.
pub const MARK: [u8; 8] = *b"bai\0blk1";
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

/// Whether the file at `path` begins as ours do, damaged or cut as it may be.
pub fn has_mark(path: &Path) -> bool {
    let mut mark = [0; MARK.len()];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut mark, MARK_AT as u64));
    read.is_ok() && mark == MARK
}

pub fn checksum(block: u64, data: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&block.to_le_bytes());
    sum.update(data);
    sum.finalize().max(1)
}
