//! Whether the server can do its work, and if not, what is to be mended.

use jiff::Timestamp;

use crate::app::App;
use crate::store::file::{DiskUsage, FileStore};
use crate::store::postgres::READY_AGE;

const MIB: u64 = 1 << 20;

/// A part of the server, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: &'static str,
    /// Problems; none when it is ready.
    pub problems: Vec<Problem>,
}

/// Something to mend. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A word for programs.
    pub code: &'static str,
    /// The problem and its remedy, for people.
    pub text: String,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
}

/// All parts. Nobody is asked for it but our own disk: of PostgreSQL and of WeChat it says what the last calls said.
pub async fn readiness(app: &App) -> Vec<Component> {
    let part = |name, problems| Component { name, problems };
    vec![
        part("store", store(app).await),
        part(
            "disk",
            app.store
                .file()
                .and_then(FileStore::disk_usage)
                .and_then(|disk| nearly_full(&disk, app))
                .into_iter()
                .collect(),
        ),
        part("wechat", wechat(app)),
        part("backup", backup(app)),
    ]
}

async fn store(app: &App) -> Vec<Problem> {
    if app.store.is_writable().await {
        return Vec::new();
    }
    if let Some(postgres) = app.store.postgres() {
        return vec![unconfirmed(postgres.name())];
    }
    let text = "the database takes no writes: the log has the cause (disk full, I/O error); writing resumes by itself \
                when it is gone";
    vec![Problem {
        code: "not_writable",
        text: text.to_owned(),
        since: None,
    }]
}

/// The problem of a database on PostgreSQL that confirmed no commit for longer than a failover takes.
fn unconfirmed(name: &str) -> Problem {
    let patience = READY_AGE.as_secs();
    Problem {
        code: "unconfirmed",
        text: format!(
            "{name} has confirmed no commit for {patience} s: the log has the cause; look whether its primary runs and can be \
             reached from here, and whether its synchronous standby follows (pg_stat_replication); it goes on by itself when they do"
        ),
        since: None,
    }
}

fn nearly_full(disk: &DiskUsage, app: &App) -> Option<Problem> {
    let min = app.config.store.min_free_mib;
    let is_full = disk.free / MIB < u64::try_from(min).unwrap_or(u64::MAX);
    is_full.then(|| Problem {
        code: "nearly_full",
        text: format!(
            "{} MiB are free for {}, less than store.min_free_mib = {min}: make room, or the database will take no \
             writes",
            disk.free / MIB,
            disk.folder.display()
        ),
        since: None,
    })
}

fn backup(app: &App) -> Vec<Problem> {
    let status = app.backups.status(app.clock.now());
    let shrunk = status.shrunk().into_iter().map(|text| Problem {
        code: "shrunk",
        text,
        since: None,
    });
    let since = status.failure.as_ref().map(|failure| failure.at);
    let missing = status.missing().map(|text| Problem {
        code: status.code(),
        text,
        since,
    });
    missing.into_iter().chain(shrunk).collect()
}

fn wechat(app: &App) -> Vec<Problem> {
    let problems = app.wechat.problems().into_iter();
    problems
        .map(|it| Problem {
            code: it.code,
            text: it.text,
            since: Some(it.since),
        })
        .collect()
}
