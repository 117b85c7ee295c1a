//! Tests on PostgreSQL: of commands and of the server, of the harness and its proxy.

mod cli;
mod doors;
mod failover;
mod harness;
mod instances;
mod instances_limits;
mod instances_lives;
mod links;
mod moving;
mod outcomes;
mod outcomes_over_http;
mod outcomes_under_load;
mod partition;
mod planned_faults;
mod suites;
