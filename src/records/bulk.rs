//! Users that come in bulk from somewhere else: without a password, and perhaps without an openid.

use serde_json::{Map, Value};

use super::Records;
use super::form::RecordForm;
use super::passwords::PasswordForm;
use super::refusal::ChangeError;
use super::requester::Requester;
use crate::domain::{IdType, Kind, OpenId, RecordId, User};
use crate::store::Record;

impl Records {
    /// Makes a user without a password, who gets an openid and an e-mail address as at a registration where the values have
    /// none.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub async fn create_without_password(
        &self,
        requester: &Requester,
        mut values: Map<String, Value>,
    ) -> Result<Record, ChangeError> {
        if !values.contains_key("openid") && !values.contains_key("email") {
            let app = &self.app;
            let openid = OpenId::from(app.random.uuid().map_err(crate::error::Error::from)?);
            let id = RecordId::from_random(app.random.bytes().map_err(crate::error::Error::from)?);
            let email = User::native_email(IdType::ManagePlatform, &openid, &id);
            values.insert("openid".to_owned(), openid.to_string().into());
            values.insert("email".to_owned(), email.into());
        }
        let form = RecordForm::read(&values, self.schemas().of(Kind::Users));
        let form = form.with_passwords(PasswordForm::waived());
        self.create(requester, Kind::Users, form).await
    }
}
