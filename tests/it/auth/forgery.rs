//! Tokens that were tampered with: none is accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use bai::domain::{RecordId, ServerKey, TokenKey};
use bai::token::{Error, Grant, Keys, Purpose, Subject, Tokens};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::app::TestApp;

const LIFETIME: Duration = Duration::from_hours(120);
/// `pb.<claims>.v4~local~<payload>~<footer>`
const CLAIMS: usize = 1;
const PAYLOAD: usize = 4;
const FOOTER: usize = 5;

fn now() -> Timestamp {
    Timestamp::from_second(1_795_327_836).unwrap()
}

fn tokens(key: u8) -> Tokens {
    let key = ServerKey {
        secret: [key; 32],
        created: now(),
    };
    Tokens::new(Keys::new(&[key]).unwrap())
}

/// The token of a user who is told apart by `n`.
fn issue_one(tokens: &Tokens, n: u8, at: Timestamp) -> String {
    let grant = Grant {
        purpose: Purpose::Auth,
        subject: Subject::User,
        id: &RecordId::from_random([n; 30]),
        token_key: &TokenKey::new([n; 16]),
        collection_id: "pbc_421601843",
        lifetime: LIFETIME,
        is_refreshable: true,
        impersonators: &[],
    };
    tokens.issue(&grant, at).unwrap()
}

/// Somebody who holds valid tokens, and some of another server, and wants one more.
struct Forger {
    /// Valid ones.
    held: Vec<String>,
    /// Made with a key of their own, for the same users at the same time.
    own: Vec<String>,
    rng: StdRng,
}

impl Forger {
    fn new(held: Vec<String>, own: Vec<String>) -> Self {
        Self {
            held,
            own,
            rng: StdRng::seed_from_u64(1),
        }
    }

    /// A token that nobody issued; which trick made it.
    fn forge(&mut self) -> (&'static str, String) {
        loop {
            let (trick, token) = self.attempt();
            if !self.held.contains(&token) {
                return (trick, token);
            }
        }
    }

    fn attempt(&mut self) -> (&'static str, String) {
        let token = self.held.choose(&mut self.rng).unwrap().clone();
        match self.rng.random_range(0..12) {
            0 => ("a bit is flipped", self.with_flipped_bit(&token)),
            1 => ("a character is put in", self.with_character(&token, 0)),
            2 => ("a character is replaced", self.with_character(&token, 1)),
            3 => ("characters are left out", {
                let at = self.rng.random_range(0..token.len());
                let to = (at + self.rng.random_range(1..40)).min(token.len());
                format!("{}{}", &token[..at], &token[to..])
            }),
            4 => ("segments are swapped", self.swapped(&token)),
            5 => ("a segment is of another token", self.crossed(&token)),
            6 => ("the claims are edited", self.with_claims(&token)),
            7 => ("a segment's bytes are edited", self.with_bytes(&token)),
            8 => ("the base64 is written otherwise", self.rewritten(&token)),
            9 => (
                "the key is another one",
                self.own.choose(&mut self.rng).unwrap().clone(),
            ),
            10 => ("the key is another one, and said to be ours", {
                let own = self.own.choose(&mut self.rng).unwrap().clone();
                exchange(&own, FOOTER, segment(&token, FOOTER))
            }),
            _ => ("something is appended", {
                let tail = self.own.choose(&mut self.rng).unwrap();
                let cut = self.rng.random_range(1..tail.len());
                format!(
                    "{token}{}{}",
                    [".", "", "~"].choose(&mut self.rng).unwrap(),
                    &tail[cut..]
                )
            }),
        }
    }

    fn with_flipped_bit(&mut self, token: &str) -> String {
        let mut bytes = token.as_bytes().to_vec();
        let at = self.rng.random_range(0..bytes.len());
        bytes[at] ^= 1 << self.rng.random_range(0..7);
        String::from_utf8(bytes).unwrap()
    }

