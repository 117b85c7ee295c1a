//! Blocks that are made of stored users when they are asked for.

use crate::domain::{TextColumn, UserNumber};
use crate::store::user_block::{Row, UserBlock};
use crate::store::{Error, stored};

/// The block of users of one place, each with number, id and stored bytes, in the order of their numbers.
///
/// # Errors
/// [`Error::Damaged`] when one cannot be read.
pub fn of_stored(users: &[(u64, &str, &[u8])]) -> Result<UserBlock, Error> {
    let place = users
        .first()
        .map_or(0, |(number, ..)| UserBlock::place_of(UserNumber(*number)));
    let mut scanned = Vec::with_capacity(users.len());
    let mut openids = vec![String::new(); users.len()];
    for ((_, id, bytes), openid) in users.iter().zip(&mut openids) {
        let user = stored::decode_scanned_user(id, bytes)?;
        user.push_text(TextColumn::OpenId, openid);
        scanned.push(user);
    }
    let rows: Vec<_> = users
        .iter()
        .zip(&scanned)
        .zip(&openids)
        .map(|(((number, ..), user), openid)| {
            let mut texts = user.texts;
            texts[TextColumn::OpenId as usize] = openid;
            Row {
                slot: Row::slot_of(UserNumber(*number)),
                texts,
                numbers: user.numbers,
            }
        })
        .collect();
    UserBlock::from_rows(place, &rows)
}
