//! Session: the answer to a login of a user.

use super::tokens::user_token;
use crate::app::App;
use crate::domain::{Company, RecordId, User};
use crate::error::Result;
use crate::store::Store;

/// A user who has just logged in or registered.
pub struct Session {
    /// The token to hand out.
    pub token: String,
    /// The user.
    pub user: User,
    /// The user's company, if there is one.
    pub company: Option<Company>,
    /// Whether the user was created by this login.
    pub created: bool,
}

pub(super) async fn open_session(app: &App, user: User, created: bool) -> Result<Session> {
    let token = user_token(app, &user)?;
    let company = company_of(&app.store, &user).await?;
    Ok(Session {
        token,
        user,
        company,
        created,
    })
}

/// The company of a user.
pub async fn company_of(store: &Store, user: &User) -> Result<Option<Company>> {
    named_company(store, &user.company_id).await
}

/// The company that a user's field names: by its key or, where the field was a relation in PocketBase, by the id of its record. Of
/// several it is the first.
pub async fn named_company(store: &Store, name: &str) -> Result<Option<Company>> {
    let Some(key) = first_of(name) else {
        return Ok(None);
    };
    if let Some(company) = store.company_by_company_id(&key).await? {
        return Ok(Some(company));
    }
    match RecordId::parse(&key) {
        Some(id) => Ok(store.company_by_id(&id).await?),
        None => Ok(None),
    }
}

/// The text, or the first of those in a list that is the text of its JSON; nothing if it is empty.
fn first_of(text: &str) -> Option<String> {
    let listed = text
        .starts_with('[')
        .then(|| serde_json::from_str::<Vec<String>>(text).ok());
    let first = match listed.flatten() {
        Some(list) => list.into_iter().next()?,
        None => text.to_owned(),
    };
    (!first.is_empty()).then_some(first)
}
