//! Waiting for a future where nothing is async.

use futures_util::FutureExt as _;
use tokio::runtime::Handle;

/// The output of a future. Where a runtime is at work it has to be there at once, as a file's is.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    if Handle::try_current().is_ok() {
        return future.now_or_never().expect("it waits for something");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}
