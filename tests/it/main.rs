//! Tests through the doors that users have: HTTP, and the binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod admin;
mod auth;
mod backup;
mod cli;
mod contract;
mod pb_data;
mod pocketbase;
mod repository;
mod server;
mod store;
mod support;
mod wechat;
