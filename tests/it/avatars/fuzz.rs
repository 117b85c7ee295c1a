//! Bytes that nobody meant: whatever is sent, there is an answer and no panic.

use bai::avatars::check;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::support::pictures::fixture;

const FIXTURES: [&str; 12] = [
    "cmyk.jpg",
    "gray.jpg",
    "progressive.jpg",
    "turned.jpg",
    "alpha.png",
    "animated.png",
    "deep.png",
    "mono.png",
    "palette.png",
    "alpha.webp",
    "lossless.webp",
    "lossy.webp",
];

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    })
}

/// Places are parts of the length, so that they are everywhere in short and long pictures.
#[test]
fn changed_pictures_are_taken_or_refused_and_nothing_else() {
    let change = (0.0..1.0_f64, any::<u8>());
    let changes = prop::collection::vec(change, 1..8);
    let mutation = (0..FIXTURES.len(), changes, 0.1..1.2_f64);
    runner(4000)
        .run(&mutation, |(fixture_at, changes, kept)| {
            let mut bytes = fixture(FIXTURES[fixture_at]);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss
            )]
            let place = |part: f64, length: usize| (part * length as f64) as usize;
            for (part, byte) in changes {
                let at = place(part, bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(place(kept, bytes.len()));
            let _ = check(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn random_bytes_behind_the_first_ones_of_a_format_are_refused() {
    let starts = prop::sample::select(vec![
        b"\xff\xd8\xff".to_vec(),
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec(),
        b"RIFF\xff\0\0\0WEBPVP8 ".to_vec(),
        b"RIFF\xff\0\0\0WEBPVP8L".to_vec(),
        b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0".to_vec(),
        vec![],
    ]);
    runner(4000)
        .run(
            &(starts, prop::collection::vec(any::<u8>(), 0..400)),
            |(mut bytes, more)| {
                bytes.extend(more);
                prop_assert!(check(&bytes).is_err());
                Ok(())
            },
        )
        .unwrap();
}
