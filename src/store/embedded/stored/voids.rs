//! Times whose tokens are void.

use super::{decode, encode, time};
use crate::domain::Void;
use crate::store::Error;
use crate::store::embedded::tables::META_VOIDS;

const VOIDS_V1: u8 = 1;

/// The bytes of all times: their first milliseconds and the first ones after them. A millisecond that a time covers in part is
/// covered whole.
pub fn encode_voids(voids: &[Void]) -> Result<Vec<u8>, Error> {
    encode(META_VOIDS, VOIDS_V1, &voids.iter().map(milliseconds).collect::<Vec<_>>())
}

fn milliseconds(void: &Void) -> (i64, i64) {
    const NANOS: i128 = 1_000_000;
    let until = void.until.as_nanosecond();
    let rounded_up = until.div_euclid(NANOS) + i128::from(until.rem_euclid(NANOS) > 0);
    let until = i64::try_from(rounded_up).unwrap_or(void.until.as_millisecond());
    (void.from.as_nanosecond().div_euclid(NANOS).try_into().unwrap_or(void.from.as_millisecond()), until)
}

/// The times in `bytes`.
pub fn decode_voids(bytes: &[u8]) -> Result<Vec<Void>, Error> {
    let void = |(from, until)| Some(Void { from: time(from)?, until: time(until)? });
    let stored: Option<Vec<(i64, i64)>> = decode(META_VOIDS, VOIDS_V1, bytes);
    let voids = stored.and_then(|voids| voids.into_iter().map(void).collect());
    voids.ok_or_else(|| Error::Damaged("times of void tokens".to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../../tests/fixtures/stored/voids_v1.bin");

    #[test]
    fn version_1_of_the_times_is_read_as_it_was_written() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let voids = [
            Void { from: Timestamp::UNIX_EPOCH, until: at(1_795_327_836_858) },
            Void { from: at(1_795_400_000_000), until: at(1_795_400_000_001) },
        ];
        assert_eq!(decode_voids(GOLDEN).unwrap(), voids);
        assert_eq!(encode_voids(&voids).unwrap(), GOLDEN);
    }

    #[test]
    fn a_time_that_is_cut_to_milliseconds_covers_all_that_it_did() {
        let at = |nanos: i128| Timestamp::from_nanosecond(1_795_327_836_858_000_000 + nanos).unwrap();
        let voids = [Void { from: at(300), until: at(2_000_001) }];
        let read = decode_voids(&encode_voids(&voids).unwrap()).unwrap();
        assert_eq!(read, [Void { from: at(0), until: at(3_000_000) }]);
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_voids(&bytes);
        }
    }
}
