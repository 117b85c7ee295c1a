//! `bai backup` and `bai check`

use std::path::{Path, PathBuf};

use super::Outcome;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Contents, Location, Store};

/// Copies the database to `file`, or to a file beside it that is named after the time.
pub fn backup(config: &Config, file: Option<PathBuf>) -> Outcome {
    let store = super::open_store(config)?;
    let file = file.unwrap_or_else(|| beside(&config.store.path));
    let contents = store.backup(&file, Clock::System.now(), &mut |_, _| ())?;
    println!("{}: {}", file.display(), describe(contents));
    Ok(())
}

/// Reads all of `file`, or of the database, and changes nothing.
pub fn check(config: &Config, file: Option<PathBuf>) -> Outcome {
    let file = file.unwrap_or_else(|| config.store.path.clone());
    if !file.exists() {
        return Err(format!("there is no file {}", file.display()).into());
    }
    let contents = Store::look(&Location::File(file.clone()), config.store.cache_mib << 20)?;
    println!("{}: whole; {}", file.display(), describe(contents));
    Ok(())
}

fn describe(contents: Contents) -> String {
    let Contents { users, companies, superusers, .. } = contents;
    format!("users {users}, companies {companies}, superusers {superusers}")
}

fn beside(database: &Path) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{stem}-{}.redb", Clock::System.now().strftime("%Y%m%d-%H%M%S")))
}
