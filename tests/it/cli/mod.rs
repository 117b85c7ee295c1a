//! Tests of the binary as a shell, a container or systemd runs it.

mod binary;
mod doctor;
mod doctor_command;
mod doctor_url;
mod documents;
mod first_start;
mod health;
mod messages;
mod older_files;
mod rules;
mod service;
mod shell;
mod systemd;
mod tables;
mod users;
