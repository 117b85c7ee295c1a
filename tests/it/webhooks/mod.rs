//! Webhooks: other programs are told what happens to users.

mod addresses;
mod command;
mod kills;
mod messages;
mod servers;
mod troubles;
