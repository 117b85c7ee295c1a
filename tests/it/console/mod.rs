//! Tests of the console at `/_/`: as it is served, and in a real browser.

mod accessibility;
mod backups;
mod companies;
mod events;
mod keyboard;
mod keys;
mod languages;
mod overview;
mod pictures;
mod rules;
mod served;
mod sign_in;
mod superusers;
mod users;
