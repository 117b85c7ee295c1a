//! The harness: fresh databases, servers that leave nothing behind, and pairs that keep what a commit promises.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::support::postgres::{
    Cluster, Pair, Replication, Template, database, serializable_database, shared, sql, wait_until,
};

const MAKE_TABLE: &str = "CREATE TABLE notes (n bigint PRIMARY KEY)";
const COUNT: &str = "SELECT count(*) FROM notes";

static TEMPLATE: Template = Template::new("of_the_harness", fill);

fn fill(url: &str) {
    sql::execute(url, MAKE_TABLE);
    sql::execute(url, "INSERT INTO notes VALUES (1)");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn databases_are_copies_of_a_template_that_was_filled_once() {
    let [first, second] = [TEMPLATE.database(), TEMPLATE.database()];
    sql::execute(&first, "INSERT INTO notes VALUES (2)");
    assert_eq!(
        [sql::value(&first, COUNT), sql::value(&second, COUNT)],
        ["2", "1"]
    );
    let templates = "SELECT count(*) FROM pg_database WHERE datname = 'template_of_the_harness'";
    assert_eq!(sql::value(&first, templates), "1");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_database_is_empty_and_has_the_locale_c() {
    let url = database();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let locale =
        "SELECT datcollate || datctype FROM pg_database WHERE datname = current_database()";
    assert_eq!(sql::value(&url, tables), "0");
    assert_eq!(sql::value(&url, locale), "CC");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn transactions_of_a_serializable_database_are_so_by_default() {
    let urls = [
        database(),
        serializable_database(),
        TEMPLATE.serializable_database(),
    ];
    let levels = urls.map(|url| sql::value(&url, "SHOW transaction_isolation"));
    assert_eq!(levels, ["read committed", "serializable", "serializable"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_dropped_cluster_leaves_no_process_and_no_folder() {
    let cluster = Cluster::start();
    let folder = cluster.folder().to_owned();
    assert!(processes_in(&folder) > 3);
    drop(cluster);
    assert_eq!((processes_in(&folder), folder.exists()), (0, false));
}

/// Says what a test process does with a server, to `a_server_of_another_test_process`.
const ROLE: &str = "TEST_OF_THE_HARNESS";

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_killed_test_process_leaves_no_server_and_no_folder() {
    let mut other = OtherProcess::start("waits");
    assert!(processes_in(&other.folder) > 3);
    other.process.kill().unwrap();
    other.process.wait().unwrap();
    await_nothing_left(&other.folder);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_test_process_that_ends_leaves_no_server_and_no_folder() {
    let mut other = OtherProcess::start("ends");
    assert!(other.process.wait().unwrap().success());
    await_nothing_left(&other.folder);
}

/// The body of another test process; nothing by itself.
#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_server_of_another_test_process() {
    let Ok(role) = env::var(ROLE) else { return };
    println!("\nfolder: {}", shared().folder().display());
    if role == "waits" {
        thread::sleep(Duration::from_hours(1));
    }
}

/// Another test process that started a server in `folder`.
struct OtherProcess {
    process: Child,
    folder: PathBuf,
    // Open, so that it may say more.
    _output: Lines<BufReader<ChildStdout>>,
}

impl OtherProcess {
    fn start(role: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("postgres::harness::a_server_of_another_test_process")
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let folder = output.find_map(|line| named_folder(&line.unwrap()));
        Self {
            process,
            folder: folder.unwrap(),
            _output: output,
        }
    }
}

fn named_folder(line: &str) -> Option<PathBuf> {
    line.strip_prefix("folder: ").map(PathBuf::from)
}

fn processes_in(folder: &Path) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| fs::read_link(entry.path().join("cwd")).ok())
        .filter(|target| target.starts_with(folder))
        .count()
}

fn await_nothing_left(folder: &Path) {
    wait_until("the guard removes the folder", || !folder.exists());
    assert_eq!(processes_in(folder), 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_synchronous_pair_loses_nothing_acknowledged() {
    let mut pair = Pair::start(Replication::Synchronous);
    let acknowledged = write_until_the_primary_dies(&mut pair).await;
    assert_eq!(acknowledged, 20, "a commit waits for the stopped receiver");
    pair.promote();
    assert_eq!(missing(&pair, acknowledged), "0");
    let both = format!("{}?target_session_attrs=read-write", pair.urls());
    sql::execute(&both, "INSERT INTO notes VALUES (1000)");
    assert_eq!(
        sql::value(&pair.standby_url(), "SELECT max(n) FROM notes"),
        "1000"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn an_asynchronous_pair_loses_what_the_receiver_did_not_take() {
    let mut pair = Pair::start(Replication::Asynchronous);
    let acknowledged = write_until_the_primary_dies(&mut pair).await;
    assert_eq!(acknowledged, 40, "a commit waits for nobody");
    pair.promote();
    assert_eq!(missing(&pair, acknowledged), "20");
}

/// Writes 20 notes, and 20 more with the standby's receiver stopped, for as long as they are acknowledged; then kills the primary.
async fn write_until_the_primary_dies(pair: &mut Pair) -> i64 {
    let client = sql::connect(&pair.primary_url()).await;
    client.batch_execute(MAKE_TABLE).await.unwrap();
    let before = write(&client, 1..=20).await;
    await_replay(pair, before);
    pair.stop_walreceiver();
    let after = write(&client, 21..=40).await;
    pair.kill_primary();
    before + after
}

/// Writes notes one after the other until one is not acknowledged in time; the number of the others.
async fn write(client: &Client, notes: impl Iterator<Item = i64>) -> i64 {
    let mut acknowledged = 0;
    for note in notes {
        let values: [&(dyn ToSql + Sync); 1] = [&note];
        let insert = client.execute("INSERT INTO notes VALUES ($1)", &values);
        let Ok(Ok(_)) = timeout(Duration::from_secs(3), insert).await else {
            break;
        };
        acknowledged += 1;
    }
    acknowledged
}

/// An asynchronous standby is a moment late.
fn await_replay(pair: &Pair, notes: i64) {
    wait_until("the standby has all", || {
        // At first it has no table.
        sql::try_value(&pair.standby_url(), COUNT).is_ok_and(|count| count == notes.to_string())
    });
}

/// The number of acknowledged notes that the promoted standby does not have.
fn missing(pair: &Pair, acknowledged: i64) -> String {
    let statement =
        format!("SELECT {acknowledged} - count(*) FROM notes WHERE n <= {acknowledged}");
    sql::value(&pair.standby_url(), &statement)
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn an_old_primary_that_was_started_again_says_that_it_takes_writes() {
    let mut pair = Pair::start(Replication::Synchronous);
    sql::execute(&pair.primary_url(), MAKE_TABLE);
    pair.kill_primary();
    pair.promote();
    sql::execute(&pair.standby_url(), "INSERT INTO notes VALUES (1)");
    pair.restart_old_primary();
    let both = format!("{}?target_session_attrs=read-write", pair.urls());
    assert_eq!(
        sql::value(&both, COUNT),
        "0",
        "the old world, because it is first"
    );
    let client = sql::connect(&both).await;
    assert_eq!(write(&client, 2..=2).await, 0, "it confirms nothing");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn commits_wait_for_a_standby_that_is_away() {
    let mut pair = Pair::start(Replication::Synchronous);
    sql::execute(&pair.primary_url(), MAKE_TABLE);
    let client = sql::connect(&pair.primary_url()).await;
    pair.stop_standby();
    let commit = client.batch_execute("INSERT INTO notes VALUES (1)");
    tokio::pin!(commit);
    assert!(
        timeout(Duration::from_millis(500), &mut commit)
            .await
            .is_err()
    );
    pair.start_standby();
    commit.await.unwrap();
    assert_eq!(
        sql::value(&pair.standby_url(), "SHOW transaction_read_only"),
        "on"
    );
}
