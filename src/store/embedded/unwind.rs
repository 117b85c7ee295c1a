//! What unwinds out of redb, as an error for whoever asked.
//!
//! redb refuses everybody everything once its storage has told it of an error. So a read that fails does not tell it: it unwinds
//! through redb to whoever asked, and the other readers and the writer, who do not need that block, go on. In redb 4.5 no lock
//! is held while it reads its storage (`PagedCachedFile::read`), and a transaction that is unwound can be taken back.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use redb::StorageError;

use crate::store::Error;

/// A read that failed.
struct Unreadable(io::Error);

/// Unwinds to the next [`guarded`]. Not while a panic unwinds already: that would end the process.
pub fn unwind_with(error: io::Error) -> ! {
    resume_unwind(Box::new(Unreadable(error)))
}

/// Runs `f`, and turns what unwinds into an error for whoever asked: a block that cannot be read, or a panic of the engine,
/// which must not end the writer's thread.
pub fn guarded<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| Err(error_of(payload)))
}

/// The error that unwound from another thread, or from [`guarded`]'s work.
pub fn error_of(payload: Box<dyn Any + Send>) -> Error {
    match payload.downcast::<Unreadable>() {
        Ok(unreadable) => StorageError::Io(unreadable.0).into(),
        Err(_) => Error::Failed("the database engine panicked".into()),
    }
}
