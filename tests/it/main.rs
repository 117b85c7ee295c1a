//! Tests through the doors that users have: HTTP, and the binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod acme;
mod admin;
mod auth;
mod binary;
mod browser;
mod bucket;
mod budgets;
mod contract;
mod flood;
mod health;
mod http2;
mod import;
mod pages;
mod peer;
mod pocketbase;
mod proxies;
mod rotation;
mod schedule;
mod service;
mod shell;
mod sight;
mod slow;
mod store;
mod support;
mod tidy;
mod tls;
mod wechat_down;
mod wechat_rules;
