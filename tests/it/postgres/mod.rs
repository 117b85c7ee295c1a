//! Tests on PostgreSQL: of the harness and its proxy.

mod harness;
mod links;
mod moving;
mod planned_faults;
mod suites;
