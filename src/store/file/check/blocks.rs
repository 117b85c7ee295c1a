//! Blocks of users: they have to say what the users say.

use std::hash::RandomState;

use redb::{ReadTransaction, ReadableTable};

use super::sum::Sum;
use crate::store::Error;
use crate::store::file::tables::{USER_BLOCKS, USERS};
use crate::store::stored;
use crate::store::user_block::{ROWS, Row, UserBlock};

/// Sum of the rows of all blocks.
pub fn sum_of_blocks(txn: &ReadTransaction, hasher: &RandomState) -> Result<Sum, Error> {
    let mut sum = Sum::default();
    for entry in txn.open_table(USER_BLOCKS)?.iter()? {
        let (place, bytes) = entry?;
        let block = stored::decode_user_block(place.value(), bytes.value())?;
        block.each_row(|row| {
            let number = block.place * ROWS + u64::from(row.slot);
            sum.add_row(hasher, number, &row);
        })?;
    }
    Ok(sum)
}

/// Looks for each user in its block, until one is not there as it is.
pub fn ensure_in_blocks(txn: &ReadTransaction) -> Result<(), Error> {
    let blocks = txn.open_table(USER_BLOCKS)?;
    for entry in txn.open_table(USERS)?.iter()? {
        let (id, bytes) = entry?;
        let user = stored::decode_user(id.value(), bytes.value())?;
        let (place, expected) = (UserBlock::place_of(user.number), Row::of(&user));
        let mut is_there = false;
        if let Some(bytes) = blocks.get(place)? {
            let block = stored::decode_user_block(place, bytes.value())?;
            block.each_row(|row| is_there |= row == expected)?;
        }
        if !is_there {
            return Err(Error::Damaged(format!(
                "user {} is not in block {place} of the lists as it is",
                id.value()
            )));
        }
    }
    Ok(())
}
