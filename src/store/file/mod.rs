//! The store in one file: records by id, with indexes beside them, in a database of redb.
//!
//! Writes are jobs of one thread (`writer`), which shares a transaction among those that wait (`batch`) and answers after its
//! commit. `commit` does lists of writes in the open transaction (`tables`); `lookups`, `pages` and `events` read snapshots. The
//! `engine` is redb, opened again after errors, on `blocks` with checksums; `stored` has the formats of records. Whole files are
//! made in `new_file`, for `backup`, `restore`, compaction and migration (`schema`).

mod avatars;
mod backup;
mod batch;
mod begins;
mod blocks;
mod check;
mod commit;
mod contents;
mod copy_on_write;
mod damage;
mod disk;
mod disk_space;
mod engine;
mod errors;
mod events;
mod file_store;
mod folder;
mod identity;
mod inspection;
mod layout;
mod lookups;
mod move_source;
mod move_target;
mod new_file;
mod open;
mod outbox;
mod pages;
mod restoration;
mod restore;
mod revoke;
mod scanned_users;
mod schema;
mod stage;
mod state;
mod storage;
mod tables;
mod unwind;
mod writer;

pub use backup::{CopyLimits, Progress};
pub use contents::Contents;
pub use disk::{Disk, MemoryDisk};
pub use disk_space::ensure as ensure_disk_space;
pub use file_store::{DiskUsage, FileStore};
pub use folder::{own_like, sync_and_drop_cache, sync_folder};
pub use identity::{BackupInfo, Identified, read_backup_info};
pub use inspection::{
    Inspection, check_backup, check_file, ensure_current, inspect, migrate, schema_version,
};
pub(in crate::store) use move_target::{FilledFile, NewFile};
pub use new_file::{NewDatabase, Unfinished};
pub use restoration::{Restoration, Restored};
pub use restore::{ensure_replaceable, restore};
pub use schema::Migration;
pub use storage::{open_itself, open_itself_to_write, resolve};
