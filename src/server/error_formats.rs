//! The error format of a path: PocketBase's below `/api`, but for the contract's paths; the contract's everywhere else.

use crate::contract::{self, error::Envelope};
use crate::http::error_format::ErrorFormat;
use crate::pocketbase::error_format::PocketBaseFormat;

/// The error format of a path below `server.base_path`.
pub fn format_of(path: &str) -> &'static dyn ErrorFormat {
    if is_pocketbase(path) {
        &PocketBaseFormat
    } else {
        &Envelope
    }
}

/// Whether errors under `path` are PocketBase's.
pub fn is_pocketbase(path: &str) -> bool {
    let is_api = path == "/api" || path.starts_with("/api/");
    is_api && !contract::PATHS.contains(&path)
}
