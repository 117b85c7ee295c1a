//! The admin socket: a Unix socket beside the database file, which only its owner can reach. Nothing of HTTP leads here.

mod address;
pub(super) mod connection;
mod frame;
mod server;

pub use self::address::path;
pub use self::frame::{Frame, Hello};
pub use self::server::AdminSocket;
