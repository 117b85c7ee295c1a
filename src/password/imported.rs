//! Hashes that came from PocketBase: bcrypt, as Go writes it (`$2a$10$…`). They are verified here and never made.

use super::error::Error;

/// bcrypt's key is this long; Go refuses to hash more, so a longer password was never set.
const MAX_LEN: usize = 72;

/// Whether `password` is the one that was hashed. One that is too long costs as much as another.
pub fn verify(password: &[u8], stored: &str) -> Result<bool, Error> {
    let is_right = bcrypt::verify(password, stored).map_err(|e| Error::Failed(e.to_string()))?;
    Ok(is_right && password.len() <= MAX_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_imported_hash;

    /// Made by PocketBase 0.40.6: each line a hash and its password. The second password has 72 bytes.
    const GOLDEN: &str = include_str!("../../tests/fixtures/stored/bcrypt.txt");

    #[test]
    fn hashes_that_pocketbase_made_are_verified() {
        let mut lengths = Vec::new();
        for line in GOLDEN.lines() {
            let (hash, password) = line.split_once(' ').unwrap();
            assert!(is_imported_hash(hash));
            assert!(verify(password.as_bytes(), hash).unwrap(), "{password}");
            for other in [
                &password[1..],
                &format!("{password} "),
                &password.to_uppercase(),
                "",
            ] {
                assert!(!verify(other.as_bytes(), hash).unwrap(), "{other}");
            }
            lengths.push(password.len());
        }
        assert!(lengths.contains(&MAX_LEN));
    }

    #[test]
    fn what_is_no_hash_is_an_error_and_no_panic() {
        for text in [
            "$2a$10$short",
            "$2a$99$dE63Sn.aZkwzYpyeyHz2xu0eaPzB3jE4HcA0b.PGoLqiK39jmQ1TK",
            "$2",
            "$2b$xx$é",
        ] {
            assert!(verify(b"canary", text).is_err(), "{text}");
        }
    }
}
