//! Tokens: `pb.<claims>.v4~local~<payload>~<footer>`.
//!
//! The part from `v4` on is a PASETO (version 4, local) with `~` for its dots: the unmodified PocketBase SDKs read the second
//! dot-separated segment of a token as base64 JSON, and the Python one wants just three of them. The server never trusts the
//! claims segment: it is bound to the PASETO as its implicit assertion, so a token with an edited one is no token.

mod ended;
mod error;
mod format;
mod impersonator;
mod jwt;
mod keys;
mod stats;

use std::borrow::Cow;
use std::sync::Arc;

use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use parking_lot::{RwLock, RwLockReadGuard};
use pasetors::version4::LocalToken;
use pasetors::{Local, token::UntrustedToken, version4::V4};
use serde::{Deserialize, Serialize};

use self::ended::EndedTokens;
pub use self::error::{Error, IssueError};
use self::format::{MAX_LEN, PREFIX, split};
pub use self::impersonator::Impersonator;
pub use self::jwt::PocketBaseToken;
pub use self::keys::{Keys, key_id};
pub use self::stats::RefusalCause;
use self::stats::Stats;
use crate::domain::{IssuedToken, RecordId, RevocationWindow, TokenId, TokenKey};
use crate::metrics::Metrics;

/// A clock that is put right may go back by this much without ending the newest tokens.
const CLOCK_STEP: Duration = Duration::from_mins(1);

/// Issues and verifies tokens.
pub struct Tokens {
    keys: RwLock<Keys>,
    revocation_windows: ArcSwap<Vec<RevocationWindow>>,
    /// Those that ended before their time, each by itself.
    pub ended: EndedTokens,
    stats: Stats,
}

/// Collection of a token's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user's.
    User,
    /// A superuser's.
    Superuser,
}

/// Purpose of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Everything that its owner may do.
    Auth,
    /// Files, in the query of a link.
    Files,
}

/// Contents of a new token.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    /// The purpose.
    pub purpose: Purpose,
    /// The collection of the owner.
    pub subject: Subject,
    /// The record of the owner.
    pub id: &'a RecordId,
    /// The record's token key.
    pub token_key: &'a TokenKey,
    /// Id of the record's collection, for the SDK.
    pub collection_id: &'a str,
    /// Lifetime.
    pub lifetime: Duration,
    /// Whether a new token may be had for it.
    pub is_refreshable: bool,
    /// Superusers without whom it is not valid: who took it by impersonation, and, if that one was impersonated, by whom.
    pub impersonators: &'a [Impersonator],
}

/// Contents of a verified token. The caller still has to compare `token_key` with the record's, and `impersonators` with theirs, and to ask
/// [`Tokens::ended`] for `token`.
#[derive(Debug, PartialEq, Eq)]
pub struct Claims {
    /// The token itself.
    pub token: IssuedToken,
    /// The collection of the owner.
    pub subject: Subject,
    /// The record of the owner.
    pub id: RecordId,
    /// The record's token key when the token was made.
    pub token_key: TokenKey,
    /// Whether a new token may be had for it.
    pub is_refreshable: bool,
    /// Superusers who have to be there still with the token keys that they had.
    pub impersonators: Vec<Impersonator>,
}

/// The segment that the PocketBase SDK reads. Field order is the format.
#[derive(Serialize)]
struct PublicClaims<'a> {
    #[serde(rename = "collectionId")]
    collection_id: &'a str,
    exp: i64,
    id: &'a str,
    r#type: &'a str,
}

/// Encrypted part of a token. Names are PASETO's registered claims, but for `tk`, the token key; `su`, a superuser's; and `nr`,
/// not refreshable; `ft`, for files only; and `by`, who took it by impersonation.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    sub: &'a str,
    iat: Timestamp,
    exp: Timestamp,
    tk: &'a str,
    #[serde(default, skip_serializing_if = "is_false")]
    su: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    nr: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    ft: bool,
    #[serde(default, skip_serializing_if = "is_empty")]
    by: Cow<'a, [Impersonator]>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_empty(impersonators: &[Impersonator]) -> bool {
    impersonators.is_empty()
}

