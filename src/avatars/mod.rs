//! Pictures of users above the store: what is taken for one, and small ones of them.
//!
//! A picture is decoded before it is kept, whatever its client calls it; decoding has bounds in bytes, sides and in how much of it goes on at once.

mod bench;
mod jpeg;
mod picture;
mod pictures;
mod png;
mod thumbs;
mod unfit;
mod webp;

pub use self::picture::{DECODING_BYTES, check};
pub use self::pictures::{Failed, Pictures, UploadOutcome};
pub use self::unfit::Unfit;
