//! `bai compact`

use std::fs;

use super::Outcome;
use crate::config::Config;

pub fn run(config: &Config) -> Outcome {
    let store = super::open_store(config)?;
    let size = || fs::metadata(&config.store.path).map(|file| file.len());
    let before = size()?;
    store.compact()?;
    drop(store);
    println!("{}: {} bytes before, {} bytes now", config.store.path.display(), before, size()?);
    Ok(())
}
