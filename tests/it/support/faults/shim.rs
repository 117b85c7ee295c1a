//! The binary under `shim.c`, which numbers the writing system calls of a process and lets one of them fail.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::trace::{self, Call};

/// After this time a command counts as one that hangs.
const DEADLINE: Duration = Duration::from_mins(1);

/// The fault at the n-th writing call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// SIGKILL before it.
    Kill,
    /// It fails with EIO, and nothing of it is done.
    Eio,
    /// Counts writes of two sectors or more only: the first half is written, and the call fails with EIO.
    Torn,
    /// Counts syncs only: it fails with EIO.
    Sync,
    /// It fails with ENOSPC.
    Enospc,
    /// It is done by half if it is a write; every writing call after it fails with ENOSPC.
    Full,
}

impl Fault {
    /// Those that a running command meets. A sync that fails matters when the power goes: `cuts`.
    pub const ALL: [Self; 5] = [Self::Kill, Self::Eio, Self::Torn, Self::Enospc, Self::Full];

    fn name(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Kill => "kill",
            Self::Eio => "eio",
            Self::Torn => "torn",
            Self::Sync => "sync",
            Self::Enospc => "enospc",
            Self::Full => "full",
        }
    }
}

/// The shared object, compiled once for all tests of this process. Its file is gone when the compiler's folder is: each run has
/// a copy.
fn shared_object() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/faults/shim.c");
        let object = dir.path().join("shim.so");
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args([
            "-std=gnu11",
            "-O1",
            "-Wall",
            "-Werror",
            "-shared",
            "-fPIC",
            "-o",
        ]);
        assert!(
            compiler
                .arg(&object)
                .arg(source)
                .status()
                .unwrap()
                .success(),
            "shim.c does not compile"
        );
        fs::read(object).unwrap()
    })
}

/// A folder for the files of a command, and one for the shim's beside it.
pub struct Bench {
    dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        fs::write(dir.path().join("arm"), [0; 8]).unwrap();
        fs::write(dir.path().join("shim.so"), shared_object()).unwrap();
        Self { dir }
    }

    /// The folder whose writing calls are counted.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts the shim into `command`. The fault comes at call `at`, counted from 1; with 0 when it is armed.
    pub fn load(&self, command: &mut Command, fault: Fault, at: u64) {
        command.env("LD_PRELOAD", self.beside("shim.so"));
        // As a server sets it that begins anew for it: then the filter would stay, and what it calls would not.
        command.env("MALLOC_ARENA_MAX", "2");
        command.env("FAULTS_DIR", self.data().canonicalize().unwrap());
        command.env("FAULTS_TRACE", self.beside("trace"));
        command.env("FAULTS_ARM", self.beside("arm"));
        command.env("FAULTS_KIND", fault.name());
        self.arm(at);
    }

    /// Lets the fault happen at the n-th call from now.
    pub fn arm(&self, at: u64) {
        let file = File::options()
            .write(true)
            .open(self.beside("arm"))
            .unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &at.to_le_bytes(), 0).unwrap();
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        trace::read(&self.beside("trace"), &self.data().canonicalize().unwrap())
    }

    /// Runs the command to its end.
    pub fn run(&self, mut command: Command, input: &str, fault: Fault, at: u64) -> Ran {
        self.load(&mut command, fault, at);
        let (stdin, stderr) = (self.beside("stdin"), self.beside("stderr"));
        fs::write(&stdin, input).unwrap();
        command
            .stdin(File::open(stdin).unwrap())
            .stdout(Stdio::null());
        command.stderr(File::create(&stderr).unwrap());
        let status = wait(command.spawn().unwrap());
        let said = String::from_utf8_lossy(&fs::read(stderr).unwrap()).into_owned();
        Ran {
            status,
            said,
            calls: self.calls(),
        }
    }

    /// As [`Bench::run`], and the trace has the data.
    pub fn record(&self, mut command: Command, input: &str, fault: Fault, at: u64) -> Ran {
        command.env("FAULTS_DATA", "1");
        self.run(command, input, fault, at)
    }
}

/// `None` when the process hung and had to be killed.
pub fn wait(mut child: Child) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if started.elapsed() > DEADLINE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The outcome of a command.
pub struct Ran {
    status: Option<ExitStatus>,
    /// Its standard error.
    pub said: String,
    pub calls: Vec<Call>,
}

impl Ran {
    /// It said that it was done.
    pub fn is_acknowledged(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub fn hung(&self) -> bool {
        self.status.is_none()
    }

    /// It ended by a panic or by a signal that is not ours.
    pub fn crashed(&self) -> bool {
        let code = self.status.map(|status| status.code());
        code == Some(Some(101)) || (code == Some(None) && self.fault().is_none())
    }

    /// The call at which the fault happened.
    pub fn fault(&self) -> Option<&Call> {
        self.calls.iter().find(|call| call.is_faulty)
    }
}
