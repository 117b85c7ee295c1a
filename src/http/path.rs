//! Paths and queries as PocketBase reads them: one with empty or dot segments is redirected to what it means, and a character that needs no
//! escape is the same without it.

use std::borrow::Cow;

use poem::Request;
use poem::http::Uri;

/// A path with a `%` that two hexadecimal digits do not follow.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidEscape;

/// The path and query that a request for `uri` is redirected to, if its path is not as it should be.
pub fn redirect(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let cleaned = clean(path).filter(|cleaned| cleaned != path)?;
    let query = uri.query().map(|query| format!("?{query}"));
    Some(cleaned + &query.unwrap_or_default())
}

/// Takes escapes out of the path of `request` that it does not need.
///
/// # Errors
/// [`InvalidEscape`].
pub fn unescape(request: &mut Request) -> Result<(), InvalidEscape> {
    let Cow::Owned(path) = unescaped(request.uri().path())? else {
        return Ok(());
    };
    let query = request.uri().query().map(|query| format!("?{query}"));
    let target = path + &query.unwrap_or_default();
    *request.uri_mut() = target.parse().map_err(|_| InvalidEscape)?;
    Ok(())
}

/// Takes the parameters out of the query of `request` that cannot be read, as PocketBase's server does: those with a semicolon, or
/// with a `%` that two hexadecimal digits do not follow.
pub fn drop_unreadable_parameters(request: &mut Request) {
    let Some(query) = request.uri().query() else {
        return;
    };
    let is_readable = |pair: &&str| !pair.contains(';') && unescaped(pair).is_ok();
    let readable: Vec<_> = query.split('&').filter(is_readable).collect();
    let readable = readable.join("&");
    if readable != query
        && let Ok(target) = format!("{}?{readable}", request.uri().path()).parse()
    {
        *request.uri_mut() = target;
    }
}

/// The path without empty and dot segments; a slash at its end stays.
fn clean(path: &str) -> Option<String> {
    if !path.starts_with('/') || !(path.contains("//") || path.contains("/.")) {
        return None;
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    Some(format!("/{}{end}", segments.join("/")))
}

fn unescaped(path: &str) -> Result<Cow<'_, str>, InvalidEscape> {
    if !path.contains('%') {
        return Ok(path.into());
    }
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|digits| is_hexadecimal(digits));
        let digits = digits.ok_or(InvalidEscape)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidEscape)?;
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            plain.push(byte.into());
            plain.push_str(&part[2..]);
        } else {
            plain.push('%');
            plain.push_str(part);
        }
    }
    Ok(plain.into())
}

fn is_hexadecimal(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}
