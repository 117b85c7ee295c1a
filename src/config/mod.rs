//! Configuration: defaults, then a TOML file, then the environment. Unknown keys and bad values are refused.

mod load;
mod parse;
mod sections;

pub use load::Error;
pub use sections::{
    Config, Console, Events, Limits, Log, LogFormat, Password, Provider, PublicUrl, Secret, Server, Store,
    Token, Wechat,
};

/// The shipped configuration file: every key with its default and a comment.
pub const SHIPPED: &str = include_str!("../../config.toml");
