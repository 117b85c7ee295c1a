//! The tree of a filter, and how it is written.

use std::fmt;

use super::macros::Macro;

/// A filter or a part of it.
///
/// Invariant: `All` and `Any` have two nodes or more and none of their own kind, so that one meaning has one tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Comparison(Box<Comparison>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// Conjunction.
    pub fn all(nodes: Vec<Self>) -> Self {
        let flat = nodes.into_iter().flat_map(|node| {
            if let Self::All(inner) = node {
                inner
            } else {
                vec![node]
            }
        });
        one_or(flat.collect(), Self::All)
    }

    /// Disjunction.
    pub fn any(nodes: Vec<Self>) -> Self {
        let flat = nodes.into_iter().flat_map(|node| {
            if let Self::Any(inner) = node {
                inner
            } else {
                vec![node]
            }
        });
        one_or(flat.collect(), Self::Any)
    }

    /// Shows every operand, from left to right.
    pub fn each_operand(&self, visit: &mut impl FnMut(&Operand)) {
        match self {
            Self::Comparison(comparison) => {
                visit(&comparison.left);
                visit(&comparison.right);
            }
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.each_operand(visit);
                }
            }
        }
    }
}

fn one_or(mut nodes: Vec<Node>, many: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => {
            nodes.extend(last);
            many(nodes)
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    pub left: Operand,
    pub operator: Operator,
    pub right: Operand,
}

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

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Of the record.
    Field(Path),
    /// Of the record that asks: `@request.auth.…`.
    Auth(Path),
    Macro(Macro),
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
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

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, join) = match self {
            Self::Comparison(comparison) => return comparison.fmt(f),
            Self::All(nodes) => (nodes, " && "),
            Self::Any(nodes) => (nodes, " || "),
        };
        for (i, node) in nodes.iter().enumerate() {
            if i > 0 {
                f.write_str(join)?;
            }
            // `&&` binds tighter, so only `||` within `&&` needs a group.
            if let Self::Any(_) = node {
                write!(f, "({node})")?;
            } else {
                node.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator, self.right)
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

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => path.fmt(f),
            Self::Auth(path) => write!(f, "@request.auth.{path}"),
            Self::Macro(of_time) => f.write_str(of_time.name()),
            Self::Text(text) => write!(f, "'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
            Self::Number(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
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
