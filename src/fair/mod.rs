//! Fairness between those who ask for something that there is little of: a queue in which they take turns, places that are given
//! out in turn, and room of which each may hold a share.

use std::net::IpAddr;

mod budget;
mod queue;
mod turns;

pub use self::budget::{Budget, Share};
pub use self::queue::{Bounds, Queue};
pub use self::turns::{Full, Turn, Turns};

/// The source of a request, as abuse control counts it; nothing for the operator and for superusers.
pub type Asker = Option<IpAddr>;
