//! Tokens that PocketBase issued before its users came here: JWTs, signed with HMAC-SHA256 and nothing else.
//!
//! The key of each is the record's token key and the collection's secret, so the record is found before anything is
//! believed. A MAC is all that is needed of JWT, and `hmac` and `sha2` are in the program anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;

use super::error::Error;
use super::format::MAX_LEN;
use crate::domain::{IssuedToken, RecordId, TokenId, TokenKey};

/// A token as somebody sent it: nothing of it is to be believed before [`PocketBaseToken::verify`].
pub struct PocketBaseToken<'a> {
    /// The signed text.
    signed: &'a str,
    signature: Vec<u8>,
    claims: JwtClaims,
    id: RecordId,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JwtClaims {
    collection_id: String,
    exp: i64,
    id: String,
    r#type: String,
    #[serde(default)]
    refreshable: bool,
}

impl<'a> PocketBaseToken<'a> {
    /// Reads a token; `None` when it is not of the form that PocketBase gives those that authenticate.
    #[must_use]
    pub fn read(token: &'a str) -> Option<Self> {
        if token.len() > MAX_LEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = json(header)?;
        let claims: JwtClaims = json(claims)?;
        let id = RecordId::parse(&claims.id)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        (header.alg == "HS256" && claims.r#type == "auth").then_some(Self {
            signed,
            signature,
            claims,
            id,
        })
    }

    /// Id of the collection that it says it is for.
    #[must_use]
    pub fn collection_id(&self) -> &str {
        &self.claims.collection_id
    }

    /// Id of the record that it says it is for.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        &self.id
    }

    /// The token itself, told apart by its signature; `None`: it has none that could be valid.
    #[must_use]
    pub fn token(&self) -> Option<IssuedToken> {
        Some(IssuedToken {
            id: TokenId::of(&self.signature)?,
            expires: Timestamp::from_second(self.claims.exp).ok()?,
        })
    }

    /// Whether a new token may be had for it.
    #[must_use]
    pub fn is_refreshable(&self) -> bool {
        self.claims.refreshable
    }

    /// Checks the signature with the record's token key and the collection's secret, and the time.
    ///
    /// # Errors
    /// [`Error::Forged`] or [`Error::Expired`].
    pub fn verify(&self, token_key: &TokenKey, secret: &str, now: Timestamp) -> Result<(), Error> {
        let key = [token_key.as_bytes(), secret.as_bytes()].concat();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Error::Malformed)?;
        mac.update(self.signed.as_bytes());
        mac.verify_slice(&self.signature)
            .map_err(|_| Error::Forged)?;
        if now.as_second() >= self.claims.exp {
            Err(Error::Expired)
        } else {
            Ok(())
        }
    }
}

fn json<T: for<'de> Deserialize<'de>>(segment: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by PocketBase 0.40.6, for the token key and the secret below.
    const GOLDEN: &str = include_str!("../../tests/fixtures/stored/pocketbase_jwt.txt");

    /// Token, token key and secret of the golden file, and when the token expires.
    fn golden() -> (&'static str, TokenKey, &'static str, i64) {
        let lines: Vec<_> = GOLDEN.lines().collect();
        (
            lines[0],
            TokenKey::new(lines[1].as_bytes()),
            lines[2],
            lines[3].parse().unwrap(),
        )
    }

    #[test]
    fn a_token_that_pocketbase_made_is_good_until_it_expires() {
        let (token, key, secret, exp) = golden();
        let token = PocketBaseToken::read(token).unwrap();
        let verify = |at| token.verify(&key, secret, Timestamp::from_second(at).unwrap());
        assert_eq!(token.collection_id(), "pbc_421601843");
        assert!(token.is_refreshable());
        assert_eq!(verify(exp - 1), Ok(()));
        assert_eq!(verify(exp), Err(Error::Expired));
    }

    #[test]
    fn another_key_or_secret_is_a_forgery() {
        let (token, key, secret, exp) = golden();
        let now = Timestamp::from_second(exp - 1).unwrap();
        let token = PocketBaseToken::read(token).unwrap();
        assert_eq!(
            token.verify(&TokenKey::new([7; 50]), secret, now),
            Err(Error::Forged)
        );
        assert_eq!(token.verify(&key, "canary", now), Err(Error::Forged));
        // The bytes of the key are the same, but they are cut elsewhere: that is no weakness, and it verifies.
        let (head, tail) = secret.split_at(1);
        let longer = TokenKey::new([key.as_bytes(), head.as_bytes()].concat());
        assert_eq!(token.verify(&longer, tail, now), Ok(()));
    }

    proptest! {
        #[test]
        fn a_token_with_one_changed_character_is_refused(at in 0usize..600, to in "[A-Za-z0-9._-]") {
            let (token, key, secret, exp) = golden();
            let at = at % token.len();
            let forged = format!("{}{to}{}", &token[..at], &token[at + 1..]);
            prop_assume!(forged != token);
            let now = Timestamp::from_second(exp - 1).unwrap();
            let verdict = PocketBaseToken::read(&forged).map(|token| token.verify(&key, secret, now));
            prop_assert!(!matches!(verdict, Some(Ok(()))));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
            prop_assert!(PocketBaseToken::read(&text).is_none());
            let framed = format!("eyJhbGciOiJIUzI1NiJ9.{text}");
            prop_assert!(PocketBaseToken::read(&framed).is_none());
        }
    }
}
