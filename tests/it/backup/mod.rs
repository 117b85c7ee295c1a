//! Tests of scheduled backups: when, where to, and which are deleted.

mod bucket;
mod rotation;
mod schedule;
