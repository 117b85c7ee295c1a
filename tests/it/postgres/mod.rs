//! Tests on PostgreSQL: of commands and of the server, of the harness and its proxy.

mod cli;
mod doors;
mod harness;
mod links;
mod moving;
mod planned_faults;
mod suites;
