//! The built-in fields of records: one table for each kind (`tables`), and what is read from it.
//!
//! `value` has the typed values, `types` the types of a record that are read and written as such, `choice` the wire words of
//! values, `field` one row of a table, and `of_record` what holds for a record of any kind: its values, its JSON-free
//! comparison with another, and PocketBase's descriptions.

pub mod choice;
pub mod field;
pub mod of_record;
pub mod tables;
pub mod types;
pub mod value;
