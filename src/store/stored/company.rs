//! Companies.

use serde::{Deserialize, Serialize};

use super::{decode, encode, time};
use crate::domain::{Company, RecordId};
use crate::store::Error;

const COMPANY_V1: u8 = 1;

/// A company without its id, which is the key. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredCompany {
    number: u64,
    company_id: String,
    columns: String,
    created_ms: i64,
    updated_ms: i64,
}

impl StoredCompany {
    fn into_company(self, id: RecordId) -> Option<Company> {
        Some(Company {
            id,
            number: self.number,
            company_id: self.company_id,
            columns: self.columns,
            created: time(self.created_ms)?,
            updated: time(self.updated_ms)?,
        })
    }
}

/// The bytes of a company.
pub fn encode_company(company: &Company) -> Result<Vec<u8>, Error> {
    let stored = StoredCompany {
        number: company.number,
        company_id: company.company_id.clone(),
        columns: company.columns.clone(),
        created_ms: company.created.as_millisecond(),
        updated_ms: company.updated.as_millisecond(),
    };
    encode(company.id.as_str(), COMPANY_V1, &stored)
}

/// The company in `bytes`, stored under the key `id`.
pub fn decode_company(id: &str, bytes: &[u8]) -> Result<Company, Error> {
    let stored: Option<StoredCompany> = decode(id, COMPANY_V1, bytes);
    let company = stored.and_then(|stored| stored.into_company(RecordId::parse(id)?));
    company.ok_or_else(|| Error::Damaged(format!("company {id}")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/company_v1.bin");

    #[test]
    fn version_1_of_a_company_is_read_as_it_was_written() {
        let company = Company {
            id: RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
            number: 7,
            company_id: "c-1".into(),
            columns: r#"{"company_name":"某公司"}"#.into(),
            created: Timestamp::from_millisecond(1_795_327_836_858).unwrap(),
            updated: Timestamp::from_millisecond(1_795_327_836_859).unwrap(),
        };
        assert_eq!(decode_company("qs1c5qev8o3hjvu", GOLDEN).unwrap(), company);
        assert_eq!(encode_company(&company).unwrap(), GOLDEN);
    }
}
