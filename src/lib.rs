//! `bai`: one user system for a WeChat mini-program and its web platform.
//!
//! # Layout
//! Dependencies point one way, which `tests/it/repository/tidy.rs` holds:
//! `main -> cli -> doctor -> server -> {contract, pocketbase} -> admin -> {http, pb_data, webhooks} -> {records, backup, monitoring} -> auth -> app -> error
//! -> {store, wechat, password, token, avatars} -> limits -> config -> {domain, filter, clock, random, metrics, ...}`.
//! `contract/` has the eight endpoints. docs/architecture.md tells the rest.

pub mod admin;
pub mod app;
pub mod auth;
pub mod avatars;
pub mod backup;
pub mod build_info;
pub mod cli;
pub mod clock;
pub mod config;
mod contract;
pub mod doctor;
pub mod domain;
pub mod error;
pub mod fair;
pub mod filter;
mod http;
pub mod language;
mod limits;
pub mod metrics;
pub mod monitoring;
pub mod outbound;
pub mod password;
pub mod pb_data;
mod pocketbase;
pub mod priority;
pub mod random;
mod records;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod webhooks;
pub mod wechat;
