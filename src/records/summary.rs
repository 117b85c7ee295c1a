//! Records in short, for people: the fields of a table's line, and those that a text is looked for in.

use crate::domain::Kind;

/// The number of a user, which the server counts.
pub const NUMBER: &str = "users_id";

/// What every platform user has.
pub const NEEDED: [&str; 2] = ["users_phone", "users_name"];

/// The fields that a line of a table has of a user who has a phone that somebody else wants.
pub const PHONE_HOLDER_FIELDS: [&str; 6] = [
    "id",
    "users_phone",
    "users_name",
    "openid",
    "users_idtype",
    "created",
];

/// The fields that a line of a table has of a record.
pub fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Users => &[
            "id",
            "users_phone",
            "users_name",
            "users_idtype",
            "users_status",
            "company_id",
            "created",
        ],
        Kind::Companies => &["id", "company_id", "company_name", "created", "updated"],
        Kind::Superusers => &["id", "email", "created", "updated"],
    }
}

/// A filter for records that have `text` in a field that people know them by; an empty one for all.
pub fn filter_by_text(kind: Kind, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let quoted = quoted(text);
    let contains: Vec<_> = searched_fields(kind)
        .iter()
        .map(|field| format!("{field} ~ {quoted}"))
        .collect();
    contains.join(" || ")
}

/// A filter for users who have this unionid.
pub fn filter_by_unionid(unionid: &str) -> String {
    format!("unionid = {}", quoted(unionid))
}

/// A text as PocketBase's language quotes it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// A filter for users whose phones begin with these digits.
pub fn filter_by_phone_prefix(prefix: &str) -> String {
    format!("users_phone ~ '{prefix}%'")
}

fn searched_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Users => &[
            "id",
            "openid",
            "email",
            "users_phone",
            "users_name",
            NUMBER,
            "company_id",
        ],
        Kind::Companies => &["id", "company_id"],
        Kind::Superusers => &["id", "email"],
    }
}
