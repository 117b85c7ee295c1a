//! Outcomes of commands, and their exit codes.

use std::io;
use std::process::ExitCode;

use super::visible::visible_lines;
use crate::admin::{Cause, Failure};

/// Exit code for wrong use, as clap has it when it cannot read the arguments.
const WRONG_USE: u8 = 2;

/// The result of a command; an error is one message for a person.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A failure of which everything is told already.
#[derive(Debug, thiserror::Error)]
#[error("it is told above")]
pub struct Told;

/// The exit code; an error is told on the standard error.
pub fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has had enough, as "head" has.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Told>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bai: {}", visible_lines(&error.to_string()));
            code_of(error.as_ref())
        }
    }
}

/// Whether nobody reads the output any more.
pub fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut io = causes.filter_map(|error| error.downcast_ref::<io::Error>());
    io.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn code_of(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    match error.downcast_ref::<Failure>() {
        Some(failure) if failure.cause == Cause::Invalid => ExitCode::from(WRONG_USE),
        _ => ExitCode::FAILURE,
    }
}
