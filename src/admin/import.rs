//! Import of records from PocketBase, for an operator.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::context::Admin;
use super::failure::Failure;
use super::import_rules::{self, OtherRule};
use super::io::{Io, Progress};
use crate::app::App;
use crate::backup;
use crate::domain::{Kind, Rules};
use crate::pb_data::{
    self, ImportObserver, ImportOptions, NoteLine, PictureBounds, Preference, Report, Source,
};
use crate::store::{self, Outbox, Store};

/// Import of PocketBase's records.
#[derive(Clone, Deserialize, Serialize)]
pub struct ImportCommand {
    /// Absolute path of PocketBase's folder or backup, which this process has to be able to read.
    pub from: PathBuf,
    /// Whether its access rules hold here, too, from then on.
    pub with_rules: bool,
    /// The one of two users with the same phone who comes with it.
    pub preference: Preference,
    /// Whether logins that will go otherwise than in PocketBase are agreed to.
    pub is_accepted: bool,
}

/// A row of the answer.
#[derive(Deserialize, Serialize)]
pub enum ImportRow {
    /// A note, as it is made.
    Note(NoteLine),
    /// The end.
    End(Imported),
}

/// End of an import.
#[derive(Default, Deserialize, Serialize)]
pub struct Imported {
    /// All that is to be said of it.
    pub report: Report,
    /// Rules that PocketBase has other ones of.
    pub rules: Vec<OtherRule>,
}

/// Brings all that is there. Each row is an [`ImportRow`]. It goes
/// on to its end when the caller goes away.
///
/// # Errors
/// The file is being backed up, restored or compacted. What is at `from` cannot be read; what was brought until then stays.
pub(super) async fn run(admin: &Admin, command: ImportCommand, io: &Io) -> Result<(), Failure> {
    let (report, theirs) = bring(&admin.app, &command, io).await?;
    // The collections are those of PocketBase now.
    admin.app.follow_state().await?;
    let rules = import_rules::other_rules(admin, &theirs);
    if command.with_rules {
        import_rules::bring(admin, &rules).await?;
    }
    io.row(ImportRow::End(Imported { report, rules })).await
}

/// Brings the records; the report, and the rules of PocketBase.
async fn bring(
    app: &Arc<App>,
    command: &ImportCommand,
    io: &Io,
) -> Result<(Report, Vec<(Kind, Rules)>), Failure> {
    let (to, news) = mpsc::unbounded_channel();
    let runtime = Handle::current();
    let from = command.from.clone();
    let options = ImportOptions {
        preference: command.preference,
        with_rules: command.with_rules,
        is_accepted: command.is_accepted,
        pictures: PictureBounds {
            max_bytes: app.config.avatars.max_bytes(),
            total_bytes: app.config.avatars.total_bytes(),
        },
    };
    // A restoration in the middle would leave half of the records in the database before it.
    let work = backup::exclusive(app, move |app| {
        let database = &app.database();
        let source = Source::open(&from).map_err(|error| failure(error, database))?;
        let mut observer = Observer::new(to);
        let store = silent(app);
        let imported = pb_data::import(&source, &store, options, &mut observer);
        let report = runtime.block_on(imported);
        let report = report.map_err(|error| failure(error, database))?;
        let rules = source.rules().map(|(kind, rules)| (kind, rules.clone()));
        Ok((report, rules.collect()))
    });
    let (brought, ()) = tokio::join!(work, forward(news, io));
    brought
}

/// The store, which tells no webhook of users who were users before.
fn silent(app: &App) -> Store {
    let nobody = Outbox::new(Vec::new(), app.clock.clone(), app.random.clone());
    app.store.clone().with_outbox(nobody)
}

/// The failure of an import; a disk that took no more is named by the file that was to grow.
fn failure(error: pb_data::Error, database: &str) -> Failure {
    match error {
        pb_data::Error::Store(error @ store::Error::Failed(_)) => Failure::failed(format!(
            "{error}; the records go to {database}: make room there (a dry run writes under TMPDIR)"
        )),
        pb_data::Error::Store(error) => error.into(),
        error @ pb_data::Error::Missing(_) => Failure::not_found(error.to_string()),
        error => Failure::failed(error),
    }
}

/// Gives out notes and numbers, until the import ends; a caller who has gone away is no reason to end it.
async fn forward(mut news: UnboundedReceiver<News>, io: &Io) {
    while let Some(news) = news.recv().await {
        let _ = match news {
            News::Note(line) => io.row(ImportRow::Note(line)).await,
            News::Progress(Progress { done, total }) => io.progress(done, total).await,
        };
    }
}

enum News {
    Note(NoteLine),
    Progress(Progress),
}

/// Tells what the import does, without waiting for whoever reads it: these are counts, and the few records of which there is something to say.
struct Observer {
    to: UnboundedSender<News>,
    done: u64,
    total: u64,
}

impl Observer {
    fn new(to: UnboundedSender<News>) -> Self {
        Self {
            to,
            done: 0,
            total: 0,
        }
    }
}

impl ImportObserver for Observer {
    fn total(&mut self, records: u64) {
        self.total = records;
    }

    fn done(&mut self, records: usize) {
        self.done += records as u64;
        let _ = self.to.send(News::Progress(Progress {
            done: self.done,
            total: self.total,
        }));
    }

    fn noted(&mut self, line: NoteLine) {
        let _ = self.to.send(News::Note(line));
    }
}
