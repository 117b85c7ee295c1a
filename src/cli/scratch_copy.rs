//! Copy of the records of a database on PostgreSQL in a file, for what is tried and thrown away.

use std::error::Error;
use std::path::Path;

use crate::clock::Clock;
use crate::domain::Kind;
use crate::random::Random;
use crate::store::{Cursor, Location, Order, PostgresSettings, Store, Write};

/// Records that are copied at once.
const PAGE: usize = 2_000;
/// Page cache of the file: each record is written once.
const CACHE: usize = 16 << 20;

/// Copies all records, and the collections that they are in, to a new file. Numbers are given anew, and events and keys stay.
pub fn copy(settings: &PostgresSettings, file: &Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let from = Store::connect(settings, Clock::System, Random::System).await?;
        let to = Store::open(&Location::File(file.to_owned()), CACHE)?;
        if let Some(collections) = from.collections().await? {
            to.set_collections(collections).await?;
        }
        for kind in Kind::ALL {
            copy_records(kind, &from, &to).await?;
        }
        Ok(())
    })
}

async fn copy_records(kind: Kind, from: &Store, to: &Store) -> Result<(), Box<dyn Error>> {
    let order = Order::ById(kind);
    let mut cursor = Cursor::START;
    loop {
        let page = from.records_after(order, &cursor, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        cursor = Cursor::after(last);
        let is_last = page.len() < PAGE;
        to.commit(page.into_iter().map(Write::insert).collect())
            .await?;
        if is_last {
            return Ok(());
        }
    }
}
