//! Companies and their index.

use redb::ReadableTable;

use super::{META_COMPANY_NUMBER, Tables};
use crate::domain::Company;
use crate::store::stored;
use crate::store::{Action, Error, Record};

impl Tables<'_> {
    pub fn company(&self, id: &str) -> Result<Option<Company>, Error> {
        self.companies
            .get(id)?
            .map(|bytes| stored::decode_company(id, bytes.value()))
            .transpose()
    }

    /// The record id of the company with this key.
    pub fn company_key_owner(&self, company_id: &str) -> Result<Option<String>, Error> {
        Ok(self
            .companies_by_key
            .get(company_id)?
            .map(|id| id.value().to_owned()))
    }

    pub fn next_company_number(&mut self) -> Result<u64, Error> {
        self.next_number(META_COMPANY_NUMBER)
    }

    pub fn add_company(&mut self, company: &Company) -> Result<(), Error> {
        self.index_company(company)?;
        self.write_company(company)?;
        self.changed(Action::Create, Record::Company(company.clone()));
        Ok(())
    }

    pub fn change_company(&mut self, before: &Company, after: &Company) -> Result<(), Error> {
        if before.company_id != after.company_id {
            self.companies_by_key.remove(before.company_id.as_str())?;
            self.index_company(after)?;
        }
        self.write_company(after)?;
        self.changed(Action::Update, Record::Company(after.clone()));
        Ok(())
    }

    pub fn remove_company(&mut self, company: &Company) -> Result<(), Error> {
        self.companies_by_key.remove(company.company_id.as_str())?;
        self.companies.remove(company.id.as_str())?;
        self.changed(Action::Delete, Record::Company(company.clone()));
        Ok(())
    }

    /// An empty key leads to no company, and so is never in the index.
    fn index_company(&mut self, company: &Company) -> Result<(), Error> {
        if !company.company_id.is_empty() {
            self.companies_by_key
                .insert(company.company_id.as_str(), company.id.as_str())?;
        }
        Ok(())
    }

    fn write_company(&mut self, company: &Company) -> Result<(), Error> {
        self.companies.insert(
            company.id.as_str(),
            stored::encode_company(company)?.as_slice(),
        )?;
        Ok(())
    }
}
