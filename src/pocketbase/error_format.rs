//! The error format of PocketBase's API: what a client is told of any error below its paths.

use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::http::{Method, header};
use poem::{Error as PoemError, Response};

use super::error::Refused;
use crate::error::Error;
use crate::http::error_format::ErrorFormat;
use crate::http::rejected::Rejected;

/// Error format of PocketBase's API.
pub struct PocketBaseFormat;

impl ErrorFormat for PocketBaseFormat {
    fn error(&self, error: PoemError, method: &Method, _: &str) -> Response {
        to_response(error, method)
    }

    fn rejected(&self, rejected: &Rejected) -> Response {
        unread(rejected)
    }

    fn internal(&self) -> Response {
        internal()
    }
}

/// Turns whatever went wrong into PocketBase's form.
fn to_response(error: PoemError, method: &Method) -> Response {
    if error.is::<Refused>() {
        return error.into_response();
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        return ours(error);
    }
    if let Some(rejected) = error.downcast_ref::<Rejected>() {
        return unread(rejected);
    }
    if error.is::<NotFoundError>() || error.is::<MethodNotAllowedError>() {
        // PocketBase looks for a page where a GET finds no route.
        let is_get = method == Method::GET || method == Method::HEAD;
        return if is_get {
            Refused::NO_FILE.response()
        } else {
            Refused::NOT_FOUND.response()
        };
    }
    match error.status() {
        status if status.is_client_error() => Refused::BAD_REQUEST.with_status(status).response(),
        _ => internal(),
    }
}

/// The one answer to everything that is ours to mend.
fn internal() -> Response {
    Refused::INTERNAL.response()
}

/// Headers such as `Retry-After` are the same in both dialects.
fn ours(error: &Error) -> Response {
    let refused = match error {
        Error::TooMany { .. }
        | Error::Busy { .. }
        | Error::WechatQuota { .. }
        | Error::TooManyAttempts { .. } => Refused::TOO_MANY,
        Error::Unauthenticated(_) | Error::Disabled => Refused::UNAUTHENTICATED,
        Error::Unavailable { .. } => Refused::UNAVAILABLE,
        Error::LoginRefused => Refused::AUTH_RULE,
        Error::SuperuserAddress => Refused::ADDRESS,
        _ => Refused::INTERNAL,
    };
    let mut response = refused.response();
    for (name, value) in error.as_response().headers() {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// The reason why a request was not read, in PocketBase's form; headers are the same in both dialects.
fn unread(rejected: &Rejected) -> Response {
    let mut response = refused(rejected).response();
    if let Some(retry_after) = rejected.as_response().headers().get(header::RETRY_AFTER) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after.clone());
    }
    response
}

fn refused(rejected: &Rejected) -> Refused {
    match rejected {
        Rejected::NoMemory => Refused::BUSY,
        Rejected::NotDeclaredJson => Refused::CONTENT_TYPE,
        Rejected::TooLarge => Refused::TOO_LARGE,
        Rejected::TooSlow => Refused::TOO_SLOW,
        Rejected::NotHttps => Refused::NOT_HTTPS,
        _ => Refused::BAD_REQUEST,
    }
}
