//! A checksum for every block of the file, beneath redb, which verifies its pages only while it repairs a file: a byte
//! that the disk has changed is an error that names the block, never a wrong answer.
//!
//! The file is groups of 1,025 blocks of 4 KiB: a data block, the block with the checksums of the group, and 1,023 more
//! data blocks. A checksum is the CRC-32 of the block's number and bytes, little-endian; 0 stands for a block that was
//! never written and is all zeros. docs/decisions/0006-block-checksums.md says why no power cut parts a block from its sum.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::{Bound, Range};

use parking_lot::{RwLock, RwLockWriteGuard};
use redb::{BackendError, StorageBackend};

use super::damage::{damaged, unread};
use super::layout::{
    BLOCK, GROUP, MARK, MARK_AT, checksum, logical_len, physical, pieces, place, sums_at,
};
use super::stage::{SharedStage, Stage};
use super::unwind::unwind_to_reader;

/// The least pages of a file that is begun with room: redb begins with 257 by itself.
const LEAST_PAGES: u64 = 512;
/// Pages of redb's regions, of which a larger file has several: 4 GiB.
const REGION_PAGES: u64 = 1 << 20;
/// The least that a power cut leaves whole.
const SECTOR: usize = 512;
const HEADER_SUM_AT: usize = MARK_AT + MARK.len();

/// Storage with checksums over storage without.
#[derive(Debug)]
pub struct Blocks {
    storage: Box<dyn StorageBackend>,
    groups: RwLock<BTreeMap<u64, Group>>,
    stage: SharedStage,
    /// The file is made at least as long as this at first.
    least_len: u64,
}

/// The checksums of a group.
#[derive(Debug)]
struct Group {
    sums: Vec<u32>,
    /// True while the file does not have them yet.
    dirty: bool,
}

impl Group {
    fn bytes(&self) -> Vec<u8> {
        self.sums.iter().flat_map(|sum| sum.to_le_bytes()).collect()
    }
}

impl Blocks {
    pub fn new(storage: Box<dyn StorageBackend>) -> Self {
        Self {
            storage,
            groups: RwLock::default(),
            stage: SharedStage::default(),
            least_len: 0,
        }
    }

    /// Storage for a new file that is going to hold about so many bytes. redb fills a file from its beginning only when its pages
    /// are a power of two, and cuts off what is free at its end when it closes it; by itself it doubles what is full, and leaves
    /// holes. What is not written takes no room on the disk.
    pub fn with_capacity(storage: Box<dyn StorageBackend>, bytes: u64) -> Self {
        let pages = (2 * bytes / BLOCK as u64)
            .max(LEAST_PAGES)
            .next_power_of_two();
        let pages = if pages > REGION_PAGES {
            pages.next_multiple_of(REGION_PAGES)
        } else {
            pages
        };
        Self {
            least_len: (pages + 1) * BLOCK as u64,
            ..Self::new(storage)
        }
    }

