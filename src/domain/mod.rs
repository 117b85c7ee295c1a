//! Values and rules of the user system: no I/O, no wire format, no storage format.
//!
//! Each type is parsed once, at the edge; after that an invalid value cannot exist.

mod audit_event;
mod avatar;
mod backup_status;
mod collection;
mod company;
mod database_identity;
mod email;
mod failures;
mod issued_token;
mod kind;
mod openid;
mod password;
mod phone;
mod picture;
mod public_address;
mod record_id;
mod revocation_window;
mod rules;
mod server_key;
mod shape;
mod superuser;
mod text;
mod unionid;
mod user;
mod user_column;
mod user_event;
mod visible;

pub use audit_event::{
    Actor, ActorKind, AuditEvent, Cause, EventContent, EventId, EventKind, EventSearch, EventWords,
    Origin, is_within_a_minute,
};
pub use avatar::{
    AVATAR_FOLDER, Avatar, AvatarName, AvatarTotals, ImageFormat, avatar_path, own_picture_name,
};
pub use backup_status::{BackupFailure, BackupStatus, Backups, Shrunk};
pub use collection::{Collection, Collections};
pub use company::Company;
pub use database_identity::{DatabaseId, DatabaseIdentity, Place};
pub use email::Email;
pub use failures::Failures;
pub use issued_token::{IssuedToken, TokenId};
pub use kind::Kind;
pub use openid::OpenId;
pub use password::{PlainPassword, is_imported_hash};
pub use phone::Phone;
pub use public_address::is_public;
pub use record_id::RecordId;
pub use revocation_window::RevocationWindow;
pub use rules::{RuleChange, RuleName, Rules};
pub use server_key::ServerKey;
pub use shape::{FieldShape, FieldShapes, Shape};
pub use superuser::Superuser;
pub use text::{Name, OneTimeCode, Picture, ShortText};
pub use unionid::UnionId;
pub use user::{IdType, NativeEmail, Status, TokenKey, User, UserNumber, UserType};
pub use user_column::{GIVEN_EMAIL, LongColumn, NATIVE_EMAIL, NO_EMAIL, NumberColumn, TextColumn};
pub use user_event::{HookId, Queue, QueuedEvent, UserEvent, UserEventKind};
pub use visible::is_blank;

/// Rule that a value breaks; the caller knows the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Nothing is left after trimming.
    #[error("empty")]
    Empty,
    /// Fewer than `min` characters.
    #[error("shorter than {min} characters")]
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// More than `max` characters.
    #[error("longer than {max} characters")]
    TooLong {
        /// The greatest number of characters.
        max: usize,
    },
    /// Neither a mainland mobile number nor `+<country code><number>`.
    #[error("not a phone number")]
    Phone,
    /// A file of a phone or of a browser, or no address at all.
    #[error("not an address that others can open: upload the picture first")]
    Picture,
    /// Blanks or control characters, which no code of WeChat has.
    #[error("not a code: it has blanks or control characters")]
    Code,
}
