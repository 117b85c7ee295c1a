//! Settings that are URLs, which may have a user and a password in them.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A URL, or nothing. Whoever prints it sees no user and no password.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    /// The whole URL, for whoever calls it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl From<String> for Url {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Url {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked_word(&self.0))
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The URLs in `text` with stars for users and passwords. Up to the last `@`: a password in which somebody forgot to escape a slash
/// is one, too.
#[must_use]
pub fn masked(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(masked_word)
        .collect()
}

fn masked_word(word: &str) -> String {
    let Some((before, rest)) = word.rsplit_once('@') else {
        return word.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://***@{rest}"),
        None if before.contains(':') => format!("***@{rest}"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_are_masked_and_nothing_else() {
        for (text, shown) in [
            ("", ""),
            ("https://api.weixin.qq.com", "https://api.weixin.qq.com"),
            ("http://10.0.0.1:3128/x?y=z", "http://10.0.0.1:3128/x?y=z"),
            (
                "http://li:hunter2@10.0.0.1:3128",
                "http://***@10.0.0.1:3128",
            ),
            ("http://hunter2@10.0.0.1", "http://***@10.0.0.1"),
            ("http://li:hunt/er@2@10.0.0.1/x", "http://***@10.0.0.1/x"),
            (
                "http://li:hun,t'er\"2@10.0.0.1:3128",
                "http://***@10.0.0.1:3128",
            ),
            ("li:hunter2@10.0.0.1", "***@10.0.0.1"),
            ("ops@example.com", "ops@example.com"),
            (
                "2 | proxy = 'socks5://li:hunter2@proxy:1080' # x",
                "2 | proxy = 'socks5://***@proxy:1080' # x",
            ),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(
                format!("{0}{0:?}", Url::from(text)),
                format!("{shown}\"{shown}\"")
            );
        }
    }
}