    /// Remembers that redb is told of an error: it refuses everything from then on.
    fn latched<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|_| self.stage.fail())
    }

    /// The stage of the storage's database.
    pub fn stage(&self) -> SharedStage {
        self.stage.clone()
    }

    fn read_pieces(&self, offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        for (block, range) in pieces(offset, out.len()) {
            let (piece, rest) = out.split_at_mut(range.len());
            if block == 0 {
                let header = self.read_header()?;
                self.follow_recovery(&header);
                piece.copy_from_slice(&header[range]);
            } else if range.len() == BLOCK {
                self.read_block(block, piece)?;
            } else {
                let mut whole = [0; BLOCK];
                self.read_block(block, &mut whole)?;
                piece.copy_from_slice(&whole[range]);
            }
            out = rest;
        }
        Ok(())
    }

    /// While redb recovers a file whose last commit was one-phase, its own checksums say which of two commits is whole, and
    /// pages of the other may be torn: it has to see them, and the checksums here follow what it reads.
    fn follow_recovery(&self, header: &[u8; BLOCK]) {
        if self.stage.get() == Stage::Opening && is_one_phase(header) {
            self.stage.set(Stage::Recovering);
        }
    }

    fn write_pieces(&self, offset: u64, mut data: &[u8]) -> io::Result<()> {
        for (block, range) in pieces(offset, data.len()) {
            let (piece, rest) = data.split_at(range.len());
            if block == 0 {
                self.write_header(range, piece)?;
            } else if range.len() == BLOCK {
                self.write_block(block, piece)?;
            } else {
                let mut whole = [0; BLOCK];
                self.read_block(block, &mut whole)?;
                whole[range].copy_from_slice(piece);
                self.write_block(block, &whole)?;
            }
            data = rest;
        }
        Ok(())
    }

    /// Reads a block that does not fit its checksum once more before it counts as damaged: the way from the disk may be at fault.
    fn read_block(&self, block: u64, out: &mut [u8]) -> io::Result<()> {
        for attempt in 0..2 {
            match self.storage.read(physical(block), out) {
                Ok(()) if self.is_right(block, out)? => return Ok(()),
                Err(e) if attempt > 0 => return Err(unread(block, &e)),
                Ok(()) | Err(_) => {}
            }
        }
        if self.stage.get() == Stage::Recovering {
            return self.set_sum(block, checksum(block, out));
        }
        Err(damaged(block))
    }

    fn is_right(&self, block: u64, data: &[u8]) -> io::Result<bool> {
        Ok(match self.sum(block)? {
            0 => data.iter().all(|byte| *byte == 0),
            sum => sum == checksum(block, data),
        })
    }

    fn write_block(&self, block: u64, data: &[u8]) -> io::Result<()> {
        self.storage.write(physical(block), data)?;
        self.set_sum(block, checksum(block, data))
    }

    /// The first sector, without our part of it.
    fn read_header(&self) -> io::Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        self.storage.read(0, &mut block[..SECTOR])?;
        if block[..SECTOR].iter().all(|byte| *byte == 0) {
            return Ok(block);
        }
        if block[MARK_AT..HEADER_SUM_AT] != MARK {
            let reason = "it is a plain redb file or something else";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        if block[HEADER_SUM_AT..SECTOR] != checksum(0, &block[..HEADER_SUM_AT]).to_le_bytes() {
            return Err(damaged(0));
        }
        block[MARK_AT..SECTOR].fill(0);
        Ok(block)
    }

    fn write_header(&self, range: Range<usize>, piece: &[u8]) -> io::Result<()> {
        if range.end > MARK_AT {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the header is longer than expected",
            ));
        }
        let mut header = self.read_header()?;
        header[range].copy_from_slice(piece);
        header[MARK_AT..HEADER_SUM_AT].copy_from_slice(&MARK);
        let sum = checksum(0, &header[..HEADER_SUM_AT]).to_le_bytes();
        header[HEADER_SUM_AT..SECTOR].copy_from_slice(&sum);
        self.storage.write(0, &header[..SECTOR])
    }

    fn sum(&self, block: u64) -> io::Result<u32> {
        let (group, index) = place(block);
        if let Some(group) = self.groups.read().get(&group) {
            return Ok(group.sums[index]);
        }
        let mut groups = self.groups_mut();
        Ok(self.group(&mut groups, group)?.sums[index])
    }

    fn set_sum(&self, block: u64, sum: u32) -> io::Result<()> {
        let (group, index) = place(block);
        let mut groups = self.groups_mut();
        let group = self.group(&mut groups, group)?;
        if group.sums[index] == 0 {
            self.stage.count_filled();
        }
        group.sums[index] = sum;
        group.dirty = true;
        Ok(())
    }

    fn groups_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<u64, Group>> {
        self.groups.write()
    }

    /// The checksums of a group, read at first use: 4 KiB of memory for 4 MiB of the file.
    fn group<'a>(&self, groups: &'a mut BTreeMap<u64, Group>, n: u64) -> io::Result<&'a mut Group> {
        let entry = match groups.entry(n) {
            Entry::Occupied(entry) => return Ok(entry.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        let mut bytes = [0; BLOCK];
        self.storage.read(sums_at(n), &mut bytes)?;
        let (sums, _) = bytes.as_chunks();
        let sums = sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
        Ok(entry.insert(Group { sums, dirty: false }))
    }

    /// The lock is not held while the file is written: readers do not wait.
    fn write_sums(&self) -> io::Result<()> {
        let dirty: Vec<(u64, Vec<u8>)> = self
            .groups_mut()
            .iter_mut()
            .filter_map(|(n, group)| std::mem::take(&mut group.dirty).then(|| (*n, group.bytes())))
            .collect();
        dirty
            .iter()
            .try_for_each(|(n, bytes)| self.storage.write(sums_at(*n), bytes))
    }

    /// Forgets the checksums of blocks from `end` on: when they come back, they are zeros.
    fn forget_from(&self, end: u64) -> io::Result<()> {
        let mut groups = self.groups_mut();
        let (first, index) = place(end);
        groups.split_off(&(first + 1));
        if index == 0 {
            groups.remove(&first);
            return Ok(());
        }
        let group = self.group(&mut groups, first)?;
        if group.sums[index..].iter().any(|sum| *sum != 0) {
            group.sums[index..].fill(0);
            group.dirty = true;
        }
        Ok(())
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        if !len.is_multiple_of(BLOCK as u64) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a whole number of blocks",
            ));
        }
        let blocks = len / BLOCK as u64;
        // Growing, too: a process that was killed after shrinking had not written the checksums.
        self.forget_from(blocks.min(logical_len(self.storage.len()?)? / BLOCK as u64))?;
        self.storage
            .set_len(blocks.checked_sub(1).map_or(0, end_of_file))
    }
}

