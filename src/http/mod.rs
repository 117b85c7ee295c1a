//! Parts that all routes share: the outermost endpoint, bodies, bearer tokens, clients' addresses, the OpenAPI document, pages, counts of requests.

pub mod bearer;
pub mod body;
pub mod client_address;
pub mod cors;
pub mod front;
pub mod memory;
pub mod monitoring;
pub mod openapi;
pub mod operations;
pub mod pages;
pub mod traffic;
