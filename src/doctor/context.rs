//! The context of all parts.

use std::time::Duration;

use super::target::Target;
use crate::clock::Clock;
use crate::config::Config;
use crate::language::Language;
use crate::random::Random;

/// Everything that parts look with.
pub struct Context {
    /// The configuration of the server.
    pub config: Config,
    /// The language of what is said.
    pub language: Language,
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Random,
    /// The public URL, if one is known.
    pub target: Option<Target>,
}

impl Context {
    /// Longest wait for anybody's answer.
    pub const PATIENCE: Duration = Duration::from_secs(10);
    /// Longest wait for a connection.
    pub const CONNECT: Duration = Duration::from_secs(5);

    /// The text of the language.
    pub fn say(&self, english: impl Into<String>, chinese: impl Into<String>) -> String {
        self.language.choose(english.into(), chinese.into())
    }

    /// A context of the defaults.
    #[cfg(test)]
    pub fn of_tests() -> Self {
        Self {
            config: Config::default(),
            language: Language::English,
            clock: Clock::System,
            random: Random::System,
            target: None,
        }
    }
}
