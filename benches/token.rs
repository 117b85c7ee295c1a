//! What a token costs beside its cryptography: issuing and verifying with `Tokens`, and PASETO alone on the same bytes.
//!
//! `cargo bench --bench token`

#[path = "shared/figures.rs"]
mod figures;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bai::domain::{IdType, OpenId, RecordId, ServerKey, TokenKey, User};
use bai::token::{Grant, Keys, Purpose, Subject, Tokens};
use jiff::Timestamp;
use pasetors::Local;
use pasetors::keys::SymmetricKey;
use pasetors::token::{TrustedToken, UntrustedToken};
use pasetors::version4::{LocalToken, V4};

use self::figures::{head, median, row};

const ROUNDS: usize = 15;
const RUN: Duration = Duration::from_millis(200);
const SECRET: [u8; 32] = [1; 32];

/// Runs of `work` a second, on one thread.
fn rate<T>(work: impl Fn() -> T) -> f64 {
    let (started, mut runs) = (Instant::now(), 0_u32);
    while started.elapsed() < RUN {
        for _ in 0..100 {
            black_box(work());
        }
        runs += 100;
    }
    f64::from(runs) / started.elapsed().as_secs_f64()
}

fn user(now: Timestamp) -> User {
    let id = RecordId::parse("qs1c5qev8o3hjvu").expect("an id");
    let openid = OpenId::parse("o_1").expect("an openid");
    User::new(
        id,
        openid,
        IdType::WeChat,
        uuid::Uuid::nil(),
        TokenKey::new([9; 16]),
        now,
    )
}

fn main() {
    let now = Timestamp::from_second(1_795_327_836).expect("a time");
    let (user, key) = (
        user(now),
        ServerKey {
            secret: SECRET,
            created: now,
        },
    );
    let tokens = Tokens::new(Keys::new(&[key]).expect("a key"));
    let grant = Grant {
        purpose: Purpose::Auth,
        subject: Subject::User,
        id: &user.id,
        token_key: &user.token_key,
        collection_id: "pbc_421601843",
        lifetime: Duration::from_hours(120),
        is_refreshable: true,
        impersonators: &[],
    };
    let token = tokens.issue(&grant, now).expect("randomness");

    // The bytes that PASETO works on, taken from the token.
    let key = SymmetricKey::<V4>::from(&SECRET).expect("a key");
    let (claims, paseto) = token
        .strip_prefix("pb.")
        .and_then(|rest| rest.split_once('.'))
        .expect("our form");
    let paseto = paseto.replace('~', ".");
    let read = || -> Result<TrustedToken, pasetors::errors::Error> {
        let untrusted = UntrustedToken::<Local, V4>::try_from(paseto.as_str())?;
        LocalToken::decrypt(&key, &untrusted, None, Some(claims.as_bytes()))
    };
    let opened = read().expect("the key fits");
    let write = || {
        let footer = Some(opened.footer());
        LocalToken::encrypt(
            &key,
            opened.payload().as_bytes(),
            footer,
            Some(claims.as_bytes()),
        )
    };

    let round = |_| {
        let issue = (rate(|| tokens.issue(&grant, now)), rate(write));
        let verify = (rate(|| tokens.verify(&token, now)), rate(read));
        (issue, verify)
    };
    let rounds: Vec<_> = (0..ROUNDS).map(round).collect();
    head(["one thread", "bai", "PASETO alone", "share"]);
    for (name, rates) in [
        (
            "issue",
            rounds.iter().map(|(issue, _)| *issue).collect::<Vec<_>>(),
        ),
        ("verify", rounds.iter().map(|(_, verify)| *verify).collect()),
    ] {
        let ours = median(rates.iter().map(|(ours, _)| *ours));
        let bare = median(rates.iter().map(|(_, bare)| *bare));
        let share = median(rates.iter().map(|(ours, bare)| 100.0 * ours / bare));
        row([
            name.to_owned(),
            format!("{ours:.0}/s"),
            format!("{bare:.0}/s"),
            format!("{share:.0} %"),
        ]);
    }
}
