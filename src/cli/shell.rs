//! `bai completions` and `bai man`: made of the definition of the command line, so that they cannot differ from it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use super::outcome::Outcome;

#[derive(Subcommand)]
pub enum ShellArgs {
    /// Print the script with which a shell completes bai's commands
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// The folder for the pages, such as /usr/local/share/man/man1 [default: bai(1) to the standard output]
        folder: Option<PathBuf>,
    },
}

/// Runs a command on the definition of the command line.
pub fn run(args: &ShellArgs, cli: Command) -> Outcome {
    match args {
        ShellArgs::Completions { shell } => completions(*shell, cli),
        ShellArgs::Man {
            folder: Some(folder),
        } => write_pages(folder, cli),
        ShellArgs::Man { folder: None } => print_page(cli),
    }
}

fn completions(shell: Shell, mut cli: Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli, "bai", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

fn print_page(cli: Command) -> Outcome {
    let mut page = Vec::new();
    Man::new(cli).render(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

fn write_pages(folder: &Path, cli: Command) -> Outcome {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(cli, folder))
        .map_err(|e| format!("cannot write to {}: {e}", folder.display()).into())
}
