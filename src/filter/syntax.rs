//! The small parts of the language: operators, names with modifiers, quoted texts.

use std::fmt;

/// An operator; `any` is the question mark, which makes no difference where fields have one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub relation: Relation,
    pub any: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Like,
    NotLike,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub const SIGNS: [(&str, Self); 8] = [
        ("=", Self::Equal),
        ("!=", Self::NotEqual),
        ("~", Self::Like),
        ("!~", Self::NotLike),
        ("<", Self::Less),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        (">=", Self::GreaterOrEqual),
    ];
}

impl Relation {
    pub fn is_like(self) -> bool {
        matches!(self, Self::Like | Self::NotLike)
    }
}

impl Operator {
    pub fn parse(sign: &str) -> Option<Self> {
        let (any, sign) = sign
            .strip_prefix('?')
            .map_or((false, sign), |sign| (true, sign));
        let (_, relation) = Relation::SIGNS
            .into_iter()
            .find(|(known, _)| *known == sign)?;
        Some(Self { relation, any })
    }
}

/// A field's name, perhaps with a modifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub name: String,
    pub modifier: Option<Modifier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    Lower,
    Length,
    Each,
    IsSet,
    Changed,
}

impl Modifier {
    pub const NAMES: [(&str, Self); 5] = [
        ("lower", Self::Lower),
        ("length", Self::Length),
        ("each", Self::Each),
        ("isset", Self::IsSet),
        ("changed", Self::Changed),
    ];
}

impl Path {
    /// `None` for a modifier that does not exist; with several colons, all of it is a name, as in PocketBase.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, modifier) = match text.split_once(':') {
            Some((name, modifier)) if !modifier.contains(':') => {
                let (_, modifier) = Modifier::NAMES
                    .into_iter()
                    .find(|(known, _)| *known == modifier)?;
                (name, Some(modifier))
            }
            _ => (text, None),
        };
        Some(Self {
            name: name.to_owned(),
            modifier,
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Relation::SIGNS
            .iter()
            .find(|(_, relation)| *relation == self.relation)
            .map_or("", |(sign, _)| sign);
        write!(f, "{}{sign}", if self.any { "?" } else { "" })
    }
}

/// A text as the language writes it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match Modifier::NAMES
            .iter()
            .find(|(_, modifier)| Some(*modifier) == self.modifier)
        {
            Some((name, _)) => write!(f, ":{name}"),
            None => Ok(()),
        }
    }
}
