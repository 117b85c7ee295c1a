//! Tests of commands on a database, with and without a running server.

mod commands;
mod maintenance;
