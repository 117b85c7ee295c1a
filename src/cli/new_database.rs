//! Check before a command begins an empty database: not in the place of one that is gone, unless told so.

use clap::Args;

use crate::admin::Failure;
use crate::backup;
use crate::backup::schedule;
use crate::config::Config;

/// The flag of commands that make the database when there is none.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewDatabase {
    /// Begin an empty database although there are backups of one; they stay, and are never deleted by the server
    #[arg(long)]
    new_database: bool,
}

impl NewDatabase {
    /// Refuses to begin an empty database while there are backups of one. Nothing is written.
    ///
    /// # Errors
    /// The database is gone; the text says which backup is the newest, and what to do.
    pub fn check(self, config: &Config) -> Result<(), Failure> {
        let database = &config.store.path;
        if self.new_database || config.store.is_on_postgres() || !backup::is_missing(database) {
            return Ok(());
        }
        match newest_backup(config) {
            None => Ok(()),
            Some(backup) => Err(Failure::failed(format!(
                "{} is {}, but there are backups of a database: {backup}; or begin an empty one with --new-database (\"bai \
                 serve --new-database\")",
                database.display(),
                if database.exists() {
                    "empty (0 bytes)"
                } else {
                    "not there"
                },
            ))),
        }
    }
}

/// The newest backup in words, and how to restore it.
fn newest_backup(config: &Config) -> Option<String> {
    let file = backup::newest_remains(config).map(|path| {
        let path = path.display();
        format!("the newest is {path}. Put it back with \"bai restore {path}\"")
    });
    file.or_else(|| {
        let name = schedule::newest_upload(config)?;
        Some(format!(
            "the newest is {name} in the bucket. Download it, and put it back with \"bai restore {name}\""
        ))
    })
}
