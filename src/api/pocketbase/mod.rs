//! PocketBase's own API, as far as users need it for themselves, so that its SDKs work unchanged.
//!
//! Its words, encodings and errors are PocketBase's: none of the contract's envelope is here.

mod answer;
mod auth;
pub mod error;
mod fields;
mod filter;
mod forms;
mod health;
mod records;
mod update;

use std::sync::Arc;

use poem::Request;

pub use self::auth::AuthApi;
pub use self::health::HealthApi;
pub use self::records::RecordsApi;
use super::bearer::Bearer;
use super::limits::Limits;
use super::source::Source;
use crate::app::App;
use crate::auth::{Caller, Who};
use crate::domain::{Collection, Kind, User};
use crate::error::{Error, Result};

/// Where PocketBase answers, errors included.
const ROOTS: [&str; 4] = ["/api/health", "/api/collections", "/api/batch", "/api/realtime"];

/// Whether errors under `path` are PocketBase's.
pub fn speaks_at(path: &str) -> bool {
    let inside = |rest: &str| rest.is_empty() || rest.starts_with('/');
    ROOTS.iter().any(|root| path.strip_prefix(root).is_some_and(inside))
}

/// What the endpoints work with.
#[derive(Clone)]
pub struct Context {
    pub app: Arc<App>,
    pub limits: Arc<Limits>,
}

impl Context {
    /// Who asks. A token that is not valid is no error here, but no token.
    async fn caller(&self, bearer: &Bearer) -> Result<Option<Caller>> {
        match bearer.caller(&self.app).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Error::Unauthenticated(_) | Error::Disabled) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The user who asks; nobody else counts.
    async fn user(&self, bearer: &Bearer) -> Result<Option<User>> {
        Ok(self.caller(bearer).await?.and_then(|caller| match caller.who {
            Who::User(user) => Some(*user),
            Who::Superuser(_) => None,
        }))
    }

    /// The collection that a path names, if it is one of `kinds`.
    fn collection(&self, name_or_id: &str, kinds: &[Kind]) -> Option<&Collection> {
        self.app.collections.find(name_or_id).filter(|collection| kinds.contains(&collection.kind))
    }

    fn source(&self, request: &Request) -> Source {
        Source::of(request, &self.app.config.server.trusted_proxies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_paths_are_not_pocketbase_s() {
        for path in ["/api/health", "/api/health/", "/api/collections/x/records", "/api/batch"] {
            assert!(speaks_at(path), "{path}");
        }
        for path in ["/api/system/health", "/api/healthy", "/api", "/", "/api/collectionsx"] {
            assert!(!speaks_at(path), "{path}");
        }
    }
}
