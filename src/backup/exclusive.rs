//! Work on the whole file of the database: one at a time, on a thread that may wait.

use std::io;
use std::sync::Arc;

use super::error::Error;
use crate::app::App;

/// Runs `work` in the background, if no other operation on the whole file runs. Whoever asked may go away: it is done all the
/// same.
///
/// # Errors
/// [`Error::Busy`]; the errors of `work`.
pub async fn exclusive<T: Send + 'static, E: From<Error> + Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Arc<App>) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let lock = Arc::clone(&app.maintenance)
        .try_lock_owned()
        .map_err(|_| Error::Busy)?;
    let app = Arc::clone(app);
    in_background(move || {
        let _lock = lock;
        work(&app)
    })
    .await
}

/// Whether an operation on the whole file runs. Asking takes no lock, so that no operation finds another one where there is
/// only a question.
pub fn is_busy(app: &App) -> bool {
    Arc::strong_count(&app.maintenance) > 1
}

/// Runs `work` on a thread that may wait.
pub async fn in_background<T: Send + 'static, E: From<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Io(io::Error::other(e)))?
}
