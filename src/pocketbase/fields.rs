//! The query parameter `fields`: which keys of an answer are wanted.

use serde_json::{Map, Value};

use super::error::Refused;

/// Paths of wanted keys (`id`, `record.id`, `*`), each perhaps with how much of it is wanted; none means all.
#[derive(Clone, Debug)]
pub struct Fields(Vec<Path>);

#[derive(Clone, Debug)]
struct Path {
    name: String,
    excerpt: Option<Excerpt>,
}

/// The begin of a text, `:excerpt(10)`, with dots if there is more and they are wanted, `:excerpt(10,true)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Excerpt {
    max: usize,
    dots: bool,
}

impl Fields {
    /// Reads a list with commas, which may be in the arguments of a modifier, too.
    ///
    /// # Errors
    /// [`Refused::BAD_REQUEST`] for a modifier that there is not.
    pub fn parse(text: Option<&str>) -> Result<Self, Refused> {
        let mut depth = 0;
        let separates = |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        };
        let names = text
            .unwrap_or_default()
            .split(separates)
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names
            .map(Path::parse)
            .collect::<Option<_>>()
            .map(Self)
            .filter(|_| depth <= 0)
            .ok_or(Refused::BAD_REQUEST)
    }

    /// Everything.
    pub fn all() -> Self {
        Self(Vec::new())
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of paths.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The wanted part of `value`; of a list, of each of its items.
    pub fn pick(&self, value: Value) -> Value {
        pick(value, &self.paths())
    }

    /// The wanted part of a record in a list.
    pub fn pick_of_record(&self, record: Map<String, Value>) -> Map<String, Value> {
        match self.is_all() {
            true => record,
            false => pick_keys(record, &self.paths()),
        }
    }

    fn paths(&self) -> Vec<Wanted<'_>> {
        self.0
            .iter()
            .map(|path| (path.name.as_str(), path.excerpt))
            .collect()
    }
}

impl Path {
    fn parse(text: &str) -> Option<Self> {
        let Some((name, modifier)) = text.split_once(':') else {
            return Some(Self {
                name: text.to_owned(),
                excerpt: None,
            });
        };
        let arguments = modifier.strip_prefix("excerpt(")?.strip_suffix(')')?;
        let (max, dots) = arguments.split_once(',').unwrap_or((arguments, ""));
        if dots.contains(',') {
            return None;
        }
        let max = max.trim().parse().ok().filter(|max| *max > 0)?;
        let dots = matches!(dots.trim(), "1" | "t" | "T" | "true" | "True" | "TRUE");
        Some(Self {
            name: name.to_owned(),
            excerpt: Some(Excerpt { max, dots }),
        })
    }
}

/// Rest of a path below a key.
type Wanted<'a> = (&'a str, Option<Excerpt>);

/// Rests of the wanted paths below `key`.
fn inside<'a>((path, excerpt): &Wanted<'a>, key: &str) -> Option<Wanted<'a>> {
    Some((path.strip_prefix(key)?.strip_prefix('.')?, *excerpt))
}

/// The begin of a text without its tags and with single spaces, as PocketBase makes it of what its editor wrote.
fn shorten(value: Value, excerpt: Option<Excerpt>) -> Value {
    let (Value::String(text), Some(Excerpt { max, dots })) = (&value, excerpt) else {
        return value;
    };
    let mut in_tag = false;
    let is_text = |c: &char| {
        let was_in_tag = in_tag;
        in_tag = (*c == '<' || in_tag) && *c != '>';
        !was_in_tag && !in_tag
    };
    let plain: String = text.chars().filter(is_text).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = plain.chars().take(max).collect();
    let is_cut = short.len() < plain.len();
    let short = if is_cut { short.trim_end() } else { &short };
    format!("{short}{}", if is_cut && dots { "..." } else { "" }).into()
}

