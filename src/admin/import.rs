//! Import of records from PocketBase, for an operator.

use std::io;
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
use crate::pb_data::{self, ImportObserver, RefusedRecord, Source, Summary};

/// Import of PocketBase's records.
#[derive(Clone, Deserialize, Serialize)]
pub struct ImportCommand {
    /// Absolute path of PocketBase's folder or backup, which this process has to be able to read.
    pub from: PathBuf,
    /// Whether its access rules hold here, too, from then on.
    pub with_rules: bool,
}

/// End of an import.
#[derive(Default, Deserialize, Serialize)]
pub struct Imported {
    /// Numbers of records.
    pub summary: Summary,
    /// Rules that PocketBase has other ones of.
    pub rules: Vec<OtherRule>,
}

/// Brings all that is there. A record that does not come is a row of collection, id and problem; the last row is [`Imported`]. It goes
/// on to its end when the caller goes away.
///
/// # Errors
/// The file is being backed up, restored or compacted. What is at `from` cannot be read; what was brought until then stays.
pub(super) async fn run(admin: &Admin, command: ImportCommand, io: &Io) -> Result<(), Failure> {
    let (summary, theirs) = bring(&admin.app, command.from, io).await?;
    // The collections are those of PocketBase now.
    admin.app.follow_collections()?;
    let rules = import_rules::other_rules(admin, &theirs);
    if command.with_rules {
        import_rules::bring(admin, &rules).await?;
    }
    io.row(Imported { summary, rules }).await
}

/// Brings the records; their numbers, and the rules of PocketBase.
async fn bring(
    app: &Arc<App>,
    from: PathBuf,
    io: &Io,
) -> Result<(Summary, Vec<(Kind, Rules)>), Failure> {
    let (to, reports) = mpsc::unbounded_channel();
    let runtime = Handle::current();
    // A restoration in the middle would leave half of the records in the database before it.
    let work = backup::exclusive(app, move |app| {
        let source = Source::open(&from).map_err(Failure::failed)?;
        let mut reporter = Reporter::new(to);
        let imported = pb_data::import(&source, &app.store, &mut reporter);
        let summary = runtime.block_on(imported).map_err(Failure::failed)?;
        let rules = source.rules().map(|(kind, rules)| (kind, rules.clone()));
        Ok((summary, rules.collect()))
    });
    let (brought, ()) = tokio::join!(work, forward(reports, io));
    brought
}

/// Gives out what is reported, until the import ends; a caller who has gone away is no reason to end it.
async fn forward(mut reports: UnboundedReceiver<Report>, io: &Io) {
    while let Some(report) = reports.recv().await {
        let _ = match report {
            Report::Refused(row) => io.row(row).await,
            Report::Progress(Progress { done, total }) => io.progress(done, total).await,
        };
    }
}

enum Report {
    /// Collection, id and problem of a record that does not come.
    Refused([String; 3]),
    Progress(Progress),
}

/// Reports what the import does, without waiting for whoever reads it: these are counts, and the few records that do not come.
struct Reporter {
    to: UnboundedSender<Report>,
    done: u64,
    total: u64,
}

impl Reporter {
    fn new(to: UnboundedSender<Report>) -> Self {
        Self {
            to,
            done: 0,
            total: 0,
        }
    }
}

impl ImportObserver for Reporter {
    fn total(&mut self, records: u64) {
        self.total = records;
    }

    fn done(&mut self, records: usize) {
        self.done += records as u64;
        let _ = self.to.send(Report::Progress(Progress {
            done: self.done,
            total: self.total,
        }));
    }

    fn refused(&mut self, record: &RefusedRecord<'_>) -> io::Result<()> {
        let row = [
            record.kind.name().to_owned(),
            record.id.to_owned(),
            record.problem.to_string(),
        ];
        let _ = self.to.send(Report::Refused(row));
        Ok(())
    }
}
