//! Segments of a token's text.

use std::borrow::Cow;

use super::error::Error;

/// The prefix that marks our tokens; it has no meaning to the SDK.
pub const PREFIX: &str = "pb";

/// The longest text that is looked at as a token; ours have under 700 bytes.
pub const MAX_LEN: usize = 2048;

/// The claims segment and the PASETO behind it; tokens of version 0.1.0 had its dots as they are.
pub fn split(token: &str) -> Result<(&str, Cow<'_, str>), Error> {
    if token.len() > MAX_LEN {
        return Err(Error::Malformed);
    }
    let rest = token
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix('.'))
        .ok_or(Error::Malformed)?;
    let (claims, paseto) = rest.split_once('.').ok_or(Error::Malformed)?;
    match (paseto.contains('~'), paseto.contains('.')) {
        (true, false) => Ok((claims, paseto.replace('~', ".").into())),
        (false, true) => Ok((claims, paseto.into())),
        _ => Err(Error::Malformed),
    }
}
