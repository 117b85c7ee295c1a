//! Failures of an operator's commands.

pub use crate::pocketbase::operator::{Cause, Failure};
