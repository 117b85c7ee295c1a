//! Tests through the doors that users have: HTTP, and the binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]
#![allow(clippy::too_many_lines, reason = "a test reads from top to bottom")]

mod admin;
mod auth;
mod avatars;
mod backup;
mod cli;
mod console;
mod contract;
mod pb_data;
mod pocketbase;
mod postgres;
mod repository;
mod server;
mod store;
mod support;
mod webhooks;
mod wechat;
