//! Tests on PostgreSQL: of the harness.

mod harness;
