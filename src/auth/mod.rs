//! Operations of authentication: login, registration, refresh, profile, password check, tokens, audit events.

mod account;
mod audit;
mod authenticate;
mod events;
mod guard;
mod identity;
mod impersonate;
mod login;
mod new_user;
mod password;
mod profile;
mod refresh;
mod register;
mod revoke;
mod session;
mod set_up;
mod superuser;
mod tokens;

pub use audit::{AuditContext, ensure_address, note_refused_phone};
pub use authenticate::{Caller, Principal, authenticate, caller, caller_beside, file_caller};
pub use events::{EventPage, EventQuery, EventQueryField, find_events, moment};
pub use identity::{IdentityField, user_by_identity};
pub use impersonate::impersonate;
pub use login::{login_platform, login_superuser, login_user, login_wechat};
pub use new_user::new_token_key;
pub use password::{hash_password, verify_old_password};
pub use profile::{ProfileUpdate, update_profile};
pub use refresh::{refresh, refresh_token};
pub use register::{Registration, create_user, register};
pub use revoke::revoke_tokens;
pub use session::Session;
pub use set_up::{offer_set_up, set_up};
pub use superuser::{CreateSuperuserError, create_superuser};
pub use tokens::file_token;
