//! Tests of moving from PocketBase's data folder and back.

mod consistency;
mod conversions;
mod import;
mod places;
mod round_trip;
mod rules;
