//! The priority of threads.

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
