//! The rule for logins of the users' collection.

use super::Records;
use super::access::Access;
use super::reader::Reader;
use super::rules::RequestInfo;
use crate::auth::LoginRule;
use crate::domain::{RuleName, User};
use crate::error::{Error, Result};
use crate::store::Record;

/// The rule for logins, asked by one request.
pub struct AuthRule(Access);

impl Records {
    /// The rule for logins as `reader` asks for one.
    pub fn auth_rule(&self, reader: Reader, request: RequestInfo) -> AuthRule {
        AuthRule(Access::new(self, reader, request))
    }
}

impl LoginRule for AuthRule {
    async fn ensure(&self, user: &User) -> Result<()> {
        let record = Record::User(user.clone());
        if self.0.allows(RuleName::Auth, &record).await? {
            Ok(())
        } else {
            Err(Error::LoginRefused)
        }
    }
}
