//! Tests of moving from PocketBase's data folder and back.

mod conversions;
mod import;
mod round_trip;
mod rules;
