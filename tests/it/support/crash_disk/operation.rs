//! Operations on a disk, and what a power cut leaves of them.

/// A cut tears a write at borders of this many bytes.
pub const SECTOR: usize = 512;

/// A call that changes the disk or orders its changes.
#[derive(Clone, Debug)]
pub enum Operation {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
    /// A sync that returned an error: what it should have written may be lost for good.
    FailedSync,
    Close,
}

impl Operation {
    pub fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => content.resize(*len, 0),
            Self::Write(at, data) => {
                if content.len() < at + data.len() {
                    content.resize(at + data.len(), 0);
                }
                content[*at..at + data.len()].copy_from_slice(data);
            }
            Self::Sync | Self::FailedSync | Self::Close => {}
        }
    }

    /// The sectors of a write that reach the disk when it is torn.
    pub fn torn(&self, tear: Tear) -> Vec<Self> {
        let sectors = self.sectors();
        let count = sectors.len();
        sectors
            .into_iter()
            .enumerate()
            .filter(|(n, _)| tear.keeps(*n, count))
            .map(|(_, sector)| sector)
            .collect()
    }

    /// A write, sector by sector.
    pub fn sectors(&self) -> Vec<Self> {
        let Self::Write(at, data) = self else {
            return Vec::new();
        };
        let sectors = data.chunks(SECTOR).enumerate();
        sectors
            .map(|(n, sector)| Self::Write(at + n * SECTOR, sector.to_vec()))
            .collect()
    }

    /// True if a cut can leave a part of it.
    pub fn is_tearable(&self) -> bool {
        matches!(self, Self::Write(_, data) if data.len() > SECTOR)
    }

    /// True if it reaches behind the end of `content`: then the growth before it was lost.
    pub fn is_beyond(&self, content: &[u8]) -> bool {
        matches!(self, Self::Write(at, data) if at + data.len() > content.len())
    }
}

/// The sectors of a write that reach the disk.
#[derive(Clone, Copy, Debug)]
pub enum Tear {
    FirstPart,
    LastPart,
    EveryOther,
}

impl Tear {
    pub const ALL: [Self; 3] = [Self::FirstPart, Self::LastPart, Self::EveryOther];

    fn keeps(self, sector: usize, sectors: usize) -> bool {
        match self {
            Self::FirstPart => sector < sectors / 2,
            Self::LastPart => sector >= sectors / 2,
            Self::EveryOther => sector % 2 == 1,
        }
    }
}
