//! Collections.

use serde::{Deserialize, Serialize};

use super::{decode, encode, time};
use crate::domain::{Collection, Collections, Kind};
use crate::store::Error;
use crate::store::file::tables::META_COLLECTIONS;

const COLLECTIONS_V1: u8 = 1;

/// A collection without its kind, which its place tells. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredCollection {
    id: String,
    fields: Option<String>,
    token_secret: Option<String>,
    created_ms: i64,
    updated_ms: i64,
}

impl From<&Collection> for StoredCollection {
    fn from(collection: &Collection) -> Self {
        Self {
            id: collection.id.clone(),
            fields: collection.fields.clone(),
            token_secret: collection.token_secret.clone(),
            created_ms: collection.created.as_millisecond(),
            updated_ms: collection.updated.as_millisecond(),
        }
    }
}

impl StoredCollection {
    fn into_collection(self, kind: Kind) -> Option<Collection> {
        Some(Collection {
            created: time(self.created_ms)?,
            updated: time(self.updated_ms)?,
            kind,
            id: self.id,
            fields: self.fields,
            token_secret: self.token_secret,
        })
    }
}

/// The bytes of the three collections.
pub fn encode_collections(collections: &Collections) -> Result<Vec<u8>, Error> {
    let stored = Kind::ALL.map(|kind| StoredCollection::from(collections.of(kind)));
    encode(META_COLLECTIONS, COLLECTIONS_V1, &stored)
}

/// The collections in `bytes`.
pub fn decode_collections(bytes: &[u8]) -> Result<Collections, Error> {
    let collections = decode(META_COLLECTIONS, COLLECTIONS_V1, bytes).and_then(collections_of);
    collections.ok_or_else(|| Error::Damaged("collections".to_owned()))
}

fn collections_of([users, companies, superusers]: [StoredCollection; 3]) -> Option<Collections> {
    Some(Collections {
        users: users.into_collection(Kind::Users)?,
        companies: companies.into_collection(Kind::Companies)?,
        superusers: superusers.into_collection(Kind::Superusers)?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../../tests/fixtures/stored/collections_v1.bin");

    #[test]
    fn version_1_of_the_collections_is_read_as_it_was_written() {
        let mut collections =
            Collections::new(Timestamp::from_millisecond(1_795_327_836_858).unwrap());
        collections.users.id = "abc".into();
        collections.companies.fields = Some("[]".into());
        collections.users.token_secret = Some("canary secret".into());
        assert_eq!(decode_collections(GOLDEN).unwrap(), collections);
        assert_eq!(encode_collections(&collections).unwrap(), GOLDEN);
    }
}
