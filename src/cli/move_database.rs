//! `bai move`

use std::path::PathBuf;

use clap::Args;
use parking_lot::Mutex;

use super::files;
use super::outcome::Outcome;
use super::output;
use super::progress::{self, Bar};
use crate::admin::{Client, Failure, Progress};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::moving::{MoveSettings, Moved, Place, Step, move_database};

/// Words in place of a path or a URL, so that no password is on the command line.
const CONFIGURED_PATH: &str = "store.path";
const CONFIGURED_URL: &str = "store.url";

#[derive(Args)]
pub struct MoveArgs {
    /// The database that is moved, and only read: a file, or postgres://user@host/database; "store.path" and "store.url" are the
    /// configured ones
    from: String,
    /// The place for it, where there is nothing yet, or half of a move that was cut: the same
    to: String,
}

/// Moves a whole database to another engine. Nobody may work on either meanwhile.
pub fn run(config: &Config, args: &MoveArgs) -> Outcome {
    let from = place(config, &args.from)?;
    let to = place(config, &args.to)?;
    check(&from, &to)?;
    let settings = MoveSettings {
        cache_bytes: config.store.cache_mib << 20,
        require_sync: config.store.require_sync,
        clock: Clock::System,
    };
    eprintln!("bai: {} to {}", from.name()?, to.name()?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let bars = Bars::default();
    let moved = runtime.block_on(move_database(
        &from,
        &to,
        &settings,
        &|step, done, total| {
            bars.update(step, Progress { done, total });
        },
    ));
    bars.clear();
    output::print(&summary(&from, &to, &moved?)?)
}

/// The place that an argument names.
fn place(config: &Config, text: &str) -> Result<Place, Failure> {
    let schemes = ["postgres://", "postgresql://"];
    match text {
        CONFIGURED_PATH => Ok(Place::File(config.store.path.clone())),
        CONFIGURED_URL if config.store.url.is_empty() => Err(Failure::invalid(
            "store.url is not set: set it (BAI_STORE__URL), or name the URL itself",
        )),
        CONFIGURED_URL => Ok(Place::Postgres(config.store.url.clone())),
        url if schemes.iter().any(|scheme| url.starts_with(scheme)) => {
            Ok(Place::Postgres(url.into()))
        }
        url if url.contains("://") => Err(Failure::invalid(
            "a URL begins with postgres://, such as postgres://bai@10.0.0.1,10.0.0.2/bai",
        )),
        path => Ok(Place::File(PathBuf::from(path))),
    }
}

/// Refuses what cannot be moved, before anything is opened.
fn check(from: &Place, to: &Place) -> Result<(), Failure> {
    match (from, to) {
        (Place::File(_), Place::File(_)) => {
            return Err(Failure::invalid(
                "both are files: copy it (\"bai backup\" of a running server, else \"cp\")",
            ));
        }
        (Place::Postgres(_), Place::File(path)) => files::ensure_new(path)?,
        _ => {}
    }
    if let Place::File(path) = from {
        files::ensure_file(path)?;
        if Client::connect(path)?.is_some() {
            return Err(Failure::failed(format!(
                "a server works on {}: stop it, so that nothing is changed meanwhile, and run this again",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The bar of each step, one after the other.
#[derive(Default)]
struct Bars(Mutex<Option<(Step, Bar)>>);

impl Bars {
    fn update(&self, step: Step, progress: Progress) {
        let mut shown = self.0.lock();
        if shown.as_ref().is_none_or(|(of, _)| *of != step) {
            if let Some((_, before)) = shown.take() {
                before.clear();
            }
            let things = match step {
                Step::Move => "records and events moved",
                Step::Compare => "compared",
            };
            *shown = Some((step, progress::bar(things)));
        }
        if let Some((_, bar)) = shown.as_ref() {
            bar.update(progress);
        }
    }

    fn clear(&self) {
        if let Some((_, bar)) = self.0.lock().take() {
            bar.clear();
        }
    }
}

/// Report of what was moved, and of what is to be done now.
fn summary(from: &Place, to: &Place, moved: &Moved) -> Result<String, crate::store::Error> {
    let (source, target) = (from.name()?, to.name()?);
    let next = match to {
        Place::Postgres(_) => format!(
            "Now set store.url (BAI_STORE__URL) to {target}, with its user and password, on each server, and start them. {source} is \
             as it was: keep it until all is well, and start no server on it."
        ),
        Place::File(_) => format!(
            "Now remove store.url (BAI_STORE__URL), set store.path to {target}, and start one server. {source} is as it was: keep \
             it until all is well, and start no server on it."
        ),
    };
    Ok(format!(
        "read: {}\nwritten: {}\nBoth are the same. {next}",
        moved.read, moved.written
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_a_url_or_what_is_configured() {
        let mut config = Config::default();
        let url = "postgres://li:hunter2@a/bai";
        assert_eq!(
            place(&config, "x/bai.redb").unwrap(),
            Place::File("x/bai.redb".into())
        );
        assert_eq!(place(&config, url).unwrap(), Place::Postgres(url.into()));
        assert_eq!(
            place(&config, "store.path").unwrap(),
            Place::File(config.store.path.clone())
        );
        assert!(place(&config, "store.url").is_err());
        config.store.url = url.into();
        assert_eq!(
            place(&config, "store.url").unwrap(),
            Place::Postgres(url.into())
        );
        for wrong in ["mysql://li:hunter2@a/bai", "http://a", "postgres:/x://"] {
            let error = place(&config, wrong).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(
            place(&config, url).unwrap().name().unwrap(),
            "postgres://a:5432/bai"
        );
    }
}
