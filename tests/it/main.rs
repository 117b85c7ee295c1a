//! Tests through the doors that users have: HTTP, and the binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod abuse;
mod app;
mod binary;
mod browser;
mod canary;
mod contract;
mod crash;
mod disk;
mod document;
mod durability;
mod errors;
mod filters;
mod flips;
mod flood;
mod forgery;
mod fuzz;
mod http2;
mod ledger;
mod limits;
mod model;
mod pages;
mod platform;
mod platter;
mod sandbox;
mod slow;
mod statuses;
mod store;
mod system;
mod tidy;
mod token;
mod users;
mod wechat;
mod wechat_down;
mod wechat_rules;
mod wechat_stub;
