//! Unwinding out of redb: an error for whoever reads, and nobody else.
//!
//! redb refuses everybody everything once its storage has told it of an error. So a read transaction's read that fails does not
//! tell it: it unwinds through redb to whoever reads, and the other readers and the writer, who do not need that block, go on.
//! In redb 4.5 a read transaction holds no lock while the storage is read (`PagedCachedFile::read`). A write transaction does:
//! there an error is an error, and the database has to be opened anew.

use std::any::Any;
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use redb::StorageError;

use crate::store::Error;

/// A read that failed.
struct Unreadable(io::Error);

thread_local! {
    /// True while this thread is in a read transaction.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Unwinds to the next [`reading`], if this thread is in one; otherwise it is an error. While a panic unwinds already, to unwind
/// would end the process.
pub fn unwind_to_reader(error: io::Error) -> io::Error {
    if READS.get() && !thread::panicking() {
        resume_unwind(Box::new(Unreadable(error)));
    }
    error
}

/// Runs `f` in read transactions; what they cannot read is its error.
pub fn reading<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    within(true, f)
}

/// Runs `f` in a write transaction, be it in the middle of a read transaction of another database.
pub fn writing<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    within(false, f)
}

fn within<T>(reads: bool, f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let before = READS.replace(reads);
    let outcome = catch_panic(f);
    READS.set(before);
    outcome
}

/// Runs `f`, and turns what unwinds into an error for whoever asked: a block that cannot be read, or a panic of the engine,
/// which must not end the writer's thread.
pub fn catch_panic<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| Err(error_of_panic(payload)))
}

/// The error that unwound from another thread, or from [`catch_panic`]'s work.
pub fn error_of_panic(payload: Box<dyn Any + Send>) -> Error {
    match payload.downcast::<Unreadable>() {
        Ok(unreadable) => StorageError::Io(unreadable.0).into(),
        Err(_) => Error::Failed("a panic in the database or in what was done there".into()),
    }
}
