//! Tests of moving from PocketBase's data folder and back.

mod import;
mod round_trip;
mod rules;
mod variations;
mod versions;
