//! Users that come in bulk from somewhere else: without a password, and perhaps without an openid.

use serde_json::{Map, Value};

use super::change_request::{Action, ChangeRequest};
use super::fields::choice::Choice as _;
use super::form::RecordForm;
use super::passwords::PasswordForm;
use super::problem::{FieldProblem, FieldProblems};
use super::refusal::{ChangeError, Refusal};
use super::requester::Requester;
use super::{Records, coerce, summary};
use crate::domain::{IdType, Kind, OpenId, RecordId, User};
use crate::store::Record;

impl Records {
    /// Makes a user without a password, who has a name and a phone unless they are WeChat's, and gets an openid and an e-mail address as at a registration where the values have
    /// none.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub async fn create_without_password(
        &self,
        requester: &Requester,
        values: Map<String, Value>,
    ) -> Result<Record, ChangeError> {
        let request = self.creation_without_password(values)?;
        self.change(requester, request).await
    }

    /// Finds out whether [`Records::create_without_password`] would make the user, and makes nobody.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub async fn check_without_password(
        &self,
        requester: &Requester,
        values: Map<String, Value>,
    ) -> Result<(), ChangeError> {
        let request = self.creation_without_password(values)?;
        self.check(requester, request).await
    }

    fn creation_without_password(
        &self,
        mut values: Map<String, Value>,
    ) -> Result<ChangeRequest, ChangeError> {
        ensure_known(&values)?;
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
        Ok(ChangeRequest::new(Kind::Users, Action::Create, form))
    }
}

/// Refuses a platform user who could not log in, or whom nobody would know.
fn ensure_known(values: &Map<String, Value>) -> Result<(), Refusal> {
    let mut problems = FieldProblems::new();
    let is_from_wechat = values
        .get("users_idtype")
        .is_some_and(|value| value == IdType::WeChat.word());
    let is_missing = |name: &&str| coerce::text_of(values, name).is_empty();
    if !is_from_wechat {
        for name in summary::NEEDED.into_iter().filter(is_missing) {
            problems.insert(name, FieldProblem::Blank);
        }
    }
    problems.refused_by(Refusal::Create)
}
