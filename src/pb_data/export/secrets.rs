//! Secrets that PocketBase must not be without.

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;
use base64::{alphabet, engine::GeneralPurpose};

use super::super::error::Error;
use crate::domain::{TokenKey, is_imported_hash};
use crate::random::Random;

/// Base64 as bcrypt writes it.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);

/// Characters that PocketBase allows a token key.
const TOKEN_KEY: std::ops::RangeInclusive<usize> = 30..=60;

/// Characters of the secrets that PocketBase makes for tokens.
const TOKEN_SECRET: usize = 50;

/// The hash itself if PocketBase can verify it, else one of no password that anybody knows.
pub fn password_hash(random: &Random, hash: Option<&str>) -> Result<String, Error> {
    match hash.filter(|hash| is_imported_hash(hash)) {
        Some(hash) => Ok(hash.to_owned()),
        None => unknown_password_hash(random),
    }
}

/// A bcrypt hash whose bits are random: no hash was computed.
fn unknown_password_hash(random: &Random) -> Result<String, Error> {
    let salt = BCRYPT.encode(random.bytes::<16>()?);
    let hash = BCRYPT.encode(random.bytes::<23>()?);
    Ok(format!("$2a$10${salt}{hash}"))
}

/// An imported key is text and goes back as it was; ours are bytes, and go as their hexadecimal digits.
pub fn token_key(key: &TokenKey) -> String {
    match std::str::from_utf8(key.as_bytes()) {
        Ok(text) if is_token_key(text) => text.to_owned(),
        _ => hex(key.as_bytes()),
    }
}

fn is_token_key(text: &str) -> bool {
    TOKEN_KEY.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    let hex: String = nibbles
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect();
    format!("{hex:0<30.60}")
}

/// A new secret for tokens of a collection: letters and digits; the bias of the remainder is under 1 %.
pub fn token_secret(random: &Random) -> Result<String, Error> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let bytes = random.bytes::<{ 2 * TOKEN_SECRET }>()?;
    let numbers = bytes
        .chunks_exact(2)
        .map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
    Ok(numbers
        .map(|number| char::from(ALPHABET[number % ALPHABET.len()]))
        .collect())
}
