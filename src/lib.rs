//! `bai`: one user system for a WeChat mini-program and its web platform.
//!
//! # Layout
//! Dependencies point one way, which `tests/it/repository/tidy.rs` holds:
//! `main -> cli -> server -> operate -> api -> {auth, sight} -> app -> {store, wechat, password, token} -> {domain, filter, clock, random, config, metrics}`.
//! `cli` also uses `pocketbase`, which uses the store. docs/architecture.md tells the rest.

pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod build_info;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod fair;
pub mod filter;
pub mod latest;
pub mod metrics;
pub mod operate;
pub mod outbound;
pub mod password;
pub mod pocketbase;
pub mod priority;
pub mod random;
pub mod schedule;
pub mod server;
pub mod sight;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod wechat;