    fn with_character(&mut self, token: &str, replaced: usize) -> String {
        let at = self.rng.random_range(0..token.len());
        let new = b"ABCZabcz0189+/-_=~. \t\n"
            .choose(&mut self.rng)
            .copied()
            .unwrap();
        format!(
            "{}{}{}",
            &token[..at],
            char::from(new),
            &token[at + replaced..]
        )
    }

    fn swapped(&mut self, token: &str) -> String {
        let mut segments = segments(token);
        let (a, b) = (self.rng.random_range(0..6), self.rng.random_range(0..6));
        segments.swap(a, b);
        joined(&segments)
    }

    fn crossed(&mut self, token: &str) -> String {
        let donors = if self.rng.random_bool(0.5) {
            &self.held
        } else {
            &self.own
        };
        let donor = donors.choose(&mut self.rng).unwrap();
        let at = self.rng.random_range(0..6);
        exchange(token, at, segment(donor, at))
    }

    fn with_claims(&mut self, token: &str) -> String {
        let mut claims: Value =
            serde_json::from_slice(&STANDARD_NO_PAD.decode(segment(token, CLAIMS)).unwrap())
                .unwrap();
        match self.rng.random_range(0..4) {
            0 => {
                claims["exp"] =
                    (claims["exp"].as_i64().unwrap() + self.rng.random_range(1..9_999)).into();
            }
            1 => {
                claims["id"] = RecordId::from_random([self.rng.random_range(100..200); 30])
                    .as_str()
                    .into();
            }
            2 => claims["type"] = "superuser".into(),
            _ => claims["x"] = self.rng.random_range(0..9_999).into(),
        }
        exchange(token, CLAIMS, &STANDARD_NO_PAD.encode(claims.to_string()))
    }

