//! The last question of a login, which is asked once everything else is right.

use crate::domain::User;
use crate::error::Result;

/// Rule that says who may log in.
pub trait LoginRule: Sync {
    /// Refuses a login as `user`.
    ///
    /// # Errors
    /// [`crate::error::Error::LoginRefused`].
    fn ensure(&self, user: &User) -> impl Future<Output = Result<()>> + Send;
}
