//! Tests of the console at `/_/`: as it is served, and in a real browser.

mod bulk;
mod columns;
mod companies;
mod keyboard;
mod languages;
mod live;
mod new_user;
mod overview;
mod rules;
mod search;
mod served;
mod sign_in;
mod tables;
mod users;
