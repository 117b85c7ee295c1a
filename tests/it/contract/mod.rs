//! Tests of the contract's eight endpoints and of the served OpenAPI document.

mod document;
mod errors;
mod fuzz;
mod platform;
mod sandbox;
mod statuses;
mod system;
mod texts;
mod values;
mod wechat;
