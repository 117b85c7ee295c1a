//! The length of a file that is being filled. redb doubles a file that is full, so up to half of a new one would be empty; one
//! that has always a little more room than what comes next ends with little to spare.

use super::blocks::BLOCK;
use super::engine::Engine;
use crate::store::Error;

/// The page cache of the file's database: what is in it has no block yet, so the count of blocks is behind by that much.
pub const CACHE: usize = 4 << 20;
/// Less than so many free blocks may not be enough for what is in the cache, and a piece.
const LEAST: u64 = ((CACHE + (2 << 20)) / BLOCK) as u64;
/// At the least, so many blocks are added at once.
const STEP: u64 = (1 << 20) / BLOCK as u64;
/// A larger file grows by this part of its length.
const PART: u64 = 32;
/// What a file may have to spare: this part of its length.
const SPARE_PART: u64 = 8;

/// Lengthens a new file while it is filled.
pub struct Growth<'a> {
    engine: &'a Engine,
    /// Blocks that were filled before the database was opened the last time.
    before: u64,
}

impl<'a> Growth<'a> {
    /// `engine` has just been made; at the end it has `expected` bytes at the least.
    pub fn new(engine: &'a Engine, expected: u64) -> Result<Self, Error> {
        let mut growth = Self { engine, before: 0 };
        growth.lengthen(expected / BLOCK as u64)?;
        Ok(growth)
    }

    /// Sees to it that there is room for another piece.
    pub fn ensure(&mut self) -> Result<(), Error> {
        let (len, free) = (self.len(), self.free()?);
        if free >= LEAST {
            return Ok(());
        }
        self.lengthen(len - free + LEAST + STEP.max(len / PART))
    }

    /// Whether so much of the file is empty that it is worth a compaction.
    pub fn is_loose(&self) -> Result<bool, Error> {
        Ok(self.free()? > self.len() / SPARE_PART)
    }

    fn lengthen(&mut self, blocks: u64) -> Result<(), Error> {
        self.before += self.engine.lengthen(blocks)?;
        Ok(())
    }

    fn len(&self) -> u64 {
        self.engine.file_len().unwrap_or_default() / BLOCK as u64
    }

    fn free(&self) -> Result<u64, Error> {
        Ok(self.len().saturating_sub(self.before + self.engine.filled()?))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use redb::TableDefinition;

    use super::*;
    use crate::store::Location;
    use crate::store::embedded::engine::Mode;

    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("test");

    #[test]
    fn a_file_that_is_filled_piece_by_piece_ends_with_little_to_spare_and_all_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.redb");
        let engine = Engine::open(Location::File(path.clone()), CACHE, Mode::Write).unwrap();
        let (pieces, rows, row) = (40, 1024, [7; 900]);
        let mut growth = Growth::new(&engine, 1 << 20).unwrap();
        for piece in 0..pieces {
            let fill = |txn: &redb::WriteTransaction| {
                let mut table = txn.open_table(TABLE)?;
                for n in 0..rows {
                    table.insert(piece * rows + n, &row[..])?;
                }
                Ok(())
            };
            engine.load(fill).unwrap();
            growth.ensure().unwrap();
        }
        engine.write(|_| Ok(())).unwrap();
        assert!(!growth.is_loose().unwrap());
        drop(engine);
        let file = std::fs::metadata(&path).unwrap();
        assert!(file.blocks() * 512 > file.len() * 7 / 8, "{file:?}");
        let engine = Engine::open(Location::File(path), CACHE, Mode::Look).unwrap();
        let found = engine.read(|txn| {
            let table = txn.open_table(TABLE)?;
            let entries = table.range::<u64>(..)?.collect::<Result<Vec<_>, _>>()?;
            Ok(entries
                .into_iter()
                .map(|(key, value)| (key.value(), value.value() == row))
                .collect::<Vec<_>>())
        });
        assert!(found.unwrap().into_iter().eq((0..pieces * rows).map(|n| (n, true))));
    }
}
