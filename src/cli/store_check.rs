//! `bai store check`

use clap::Subcommand;

use super::outcome::Outcome;
use super::output;
use crate::admin::Failure;
use crate::config::Url;
use crate::random::Random;
use crate::store::postgres::{EngineFacts, Scratch, engine_facts};
use crate::store::suite::{Bench, PROPERTIES};
use crate::store::{Error, PostgresSettings};

#[derive(Subcommand)]
pub enum StoreArgs {
    /// Try all that the server asks of PostgreSQL, or of another engine that speaks its protocol, in schemas that are made for it and
    /// dropped after it: exit code 0 if all of it holds
    Check {
        /// The database, such as postgres://bai@10.0.0.1/bai; its user may make schemas
        url: String,
    },
}

/// Tries the engine, and prints a line for each property.
pub fn run(StoreArgs::Check { url }: &StoreArgs) -> Outcome {
    let url = Url::from(url.as_str());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let facts = runtime.block_on(engine_facts(&url))?;
    output::print(&describe(&facts))?;
    let failures = runtime.block_on(check(&url))?;
    match failures {
        0 => output::print(&format!(
            "{}: all {} hold",
            facts.database,
            PROPERTIES.len()
        )),
        failures => {
            let words = format!("{failures} of {} properties do not hold", PROPERTIES.len());
            Err(Failure::failed(words).into())
        }
    }
}

fn describe(facts: &EngineFacts) -> String {
    let EngineFacts {
        database,
        version,
        collation,
        replication,
    } = facts;
    format!("{database}\nengine: {version}\ncollation: {collation}\nreplication: {replication}")
}

/// Tries all properties in schemas of their own; the number of those that do not hold.
async fn check(url: &Url) -> Result<usize, Box<dyn std::error::Error>> {
    let scratch = Scratch::make(url, 2, &Random::System).await?;
    let tried = try_all(scratch.settings()).await;
    let dropped = scratch.drop_all().await;
    let failures = tried?;
    dropped?;
    Ok(failures)
}

async fn try_all(settings: Vec<PostgresSettings>) -> Result<usize, Box<dyn std::error::Error>> {
    let Ok([shared, empty]) = <[PostgresSettings; 2]>::try_from(settings) else {
        return Err(Error::Failed("a schema is missing".into()).into());
    };
    let bench = Bench::shared(shared, empty).await?;
    let mut failures = 0;
    for property in PROPERTIES {
        match property.try_on(&bench).await {
            Ok(()) => output::print(&format!("ok      {}", property.name))?,
            Err(failed) => {
                failures += 1;
                output::print(&format!("FAILED  {}: {}", property.name, failed.0))?;
            }
        }
    }
    Ok(failures)
}
