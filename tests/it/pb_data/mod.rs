//! Tests of moving from PocketBase's data folder and back.

mod before_0_23;
mod consistency;
mod conversions;
mod import;
mod own_columns;
mod pictures;
mod places;
mod report;
mod round_trip;
mod rules;
mod unionid;
mod variations;
mod variations_of_columns;
mod variations_of_logins;
mod versions;
