//! How long the backup of a running server takes, and what writes notice of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Setup;
use crate::figures::{head, row};
use crate::load::Load;
use crate::process::Bai;
use crate::requests;

/// Writers, and the pause of each between an answer and its next request: somewhat less than 500 writes a second.
const WRITERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(15);

/// `bai backup` of one server into one file, again and again.
#[derive(Clone)]
pub struct Backup {
    binary: PathBuf,
    database: PathBuf,
    copy: PathBuf,
}

impl Backup {
    /// Backups of the database at `database` into a file beside it.
    pub fn new(setup: &Setup, database: &Path) -> Self {
        Self {
            binary: setup.binary.clone(),
            database: database.to_owned(),
            copy: database.with_file_name("copy.redb"),
        }
    }

    /// How long the command took.
    pub async fn make(&self) -> Duration {
        let this = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let _ = fs::remove_file(&this.copy);
            let started = Instant::now();
            let mut command = Command::new(&this.binary);
            command
                .arg("backup")
                .arg(&this.copy)
                .env("BAI_STORE__PATH", &this.database);
            let done = command.output().expect("the binary runs");
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
            started.elapsed()
        });
        made.await.expect("a backup")
    }
}

pub async fn print(setup: &Setup) {
    let database = setup.file(setup.count).await;
    let server = Bai::start(setup, &database);
    let backup = Backup::new(setup, &database);
    let writers = Load {
        address: server.address,
        requests: requests::wechat_first_login(),
        clients: WRITERS,
        pause: PAUSE,
        time: setup.time,
    };

    head(["backups", "users a second", "seconds"]);
    let mut quiet = Vec::new();
    for _ in 0..setup.rounds {
        quiet.push(backup.make().await);
    }
    show("of a quiet server", setup.count, &quiet);
    let alone = writers.clone().run().await.all_ok("writes");
    let load = Load {
        time: quiet.iter().sum::<Duration>() * 2,
        ..writers
    };
    let load = tokio::spawn(load.run());
    let mut busy = Vec::new();
    while !load.is_finished() {
        busy.push(backup.make().await);
    }
    let beside = load.await.expect("the load").all_ok("writes");
    show("while users come", setup.count, &busy);

    println!();
    head(["writes", "a second", "p50", "p99", "longest"]);
    for (name, measured) in [("alone", alone), ("beside backups", beside)] {
        row([
            name.to_owned(),
            format!("{:.0}", measured.rate()),
            format!("{:.1} ms", measured.percentile(50)),
            format!("{:.1} ms", measured.percentile(99)),
            format!("{:.1} ms", measured.percentile(100)),
        ]);
    }
    println!();
    println!(
        "The file: {:.1} MiB, the copy: {:.1} MiB. Resident at the peak: {:.0} MiB.",
        mib(&backup.database),
        mib(&backup.copy),
        server.process().peak()
    );
    server.stop();
}

fn show(name: &str, users: u64, times: &[Duration]) {
    let mut times: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    times.sort_unstable_by(f64::total_cmp);
    let seconds = times[times.len() / 2];
    let all: Vec<_> = times
        .iter()
        .map(|seconds| format!("{seconds:.2}"))
        .collect();
    row([
        name.to_owned(),
        format!("{:.0}", users as f64 / seconds),
        all.join(", "),
    ]);
}

fn mib(file: &Path) -> f64 {
    fs::metadata(file).expect("the file is there").len() as f64 / f64::from(1 << 20)
}
