//! `bai completions` and `bai man`: made of the definition of the command line, so that they cannot differ from it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Outcome};

/// Prints the script for `shell`.
pub fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bai", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// Prints bai(1), or writes a page for each command to `folder`.
pub fn man(folder: Option<&Path>) -> Outcome {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        return Ok(io::stdout().write_all(&page)?);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|e| format!("cannot write to {}: {e}", folder.display()).into())
}
