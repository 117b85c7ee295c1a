//! Identity of a database.

use serde::{Deserialize, Serialize};

use super::IDENTITY;
use super::{decode, encode};
use crate::domain::{DatabaseId, DatabaseIdentity, Place};
use crate::store::Error;

const IDENTITY_V1: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredIdentity {
    id: [u8; 16],
    machine: [u8; 16],
    file: u64,
    predates_ids: bool,
}

/// The bytes of an identity.
pub fn encode_identity(identity: &DatabaseIdentity) -> Result<Vec<u8>, Error> {
    let stored = StoredIdentity {
        id: identity.id.bytes(),
        machine: identity.place.machine,
        file: identity.place.file,
        predates_ids: identity.predates_ids,
    };
    encode(IDENTITY, IDENTITY_V1, &stored)
}

/// The identity in `bytes`.
pub fn decode_identity(bytes: &[u8]) -> Result<DatabaseIdentity, Error> {
    let stored: Option<StoredIdentity> = decode(IDENTITY, IDENTITY_V1, bytes);
    let stored = stored.ok_or_else(|| Error::Damaged("the identity of the database".to_owned()))?;
    Ok(DatabaseIdentity {
        id: DatabaseId::new(stored.id),
        place: Place {
            machine: stored.machine,
            file: stored.file,
        },
        predates_ids: stored.predates_ids,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/identity_v1.bin");

    #[test]
    fn version_1_of_an_identity_is_read_as_it_was_written() {
        let identity = DatabaseIdentity {
            id: DatabaseId::new(*b"0123456789abcdef"),
            place: Place {
                machine: *b"fedcba9876543210",
                file: 1_234_567,
            },
            predates_ids: true,
        };
        assert_eq!(encode_identity(&identity).unwrap(), GOLDEN);
        assert_eq!(decode_identity(GOLDEN).unwrap(), identity);
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_identity(&bytes);
        }
    }
}
