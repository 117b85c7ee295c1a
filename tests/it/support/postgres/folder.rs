//! A temporary folder whose servers end with whoever made it, even one that is killed.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::postgres::binaries::give;

/// Waits for the end of its input, which comes when the folder is dropped and when the test process is gone. Then it ends all
/// processes that have their working directory in the folder, as servers do (first by SIGQUIT, so that they clean up; stopped ones
/// are continued), frees the shared memory of those that were killed, and removes the folder.
const GUARD: &str = r#"
read -r _
within() { find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$1*" 2>/dev/null | cut -d/ -f3; }
signal=QUIT
rounds=0
while pids=$(within "$1") && [ -n "$pids" ]; do
  kill -s "$signal" $pids
  kill -s CONT $pids
  rounds=$((rounds + 1))
  [ "$rounds" -lt 60 ] || signal=KILL
  [ "$rounds" -lt 600 ] || exit 1
  sleep 0.05
done
for lock in "$1"/*/postmaster.pid; do
  [ ! -f "$lock" ] || ipcrm -m "$(sed -n '7s/^ *[0-9]* *//p' "$lock")"
done
rm -rf "$1"
"#;

pub struct Folder {
    path: PathBuf,
    guard: Child,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("bai-postgres-")
            .tempdir()
            .unwrap();
        let path = folder.path().canonicalize().unwrap();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&path)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let _ = folder.keep();
        give(&path);
        Self { path, guard }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
