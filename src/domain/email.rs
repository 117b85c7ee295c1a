//! An e-mail address.

use super::visible::is_invisible;

/// An address, checked as strictly as it matters where no mail is sent: `name@host.tld`, nothing invisible, at most 255
/// characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    const MAX_CHARS: usize = 255;

    /// Reads an address; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, host) = text.split_once('@')?;
        let is_email = !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !text.contains(is_invisible)
            && text.chars().count() <= Self::MAX_CHARS;
        is_email.then(|| Self(text.to_owned()))
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        assert!(Email::parse("root@example.com").is_some());
        for text in [
            "",
            "root",
            "@example.com",
            "root@example",
            "a b@example.com",
            "root\u{200b}@example.com",
            "a@b@example.com",
        ] {
            assert_eq!(Email::parse(text), None, "{text}");
        }
    }
}
