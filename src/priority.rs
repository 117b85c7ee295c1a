//! The priority of threads.

use std::io;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The kernel's lowest ("nice 19"): at 10, a request that comes now and then waits twice as long for its core.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

/// Lets every other thread go before this one, from now on.
pub fn lower() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST)
    {
        tracing::debug!(%error, "the priority of a thread was not lowered");
    }
}

/// Runs `work`, which may take seconds and may use the runtime, on a thread of its own that lets every other go before it.
///
/// # Errors
/// The thread cannot be made, or `work` panicked.
pub async fn below_all<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let runtime = Handle::current();
    let (sender, done) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            lower();
            let _entered = runtime.enter();
            // Whoever asked may have gone away.
            let _ = sender.send(work());
        })?;
    done.await.map_err(io::Error::other)
}
