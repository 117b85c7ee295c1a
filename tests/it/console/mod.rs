//! Tests of the console at `/_/`: as it is served, and in a real browser.

mod accessibility;
mod companies;
mod events;
mod keyboard;
mod languages;
mod overview;
mod pictures;
mod rules;
mod served;
mod sign_in;
mod users;
