//! Suite of the store: properties that hold on every engine, each by a name. Whoever owns an engine that is not here proves with it
//! that it can be used ("bai store check"); the tests run it on the file.
//!
//! Each property begins on a `bench` without users and companies, and with one superuser.

mod avatars;
mod bench;
mod bounds;
mod changes;
mod concurrency;
mod conflicts;
mod events;
mod lists;
mod lookups;
mod messages;
mod openings;
mod outcome;
mod properties;
mod samples;
mod scans;
mod shared;
mod state;
mod writes;

pub use bench::Bench;
pub use outcome::Failed;
pub use properties::{PROPERTIES, Property};
