//! PocketBase's list and view rules of the collections, as the hooks' deployments have them.

use crate::auth::Principal;
use crate::domain::Kind;

/// Whether the principal may list records of the collection, of which users see their own only.
pub fn may_list(principal: &Principal, kind: Kind) -> bool {
    match principal {
        Principal::Superuser(_) => true,
        Principal::User(_) => kind == Kind::Users,
    }
}

/// Whether the record with this id may be seen: by superusers all, by users their own and every company.
pub fn may_view(principal: Option<&Principal>, kind: Kind, id: &str) -> bool {
    match (principal, kind) {
        (Some(Principal::Superuser(_)), _) | (Some(Principal::User(_)), Kind::Companies) => true,
        (Some(Principal::User(user)), Kind::Users) => user.id.as_str() == id,
        (Some(Principal::User(_)), Kind::Superusers) | (None, _) => false,
    }
}
