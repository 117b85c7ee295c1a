//! Bringing records from PocketBase, for an operator.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::spawn_blocking;

use super::frame::Progress;
use super::{Failure, Io};
use crate::app::App;
use crate::backup;
use crate::pb_data;
use crate::pb_data::{Found, Source, Watcher};

/// Brings all that is at `from`, which this process has to be able to read. What does not come is told as rows of collection,
/// id and problem; the last row is the [`pb_data::Summary`]. It goes on to its end when the caller goes away.
///
/// # Errors
/// The file is being backed up, restored or compacted. What is at `from` cannot be read; what was brought until then stays.
pub async fn run(app: &Arc<App>, from: PathBuf, io: &Io) -> Result<(), Failure> {
    // A restoration in the middle would leave half of the records in the database before it.
    let alone = Arc::clone(&app.maintenance)
        .try_lock_owned()
        .map_err(|_| backup::Error::Busy)?;
    let (teller, mut told) = mpsc::unbounded_channel();
    let (store, runtime) = (app.store.clone(), Handle::current());
    // SQLite is read in place, by a thread that may wait.
    let work = spawn_blocking(move || {
        let _alone = alone;
        let source = Source::open(&from)?;
        let mut teller = Teller {
            to: teller,
            done: 0,
            total: 0,
        };
        runtime.block_on(pb_data::import(&source, &store, &mut teller))
    });
    while let Some(telling) = told.recv().await {
        match telling {
            Telling::Found(row) => io.row(row).await,
            Telling::Progress(Progress { done, total }) => io.progress(done, total).await,
        }
        .unwrap_or_default();
    }
    let summary = work
        .await
        .map_err(Failure::failed)?
        .map_err(Failure::failed)?;
    // The collections are those of PocketBase now.
    app.follow(&app.store.remembered()?);
    io.row(summary).await
}

enum Telling {
    Found([String; 3]),
    Progress(Progress),
}

/// Does not wait for whoever listens: what is told are counts, and the few records that do not come.
struct Teller {
    to: UnboundedSender<Telling>,
    done: u64,
    total: u64,
}

impl Teller {
    fn tell(&self, telling: Telling) {
        let _ = self.to.send(telling);
    }
}

impl Watcher for Teller {
    fn total(&mut self, records: u64) {
        self.total = records;
    }

    fn done(&mut self, records: usize) {
        self.done += records as u64;
        self.tell(Telling::Progress(Progress {
            done: self.done,
            total: self.total,
        }));
    }

    fn found(&mut self, found: &Found<'_>) -> io::Result<()> {
        let row = [
            found.kind.name().to_owned(),
            found.id.to_owned(),
            found.problem.to_string(),
        ];
        self.tell(Telling::Found(row));
        Ok(())
    }
}
