//! Monitoring of a running server: readiness and metrics.

mod process;
mod readiness;
mod scrape;

pub use self::readiness::{Component, Problem, readiness};
pub use self::scrape::metrics;
