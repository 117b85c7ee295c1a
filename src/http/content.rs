//! Bytes that do not change: conditions that a request makes, and the part of them that it asks for, as Go's `ServeContent` reads them.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use httpdate::{fmt_http_date, parse_http_date};
use jiff::Timestamp;
use poem::Response;
use poem::http::{HeaderMap, HeaderName, StatusCode, header};

/// Bytes with what conditions are compared with.
pub struct Content {
    pub bytes: Bytes,
    pub media_type: &'static str,
    /// A word that no other bytes under this address have.
    pub tag: String,
    pub modified: Timestamp,
}

/// The part of the bytes that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of them; also for one who asks for several parts.
    All,
    Part(Range<usize>),
    /// A part that there is not, or words that mean none.
    None,
}

/// Reason why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// A condition does not hold.
    Condition,
    /// There is no such part of the bytes, of which there are so many.
    Range { length: usize },
}

impl Content {
    /// The answer to a request with these headers.
    ///
    /// # Errors
    /// [`Unmet`].
    pub fn answer(self, headers: &HeaderMap) -> Result<Response, Unmet> {
        let (tag, modified) = (format!("\"{}\"", self.tag), self.modified_secs());
        let asked = asked(headers, &tag, modified, self.bytes.len());
        let response = match is_new(headers, &tag, modified)? {
            true => self.part(asked)?,
            false => Response::builder()
                .status(StatusCode::NOT_MODIFIED)
                .finish(),
        };
        Ok(response
            .with_header(header::ETAG, tag)
            .with_header(header::LAST_MODIFIED, fmt_http_date(modified)))
    }

    /// The time of the last change, of which HTTP has whole seconds.
    fn modified_secs(&self) -> SystemTime {
        let seconds = u64::try_from(self.modified.as_second()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn part(self, asked: Asked) -> Result<Response, Unmet> {
        let length = self.bytes.len();
        let (status, bytes, range) = match asked {
            Asked::All => (StatusCode::OK, self.bytes, None),
            Asked::Part(part) => {
                let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
                (
                    StatusCode::PARTIAL_CONTENT,
                    self.bytes.slice(part),
                    Some(range),
                )
            }
            Asked::None => return Err(Unmet::Range { length }),
        };
        let response = Response::builder()
            .status(status)
            .content_type(self.media_type)
            .header(header::ACCEPT_RANGES, "bytes")
            // Of an answer to HEAD nobody could count them.
            .header(header::CONTENT_LENGTH, bytes.len())
            .body(bytes);
        Ok(match range {
            Some(range) => response.with_header(header::CONTENT_RANGE, range),
            None => response,
        })
    }
}

/// A response to which headers are added.
trait WithHeader {
    fn with_header(self, name: HeaderName, value: String) -> Self;
}

impl WithHeader for Response {
    fn with_header(mut self, name: HeaderName, value: String) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers_mut().insert(name, value);
        }
        self
    }
}

/// Whether the client does not have the bytes yet.
fn is_new(headers: &HeaderMap, tag: &str, modified: SystemTime) -> Result<bool, Unmet> {
    let is_as_wanted = match text(headers, &header::IF_MATCH) {
        Some(tags) => names(tags, |known| known == tag),
        None => date(headers, &header::IF_UNMODIFIED_SINCE).is_none_or(|since| modified <= since),
    };
    let is_known = match text(headers, &header::IF_NONE_MATCH) {
        Some(tags) => names(tags, |known| known.trim_start_matches("W/") == tag),
        None => date(headers, &header::IF_MODIFIED_SINCE).is_some_and(|since| modified <= since),
    };
    is_as_wanted.then_some(!is_known).ok_or(Unmet::Condition)
}

/// Whether a list of tags names everything, or one that is as wanted. No tag of ours has a comma in it.
fn names(tags: &str, is_wanted: impl Fn(&str) -> bool) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || is_wanted(tag))
}

fn asked(headers: &HeaderMap, tag: &str, modified: SystemTime, length: usize) -> Asked {
    let is_same = match text(headers, &header::IF_RANGE) {
        Some(known) if known.contains('"') => known == tag,
        Some(_) => date(headers, &header::IF_RANGE) == Some(modified),
        None => true,
    };
    match text(headers, &header::RANGE).filter(|_| is_same) {
        Some(ranges) => part(ranges, length).unwrap_or(Asked::None),
        None => Asked::All,
    }
}

