//! Collections. Those that have nothing but what version 1 knows are written as version 1.

use serde::{Deserialize, Serialize};

use super::COLLECTIONS;
use super::{decode, encode, time, version};
use crate::domain::{Collection, Collections, FieldShapes, Kind, Rules};
use crate::store::Error;

const COLLECTIONS_V1: u8 = 1;
/// Version 1 and what came later.
const COLLECTIONS_V2: u8 = 2;

/// A collection without its kind, which its place tells. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredCollection {
    id: String,
    fields: Option<String>,
    token_secret: Option<String>,
    created_ms: i64,
    updated_ms: i64,
}

/// Rules, which version 2 adds; without them, the defaults. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredRules {
    list: Option<String>,
    view: Option<String>,
    create: Option<String>,
    update: Option<String>,
    delete: Option<String>,
    auth: Option<String>,
    manage: Option<String>,
}

/// Additions of version 2 to a collection.
type Additions = Option<StoredRules>;

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
    fn into_collection(self, kind: Kind, rules: Additions) -> Option<Collection> {
        Some(Collection {
            created: time(self.created_ms)?,
            updated: time(self.updated_ms)?,
            kind,
            id: self.id,
            fields: self.fields,
            token_secret: self.token_secret,
            rules: rules.map_or_else(|| Rules::default_of(kind), Rules::from),
            shapes: FieldShapes::default(),
        })
    }
}

impl From<Rules> for StoredRules {
    fn from(rules: Rules) -> Self {
        let Rules {
            list,
            view,
            create,
            update,
            delete,
            auth,
            manage,
        } = rules;
        Self {
            list,
            view,
            create,
            update,
            delete,
            auth,
            manage,
        }
    }
}

impl From<StoredRules> for Rules {
    fn from(stored: StoredRules) -> Self {
        let StoredRules {
            list,
            view,
            create,
            update,
            delete,
            auth,
            manage,
        } = stored;
        Self {
            list,
            view,
            create,
            update,
            delete,
            auth,
            manage,
        }
    }
}

/// The rules, unless they are the defaults.
fn additions(collection: &Collection) -> Additions {
    let is_default = collection.rules == Rules::default_of(collection.kind);
    (!is_default).then(|| collection.rules.clone().into())
}

/// The bytes of the three collections.
pub fn encode_collections(collections: &Collections) -> Result<Vec<u8>, Error> {
    let stored = Kind::ALL.map(|kind| StoredCollection::from(collections.of(kind)));
    let added = Kind::ALL.map(|kind| additions(collections.of(kind)));
    if added.iter().all(Option::is_none) {
        return encode(COLLECTIONS, COLLECTIONS_V1, &stored);
    }
    encode(COLLECTIONS, COLLECTIONS_V2, &(stored, added))
}

/// The collections in `bytes`.
pub fn decode_collections(bytes: &[u8]) -> Result<Collections, Error> {
    read(bytes)
        .and_then(|(stored, added)| collections_of(stored, added))
        .ok_or_else(|| Error::Damaged("collections".to_owned()))
}

fn read(bytes: &[u8]) -> Option<([StoredCollection; 3], [Additions; 3])> {
    match version(bytes)? {
        COLLECTIONS_V1 => {
            let stored = decode(COLLECTIONS, COLLECTIONS_V1, bytes)?;
            Some((stored, Default::default()))
        }
        _ => decode(COLLECTIONS, COLLECTIONS_V2, bytes),
    }
}

fn collections_of(stored: [StoredCollection; 3], added: [Additions; 3]) -> Option<Collections> {
    let [users, companies, superusers] = stored;
    let [of_users, of_companies, of_superusers] = added;
    Some(Collections {
        users: users.into_collection(Kind::Users, of_users)?,
        companies: companies.into_collection(Kind::Companies, of_companies)?,
        superusers: superusers.into_collection(Kind::Superusers, of_superusers)?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/collections_v1.bin");
    const GOLDEN_V2: &[u8] = include_bytes!("../../../tests/fixtures/stored/collections_v2.bin");

    fn collections() -> Collections {
        let mut collections =
            Collections::new(Timestamp::from_millisecond(1_795_327_836_858).unwrap());
        collections.users.id = "abc".into();
        collections.companies.fields = Some("[]".into());
        collections.users.token_secret = Some("canary secret".into());
        collections
    }

    #[test]
    fn version_1_of_the_collections_is_read_as_it_was_written() {
        let collections = collections();
        assert_eq!(decode_collections(GOLDEN).unwrap(), collections);
        assert_eq!(encode_collections(&collections).unwrap(), GOLDEN);
    }

    #[test]
    fn version_2_of_the_collections_is_read_as_it_was_written() {
        let mut collections = collections();
        collections.users.rules = Rules {
            list: Some("company_id = @request.auth.company_id".into()),
            view: Some(String::new()),
            create: None,
            update: Some("id = @request.auth.id".into()),
            delete: Some("users_name = '张'".into()),
            auth: Some("users_status = 1".into()),
            manage: Some("@request.auth.users_rank_level > 5".into()),
        };
        assert_eq!(decode_collections(GOLDEN_V2).unwrap(), collections);
        assert_eq!(encode_collections(&collections).unwrap(), GOLDEN_V2);
    }

    #[test]
    fn no_other_bytes_are_collections() {
        assert!(decode_collections(b"").is_err());
        assert!(decode_collections(&GOLDEN_V2[..GOLDEN_V2.len() - 1]).is_err());
        let mut other = GOLDEN_V2.to_vec();
        other[0] = 3;
        assert!(decode_collections(&other).is_err());
    }
}
