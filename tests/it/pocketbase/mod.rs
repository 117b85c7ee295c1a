//! Tests of PocketBase's HTTP API.

mod backups;
mod batch;
mod collection_rules;
mod collections;
mod costly;
mod dialect;
mod filters;
mod forms;
mod hidden;
mod impersonate;
mod imports;
mod multipart;
mod phones;
mod realtime;
mod records;
mod roles;
mod rule_language;
mod rules;
mod superusers;
mod users;
