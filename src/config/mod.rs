//! Configuration: defaults, then a TOML file, then the environment. Unknown keys and bad values are refused.

mod bounds;
mod doubts;
mod load;
mod parse;
mod sections;
mod settings;
mod sources;
mod texts;

pub use load::Error;
pub use sections::*;
pub use settings::Setting;
pub use sources::{Source, Sources};

/// The shipped configuration file: every key with its default and a comment.
pub const SHIPPED: &str = include_str!("../../config.toml");
