//! Identities: the names by which a login finds a user.

use crate::app::App;
use crate::domain::{Kind, OpenId, Phone, User};
use crate::error::Result;

/// Kind of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityField {
    /// The address of PocketBase's native login.
    Email,
    /// The openid.
    OpenId,
    /// The phone.
    Phone,
}

impl IdentityField {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Email, Self::OpenId, Self::Phone];

    /// Identities that a record of the collection may have.
    #[must_use]
    pub fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Users => &Self::ALL,
            Kind::Superusers => &[Self::Email],
            Kind::Companies => &[],
        }
    }
}

/// The user whom `identity` names by one of `fields`; the first that leads to somebody counts.
pub async fn user_by_identity(
    app: &App,
    identity: &str,
    fields: &[IdentityField],
) -> Result<Option<User>> {
    for field in fields {
        let user = match field {
            IdentityField::Email => app.store.user_by_email(identity).await?,
            IdentityField::OpenId => match OpenId::parse(identity) {
                Some(openid) => app.store.user_by_openid(&openid).await?,
                None => None,
            },
            IdentityField::Phone => match Phone::parse(identity) {
                Ok(phone) => app.store.user_by_phone(&phone).await?,
                Err(_) => None,
            },
        };
        if user.is_some() {
            return Ok(user);
        }
    }
    Ok(None)
}