impl StorageBackend for Blocks {
    fn len(&self) -> io::Result<u64> {
        self.stage.ensure_in_use()?;
        self.latched(self.storage.len().and_then(logical_len))
    }

    /// In a read transaction, a block that cannot be read unwinds: see `unwind.rs`.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.stage.ensure_in_use()?;
        let read = self.read_pieces(offset, out);
        self.latched(read.map_err(|error| match self.stage.get() {
            Stage::Open => unwind_to_reader(error),
            _ => error,
        }))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.stage.ensure_in_use()?;
        let resized = self.storage.len().and_then(|before| {
            self.resize(if before == 0 {
                len.max(self.least_len)
            } else {
                len
            })
        });
        self.latched(resized)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.stage.ensure_in_use()?;
        self.latched(self.write_sums().and_then(|()| self.storage.sync_data()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.stage.ensure_in_use()?;
        self.stage.count_written(data.len());
        self.latched(self.write_pieces(offset, data))
    }

    /// Closes without a write: redb has synced what counts, and checksums that are not written are of blocks that nobody may read.
    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }
}

/// The length of a file whose last data block is this: a data block is never there without the checksums of its group.
fn end_of_file(last: u64) -> u64 {
    physical(last).max(sums_at(last / GROUP)) + BLOCK as u64
}

