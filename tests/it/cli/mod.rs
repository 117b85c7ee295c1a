//! Tests of the binary as a shell, a container or systemd runs it.

mod binary;
mod health;
mod shell;
mod systemd;
