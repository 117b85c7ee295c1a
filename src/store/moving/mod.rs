//! Moves of a whole database to another engine: file to PostgreSQL, and back.
//!
//! A `source` is read from its begin to its end, page by page, and each page goes to the `target`; then the target is read in the
//! same way, and the `sum` over all that was read has to be the same. What is under way is marked, so that nobody works on half
//! of a database: a file has no name before its end, and a database on PostgreSQL has a row in `moves`.

mod error;
mod item;
mod place;
mod run;
mod source;
mod sum;
mod target;

pub use error::MoveError;
pub use item::{Batch, MovedAvatar, MovedEvent, MovedMessage, Numbers};
pub use place::{MoveSettings, Place};
pub use run::{Moved, Step, move_database};
pub use sum::Sum;
