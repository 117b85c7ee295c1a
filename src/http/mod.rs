//! Parts that all routes share: the outermost endpoint, bodies, bearer tokens, clients' addresses, the OpenAPI document, pages, counts of requests.

pub mod bearer;
pub mod body;
pub mod client_address;
pub mod content;
pub mod cors;
pub mod error_format;
pub mod error_log;
pub mod front;
pub mod memory;
pub mod operations;
pub mod own_url;
pub mod pages;
pub mod path;
pub mod probe;
pub mod rejected;
pub mod request_info;
pub mod response;
pub mod tags;
pub mod traffic;
pub mod unread;
pub mod wire_types;
