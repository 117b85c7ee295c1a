//! The context of an operator's commands.

use std::sync::Arc;

use crate::app::App;
use crate::pocketbase::operator::Records;

/// Everything that an operator's commands work with: made once for a server, and once for commands on a file without one.
#[derive(Clone)]
pub struct Admin {
    /// The application.
    pub app: Arc<App>,
    pub(super) records: Records,
}

impl Admin {
    /// The context of commands on the database of `app`.
    #[must_use]
    pub fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
            records: Records::new(app),
        }
    }
}
