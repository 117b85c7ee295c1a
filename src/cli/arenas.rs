//! The arenas of the allocator.

/// Begins the program anew with two of glibc's arenas, unless somebody has chosen a number. glibc keeps what is freed in the arena
/// that it came from, and has eight arenas for each core: a server whose lists read a million users takes twice the memory. It reads
/// the number when a program begins; later it is set by unsafe code only. Process, files and arguments stay.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn limit() {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// The variable in which glibc is told.
    const ARENAS: &str = "MALLOC_ARENA_MAX";

    if env::var_os(ARENAS).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let mut program = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        program.arg0(name);
    }
    let error = program.args(arguments).env(ARENAS, "2").exec();
    tracing::debug!(%error, "the number of arenas is not limited");
}

/// Other allocators have no such arenas.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn limit() {}
