//! Columns of records: what they are looked up by.

use std::borrow::Cow;

use crate::domain::User;

/// Bytes of a name that are in the index: PostgreSQL takes about 2,700 of a whole entry.
const NAME_BEGIN: usize = 512;

/// A text as a column can hold it: PostgreSQL has no texts with a zero character.
pub fn column_text(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.replace('\0', "\u{FFFD}")),
    }
}

/// The begin of a name, as it is in the index; nothing of an empty name.
pub fn name_begin(name: &str) -> Option<String> {
    let end = name.floor_char_boundary(NAME_BEGIN);
    (!name.is_empty()).then(|| column_text(&name[..end]).into_owned())
}

/// Whether the index has all of a name.
pub fn is_whole(name_begin: &str) -> bool {
    // Cut at the boundary of a character, of which none has more than four bytes.
    name_begin.len() + 3 < NAME_BEGIN && !name_begin.contains('\u{FFFD}')
}

/// The phone of a user.
pub fn phone(user: &User) -> Option<String> {
    user.phone.as_ref().map(|phone| phone.as_str().to_owned())
}

/// The e-mail address of a user, unless the server made it: that leads to its user by itself.
pub fn email(user: &User) -> Option<String> {
    let email = user.email.as_deref().filter(|_| !user.has_native_email());
    email.map(|email| column_text(email).into_owned())
}

/// A number as a column can hold it.
pub fn column_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The first text behind all that begin so.
pub fn beyond(begin: &str) -> String {
    format!("{begin}{}", char::MAX)
}
