//! Passwords that are tried and hashed before a change of a record is made.

use poem::Request;
use serde_json::{Map, Value};

use super::changes::{Action, needs_hash};
use super::passwords::{Editor, Passwords, Sent};
use super::users::other_phone;
use crate::auth::{self, Principal};
use crate::domain::{Kind, User};
use crate::error::Result;
use crate::limits::Source;
use crate::pocketbase::Context;
use crate::pocketbase::field_error::FieldError;

impl Context {
    /// Tries the old password and hashes the new one, as far as the form needs it.
    ///
    /// # Errors
    /// Too many attempts, and errors of ours.
    pub async fn passwords(
        &self,
        request: &Request,
        who: Option<&Principal>,
        kind: Kind,
        editor: Editor,
        action: &Action,
        body: &Map<String, Value>,
    ) -> Result<Passwords> {
        let sent = Sent::of(body);
        let is_new = needs_hash(kind, action, &sent);
        let mut passwords = match (editor, who) {
            (Editor::Owner, Some(Principal::User(user))) => {
                self.allowed_by_old_password(request, user, body, &sent, is_new)
                    .await?
            }
            _ => Passwords::NONE,
        };
        if is_new && passwords.old != Some(false) {
            let source = (editor == Editor::Owner).then(|| self.source(request));
            passwords.hash = Some(self.hash(source, &sent).await?);
        }
        Ok(passwords)
    }

    /// The hash of the new password, or why it is none.
    ///
    /// # Errors
    /// [`crate::error::Error::TooMany`], and errors of ours.
    pub async fn hash(
        &self,
        source: Option<Source>,
        sent: &Sent,
    ) -> Result<Result<String, FieldError>> {
        Ok(match sent.new_password() {
            Ok(new) => Ok(auth::hash_password(&self.app, source, new).await?),
            Err(error) => Err(error),
        })
    }

    /// Tries the old password, if the owner changes what needs it: the password, or the phone, by which they log in and which
    /// tells whether it is somebody else's.
    async fn allowed_by_old_password(
        &self,
        request: &Request,
        user: &User,
        body: &Map<String, Value>,
        sent: &Sent,
        is_new: bool,
    ) -> Result<Passwords> {
        let phone = other_phone(user, body, self.records.schemas().of(Kind::Users));
        if !is_new && phone.is_none() {
            return Ok(Passwords::NONE);
        }
        let source = self.source(request);
        let is_right = auth::verify_old_password(&self.app, source, user, &sent.old).await?;
        Ok(Passwords {
            hash: None,
            old: Some(is_right),
            // Of two changes of the password at once, each allowed by the same old one, only the first is made.
            if_token_key: is_right.then(|| user.token_key.clone()),
            phone: phone.filter(|_| is_right),
        })
    }
}
