//! Pages of blocks of users, each in a snapshot of its own: a snapshot that is held for long makes the file grow.

use std::ops::Range;

use tokio::runtime::Handle;

use crate::store::user_block::{ROWS, UserBlock};
use crate::store::{Error, Store};

/// Blocks that are read at once.
const PAGE: usize = 128;

/// Blocks that a scan looks at.
#[derive(Clone)]
pub enum Blocks {
    /// All of them.
    All {
        /// Begins with the users who came last.
        last_first: bool,
    },
    /// Those at these places.
    At(Vec<u64>),
}

impl Blocks {
    /// Blocks of the users with these numbers.
    pub fn of(numbers: &[u64]) -> Self {
        let mut places: Vec<_> = numbers.iter().map(|number| number / ROWS).collect();
        places.sort_unstable();
        places.dedup();
        Self::At(places)
    }
}

/// Reading of blocks, for a thread that may block.
pub struct BlockPages<'a> {
    store: &'a Store,
    rest: Rest<'a>,
}

enum Rest<'a> {
    Between(Range<u64>, bool),
    At(std::slice::Chunks<'a, u64>),
    None,
}

impl<'a> BlockPages<'a> {
    /// The blocks, from the first one on.
    pub fn new(store: &'a Store, blocks: &'a Blocks) -> Self {
        let rest = match blocks {
            Blocks::All { last_first } => Rest::Between(0..u64::MAX, *last_first),
            Blocks::At(places) => Rest::At(places.chunks(PAGE)),
        };
        Self { store, rest }
    }

    fn read(&mut self) -> Result<Option<Vec<UserBlock>>, Error> {
        let runtime = Handle::current();
        match &mut self.rest {
            Rest::None => Ok(None),
            Rest::At(chunks) => match chunks.next() {
                Some(places) => runtime
                    .block_on(self.store.user_blocks_at(places))
                    .map(Some),
                None => Ok(None),
            },
            Rest::Between(places, last_first) => {
                let read = self.store.user_blocks(places.clone(), *last_first, PAGE);
                let blocks = runtime.block_on(read)?;
                match blocks.last() {
                    Some(last) if blocks.len() == PAGE => match last_first {
                        true => places.end = last.place,
                        false => places.start = last.place + 1,
                    },
                    _ => self.rest = Rest::None,
                }
                Ok(Some(blocks))
            }
        }
    }
}

impl Iterator for BlockPages<'_> {
    type Item = Result<Vec<UserBlock>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.read();
        if page.is_err() {
            self.rest = Rest::None;
        }
        page.transpose()
    }
}
