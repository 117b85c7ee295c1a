//! Passwords that a command needs.

use std::io::{self, BufRead, IsTerminal};

use crate::admin::Failure;

/// Asked for twice on a terminal, else the first line of the standard input. Never an argument: those are in the list of
/// processes and in the shell's history.
pub fn read() -> Result<String, Failure> {
    let password = if io::stdin().is_terminal() {
        ask()?
    } else {
        first_line()?
    };
    if password.is_empty() {
        return Err(Failure::invalid(
            "there is no password: it is typed at a terminal, or is the first line of the standard input",
        ));
    }
    Ok(password)
}

fn ask() -> Result<String, Failure> {
    let password = rpassword::prompt_password("password: ").map_err(Failure::failed)?;
    if rpassword::prompt_password("once more: ").map_err(Failure::failed)? != password {
        return Err(Failure::invalid("the two passwords are not the same"));
    }
    Ok(password)
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Failure::failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
