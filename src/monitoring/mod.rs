//! What there is to see of a running server: whether it is ready, and its metrics.

mod process;
mod readiness;
mod scrape;

pub use self::readiness::{Component, Problem, readiness};
pub use self::scrape::metrics;
