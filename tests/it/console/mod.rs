//! Tests of the console at `/_/`: as it is served, and in a real browser.

mod backups;
mod companies;
mod keyboard;
mod keys;
mod languages;
mod overview;
mod rules;
mod served;
mod sign_in;
mod superusers;
mod users;
