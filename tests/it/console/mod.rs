//! Tests of the console at `/_/`: as it is served, and in a real browser.

mod accessibility;
mod backups;
mod bulk;
mod columns;
mod companies;
mod events;
mod keyboard;
mod keys;
mod languages;
mod live;
mod new_user;
mod overview;
mod pictures;
mod restart;
mod rules;
mod search;
mod served;
mod sign_in;
mod superusers;
mod tables;
mod users;
mod webhooks;
