//! The engine that tests run on: a file in memory, or PostgreSQL when the environment says so. Tests of what only a file has name
//! their files themselves.

use bai::clock::Clock;
use bai::config::Config;
use bai::random::Random;
use bai::store::{PostgresSettings, Store};

use crate::support::postgres::{Template, sql, wait_until};
use crate::support::waiting::wait;

/// Set by the tests that run others on PostgreSQL: "postgres", or "serializable" for transactions as CockroachDB has them.
pub const VARIABLE: &str = "BAI_TEST_ENGINE";

static MIGRATED: Template = Template::new("migrated", migrate);

/// The URL of a new database, if tests run on PostgreSQL.
pub fn new_database() -> Option<String> {
    match std::env::var(VARIABLE).ok()?.as_str() {
        "serializable" => Some(MIGRATED.serializable_database()),
        _ => Some(MIGRATED.database()),
    }
}

/// The settings of a database of a test.
pub fn settings(url: &str) -> PostgresSettings {
    PostgresSettings {
        url: url.into(),
        require_sync: false,
        connections: 2,
    }
}

/// Lets a server work on that database.
pub fn configure(config: &mut Config, url: &str) {
    let settings = settings(url);
    config.store.url = settings.url;
    config.store.require_sync = settings.require_sync;
    config.store.connections = settings.connections;
}

/// A store on that database.
pub async fn store(url: &str) -> Store {
    let settings = settings(url);
    let store = Store::connect(&settings, Clock::System, Random::System);
    store.await.unwrap()
}

/// Checks the whole database: users, companies and superusers in it.
pub async fn checked(store: &Store) -> [u64; 3] {
    let contents = match store.postgres() {
        Some(postgres) => postgres.check().await,
        None => store.file().unwrap().check(),
    };
    let contents = contents.unwrap();
    [contents.users, contents.companies, contents.superusers]
}

fn migrate(url: &str) {
    let url = url.to_owned();
    let made = std::thread::spawn(move || {
        wait(async { drop(store(&url).await) });
        // The server that made the tables is gone.
        sql::execute(&url, "DELETE FROM instances");
        // A database that somebody is connected to is no template.
        wait_until("nobody is connected", || {
            let others = "SELECT count(*) FROM pg_stat_activity \
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";
            sql::value(&url, others) == "0"
        });
    });
    made.join().unwrap();
}
