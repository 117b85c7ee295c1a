//! Webhooks: other programs are told what happens to users.

mod addresses;
mod command;
mod kills;
mod messages;
mod sample;
mod servers;
mod troubles;
