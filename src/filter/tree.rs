//! The tree of a filter, and how it is written.

use std::fmt;

use std::sync::Arc;

use super::join::Join;
use super::macros::Macro;
use super::request::RequestValue;
use super::side::Constant;
use super::syntax::{Operator, Path, quoted};

/// A filter or a part of it.
///
/// Invariant: `All` and `Any` have two nodes or more and none of their own kind, so that one meaning has one tree; or they have
/// none: then everything matches, or nothing does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Comparison(Box<Comparison>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// Every record matches.
    pub const EVERYTHING: Self = Self::All(Vec::new());
    /// No record matches.
    pub const NOTHING: Self = Self::Any(Vec::new());

    /// Conjunction.
    pub fn all(nodes: Vec<Self>) -> Self {
        let flat = nodes.into_iter().flat_map(|node| {
            if let Self::All(inner) = node {
                inner
            } else {
                vec![node]
            }
        });
        let flat: Vec<Self> = flat.collect();
        if flat.contains(&Self::NOTHING) {
            return Self::NOTHING;
        }
        one_or(flat, Self::All)
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
        let flat: Vec<Self> = flat.collect();
        if flat.contains(&Self::EVERYTHING) {
            return Self::EVERYTHING;
        }
        one_or(flat, Self::Any)
    }

    /// The comparisons, from left to right.
    pub fn each_comparison<'a>(&'a self, visit: &mut impl FnMut(&'a Comparison)) {
        match self {
            Self::Comparison(comparison) => visit(comparison),
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.each_comparison(visit);
                }
            }
        }
    }

    /// Shows every operand, from left to right.
    pub fn each_operand<'a>(&'a self, visit: &mut impl FnMut(&'a Operand)) {
        self.each_comparison(&mut |comparison| {
            visit(&comparison.left);
            visit(&comparison.right);
        });
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
    /// Whether it may look at what clients do not see, as the comparisons of rules may.
    pub of_rule: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Of the record.
    Field(Path),
    /// Of the record that asks: `@request.auth.…`.
    Auth(Path),
    /// Of the request: `@request.method`, `@request.query.…`.
    Request(RequestValue),
    /// Whether the request has another value for a field: `@request.body.…:changed`.
    Changed(Box<Changed>),
    /// Of another record, which the filter joins.
    Joined(Joined),
    /// Value of the request that was put in.
    Constant(Constant),
    Macro(Macro),
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

/// Field whose value in the body is compared with the record's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Changed {
    pub field: Operand,
    pub is_set: Operand,
    pub value: Operand,
}

/// Column of a joined row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Joined {
    pub written: String,
    pub join: Arc<Join>,
    /// Field of the record that is joined; `None` for an item of a list.
    pub path: Option<Path>,
    /// Whether a record may join several: then all of them have to compare so, unless any is asked for.
    pub is_many: bool,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, join) = match self {
            Self::Comparison(comparison) => return comparison.fmt(f),
            Self::All(nodes) if nodes.is_empty() => return f.write_str("1 = 1"),
            Self::Any(nodes) if nodes.is_empty() => return f.write_str("1 = 0"),
            Self::All(nodes) => (nodes, " && "),
            Self::Any(nodes) => (nodes, " || "),
        };
        for (i, node) in nodes.iter().enumerate() {
            if i > 0 {
                f.write_str(join)?;
            }
            // `&&` binds tighter, so only `||` within `&&` needs a group.
            if let Self::Any(alternatives) = node
                && !alternatives.is_empty()
            {
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

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => path.fmt(f),
            Self::Auth(path) => write!(f, "@request.auth.{path}"),
            Self::Request(value) => f.write_str(&value.written),
            Self::Changed(changed) => write!(f, "{}:changed", changed.value),
            Self::Joined(joined) => f.write_str(&joined.written),
            Self::Constant(constant) => constant.fmt(f),
            Self::Macro(of_time) => f.write_str(of_time.name()),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}
