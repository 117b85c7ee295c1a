//! Commands of an operator, with the server running or stopped: what they do, the admin socket that they travel on, and its
//! client. See docs/decisions/0008-admin-socket.md.

mod client;
mod command;
pub mod companies;
mod context;
mod events;
mod failure;
pub mod import;
pub mod import_rules;
mod io;
pub mod keys;
pub mod maintenance;
pub mod probe;
mod records;
pub mod rules;
mod run;
pub mod socket;
pub mod superusers;
mod typed_text;
pub mod user_import;
pub mod users;
pub mod webhooks;

pub use self::client::{Answer, Client};
pub use self::command::AdminCommand;
pub use self::context::Admin;
pub use self::failure::{Cause, Failure};
pub use self::io::{Caller, Input, Io, Output, Progress};
pub use self::records::RecordQuery;
pub use self::run::run;
