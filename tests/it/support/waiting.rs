//! Waiting for a future where nothing is async.

use std::pin::pin;

use futures_util::FutureExt as _;

/// The output of a future. A file answers at once, also where a runtime is at work; what waits for a network has this thread.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    match future.as_mut().now_or_never() {
        Some(output) => output,
        None => runtime.block_on(future),
    }
}
