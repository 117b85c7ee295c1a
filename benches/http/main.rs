//! Load on the binary that ships, with a stub for WeChat, and what bounds it measured in the same run.
//!
//! `cargo bench --bench http` prints the table of all endpoints; docs/performance.md tells the rest.

#![expect(
    clippy::cast_precision_loss,
    reason = "figures are rounded before they are shown"
)]

mod attack;
mod avatars;
mod backup;
mod bare_poem;
#[path = "../shared/bare_scrypt.rs"]
mod bare_scrypt;
mod ceilings;
mod damage;
mod engines;
#[path = "../shared/figures.rs"]
mod figures;
#[path = "../../tests/it/support/http2_frames.rs"]
mod frames;
mod growth;
mod hang;
mod lists;
mod load;
mod measured;
mod process;
mod requests;
mod soak;
mod start;
mod storm;
mod stub;
mod table;
mod updates;
mod users;
mod webhooks;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use self::stub::Stub;
use self::users::Users;

/// Load on the binary that ships. Without --storm and the like: the table of all endpoints, or of those named.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Args {
    /// Rows of the table, by a part of their names
    rows: Vec<String>,
    /// The server, if not that of the same build
    #[arg(long, default_value = env!("CARGO_BIN_EXE_bai"), hide_default_value = true)]
    binary: PathBuf,
    /// Users in the file, e.g. 100k or 1m
    #[arg(long, default_value = "100k", value_parser = count)]
    users: u64,
    /// Length of one measurement
    #[arg(long, default_value = "4", value_parser = seconds)]
    seconds: Duration,
    /// Measurements of each figure, whose median is shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Health while 200 clients hammer platform/login
    #[arg(long)]
    storm: bool,
    /// Everything else while WeChat hangs
    #[arg(long)]
    hang: bool,
    /// Logins beside a webhook that takes all, is closed, hangs
    #[arg(long)]
    webhooks: bool,
    /// Spawn to first answer, after a clean stop and after kill -9
    #[arg(long)]
    start: bool,
    /// How cost grows with these numbers of users, e.g. 10k,100k,1m,10m
    #[arg(long, value_delimiter = ',', value_parser = count)]
    growth: Vec<u64>,
    /// The file's length under so many profile updates, e.g. 500k
    #[arg(long, value_parser = count)]
    updates: Option<u64>,
    /// About 200 requests a second of all kinds for so many seconds, e.g. 3600
    #[arg(long, value_parser = seconds)]
    soak: Option<Duration>,
    /// `bai backup` of a running server, quiet and while users come
    #[arg(long)]
    backup: bool,
    /// Lists for superusers, beside a PocketBase with the same users if POCKETBASE names its binary
    #[arg(long)]
    lists: bool,
    /// The same work on a file and on PostgreSQL: the URL of an empty database there
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Logins, starts and backups with a picture for each user, beside none
    #[arg(long)]
    avatars: bool,
    /// Others beside clients who ask for a record on a damaged block
    #[arg(long)]
    damage: bool,
    /// Others beside one source that attacks, on the default configuration; all attacks, or those named
    #[arg(long)]
    attack: bool,
    /// Write a database with so many users, and nothing else
    #[arg(long, num_args = 2, value_names = ["FILE", "USERS"])]
    preload_only: Option<Vec<String>>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// "100k" as a number.
fn count(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.to_ascii_lowercase() {
        text if text.ends_with('k') => (text.trim_end_matches('k').to_owned(), 1_000),
        text if text.ends_with('m') => (text.trim_end_matches('m').to_owned(), 1_000_000),
        text => (text, 1),
    };
    let number = digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor));
    number
        .filter(|n| *n >= 2)
        .ok_or_else(|| "expected a number such as 500, 100k or 1m".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds".to_owned())
}

/// What every measurement needs.
struct Setup {
    /// Removed at the end.
    dir: TempDir,
    binary: PathBuf,
    stub: Stub,
    users: Users,
    count: u64,
    time: Duration,
    rounds: usize,
}

impl Setup {
    async fn new(args: &Args) -> Self {
        let parent =
            std::env::var_os("BAI_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let dir = tempfile::Builder::new()
            .prefix("bai-bench-")
            .tempdir_in(parent)
            .expect("a folder");
        let (users, stub) = (Users::new().await, Stub::start());
        let binary = std::path::absolute(&args.binary).expect("a path");
        let rounds = args.rounds.max(1);
        Self {
            dir,
            binary,
            stub,
            users,
            count: args.users,
            time: args.seconds,
            rounds,
        }
    }

    /// A new database with `count` users.
    async fn file(&self, count: u64) -> PathBuf {
        let file = self.dir.path().join("bench.redb");
        let _ = std::fs::remove_file(&file);
        users::fill(&file, count, &self.users).await;
        file
    }
}

async fn run(args: Args) {
    if let Some([file, number]) = args.preload_only.as_deref() {
        let number = count(number).expect("a number of users");
        return users::fill(Path::new(file), number, &Users::new().await).await;
    }
    let setup = Setup::new(&args).await;
    let only_table = !(args.storm
        || args.hang
        || args.webhooks
        || args.start
        || args.backup
        || args.damage
        || args.avatars
        || args.lists
        || args.attack
        || args.updates.is_some()
        || args.postgres.is_some()
        || args.soak.is_some())
        && args.growth.is_empty();
    if only_table {
        table::print(&setup, &args.rows).await;
    }
    if args.avatars {
        avatars::print(&setup).await;
    }
    if args.storm {
        storm::print(&setup).await;
    }
    if args.hang {
        hang::print(&setup).await;
    }
    if args.webhooks {
        webhooks::print(&setup).await;
    }
    if args.start {
        start::print(&setup).await;
    }
    if !args.growth.is_empty() {
        growth::print(&setup, &args.growth).await;
    }
    if let Some(updates) = args.updates {
        updates::print(&setup, updates).await;
    }
    if args.backup {
        backup::print(&setup).await;
    }
    if args.lists {
        lists::print(&setup).await;
    }
    if let Some(url) = &args.postgres {
        engines::print(&setup, url).await;
    }
    if args.damage {
        damage::print(&setup).await;
    }
    if args.attack {
        attack::print(&setup, &args.rows).await;
    }
    if let Some(time) = args.soak {
        soak::print(&setup, time).await;
    }
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(bare_poem::ARGUMENT) {
        bare_poem::serve();
        return ExitCode::SUCCESS;
    }
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let code = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).expect("a signal handler");
        let mut terminate = signal(SignalKind::terminate()).expect("a signal handler");
        // Dropping the work ends the server and removes the folder.
        tokio::select! {
            () = run(args) => ExitCode::SUCCESS,
            _ = interrupt.recv() => ExitCode::FAILURE,
            _ = terminate.recv() => ExitCode::FAILURE,
        }
    });
    runtime.shutdown_background();
    code
}
