//! The language of messages to a person at a terminal, as the environment asks for it.

use std::env;

/// A language that messages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, for everybody who asks for no other.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// The language that the environment asks for, by the variables and in the order of gettext.
    #[must_use]
    pub fn of_environment() -> Self {
        Self::of(|name| env::var(name).ok())
    }

    /// The text in this language.
    #[must_use]
    pub fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let asked = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(asked);
        // A machine without a locale has no language either.
        let languages = match locale.as_deref() {
            None | Some("C" | "POSIX") => None,
            Some(_) => asked("LANGUAGE"),
        };
        let first = languages.or(locale).unwrap_or_default();
        match first.starts_with("zh") {
            true => Self::Chinese,
            false => Self::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_anything_names_the_language() {
        let of = |variables: &[(&str, &str)]| {
            Language::of(|name| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        for variables in [
            &[("LANG", "zh_CN.UTF-8")][..],
            &[("LC_ALL", ""), ("LANG", "zh_CN.utf8")],
            &[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "zh_CN.UTF-8")],
            &[("LANG", "en_US.UTF-8"), ("LANGUAGE", "zh_CN:en")],
        ] {
            assert_eq!(of(variables), Language::Chinese, "{variables:?}");
        }
        for variables in [
            &[][..],
            &[("LANG", "C"), ("LANGUAGE", "zh_CN")],
            &[("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.UTF-8")],
            &[("LANG", "zh_CN.UTF-8"), ("LANGUAGE", "en:zh")],
        ] {
            assert_eq!(of(variables), Language::English, "{variables:?}");
        }
    }
}
