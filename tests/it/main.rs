//! Tests through the doors that users have: HTTP, and the binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod acme;
mod admin;
mod auth;
mod browser;
mod bucket;
mod budgets;
mod cli;
mod contract;
mod flood;
mod http2;
mod import;
mod pages;
mod peer;
mod pocketbase;
mod proxies;
mod rotation;
mod schedule;
mod sight;
mod slow;
mod store;
mod support;
mod tidy;
mod tls;
mod wechat_down;
mod wechat_rules;
