//! Times whose tokens are void.

use super::REVOCATION_WINDOWS;
use super::{decode, encode, time};
use crate::domain::RevocationWindow;
use crate::store::Error;

const REVOCATION_WINDOWS_V1: u8 = 1;

/// The bytes of all times: their first milliseconds and the first ones after them.
pub fn encode_revocation_windows(
    revocation_windows: &[RevocationWindow],
) -> Result<Vec<u8>, Error> {
    let stored: Vec<(i64, i64)> = revocation_windows
        .iter()
        .map(|window| (window.from.as_millisecond(), window.until.as_millisecond()))
        .collect();
    encode(REVOCATION_WINDOWS, REVOCATION_WINDOWS_V1, &stored)
}

/// The times in `bytes`.
pub fn decode_revocation_windows(bytes: &[u8]) -> Result<Vec<RevocationWindow>, Error> {
    let stored: Option<Vec<(i64, i64)>> = decode(REVOCATION_WINDOWS, REVOCATION_WINDOWS_V1, bytes);
    let windows = stored.and_then(|windows| windows.into_iter().map(window_of).collect());
    windows.ok_or_else(|| Error::Damaged("times of void tokens".to_owned()))
}

fn window_of((from, until): (i64, i64)) -> Option<RevocationWindow> {
    Some(RevocationWindow {
        from: time(from)?,
        until: time(until)?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/voids_v1.bin");

    #[test]
    fn version_1_of_the_times_is_read_as_it_was_written() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let revocation_windows = [
            RevocationWindow {
                from: Timestamp::UNIX_EPOCH,
                until: at(1_795_327_836_858),
            },
            RevocationWindow {
                from: at(1_795_400_000_000),
                until: at(1_795_400_000_001),
            },
        ];
        assert_eq!(
            decode_revocation_windows(GOLDEN).unwrap(),
            revocation_windows
        );
        assert_eq!(
            encode_revocation_windows(&revocation_windows).unwrap(),
            GOLDEN
        );
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_revocation_windows(&bytes);
        }
    }
}
