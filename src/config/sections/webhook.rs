//! `[[webhooks]]`

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::WebhookUrl;
use crate::domain::UserEventKind;

/// Webhooks that there may be.
const MOST: usize = 16;
/// The beginning of a secret's text.
const SECRET_PREFIX: &str = "whsec_";
const LEAST_KEY: usize = 24;
const LONGEST_KEY: usize = 64;

/// Words of what is expected in place of whatever else was written: without what was written, as it may be a secret.
const EXPECTED: &str =
    "a list of tables such as [{ url = \"https://example.com/hook\", secret = \"whsec_…\" }]";

/// A webhook: a program of others that is told what happens to users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its address.
    pub url: WebhookUrl,
    /// The key by which it knows that a message is from here.
    pub secret: WebhookSecret,
    /// Kinds of messages that it is told.
    #[serde(serialize_with = "names")]
    pub events: Vec<UserEventKind>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    url: WebhookUrl,
    secret: WebhookSecret,
    #[serde(default = "all", deserialize_with = "kinds")]
    events: Vec<UserEventKind>,
}

/// Whatever is no table is refused without being quoted.
impl<'de> Deserialize<'de> for Webhook {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = Webhook;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Webhook, A::Error> {
                let Form {
                    url,
                    secret,
                    events,
                } = Form::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Webhook {
                    url,
                    secret,
                    events,
                })
            }

            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Webhook, E> {
                Err(no_table())
            }
        }

        input.deserialize_any(Table)
    }
}

/// All webhooks, at most sixteen and no two with the same address.
pub fn webhooks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Webhook>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<Webhook>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(EXPECTED)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(webhook) = items.next_element()? {
                found.push(webhook);
            }
            problem(&found).map_or(Ok(found), |problem| Err(A::Error::custom(problem)))
        }

        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(no_table())
        }
    }

    input.deserialize_any(List)
}

fn no_table<E: serde::de::Error>() -> E {
    E::custom(format!("invalid type: text, expected {EXPECTED}"))
}

fn problem(webhooks: &[Webhook]) -> Option<String> {
    if webhooks.len() > MOST {
        return Some(format!("there may be {MOST} webhooks at most"));
    }
    let is_twice = |(place, webhook): (usize, &Webhook)| {
        webhooks[..place]
            .iter()
            .any(|other| other.url == webhook.url)
    };
    let twice = webhooks.iter().enumerate().any(is_twice);
    twice.then(|| "two webhooks have the same url: name all events at one of them".to_owned())
}

fn all() -> Vec<UserEventKind> {
    UserEventKind::ALL.to_vec()
}

fn kinds<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<UserEventKind>, D::Error> {
    let words = Vec::<String>::deserialize(input)?;
    let mut found = Vec::new();
    for word in &words {
        let kind = UserEventKind::parse(word).ok_or_else(|| wrong_kind(word))?;
        if !found.contains(&kind) {
            found.push(kind);
        }
    }
    match found.is_empty() {
        true => Err(D::Error::custom(
            "events is empty: name some, or leave it out for all",
        )),
        false => Ok(found),
    }
}

fn wrong_kind<E: serde::de::Error>(word: &str) -> E {
    let known: Vec<_> = UserEventKind::ALL.iter().map(|kind| kind.name()).collect();
    E::custom(format!(
        "expected events among {}, found {word:?}",
        known.join(", ")
    ))
}

fn names<S: Serializer>(kinds: &[UserEventKind], output: S) -> Result<S::Ok, S::Error> {
    output.collect_seq(kinds.iter().map(|kind| kind.name()))
}

/// The key that messages are signed with. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// The text of a secret with this key.
    #[must_use]
    pub fn text(key: &[u8]) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(key))
    }

    /// Reads the text of a secret: `whsec_` and 24 to 64 bytes in base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix(SECRET_PREFIX)?).ok()?;
        (LEAST_KEY..=LONGEST_KEY)
            .contains(&key.len())
            .then(|| Self(key.into()))
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for WebhookSecret {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(input)?);
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(
                "expected a secret: whsec_ and 24 to 64 random bytes in base64, such as \"bai webhooks secret\" prints",
            )
        })
    }
}

impl Serialize for WebhookSecret {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str("***")
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|problem| problem.message().to_owned())
    }

    fn webhook(url: &str, secret: &str, rest: &str) -> String {
        format!("[[webhooks]]\nurl = '{url}'\nsecret = '{secret}'\n{rest}\n")
    }

    #[test]
    fn a_webhook_is_told_everything_unless_it_names_what() {
        let two = webhook("https://a.example/x", SECRET, "")
            + &webhook(
                "http://10.0.0.5:9000",
                SECRET,
                "events = ['deleted', 'profile', 'deleted']",
            );
        let config = read(&two).unwrap();
        assert_eq!(config.webhooks[0].events, UserEventKind::ALL);
        assert_eq!(
            config.webhooks[1].events,
            [UserEventKind::Deleted, UserEventKind::Profile]
        );
        assert_eq!(config.webhooks[0].secret.key().len(), 24);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_words_without_the_secret() {
        let many: String = (0..17)
            .map(|n| webhook(&format!("https://a.example/{n}"), SECRET, ""))
            .collect();
        let twice = webhook("https://a.example/x", SECRET, "").repeat(2);
        for (text, words) in [
            (
                webhook("https://a.example/x", "whsec_hunter2", ""),
                "bai webhooks secret",
            ),
            (
                webhook("https://a.example/x", &SECRET[6..], ""),
                "bai webhooks secret",
            ),
            (
                webhook(
                    "https://a.example/x",
                    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                    "",
                ),
                "24 to 64",
            ),
            (
                webhook("https://a.example/x", SECRET, "events = []"),
                "leave it out",
            ),
            (
                webhook("https://a.example/x", SECRET, "events = ['login']"),
                "registration, profile",
            ),
            (
                webhook("https://a.example/x", SECRET, "name = 'x'"),
                "unknown field",
            ),
            (
                "[[webhooks]]\nurl = 'https://a.example'".to_owned(),
                "missing field",
            ),
            (format!("webhooks = ['{SECRET}']"), "a list of tables"),
            (format!("webhooks = '{SECRET}'"), "a list of tables"),
            (many, "16 webhooks at most"),
            (twice, "the same url"),
        ] {
            let problem = read(&text).unwrap_err();
            assert!(problem.contains(words), "{text}: {problem}");
            assert!(
                !problem.contains("hunter2") && !problem.contains("MfKQ"),
                "{problem}"
            );
        }
    }

    #[test]
    fn nobody_who_prints_it_sees_the_secret_or_the_path() {
        let config = read(&webhook(
            "https://li:hunter2@a.example/hunter3?key=hunter4",
            SECRET,
            "",
        ))
        .unwrap();
        let shown = format!("{config:?}{}", config.to_masked_toml().unwrap());
        assert!(shown.contains("https://a.example"), "{shown}");
        assert!(
            !shown.contains("hunter") && !shown.contains("MfKQ"),
            "{shown}"
        );
    }
}
