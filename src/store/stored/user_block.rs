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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{IdType, OpenId, Phone, RecordId, TokenKey, User, UserNumber};

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/user_block_v1.bin");

    /// Users with each form of a column: the same for all, few words, six bits a letter, and anything.
    fn users() -> [User; 4] {
        [33, 34, 36, 47].map(|number| {
            let created = Timestamp::from_millisecond(1_795_327_836_000 + number).unwrap();
            let id = RecordId::parse(&format!("u{number:014}")).unwrap();
            let openid = OpenId::parse(&format!("o{number:027}")).unwrap();
            let key = TokenKey::new([9; 16]);
            User {
                number: UserNumber(u64::try_from(number).unwrap()),
                name: ["张三", "Ann", "", "李四"][usize::try_from(number % 4).unwrap()].into(),
                phone: Phone::parse(&format!("138{number:08}")).ok(),
                company_id: ["acme", "blue"][usize::try_from(number % 2).unwrap()].into(),
                rank_level: number - 40,
                ..User::new(id, openid, IdType::WeChat, uuid::Uuid::nil(), key, created)
            }
        })
    }

    fn block() -> UserBlock {
        let [first, rest @ ..] = &users();
        let block = UserBlock::of(first).unwrap();
        rest.iter()
            .fold(block, |block, user| block.with(user).unwrap())
    }

    #[test]
    fn version_1_of_a_block_is_read_as_it_was_written() {
        assert_eq!(encode_user_block(&block()), GOLDEN);
        assert_eq!(decode_user_block(2, GOLDEN).unwrap(), block());
        let mut numbers = Vec::new();
        block().each_row(|row| numbers.push(row.slot)).unwrap();
        assert_eq!(numbers, [1, 2, 4, 15]);
    }

    #[test]
    fn a_block_with_one_changed_bit_or_of_another_place_is_refused() {
        for bit in 0..GOLDEN.len() * 8 {
            let mut bytes = GOLDEN.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_user_block(2, &bytes).is_err(), "bit {bit}");
        }
        assert!(decode_user_block(3, GOLDEN).is_err());
    }

    #[test]
    fn a_user_is_replaced_and_removed() {
        let [first, .., last] = users();
        let changed = User {
            name: "changed".into(),
            ..last.clone()
        };
        let block = block().with(&changed).unwrap();
        assert_ne!(block, self::block());
        assert_eq!(block.with(&last).unwrap(), self::block());
        let mut rest = Some(block);
        for user in users() {
            rest = rest.unwrap().without(user.number).unwrap();
        }
        assert_eq!(rest, None);
        assert_eq!(UserBlock::place_of(first.number), 2);
    }
}
