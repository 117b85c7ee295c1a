//! Blocks of users, which follow from the users.

use std::ops::Bound;

use redb::ReadableTable;

use super::Tables;
use crate::domain::User;
use crate::store::Error;
use crate::store::file::errors::wrong_index_entry;
use crate::store::stored;
use crate::store::user_block::UserBlock;

/// Time of creation in milliseconds, and number.
type Created = (i64, u64);

impl Tables<'_> {
    /// Puts the user in the block of its number, as it is now.
    pub fn put_in_block(&mut self, user: &User) -> Result<(), Error> {
        let block = match self.block(UserBlock::place_of(user.number))? {
            Some(block) => block.with(user)?,
            None => UserBlock::of(user)?,
        };
        self.write_block(&block)
    }

    /// Takes the user out of its block.
    pub fn remove_from_block(&mut self, user: &User) -> Result<(), Error> {
        let place = UserBlock::place_of(user.number);
        let Some(block) = self.block(place)? else {
            return Ok(());
        };
        if let Some(block) = block.without(user.number)? {
            return self.write_block(&block);
        }
        self.user_blocks.remove(place)?;
        Ok(())
    }

    /// Makes the blocks, which files of version 4 did not have: in the order of creation, in which users of a block are near each
    /// other, so that each block is written about once.
    pub fn make_user_blocks(&mut self) -> Result<(), Error> {
        let mut block: Option<UserBlock> = None;
        let mut last = None;
        loop {
            let page = self.ids_by_created(last)?;
            for (_, id) in &page {
                let user = self.user(id)?.ok_or_else(|| wrong_index_entry(id))?;
                block = Some(self.next_block(block, &user)?);
            }
            match page.last() {
                Some((created, _)) => last = Some(*created),
                None => return block.map_or(Ok(()), |block| self.write_block(&block)),
            }
        }
    }

    /// The block with the user in it: the one that is being filled, or, after that was written, another one.
    fn next_block(&mut self, filled: Option<UserBlock>, user: &User) -> Result<UserBlock, Error> {
        let place = UserBlock::place_of(user.number);
        match filled {
            Some(block) if block.place == place => return block.with(user),
            Some(block) => self.write_block(&block)?,
            None => {}
        }
        match self.block(place)? {
            Some(block) => block.with(user),
            None => UserBlock::of(user),
        }
    }

    /// Ids of the next users in the order of creation, with their places in it.
    fn ids_by_created(&self, last: Option<Created>) -> Result<Vec<(Created, String)>, Error> {
        const PAGE: usize = 10_000;
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self
            .users_by_created
            .range::<Created>((from, Bound::Unbounded))?;
        entries
            .take(PAGE)
            .map(|entry| {
                let (created, id) = entry?;
                Ok((created.value(), id.value().to_owned()))
            })
            .collect()
    }

    fn block(&self, place: u64) -> Result<Option<UserBlock>, Error> {
        self.user_blocks
            .get(place)?
            .map(|bytes| stored::decode_user_block(place, bytes.value()))
            .transpose()
    }

    fn write_block(&mut self, block: &UserBlock) -> Result<(), Error> {
        let bytes = stored::encode_user_block(block);
        self.user_blocks.insert(block.place, bytes.as_slice())?;
        Ok(())
    }
}
