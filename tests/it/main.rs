//! Tests through the doors that users have: HTTP, and the binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod app;
mod binary;
mod browser;
mod contract;
mod disk;
mod document;
mod errors;
mod limits;
mod pages;
mod platform;
mod sandbox;
mod statuses;
mod store;
mod system;
mod tidy;
mod token;
mod wechat;
mod wechat_rules;
mod wechat_stub;
