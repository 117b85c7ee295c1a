//! Error formats: how the parts of the API write errors. The contract and PocketBase's API each have one.

use poem::http::Method;
use poem::{Error, Response};

use super::rejected::Rejected;

/// The format of errors under some paths.
pub trait ErrorFormat: Send + Sync {
    /// Response to an error of an endpoint or of the router; `allow` lists the methods of the requested path.
    fn error(&self, error: Error, method: &Method, allow: &str) -> Response;

    /// Response to a request that was not read.
    fn rejected(&self, rejected: &Rejected) -> Response;

    /// Response to every fault of the server.
    fn internal(&self) -> Response;
}

/// The error format of a path below `server.base_path`.
pub type FormatOf = fn(path: &str) -> &'static dyn ErrorFormat;