/// The part that is asked for; nothing if the words mean none.
fn part(ranges: &str, length: usize) -> Option<Asked> {
    let mut ranges = ranges
        .strip_prefix("bytes=")?
        .split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty());
    let Some(range) = ranges.next() else {
        return Some(Asked::All);
    };
    if ranges.next().is_some() {
        return Some(Asked::All);
    }
    let (first, last) = range.split_once('-')?;
    let part = bounds(first.trim(), last.trim(), length)?;
    Some(match part.start < part.end {
        true => Asked::Part(part),
        false => Asked::None,
    })
}

/// The bytes from the first to the last one, or the last bytes.
fn bounds(first: &str, last: &str, length: usize) -> Option<Range<usize>> {
    if first.is_empty() {
        return Some(length.saturating_sub(number(last)?)..length);
    }
    let first = number(first)?;
    let last = match last {
        "" => usize::MAX,
        last => number(last).filter(|last| *last >= first)?,
    };
    Some(first..last.saturating_add(1).min(length))
}

/// A number; one with more digits than fit is the greatest.
fn number(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(usize::MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .filter(|text| !text.is_empty())
}

/// A date; what is none is as if it were not there.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    parse_http_date(text(headers, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_given_several_are_all_and_the_rest_is_none() {
        for (ranges, expected) in [
            ("bytes=0-3", Asked::Part(0..4)),
            ("bytes= 2 - 3 ", Asked::Part(2..4)),
            ("bytes=5-", Asked::Part(5..10)),
            ("bytes=-4", Asked::Part(6..10)),
            ("bytes=-99999999999999999999999", Asked::Part(0..10)),
            ("bytes=0-99999999999999999999999", Asked::Part(0..10)),
            ("bytes=9-9,", Asked::Part(9..10)),
            ("bytes=", Asked::All),
            ("bytes=0-1,4-5", Asked::All),
            ("bytes=10-", Asked::None),
            ("bytes=99999999999999999999999-", Asked::None),
            ("bytes=-0", Asked::None),
            ("bytes=5-2", Asked::None),
            ("bytes=-", Asked::None),
            ("bytes=--1", Asked::None),
            ("bytes=+1-2", Asked::None),
            ("bytes=abc", Asked::None),
            ("items=0-3", Asked::None),
            ("", Asked::None),
        ] {
            assert_eq!(
                part(ranges, 10).unwrap_or(Asked::None),
                expected,
                "{ranges}"
            );
        }
    }

    /// The status of an answer to these headers.
    fn status(headers: &[(&HeaderName, &str)]) -> u16 {
        let content = Content {
            bytes: Bytes::from_static(b"0123456789"),
            media_type: "image/png",
            tag: "a".into(),
            modified: Timestamp::from_millisecond(1_500).unwrap(),
        };
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).clone(), value.parse().unwrap()));
        match content.answer(&headers.collect()) {
            Ok(response) => response.status().as_u16(),
            Err(Unmet::Condition) => 412,
            Err(Unmet::Range { length }) => {
                assert_eq!(length, 10);
                416
            }
        }
    }

    #[test]
    fn conditions_go_by_tags_before_dates() {
        let (before, at) = (
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:01 GMT",
        );
        let (none_match, since) = (&header::IF_NONE_MATCH, &header::IF_MODIFIED_SINCE);
        let (range, if_range) = ((&header::RANGE, "bytes=0-1"), &header::IF_RANGE);
        for (headers, expected) in [
            (vec![], 200),
            (vec![(none_match, "\"a\"")], 304),
            (vec![(none_match, "\"b\", W/\"a\"")], 304),
            (vec![(none_match, "*")], 304),
            (vec![(none_match, "\"b\"")], 200),
            (vec![(none_match, "\"b\""), (since, at)], 200),
            (vec![(since, at)], 304),
            (vec![(since, before)], 200),
            (vec![(since, "yesterday")], 200),
            (vec![(&header::IF_MATCH, "\"a\"")], 200),
            (vec![(&header::IF_MATCH, "W/\"a\"")], 412),
            (vec![(&header::IF_MATCH, "\"b\"")], 412),
            (vec![(&header::IF_UNMODIFIED_SINCE, before)], 412),
            (vec![(&header::IF_UNMODIFIED_SINCE, at)], 200),
            (vec![range], 206),
            (vec![range, (none_match, "\"a\"")], 304),
            (vec![range, (if_range, "\"a\"")], 206),
            (vec![range, (if_range, "\"b\"")], 200),
            (vec![range, (if_range, "W/\"a\"")], 200),
            (vec![range, (if_range, at)], 206),
            (vec![range, (if_range, before)], 200),
            (vec![(&header::RANGE, "bytes=10-")], 416),
        ] {
            assert_eq!(status(&headers), expected, "{headers:?}");
        }
    }
}