fn pick(value: Value, paths: &[Wanted<'_>]) -> Value {
    match value {
        Value::Object(object) if !paths.is_empty() => Value::Object(pick_keys(object, paths)),
        Value::Array(items) => items.into_iter().map(|item| pick(item, paths)).collect(),
        other => other,
    }
}

fn last<'p, 'a>(paths: &'p [Wanted<'a>], name: &str) -> Option<&'p Wanted<'a>> {
    paths.iter().rev().find(|(path, _)| *path == name)
}

/// A key that is named whole is kept whole, even if a path into it is named, too; `*` stands for the keys that are
/// not named. Of a name that comes more than once, the last counts.
fn pick_keys(object: Map<String, Value>, paths: &[Wanted<'_>]) -> Map<String, Value> {
    let of_any = last(paths, "*");
    let keep = |(key, value): (String, Value)| {
        if let Some((_, excerpt)) = last(paths, &key) {
            return Some((key, shorten(value, *excerpt)));
        }
        let below: Vec<Wanted<'_>> = paths
            .iter()
            .filter_map(|wanted| inside(wanted, &key))
            .collect();
        if let Some((_, excerpt)) = of_any.filter(|_| below.is_empty()) {
            return Some((key, shorten(value, *excerpt)));
        }
        (!below.is_empty()).then(|| (key, pick(value, &below)))
    };
    object.into_iter().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_keys_are_kept_in_the_order_of_the_answer() {
        let value = json!({ "record": { "email": "e", "id": 1, "name": "n" }, "token": "t" });
        for (fields, expected) in [
            ("", value.clone()),
            (" , ", value.clone()),
            ("*", value.clone()),
            ("token", json!({ "token": "t" })),
            (
                "token, record.id",
                json!({ "record": { "id": 1 }, "token": "t" }),
            ),
            (
                "*,record.id",
                json!({ "record": { "id": 1 }, "token": "t" }),
            ),
            (
                "record.id,record",
                json!({ "record": { "email": "e", "id": 1, "name": "n" } }),
            ),
            ("recor,nothing", json!({})),
        ] {
            assert_eq!(
                Fields::parse(Some(fields)).unwrap().pick(value.clone()),
                expected,
                "{fields}"
            );
        }
        let list = Fields::parse(Some("id"))
            .unwrap()
            .pick(json!([{ "id": 1, "x": 2 }, { "x": 3 }]));
        assert_eq!(list, json!([{ "id": 1 }, {}]));
        for fields in [
            "name:excerpt",
            "name:excerpt(0)",
            "name:excerpt(x)",
            "name:upper(3)",
            "name:excerpt(3,true,1)",
            "name:excerpt(3",
            "(name",
        ] {
            assert!(Fields::parse(Some(fields)).is_err(), "{fields}");
        }
    }

    #[test]
    fn an_excerpt_is_the_begin_of_the_text() {
        let value = json!({ "a": "<p>张三 and  others</p>", "b": { "c": "abc" }, "n": 5 });
        for (fields, expected) in [
            ("a:excerpt(2)", json!({ "a": "张三" })),
            (
                "a:excerpt(3, true),n:excerpt(1)",
                json!({ "a": "张三...", "n": 5 }),
            ),
            (
                "*:excerpt(2),b.c",
                json!({ "a": "张三", "b": { "c": "abc" }, "n": 5 }),
            ),
            (
                "b,*:excerpt(1,true)",
                json!({ "a": "张...", "b": { "c": "abc" }, "n": 5 }),
            ),
            ("a,a:excerpt(1)", json!({ "a": "张" })),
            ("a:excerpt(1),a", json!({ "a": "<p>张三 and  others</p>" })),
            (
                "a:excerpt(99,true),b.c:excerpt(1,true)",
                json!({ "a": "张三 and others", "b": { "c": "a..." } }),
            ),
        ] {
            assert_eq!(
                Fields::parse(Some(fields)).unwrap().pick(value.clone()),
                expected,
                "{fields}"
            );
        }
    }
}
