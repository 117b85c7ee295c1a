//! Passwords that are tried and hashed before a change of a record is made.

use poem::Request;
use serde_json::{Map, Value};

use super::changes::{Action, needs_hash};
use super::passwords::{Editor, Passwords, Sent};
use super::users::other_phone;
use crate::auth::{self, AuditContext, Principal};
use crate::domain::{Cause, EventKind, Kind, PlainPassword, User};
use crate::error::{Error, Result};
use crate::fair::Asker;
use crate::limits::{Way, Whom};
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
            if editor == Editor::Owner && sent.new_password().is_ok() {
                self.app.limits.hash(&self.source(request))?;
            }
            let asker = (editor == Editor::Owner).then(|| self.source(request).ip());
            passwords.hash = Some(self.hash(asker, &sent).await?);
        }
        Ok(passwords)
    }

    /// The hash of the new password, or why it is none.
    ///
    /// # Errors
    /// [`Error::TooMany`], and errors of ours.
    pub async fn hash(&self, asker: Asker, sent: &Sent) -> Result<Result<String, FieldError>> {
        Ok(match sent.new_password() {
            Ok(new) => Ok(auth::hash_password(&self.app, asker, new).await?),
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
        let is_right = self.is_old_password(request, user, &sent.old).await?;
        Ok(Passwords {
            hash: None,
            old: Some(is_right),
            // Of two changes of the password at once, each allowed by the same old one, only the first is made.
            if_token_key: is_right.then(|| user.token_key.clone()),
            phone: phone.filter(|_| is_right),
        })
    }

    /// An old password may be a guess of somebody with a stolen token, and is counted as at a login.
    async fn is_old_password(&self, request: &Request, user: &User, old: &str) -> Result<bool> {
        if old.is_empty() {
            return Ok(false);
        }
        // What is too long to be a password is a wrong one.
        let Ok(old) = PlainPassword::attempt(old.to_owned()) else {
            return Ok(false);
        };
        let source = self.source(request);
        let admitted = self
            .app
            .limits
            .password(Way::OldPassword, &source, Whom::Record(&user.id));
        let attempt = auth::admitted(&self.app, EventKind::LoginFailed, source.ip(), admitted)?;
        attempt.found(Ok(()))?;
        let verdict = match auth::is_password_of(&self.app, Some(source.ip()), user, old).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let by = AuditContext::over_network(None, source.ip());
                let event = by
                    .event(&self.app, EventKind::LoginFailed)
                    .because(Cause::WrongPassword);
                self.app
                    .audit(event.about(user.id.as_str()).detail("old password"));
                Err(Error::WrongPassword)
            }
            Err(error) => Err(error),
        };
        match attempt.settle(verdict) {
            Ok(()) => Ok(true),
            Err(Error::WrongPassword) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
