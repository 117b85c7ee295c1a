//! Operations of authentication: login, registration, refresh, profile, password check, tokens, audit events.

mod account;
mod audit;
mod audit_search;
mod authenticate;
mod avatar;
mod guard;
mod identity;
mod impersonate;
mod login;
mod login_rule;
mod new_user;
mod password;
mod password_purpose;
mod presented_token;
mod principal;
mod profile;
mod refresh;
mod register;
mod revoke;
mod session;
mod set_up;
mod shared_attempt;
mod sign_out;
mod superuser;
mod superuser_address;
mod token_keys;
mod tokens;
mod unionid;
mod update;

pub use audit::{AuditContext, audit_refused_phone};
pub use audit_search::{EventPage, EventQuery, EventQueryError, EventQueryField, search_events};
pub use authenticate::{
    authenticate, authenticate_as_of, authenticate_file_token, authenticate_user,
};
pub use avatar::{AvatarError, living_picture, upload_avatar};
pub use identity::{IdentityField, user_by_identity};
pub use impersonate::impersonate;
pub use login::{login_platform, login_superuser, login_user, login_wechat};
pub use login_rule::LoginRule;
pub use new_user::new_token_key;
pub use password::{hash_password, verify_old_password};
pub use principal::{Authentication, Principal};
pub use profile::{ProfileUpdate, update_profile};
pub use refresh::{refresh, refresh_token};
pub use register::{Registration, create_user, register};
pub use revoke::revoke_tokens;
pub use session::{Session, company_of, named_company};
pub use set_up::{create_first_superuser, issue_set_up_link};
pub use sign_out::sign_out;
pub use superuser::{CreateSuperuserError, create_superuser};
pub use superuser_address::ensure_superuser_address;
pub use token_keys::{TokenKeyInfo, rotate_token_key, token_keys};
pub use tokens::file_token;
