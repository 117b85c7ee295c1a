//! Tests of the binary as a shell, a container or systemd runs it.

mod binary;
mod doctor;
mod doctor_url;
mod documents;
mod health;
mod messages;
mod older_files;
mod rules;
mod shell;
mod systemd;
mod tables;
mod users;
