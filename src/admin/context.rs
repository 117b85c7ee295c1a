//! The context of an operator's commands.

use std::sync::Arc;

use crate::app::App;
use crate::records::Records;

/// Everything that an operator's commands work with: made once for a server, and once for commands on a file without one.
#[derive(Clone)]
pub struct Admin {
    pub(super) app: Arc<App>,
    pub(super) records: Records,
}

impl Admin {
    /// The context of commands on these records.
    pub fn new(records: Records) -> Self {
        Self {
            app: Arc::clone(&records.app),
            records,
        }
    }

    /// The context of commands on the database of `app`, which nothing else works with.
    #[must_use]
    pub fn of_app(app: &Arc<App>) -> Self {
        Self::new(Records::new(app))
    }
}
