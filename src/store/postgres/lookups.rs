//! Lookups by ids and by indexes, and counts.

use super::columns::{beyond, column_text};
use super::postgres_store::PostgresStore;
use super::rows::{company, number, record, superuser, user};
use super::statements as sql;
use crate::domain::{Company, Kind, NativeEmail, OpenId, Phone, RecordId, Superuser, User};
use crate::store::{Error, Record};

/// Totals.
#[derive(Clone, Copy)]
enum Total {
    Users,
    Companies,
    Superusers,
    ImportedHashes,
}

impl PostgresStore {
    pub(in crate::store) async fn count_users(&self) -> Result<u64, Error> {
        self.total(Total::Users).await
    }

    pub(in crate::store) async fn count_companies(&self) -> Result<u64, Error> {
        self.total(Total::Companies).await
    }

    pub(in crate::store) async fn count_superusers(&self) -> Result<u64, Error> {
        self.total(Total::Superusers).await
    }

    pub(in crate::store) async fn count_imported_hashes(&self) -> Result<u64, Error> {
        self.total(Total::ImportedHashes).await
    }

    async fn total(&self, total: Total) -> Result<u64, Error> {
        let row = self.lookups.query_one(sql::TOTALS, &[]).await?;
        let row = row.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        number(&row, total as usize)
    }

    pub(in crate::store) async fn record_by_id(
        &self,
        kind: Kind,
        id: &RecordId,
    ) -> Result<Option<Record>, Error> {
        let statement = match kind {
            Kind::Users => sql::USER_BY_ID,
            Kind::Companies => sql::COMPANY_BY_ID,
            Kind::Superusers => sql::SUPERUSER_BY_ID,
        };
        let row = self.lookups.query_one(statement, &[&id.as_str()]).await?;
        row.map(|row| record(kind, &row)).transpose()
    }

    pub(in crate::store) async fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        let row = self
            .lookups
            .query_one(sql::USER_BY_ID, &[&id.as_str()])
            .await?;
        row.map(|row| user(&row)).transpose()
    }

    pub(in crate::store) async fn user_by_openid(
        &self,
        openid: &OpenId,
    ) -> Result<Option<User>, Error> {
        let row = self
            .lookups
            .query_one(sql::USER_BY_OPENID, &[&openid.as_str()])
            .await?;
        row.map(|row| user(&row)).transpose()
    }

    pub(in crate::store) async fn user_by_phone(
        &self,
        phone: &Phone,
    ) -> Result<Option<User>, Error> {
        let older = phone.with_trunk_zero();
        let spellings: Vec<&str> = [Some(phone), older.as_ref()]
            .into_iter()
            .flatten()
            .map(Phone::as_str)
            .collect();
        let rows = self
            .lookups
            .query(sql::USERS_BY_PHONES, &[&spellings])
            .await?;
        let found = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let (same, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|user| user.phone.as_ref() == Some(phone));
        Ok(same.into_iter().chain(others).next())
    }

    pub(in crate::store) async fn count_users_by_phone_prefix(
        &self,
        prefix: &str,
    ) -> Result<u64, Error> {
        let prefix = column_text(prefix);
        let row = self
            .lookups
            .query_one(sql::COUNT_PHONES, &[&prefix, &beyond(&prefix)])
            .await?;
        row.map_or(Ok(0), |row| number(&row, 0))
    }

    pub(in crate::store) async fn users_by_phone_prefix(
        &self,
        prefix: &str,
    ) -> Result<Vec<User>, Error> {
        let prefix = column_text(prefix);
        let rows = self
            .lookups
            .query(sql::USERS_BETWEEN_PHONES, &[&prefix, &beyond(&prefix)])
            .await?;
        rows.iter().map(user).collect()
    }

    pub(in crate::store) async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let has_it = |user: &User| user.email.as_deref() == Some(email);
        let row = self
            .lookups
            .query_one(sql::USER_BY_EMAIL, &[&column_text(email)])
            .await?;
        if let Some(user) = row.map(|row| user(&row)).transpose()?.filter(has_it) {
            return Ok(Some(user));
        }
        let native = match User::of_native_email(email) {
            Some(NativeEmail::ManagePlatform(openid)) => self.user_by_openid(&openid).await?,
            Some(NativeEmail::WeChat(id)) => self.user_by_id(&id).await?,
            None => None,
        };
        Ok(native.filter(has_it))
    }

    pub(in crate::store) async fn company_by_id(
        &self,
        id: &RecordId,
    ) -> Result<Option<Company>, Error> {
        let row = self
            .lookups
            .query_one(sql::COMPANY_BY_ID, &[&id.as_str()])
            .await?;
        row.map(|row| company(&row)).transpose()
    }

    pub(in crate::store) async fn company_by_company_id(
        &self,
        company_id: &str,
    ) -> Result<Option<Company>, Error> {
        if company_id.is_empty() {
            return Ok(None);
        }
        let key = column_text(company_id);
        let row = self.lookups.query_one(sql::COMPANY_BY_KEY, &[&key]).await?;
        let found = row.map(|row| company(&row)).transpose()?;
        Ok(found.filter(|company| company.company_id == company_id))
    }

    pub(in crate::store) async fn superuser_by_id(
        &self,
        id: &RecordId,
    ) -> Result<Option<Superuser>, Error> {
        let row = self
            .lookups
            .query_one(sql::SUPERUSER_BY_ID, &[&id.as_str()])
            .await?;
        row.map(|row| superuser(&row)).transpose()
    }

    pub(in crate::store) async fn superuser_by_email(
        &self,
        email: &str,
    ) -> Result<Option<Superuser>, Error> {
        let row = self
            .lookups
            .query_one(sql::SUPERUSER_BY_EMAIL, &[&column_text(email)])
            .await?;
        let found = row.map(|row| superuser(&row)).transpose()?;
        Ok(found.filter(|superuser| superuser.email == email))
    }
}