impl Tokens {
    /// Tokens that are made with the newest of `keys`.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self {
            keys: RwLock::new(keys),
            revocation_windows: ArcSwap::default(),
            ended: EndedTokens::default(),
            stats: Stats::new(),
        }
    }

    /// Replaces the keys; the newest of them makes tokens from now on.
    pub fn use_keys(&self, keys: Keys) {
        *self.keys.write() = keys;
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read()
    }

    /// Replaces the times of which the tokens are refused.
    pub fn set_revocation_windows(&self, revocation_windows: Vec<RevocationWindow>) {
        self.revocation_windows.store(Arc::new(revocation_windows));
    }

    /// Shows what is counted of tokens.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.stats.register_metrics(metrics);
    }

    /// Counts a token that was refused for another reason than [`Tokens::verify`] finds.
    pub fn count_refusal(&self, cause: RefusalCause) {
        self.stats.refused(cause);
    }

    /// A new token.
    ///
    /// # Errors
    /// [`IssueError`] when the system gives no randomness.
    pub fn issue(&self, grant: &Grant<'_>, now: Timestamp) -> Result<String, IssueError> {
        let token = self.make(grant, now);
        self.stats.issued(token.is_ok());
        token
    }

    fn make(&self, grant: &Grant<'_>, now: Timestamp) -> Result<String, IssueError> {
        let exp = now.checked_add(grant.lifetime).map_err(IssueError::new)?;
        let claims = PublicClaims {
            collection_id: grant.collection_id,
            exp: exp.as_second(),
            id: grant.id.as_str(),
            r#type: match grant.purpose {
                Purpose::Auth => "auth",
                Purpose::Files => "file",
            },
        };
        let payload = Payload {
            sub: grant.id.as_str(),
            iat: now,
            exp,
            tk: &STANDARD_NO_PAD.encode(grant.token_key.as_bytes()),
            su: grant.subject == Subject::Superuser,
            nr: !grant.is_refreshable,
            ft: grant.purpose == Purpose::Files,
            by: grant.impersonators.into(),
        };
        let keys = self.keys();
        let key = keys.newest();
        let claims = serde_json::to_vec(&claims).map_err(IssueError::new)?;
        let claims = STANDARD_NO_PAD.encode(claims);
        let payload = serde_json::to_vec(&payload).map_err(IssueError::new)?;
        let footer = Some(key.footer());
        let paseto = LocalToken::encrypt(&key.secret, &payload, footer, Some(claims.as_bytes()))
            .map_err(|error| IssueError::new(format!("{error:?}")))?;
        let token = [PREFIX, &claims, &paseto.replace('.', "~")].join(".");
        if token.len() > MAX_LEN {
            Err(IssueError::new("it would be too long to be read"))
        } else {
            Ok(token)
        }
    }

    /// Reads and authenticates `token`, and checks its time and that it is for everything.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Error> {
        self.verify_for(Purpose::Auth, token, now)
    }

    /// Reads and authenticates `token` like [`Tokens::verify`], for this purpose.
    pub fn verify_for(
        &self,
        purpose: Purpose,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, Error> {
        self.read(purpose, token, now)
            .inspect_err(|error| self.stats.refused((*error).into()))
    }

    fn read(&self, purpose: Purpose, token: &str, now: Timestamp) -> Result<Claims, Error> {
        let (claims, paseto) = split(token)?;
        let untrusted =
            UntrustedToken::<Local, V4>::try_from(&*paseto).map_err(|_| Error::Malformed)?;
        let keys = self.keys();
        let key = keys
            .find(untrusted.untrusted_footer())
            .ok_or(Error::UnknownKey)?;
        let trusted = LocalToken::decrypt(&key.secret, &untrusted, None, Some(claims.as_bytes()))
            .map_err(|_| Error::Forged)?;
        let payload: Payload<'_> =
            serde_json::from_str(trusted.payload()).map_err(|_| Error::Malformed)?;
        if payload.ft != (purpose == Purpose::Files) {
            return Err(Error::OtherPurpose);
        }
        if now >= payload.exp {
            return Err(Error::Expired);
        }
        if now
            .checked_add(CLOCK_STEP)
            .is_ok_and(|latest| payload.iat > latest)
        {
            return Err(Error::FromTheFuture);
        }
        if self
            .revocation_windows
            .load()
            .iter()
            .any(|void| void.covers(payload.iat))
        {
            return Err(Error::RevocationWindow);
        }
        let token_key = STANDARD_NO_PAD
            .decode(payload.tk)
            .map_err(|_| Error::Malformed)?;
        // The message begins with the nonce.
        let id = TokenId::of(untrusted.untrusted_message()).ok_or(Error::Malformed)?;
        Ok(Claims {
            token: IssuedToken {
                id,
                expires: payload.exp,
            },
            subject: if payload.su {
                Subject::Superuser
            } else {
                Subject::User
            },
            id: RecordId::parse(payload.sub).ok_or(Error::Malformed)?,
            token_key: TokenKey::new(token_key),
            is_refreshable: !payload.nr,
            impersonators: payload.by.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ServerKey;

    const LIFETIME: Duration = Duration::from_hours(120);
    const GOLDEN: [&str; 4] = [
        include_str!("../../tests/fixtures/stored/token_v1.txt"),
        include_str!("../../tests/fixtures/stored/token_v2.txt"),
        include_str!("../../tests/fixtures/stored/token_v3.txt"),
        include_str!("../../tests/fixtures/stored/token_v4.txt"),
    ];

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_795_327_836_858 + ms).unwrap()
    }

    fn keys(bytes: &[u8]) -> Keys {
        let key = |b: &u8| ServerKey {
            secret: [*b; 32],
            created: at(0),
        };
        Keys::new(&bytes.iter().map(key).collect::<Vec<_>>()).unwrap()
    }

    fn tokens(bytes: &[u8]) -> Tokens {
        Tokens::new(keys(bytes))
    }

    /// The token of a user.
    fn issue(tokens: &Tokens, now: Timestamp) -> String {
        tokens.issue(&grant(&id(), &key()), now).unwrap()
    }

    fn grant<'a>(id: &'a RecordId, token_key: &'a TokenKey) -> Grant<'a> {
        Grant {
            purpose: Purpose::Auth,
            subject: Subject::User,
            id,
            token_key,
            collection_id: "pbc_421601843",
            lifetime: LIFETIME,
            is_refreshable: true,
            impersonators: &[],
        }
    }

    fn id() -> RecordId {
        RecordId::parse("qs1c5qev8o3hjvu").unwrap()
    }

    fn key() -> TokenKey {
        TokenKey::new([9; 16])
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let tokens = tokens(&[1]);
        let token = issue(&tokens, at(0));
        let lifetime_ms = i64::try_from(LIFETIME.as_millis()).unwrap();
        let claims = tokens.verify(&token, at(lifetime_ms - 1)).unwrap();
        assert_eq!(claims.id, id());
        assert_eq!(claims.token_key, key());
        assert_eq!(tokens.verify(&token, at(lifetime_ms)), Err(Error::Expired));
    }

    #[test]
    fn a_token_of_each_form_that_was_ever_handed_out_is_read() {
        for token in GOLDEN {
            assert_eq!(
                tokens(&[2, 1]).verify(token.trim(), at(1)).unwrap().id,
                id()
            );
            assert_eq!(
                tokens(&[2]).verify(token.trim(), at(1)),
                Err(Error::UnknownKey)
            );
        }
        let impersonator = Impersonator::new(
            &RecordId::parse("r00t0r00t0r00t0").unwrap(),
            &TokenKey::new([7; 16]),
        );
        assert_eq!(
            tokens(&[1])
                .verify(GOLDEN[3].trim(), at(1))
                .unwrap()
                .impersonators,
            [impersonator]
        );
    }

    #[test]
    fn a_token_says_whose_it_is_and_whether_it_can_be_refreshed() {
        let (tokens, id, key) = (tokens(&[1]), id(), key());
        for (subject, is_refreshable) in [
            (Subject::User, true),
            (Subject::User, false),
            (Subject::Superuser, true),
        ] {
            let grant = Grant {
                subject,
                is_refreshable,
                ..grant(&id, &key)
            };
            let claims = tokens
                .verify(&tokens.issue(&grant, at(0)).unwrap(), at(1))
                .unwrap();
            assert_eq!(
                (claims.subject, claims.is_refreshable),
                (subject, is_refreshable)
            );
        }
    }

    #[test]
    fn a_token_says_who_took_it_and_one_that_could_not_be_read_is_not_made() {
        let (tokens, id, key) = (tokens(&[1]), id(), key());
        let impersonators = |n: u8| {
            (0..n)
                .map(|n| Impersonator::new(&id, &TokenKey::new([n; 16])))
                .collect::<Vec<_>>()
        };
        let issue = |impersonators: &[Impersonator]| {
            tokens.issue(
                &Grant {
                    impersonators,
                    ..grant(&id, &key)
                },
                at(0),
            )
        };
        for n in [0, 1, 8] {
            let claims = tokens
                .verify(&issue(&impersonators(n)).unwrap(), at(1))
                .unwrap();
            assert_eq!(claims.impersonators, impersonators(n));
        }
        assert!(issue(&impersonators(60)).is_err());
    }

    #[test]
    fn a_token_for_files_is_good_for_nothing_else() {
        let (tokens, id, key) = (tokens(&[1]), id(), key());
        for (purpose, other) in [
            (Purpose::Auth, Purpose::Files),
            (Purpose::Files, Purpose::Auth),
        ] {
            let token = tokens
                .issue(
                    &Grant {
                        purpose,
                        ..grant(&id, &key)
                    },
                    at(0),
                )
                .unwrap();
            assert!(tokens.verify_for(purpose, &token, at(1)).is_ok());
            assert_eq!(
                tokens.verify_for(other, &token, at(1)),
                Err(Error::OtherPurpose)
            );
        }
    }

    #[test]
    fn a_token_of_a_void_time_is_refused_and_no_other() {
        let tokens = tokens(&[1]);
        let issued = [at(0), at(10), at(19), at(20)].map(|at| issue(&tokens, at));
        tokens.set_revocation_windows(vec![RevocationWindow {
            from: at(10),
            until: at(20),
        }]);
        let verdicts = issued.map(|token| tokens.verify(&token, at(30)).err());
        assert_eq!(
            verdicts,
            [
                None,
                Some(Error::RevocationWindow),
                Some(Error::RevocationWindow),
                None
            ]
        );
    }

    #[test]
    fn the_sdk_can_read_the_second_segment() {
        let token = issue(&tokens(&[1]), at(0));
        let segment = token.split('.').nth(1).unwrap();
        assert!(
            segment.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{segment}"
        );
        let json = STANDARD_NO_PAD.decode(segment).unwrap();
        let exp = at(0).as_second() + 432_000;
        let expected = format!(
            r#"{{"collectionId":"pbc_421601843","exp":{exp},"id":"qs1c5qev8o3hjvu","type":"auth"}}"#
        );
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }

    #[test]
    fn the_newest_key_signs_and_older_ones_still_verify() {
        let old = issue(&tokens(&[1]), at(0));
        let rotated = tokens(&[1, 2]);
        assert!(rotated.verify(&old, at(1)).is_ok());
        let new = issue(&rotated, at(1));
        assert_eq!(tokens(&[1]).verify(&new, at(2)), Err(Error::UnknownKey));
        assert!(tokens(&[2]).verify(&new, at(2)).is_ok());
    }

    #[test]
    fn claims_cannot_be_edited_or_left_out() {
        let tokens = tokens(&[1]);
        let token = issue(&tokens, at(0));
        let other = issue(&tokens, at(5_000));
        let (claims, paseto) = split(&token).unwrap();
        let (other_claims, _) = split(&other).unwrap();
        assert_ne!(claims, other_claims);
        assert_eq!(
            tokens.verify(&format!("pb.{other_claims}.{paseto}"), at(1)),
            Err(Error::Forged)
        );
        assert_eq!(
            tokens.verify(&format!("pb..{paseto}"), at(1)),
            Err(Error::Forged)
        );
        assert_eq!(tokens.verify(&paseto, at(1)), Err(Error::Malformed));
    }

    proptest! {
        #[test]
        fn a_token_with_one_changed_character_is_refused(at_byte in 0usize..600, to in "[A-Za-z0-9._~-]") {
            let tokens = tokens(&[1]);
            let token = issue(&tokens, at(0));
            let at_byte = at_byte % token.len();
            let forged = format!("{}{to}{}", &token[..at_byte], &token[at_byte + 1..]);
            prop_assume!(forged != token);
            prop_assert!(tokens.verify(&forged, at(1)).is_err());
        }

        #[test]
        fn any_text_is_refused_without_panic(text in "\\PC{0,200}") {
            prop_assert!(tokens(&[1]).verify(&text, at(1)).is_err());
            for framed in [format!("pb.e30.v4.local.{text}"), format!("pb.e30.v4~local~{text}")] {
                prop_assert!(tokens(&[1]).verify(&framed, at(1)).is_err());
            }
        }

        #[test]
        fn any_payload_under_a_known_key_is_refused_without_panic(
            claims in "[A-Za-z0-9_=+/.-]{0,80}",
            payload in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let token = issue(&tokens(&[1]), at(0));
            let (_, footer) = token.rsplit_once('~').unwrap();
            let payload = URL_SAFE_NO_PAD.encode(payload);
            let forged = format!("pb.{claims}.v4~local~{payload}~{footer}");
            prop_assert!(tokens(&[1]).verify(&forged, at(1)).is_err());
        }
    }
}
