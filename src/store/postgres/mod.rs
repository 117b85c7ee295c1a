//! The store on PostgreSQL: docs/decisions/0019-postgresql.md.
//!
//! Commits go through one task (`writer`), which runs all waiting jobs (`batch`, `job`) as one `transaction` in a `commit_session`:
//! it reads what they want into a `working_set`, under the lock of `totals`, and writes what they made of it. Reads are single
//! statements of `readers` on the `leader`, which the writer finds among the `hosts`. `statements` has all SQL but for
//! `definitions`, the tables, which `migration` makes, and for `move_statements`. `follower` tells what other servers commit.
//! A move of a whole database reads with `move_source` and writes with `move_target`; `moves` keeps servers away meanwhile.

mod address;
mod avatar_set;
mod avatars;
mod batch;
mod begin_statements;
mod begins;
mod blocks;
mod budget;
mod check;
mod checked_totals;
mod checks;
mod columns;
mod commit_session;
mod commits;
mod definitions;
mod errors;
mod event_set;
mod event_writes;
mod events;
mod facts;
mod failure_set;
mod follower;
mod hosts;
mod idle;
mod instance;
mod job;
mod leader;
mod lease_set;
mod lookups;
mod message_set;
mod migration;
mod move_source;
mod move_statements;
mod move_target;
mod move_writers;
mod moves;
mod outbox;
mod pages;
mod pipeline;
mod postgres_store;
mod readers;
mod record_rows;
mod rows;
mod scratch;
mod session;
mod state;
mod state_values;
mod statements;
mod stats;
mod sweep;
mod tls;
mod totals;
mod transaction;
mod wants;
mod working_set;
mod writer;

pub(in crate::store) use address::database_name;
pub use facts::{EngineFacts, engine_facts};
pub use migration::TablesMigration;
pub(in crate::store) use move_source::PostgresReader;
pub(in crate::store) use move_target::{FilledTables, NewTables};
pub use postgres_store::{PostgresStore, READY_AGE};
pub use scratch::Scratch;
