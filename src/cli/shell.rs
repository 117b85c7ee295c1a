//! `bai completions` and `bai man`: made of the definition of the command line, so that they cannot differ from it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Outcome};

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

pub fn run(command: &ShellArgs) -> Outcome {
    match command {
        ShellArgs::Completions { shell } => completions(*shell),
        ShellArgs::Man {
            folder: Some(folder),
        } => write_pages(folder),
        ShellArgs::Man { folder: None } => print_page(),
    }
}

fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bai", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

fn print_page() -> Outcome {
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

fn write_pages(folder: &Path) -> Outcome {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|e| format!("cannot write to {}: {e}", folder.display()).into())
}
