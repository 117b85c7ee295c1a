//! The binary `bai`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bai::cli::run()
}
