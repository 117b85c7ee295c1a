//! Blocks of users: version, the block's bytes, checksum.

use super::{checksum, version};
use crate::store::Error;
use crate::store::user_block::UserBlock;

const USER_BLOCK_V1: u8 = 1;

/// The bytes of a block.
pub fn encode_user_block(block: &UserBlock) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(block.bytes.len() + 5);
    bytes.push(USER_BLOCK_V1);
    bytes.extend_from_slice(&block.bytes);
    let sum = checksum(&block.place.to_string(), &bytes);
    bytes.extend(sum);
    bytes
}

/// The block in `bytes`, stored under the key `place`.
pub fn decode_user_block(place: u64, bytes: &[u8]) -> Result<UserBlock, Error> {
    let whole = bytes
        .split_last_chunk()
        .filter(|(block, sum)| checksum(&place.to_string(), block) == **sum)
        .filter(|(block, _)| version(block) == Some(USER_BLOCK_V1));
    let (block, _) = whole.ok_or_else(|| Error::Damaged(format!("user block {place}")))?;
    Ok(UserBlock {
        place,
        bytes: block[1..].to_vec(),
    })
}
