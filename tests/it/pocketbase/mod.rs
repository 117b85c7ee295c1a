//! Tests of PocketBase's HTTP API.

mod backup_schedule;
mod backups;
mod batch;
mod collection_rules;
mod collections;
mod costly;
mod dialect;
mod events;
mod filters;
mod forms;
mod hidden;
mod impersonate;
mod imports;
mod keys;
mod multipart;
mod overview;
mod phones;
mod realtime;
mod records;
mod roles;
mod rule_language;
mod rules;
mod settings;
mod superusers;
mod users;
