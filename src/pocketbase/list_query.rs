//! Query parameters of lists: `page`, `perPage` and `skipTotal`, and the refusals of a list.

use poem::http::{HeaderName, HeaderValue};

use super::error::Refused;
use crate::domain::Kind;
use crate::filter::SyntaxError;
use crate::records::access::Access;
use crate::records::list::{ListError, Paging, ReservedName};

/// Problem of a superuser's filter, and its place.
const FILTER_PROBLEM: HeaderName = HeaderName::from_static("x-filter-problem");

const PER_PAGE: u64 = 30;
const PER_PAGE_MAX: u64 = 1000;

/// Reads the page that is asked for, as PocketBase reads it.
pub fn parse_paging(
    page: Option<&str>,
    per_page: Option<&str>,
    skip_total: Option<&str>,
) -> Result<Paging, Refused> {
    let skip_total = parse_flag(skip_total.unwrap_or_default())?;
    let per_page = parse_count(per_page.unwrap_or_default(), PER_PAGE)?;
    Ok(Paging {
        page: parse_count(page.unwrap_or_default(), 1)?,
        per_page: per_page.min(PER_PAGE_MAX),
        skip_total,
    })
}

fn parse_count(text: &str, default: u64) -> Result<u64, Refused> {
    if text.is_empty() {
        return Ok(default);
    }
    let count: i64 = text.parse().map_err(|_| Refused::BAD_REQUEST)?;
    Ok(u64::try_from(count)
        .ok()
        .filter(|count| *count > 0)
        .unwrap_or(default))
}

fn parse_flag(text: &str) -> Result<bool, Refused> {
    match text {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Refused::BAD_REQUEST),
    }
}

/// `totalItems` and `totalPages` of a list of `total` items; -1 where they are not asked for.
pub fn totals(paging: &Paging, total: u64) -> (i64, i64) {
    if paging.skip_total {
        return (-1, -1);
    }
    let pages = total.div_ceil(paging.per_page);
    (saturated(total), saturated(pages))
}

fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The refusal of a list. The body is PocketBase's, which says nothing; superusers are told in a header what is wrong with
/// their filter, and where.
pub fn refusal(error: ListError, access: &Access, kind: Kind, filter: &str) -> poem::Error {
    let is_told = access.is_superuser() && matches!(error, ListError::FilterInvalid(_));
    let problem = is_told.then(|| access.records().unreadable(kind, Some(filter)));
    match problem.flatten().as_ref().and_then(problem_header) {
        Some(problem) => Refused::BAD_REQUEST
            .with_header(FILTER_PROBLEM, problem)
            .into(),
        None => error.into(),
    }
}

/// The words, as a query string has them: a header is ASCII, and a filter is not.
fn problem_header(problem: &SyntaxError) -> Option<HeaderValue> {
    let words = problem.to_string();
    let encoded: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    HeaderValue::from_str(&encoded).ok()
}

impl From<ListError> for poem::Error {
    fn from(error: ListError) -> Self {
        let refused = match error {
            ListError::SuperusersOnly => Refused::SUPERUSERS_ONLY,
            ListError::Reserved(ReservedName::Collection) => Refused::COLLECTION_FILTER,
            ListError::Reserved(ReservedName::Request) => Refused::REQUEST_FILTER,
            ListError::FilterInvalid(_) => Refused::BAD_REQUEST,
            ListError::TooCostly(_) => Refused::COSTLY_FILTER,
            ListError::Failed(error) => return error.into(),
        };
        refused.into()
    }
}