/// Tells whether redb would recover the file with this header by its own checksums: bits 1 (was not closed) and not 2 (two-phase) of
/// the byte behind its magic number, see redb 4.5's header.rs.
fn is_one_phase(header: &[u8; BLOCK]) -> bool {
    const FLAGS_AT: usize = 9;
    const RECOVERY_REQUIRED: u8 = 2;
    const TWO_PHASE_COMMIT: u8 = 4;
    header[FLAGS_AT] & (RECOVERY_REQUIRED | TWO_PHASE_COMMIT) == RECOVERY_REQUIRED
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;

    use super::*;

    /// Shares its bytes among its copies, as a file does.
    #[derive(Clone, Debug)]
    struct Shared(Arc<InMemoryBackend>);

    impl StorageBackend for Shared {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }
        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.0.write(offset, data)
        }
    }

    impl Shared {
        fn new() -> Self {
            Self(Arc::new(InMemoryBackend::new()))
        }

        fn open(&self) -> Blocks {
            Blocks::new(Box::new(self.clone()))
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        SetBlocks(u64),
        Reopen,
    }

    fn step() -> impl Strategy<Value = Step> {
        // Around the border of the first two groups, where the layout has its turns.
        let offset = prop_oneof![0..3_u64, 1_020..1_028_u64].prop_map(|block| block * BLOCK as u64);
        let data = (
            any::<u8>(),
            prop_oneof![Just(BLOCK), Just(2 * BLOCK), 1..400_usize],
        );
        prop_oneof![
            4 => (offset, data).prop_map(|(at, (byte, len))| Step::Write(at, vec![byte; len])),
            1 => prop_oneof![0..4_u64, 1_020..1_030_u64].prop_map(Step::SetBlocks),
            1 => Just(Step::Reopen),
        ]
    }

    proptest! {
        #[test]
        fn it_holds_what_was_written(steps in proptest::collection::vec(step(), 1..40)) {
            let storage = Shared::new();
            let (mut blocks, mut model) = (storage.open(), Vec::new());
            for step in steps {
                match step {
                    Step::Write(at, mut data) => {
                        let at = usize::try_from(at).unwrap();
                        // The header's block belongs to redb for less than a sector.
                        if at == 0 {
                            data.truncate(320);
                        }
                        if at + data.len() <= model.len() {
                            blocks.write(at as u64, &data).unwrap();
                            model[at..at + data.len()].copy_from_slice(&data);
                        }
                    }
                    Step::SetBlocks(n) => {
                        blocks.set_len(n * BLOCK as u64).unwrap();
                        model.resize(usize::try_from(n).unwrap() * BLOCK, 0);
                    }
                    Step::Reopen => {
                        blocks.sync_data().unwrap();
                        blocks = storage.open();
                    }
                }
                prop_assert_eq!(blocks.len().unwrap(), model.len() as u64);
            }
            let mut content = vec![1; model.len()];
            blocks.read(0, &mut content).unwrap();
            prop_assert!(content == model);
        }
    }

    #[test]
    fn any_changed_byte_is_noticed_by_name() {
        let storage = Shared::new();
        let blocks = storage.open();
        blocks.set_len(4 * BLOCK as u64).unwrap();
        blocks.write(0, &[7; 320]).unwrap();
        blocks.write(BLOCK as u64, &[8; 2 * BLOCK]).unwrap();
        blocks.sync_data().unwrap();
        for at in (0..5 * BLOCK as u64).filter(|at| !(SECTOR as u64..BLOCK as u64 + 4).contains(at))
        {
            let mut byte = [0];
            storage.read(at, &mut byte).unwrap();
            storage.write(at, &[byte[0] ^ 0x40]).unwrap();
            let damaged = |block| {
                let mut data = [0; BLOCK];
                storage
                    .open()
                    .read(block * BLOCK as u64, &mut data)
                    .is_err()
            };
            let in_sums = (BLOCK as u64..2 * BLOCK as u64).contains(&at);
            let noticed = (0..4).filter(|block| damaged(*block)).count();
            // A checksum of a block that is not there is nobody's.
            assert_eq!(
                noticed,
                usize::from(!in_sums || at < BLOCK as u64 + 16),
                "byte {at}"
            );
            storage.write(at, &byte).unwrap();
        }
    }

    #[test]
    fn a_block_that_was_written_elsewhere_is_noticed() {
        let storage = Shared::new();
        let blocks = storage.open();
        blocks.set_len(4 * BLOCK as u64).unwrap();
        for block in 1..4 {
            blocks.write(block * BLOCK as u64, &[9; BLOCK]).unwrap();
        }
        blocks.sync_data().unwrap();
        let mut sums = [0; 8];
        storage.read(sums_at(0) + 4, &mut sums).unwrap();
        assert_ne!(sums[..4], sums[4..]);
    }

    #[test]
    fn a_kill_after_shrinking_leaves_no_checksum_for_blocks_that_come_back() {
        let storage = Shared::new();
        let blocks = storage.open();
        blocks.set_len(4 * BLOCK as u64).unwrap();
        blocks.write(3 * BLOCK as u64, &[7; BLOCK]).unwrap();
        blocks.sync_data().unwrap();
        blocks.set_len(3 * BLOCK as u64).unwrap();
        drop(blocks);
        let blocks = storage.open();
        blocks.set_len(4 * BLOCK as u64).unwrap();
        let mut content = [1; BLOCK];
        blocks.read(3 * BLOCK as u64, &mut content).unwrap();
        assert_eq!(content, [0; BLOCK]);
    }

    #[test]
    fn other_files_are_refused() {
        for (content, reason) in [
            (vec![b'x'; 100], "too short"),
            (vec![b'x'; 3 * BLOCK], "plain redb"),
        ] {
            let storage = Shared::new();
            storage.set_len(content.len() as u64).unwrap();
            storage.write(0, &content).unwrap();
            let blocks = storage.open();
            let error = blocks
                .len()
                .and_then(|_| blocks.read(0, &mut [0; 9]))
                .unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
