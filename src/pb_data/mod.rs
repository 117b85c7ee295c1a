//! PocketBase's database, from which users come and to which they can go back.
//!
//! Only this module knows SQLite and PocketBase's tables. `import` reads a database (`place`, `source`, `source_tables`, `row`), makes
//! records of its rows (`records`), stores them, and makes a `report` of notes (`note`, `survey`); `export` writes all records into a new database. It asks nobody and prints
//! nothing.

mod change;
mod error;
mod export;
mod files;
mod import;
mod import_progress;
mod known_user;
mod locks;
mod login_options;
mod logins;
mod note;
mod picture_field;
mod pictures;
mod place;
mod private_copy;
mod problem;
mod records;
mod report;
mod row;
mod source;
mod source_tables;
mod storage;
mod stored;
mod survey;
mod user_facts;
mod user_survey;

pub use change::PictureLeft;
pub use error::Error;
pub use export::{Exported, export};
pub use import::{ImportOptions, import};
pub use import_progress::ImportObserver;
pub use note::{Change, Left, Login, Note, Section};
pub use pictures::PictureBounds;
pub use problem::Problem;
pub use report::{NoteGroup, NoteLine, Report, Summary, Tally};
pub use source::Source;
pub use user_survey::Preference;

pub use crate::records::collection::TokenLifetimes;
