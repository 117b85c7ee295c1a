//! Tests of moving from PocketBase's data folder and back.

mod consistency;
mod import;
mod places;
mod report;
mod round_trip;
mod rules;
