//! Monitoring of a running server: readiness and metrics.

mod logins;
mod overview;
mod process;
mod readiness;
mod scrape;
mod webhooks;

pub use self::overview::{Overview, overview};
pub use self::readiness::{Component, Problem, readiness};
pub use self::scrape::metrics;
pub use self::webhooks::{WebhookStatus, webhooks};
