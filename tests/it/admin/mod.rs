//! Tests of commands on a database, with and without a running server.

pub mod commands;
mod maintenance;
