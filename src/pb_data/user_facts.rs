//! Facts about all users that one row does not tell.

use std::collections::HashMap;

use super::note::Login;
use crate::domain::Kind;

/// Facts that all users together tell.
#[derive(Default)]
pub struct UserFacts {
    /// Whether any user's status is other than 0: if not, nobody ever set one.
    pub is_status_set: bool,
    /// Number of users.
    pub users: u64,
    /// Ids of users who come without their phone, and of the user who comes with it.
    pub without_phone: HashMap<String, String>,
}

impl UserFacts {
    /// Note about logins that will go otherwise.
    pub fn login(&self) -> Option<(Kind, Login)> {
        let users = self.users;
        let is_said = !self.is_status_set && users > 0;
        is_said.then_some((Kind::Users, Login::StatusNeverSet { users }))
    }
}