    /// Also nonce and tag, which are the payload's first and last 32 bytes.
    fn with_bytes(&mut self, token: &str) -> String {
        let at = *[CLAIMS, PAYLOAD, FOOTER].choose(&mut self.rng).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(segment(token, at)).unwrap();
        match self.rng.random_range(0..3) {
            0 => bytes.truncate(self.rng.random_range(0..bytes.len())),
            1 => bytes.push(self.rng.random_range(0..=255)),
            _ => {
                let len = bytes.len();
                bytes[self.rng.random_range(0..len)] ^= 1 << self.rng.random_range(0..8);
            }
        }
        exchange(token, at, &URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Other texts that a lenient decoder reads as the same bytes: unused bits, padding, white space, the other alphabet.
    fn rewritten(&mut self, token: &str) -> String {
        let at = *[CLAIMS, PAYLOAD, FOOTER].choose(&mut self.rng).unwrap();
        let text = segment(token, at);
        let text = match self.rng.random_range(0..4) {
            0 => with_unused_bits(text, self.rng.random_range(1..4)),
            1 => format!("{text}{}", "=".repeat(self.rng.random_range(1..4))),
            2 => {
                let (start, end) = text.split_at(self.rng.random_range(0..=text.len()));
                format!(
                    "{start}{}{end}",
                    ["\n", " ", "\r\n", "\t", "%3D"]
                        .choose(&mut self.rng)
                        .unwrap()
                )
            }
            _ => text.replace('-', "+").replace('_', "/"),
        };
        exchange(token, at, &text)
    }
}

fn segment(token: &str, at: usize) -> &str {
    segments(token)[at]
}

fn exchange(token: &str, at: usize, segment: &str) -> String {
    let mut segments = segments(token);
    segments[at] = segment;
    joined(&segments)
}

fn segments(token: &str) -> Vec<&str> {
    token.split(['.', '~']).collect()
}

fn joined(segments: &[&str]) -> String {
    [&segments[..2].join("."), ".", &segments[2..].join("~")].concat()
}

/// The last character of base64 has two or four unused bits, unless the length is a multiple of four.
fn with_unused_bits(text: &str, add: usize) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = text.split_at(text.len() - 1);
    let unused = [0, 0, 4, 2][text.len() % 4];
    let value = ALPHABET.find(last).unwrap();
    let changed = (value & !((1 << unused) - 1)) | ((value + add) & ((1 << unused) - 1));
    format!("{start}{}", &ALPHABET[changed..=changed])
}

fn issue(tokens: &Tokens) -> Vec<String> {
    (0..20)
        .map(|n| issue_one(tokens, n, now() + Duration::from_secs(n.into())))
        .collect()
}

#[test]
fn no_mutated_token_is_accepted() {
    let (ours, theirs) = (tokens(1), tokens(2));
    let later = now() + Duration::from_mins(1);
    let mut forger = Forger::new(issue(&ours), issue(&theirs));
    for token in &forger.held {
        assert!(ours.verify(token, later).is_ok());
    }
    let mut refused: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for n in 0..100_000 {
        let (trick, token) = forger.forge();
        match ours.verify(&token, later) {
            Ok(claims) => panic!("mutation {n}, {trick}: {claims:?} by {token}"),
            Err(why) => {
                *refused
                    .entry(trick)
                    .or_default()
                    .entry(why.to_string())
                    .or_default() += 1;
            }
        }
    }
    assert_eq!(refused.len(), 12, "a trick was never tried: {refused:#?}");
    // What is of the right form is refused by its key and by its tag.
    for trick in [
        "the claims are edited",
        "a segment's bytes are edited",
        "a segment is of another token",
    ] {
        assert!(
            refused[trick].contains_key(&Error::Forged.to_string()),
            "{refused:#?}"
        );
    }
    assert!(refused["the key is another one"].contains_key(&Error::UnknownKey.to_string()));
    assert!(
        refused["the key is another one, and said to be ours"]
            .contains_key(&Error::Forged.to_string())
    );
}

#[test]
fn a_token_is_refused_outside_its_time() {
    let tokens = tokens(1);
    for n in 0..20 {
        let token = issue_one(&tokens, n, now());
        let exp = now() + LIFETIME;
        for ms in [0, 1, 1_000, 86_400_000] {
            assert_eq!(
                tokens.verify(&token, exp + Duration::from_millis(ms)),
                Err(Error::Expired)
            );
        }
        assert!(
            tokens
                .verify(&token, exp - Duration::from_millis(1))
                .is_ok()
        );
        // The clock was set back, by more than clocks are usually put right.
        for secs in [61, 3_600, 86_400 * 365] {
            assert_eq!(
                tokens.verify(&token, now() - Duration::from_secs(secs)),
                Err(Error::FromTheFuture)
            );
        }
        assert!(
            tokens
                .verify(&token, now() - Duration::from_mins(1))
                .is_ok()
        );
    }
}

#[test]
fn a_mutated_token_is_401() {
    const REFRESH: &str = "/api/system/refresh-token";
    let (app, other) = (TestApp::spawn(), TestApp::spawn());
    let held: Vec<_> = (0..10)
        .map(|n| app.wechat_token(&format!("u{n}~1")))
        .collect();
    let own: Vec<_> = (0..10)
        .map(|n| other.wechat_token(&format!("u{n}~1")))
        .collect();
    let mut forger = Forger::new(held.clone(), own);
    let mut sent = 0;
    while sent < 400 {
        let (trick, token) = forger.forge();
        // White space around a token is the header's, not the token's; control characters are not sent at all.
        if held.contains(&token.trim().to_owned()) || token.contains(|c: char| c.is_ascii_control())
        {
            continue;
        }
        let answer = app.post(REFRESH).bearer(&token).json(&json!({})).send();
        assert_eq!(answer.status, 401, "{trick}: {token}");
        sent += 1;
    }
    assert!(
        held.iter()
            .all(|token| app.post(REFRESH).bearer(token).send().status == 200)
    );
}
