//! Configuration: defaults, then a TOML file, then the environment. Unknown keys and bad values are refused.

mod load;
mod parse;
mod sections;

pub use load::Error;
pub use sections::{
    Backup, Config, Limits, Log, LogFormat, OnFailure, Password, Provider, PublicUrl, S3, Secret, Server,
    Store, Token, Wechat,
};

/// The shipped configuration file: every key with its default and a comment.
pub const SHIPPED: &str = include_str!("../../config.toml");
