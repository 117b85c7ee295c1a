//! The shim's record of the writing calls of a process.

use std::fmt;
use std::fs;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Open,
    Write,
    Truncate,
    Allocate,
    Sync,
    Rename,
    Link,
    Unlink,
    MakeFolder,
    RemoveFolder,
    Symlink,
}

impl Op {
    const ALL: [Self; 11] = [
        Self::Open,
        Self::Write,
        Self::Truncate,
        Self::Allocate,
        Self::Sync,
        Self::Rename,
        Self::Link,
        Self::Unlink,
        Self::MakeFolder,
        Self::RemoveFolder,
        Self::Symlink,
    ];
}

/// The outcome of opening a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    AsItWas,
    New,
    Emptied,
}

/// A writing call. Paths are relative to the folder; the folder itself is "".
#[derive(Clone, Debug)]
pub struct Call {
    pub op: Op,
    pub path: String,
    /// The new name of a renamed or linked file.
    pub to: String,
    /// The system's answer, an error below 0.
    pub result: i64,
    pub inode: u64,
    pub offset: u64,
    pub length: u64,
    /// The bytes that were written, if they were recorded.
    pub data: Vec<u8>,
    /// The outcome of an open.
    pub opened: Opened,
    /// A sync of a folder.
    pub is_folder: bool,
    /// The fault happened here.
    pub is_faulty: bool,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.op, self.path)?;
        match self.op {
            Op::Write | Op::Allocate => write!(f, " ({} bytes at {})", self.length, self.offset),
            Op::Truncate => write!(f, " (to {} bytes)", self.length),
            Op::Rename | Op::Link => write!(f, " to {}", self.to),
            _ => Ok(()),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// `None` when it does not have so many: a process that is killed may leave a part of a call.
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<usize> {
        let bytes = self.bytes(4)?.try_into().unwrap();
        Some(usize::try_from(u32::from_le_bytes(bytes)).unwrap())
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().unwrap()))
    }

    fn path(&mut self, len: usize, folder: &Path) -> Option<String> {
        let path = std::str::from_utf8(self.bytes(len)?).unwrap();
        let inside = path.strip_prefix(folder.to_str().unwrap()).unwrap_or(path);
        Some(
            inside
                .trim_start_matches('/')
                .trim_end_matches(" (deleted)")
                .to_owned(),
        )
    }

    /// As `note` of shim.c writes it.
    fn call(&mut self, folder: &Path) -> Option<Call> {
        let (op, flags) = (self.u32()?, self.u32()?);
        let result = self.u64()?.cast_signed();
        let (inode, offset, length) = (self.u64()?, self.u64()?, self.u64()?);
        let lens = [self.u32()?, self.u32()?, self.u32()?, self.u32()?];
        let (path, to) = (self.path(lens[0], folder)?, self.path(lens[1], folder)?);
        Some(Call {
            op: Op::ALL[op],
            path,
            to,
            result,
            inode,
            offset,
            length,
            data: self.bytes(lens[2])?.to_vec(),
            opened: match flags & 3 {
                0 => Opened::AsItWas,
                1 => Opened::New,
                _ => Opened::Emptied,
            },
            is_folder: flags & 4 != 0,
            is_faulty: flags & 8 != 0,
        })
    }
}

/// All calls in the trace of a process that wrote below `folder`.
pub fn read(trace: &Path, folder: &Path) -> Vec<Call> {
    let bytes = fs::read(trace).unwrap();
    let mut reader = Reader(&bytes);
    std::iter::from_fn(|| reader.call(folder)).collect()
}
