//! PocketBase's filter and sort language, and its evaluation over one record.
//!
//! PocketBase makes SQL of a filter, so that SQLite's rules are part of the language: column affinity, `LIKE`, and numbers
//! before text. What a real PocketBase answers is recorded in `tests/fixtures/filters/` and is what this module answers.

mod bind;
mod block;
mod bound;
mod budget;
mod catalog;
mod column;
mod context;
mod error;
mod eval;
mod exists;
mod join;
mod lexer;
mod like;
mod macros;
mod names;
mod names_of_requests;
mod ordered;
mod parser;
mod record;
mod request;
mod rows;
mod side;
mod sort;
mod sqlite;
mod syntax;
mod tree;

use std::fmt;

pub use block::{Block, BlockFilter};
pub use budget::{Budget, TooCostly};
pub use catalog::{Catalog, FieldType};
pub use column::{Column, Ends, MOST_RECORDS, Mask, Texts};
pub use context::{Context, Look, Records, Request};
pub use error::{Error, SyntaxError};
use eval::Evaluation;
use like::Pattern;
use names::Names;
pub use ordered::Ordered;
pub use parser::MAX_COMPARISONS;
pub use record::{Record, Value};
pub use sort::{Named, Sort, SortRecord};
use sqlite::Datum;
use syntax::{Path, Relation};
use tree::{Node, Operand};

/// The most bytes of a filter.
pub const MAX_LENGTH: usize = 3500;

/// Names that only superusers may write into a filter or a sort, even within quotes; PocketBase answers others with 403.
pub const SUPERUSER_ONLY: [&str; 2] = ["@collection.", "@request."];

/// A filter that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    node: Node,
    /// Whether it looks at other records.
    has_joins: bool,
    /// Number of outermost conditions, from the first, that are asked before any behind them.
    asked_first: usize,
}

impl Filter {
    fn new(node: Node) -> Self {
        Self {
            has_joins: bind::joins(&node),
            asked_first: 0,
            node,
        }
    }

    /// Reads a filter. Whether its fields exist, [`Filter::check`] tells.
    ///
    /// # Errors
    /// [`Error`] for what PocketBase refuses.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_LENGTH {
            return Err(Error::TooLong);
        }
        let node = parser::parse(text, None).map_err(|error| error.error)?;
        Ok(Self::new(node))
    }

    /// Reads a rule of a collection. It may ask for more than a filter, and its fields exist.
    ///
    /// # Errors
    /// [`SyntaxError`] with the place of what cannot be read.
    pub fn parse_rule(
        text: &str,
        catalog: &dyn Catalog,
        collection: &str,
    ) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxError::new(Error::TooLong, MAX_LENGTH, text));
        }
        let names = Names {
            catalog,
            collection,
        };
        parser::parse(text, Some(names)).map(Self::new)
    }

    /// Refuses a filter that names a field which is none.
    ///
    /// # Errors
    /// [`Error::Field`] with the first such name.
    pub fn check(&self, is_field: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut unknown = None;
        self.node.each_operand(&mut |operand| {
            if let Operand::Field(path) = operand
                && !is_field(&path.name)
            {
                unknown.get_or_insert_with(|| path.name.clone());
            }
        });
        unknown.map_or(Ok(()), |name| Err(Error::Field(name)))
    }

    /// Whether the record is one that the filter asks for.
    ///
    /// # Errors
    /// [`TooCostly`] when `budget` does not reach.
    pub fn matches(
        &self,
        record: &impl Record,
        context: &Context<'_>,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        let evaluation = Evaluation {
            record,
            context,
            budget,
        };
        if self.has_joins && !record.is_stored() && bind::asks_back(&self.node) {
            // PocketBase cannot ask who names a record that is not stored yet.
            Ok(false)
        } else if self.has_joins {
            let first = self.conjuncts().split_at_checked(self.asked_first);
            let (first, then) = first.unwrap_or((&[], self.conjuncts()));
            Ok(evaluation.exists(&exists::parts_of_all(first), None)?
                && evaluation.exists(&exists::parts_of_all(then), None)?)
        } else {
            evaluation.matches(&self.node, None)
        }
    }

    /// The same filter for one request: what it asks of `context` is put in, and what depends on no record is decided, so that
    /// [`Filter::pins`] finds `id = @request.auth.id`.
    ///
    /// # Errors
    /// [`TooCostly`] when `budget` does not reach.
    pub fn bind(&self, context: &Context<'_>, budget: &Budget) -> Result<Self, TooCostly> {
        bind::bind(&self.node, context, budget).map(Self::new)
    }

    /// The filter for which a record has to match both. The other one, which joins nothing, is asked of records only that match this
    /// one: whatever it costs tells nothing of others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let asked_first = self.conjuncts().len();
        Self {
            asked_first,
            ..Self::new(Node::all(vec![self.node, other.node]))
        }
    }

    /// Whether every record matches, as far as a look at the filter tells.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.node == Node::EVERYTHING
    }

    /// Whether no record matches, as far as a look at the filter tells.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.node == Node::NOTHING
    }

    /// Whether every matching record has nothing in the field.
    #[must_use]
    pub fn demands_empty(&self, field: &str) -> bool {
        let is_empty = |node: &Node| {
            equal_to(node).is_some_and(|(path, value)| path.name == field && is_known_empty(value))
        };
        self.conjuncts().iter().any(is_empty)
    }

    /// Whether every matching record is the one of whoever asks: `id = @request.auth.id`, and perhaps more.
    #[must_use]
    pub fn demands_own(&self) -> bool {
        let is_own = |node: &Node| match equal_to(node) {
            Some((path, Operand::Auth(auth))) => {
                path.name == "id" && auth.name == "id" && auth.modifier.is_none()
            }
            _ => false,
        };
        self.conjuncts().iter().any(is_own)
    }

    /// The number of comparisons.
    #[must_use]
    pub fn comparisons(&self) -> usize {
        let mut comparisons = 0;
        self.node.each_comparison(&mut |_| comparisons += 1);
        comparisons
    }

    /// The fields that every matching record has with exactly this text: for each `(field, value)` it is enough to look at
    /// the records that an index has under `value`, and to ask [`Filter::matches`] about them.
    #[must_use]
    pub fn pins(&self) -> Vec<(&str, &str)> {
        self.conjuncts().iter().filter_map(pin).collect()
    }

    /// The fields that every matching record has with a text that begins so, ASCII letters in either case: for each
    /// `(field, begin)` it is enough to look at the records that an index has under such a begin.
    #[must_use]
    pub fn prefixes(&self) -> Vec<(&str, String)> {
        self.conjuncts().iter().filter_map(prefix).collect()
    }

    /// The text that every matching record has in the field, or a greater one.
    #[must_use]
    pub fn least(&self, field: &str) -> Option<&str> {
        let mut bounds = self.conjuncts().iter().filter_map(lower_bound);
        bounds.find_map(|(path, text)| (path.name == field).then_some(text))
    }

    /// Whether the filter is one comparison and nothing else.
    #[must_use]
    pub fn is_one_comparison(&self) -> bool {
        matches!(self.conjuncts(), [Node::Comparison(_)])
    }

    /// The parts that a matching record matches all of.
    fn conjuncts(&self) -> &[Node] {
        match &self.node {
            Node::All(nodes) => nodes.as_slice(),
            node => std::slice::from_ref(node),
        }
    }
}

fn prefix(node: &Node) -> Option<(&str, String)> {
    let Node::Comparison(comparison) = node else {
        return None;
    };
    match (&comparison.left, &comparison.right) {
        (Operand::Field(path), Operand::Text(text))
            if comparison.operator.relation == Relation::Like && path.modifier.is_none() =>
        {
            let pattern = Pattern::new(&like::pattern(text));
            Some((&path.name, pattern.prefix()?))
        }
        _ => None,
    }
}

/// A field, as it is, and the text that bounds it from below.
fn lower_bound(node: &Node) -> Option<(&Path, &str)> {
    let Node::Comparison(comparison) = node else {
        return None;
    };
    match (&comparison.left, &comparison.right) {
        (Operand::Field(path), Operand::Text(text))
            if matches!(
                comparison.operator.relation,
                Relation::Greater | Relation::GreaterOrEqual
            ) && path.modifier.is_none() =>
        {
            Some((path, text))
        }
        _ => None,
    }
}

fn pin(node: &Node) -> Option<(&str, &str)> {
    let (path, value) = equal_to(node)?;
    let text = text_of(value).filter(|text| !text.is_empty())?;
    Some((&path.name, text))
}

/// The field of an equality, as it is, and what it is equal to.
fn equal_to(node: &Node) -> Option<(&Path, &Operand)> {
    let Node::Comparison(comparison) = node else {
        return None;
    };
    match (&comparison.left, &comparison.right) {
        (Operand::Field(path), value) | (value, Operand::Field(path))
            if comparison.operator.relation == Relation::Equal && path.modifier.is_none() =>
        {
            Some((path, value))
        }
        _ => None,
    }
}

fn text_of(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Text(text) => Some(text),
        Operand::Constant(constant) => match &constant.value {
            Datum::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn is_known_empty(operand: &Operand) -> bool {
    match operand {
        Operand::Null => true,
        Operand::Constant(constant) if constant.value == Datum::Null => true,
        other => text_of(other) == Some(""),
    }
}

/// A filter that parses to the same tree (it may be longer than what was parsed).
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::macros::Macro;
    use jiff::Timestamp;

    use super::syntax::{Modifier, Operator};
    use super::tree::Comparison;
    use super::*;

    #[test]
    fn only_equality_in_the_outermost_conjunction_pins() {
        for (text, pins) in [
            ("id = 'a'", vec![("id", "a")]),
            ("'a' = id", vec![("id", "a")]),
            ("id ?= 'a' && users_status = 1", vec![("id", "a")]),
            (
                "((openid = 'a') && (email = 'b' && x = 'y'))",
                vec![("openid", "a"), ("email", "b"), ("x", "y")],
            ),
            ("id = 'a' || id = 'b'", vec![]),
            ("id = 'a' || id = 'b' && openid = 'c'", vec![]),
            (
                "(id = 'a' || id = 'b') && openid = 'c'",
                vec![("openid", "c")],
            ),
            ("id != 'a'", vec![]),
            ("id ~ 'a'", vec![]),
            ("id:lower = 'a'", vec![]),
            ("id = ''", vec![]),
            ("id = 1", vec![]),
            ("id = openid", vec![]),
        ] {
            assert_eq!(Filter::parse(text).unwrap().pins(), pins, "{text}");
        }
    }

    #[test]
    fn the_deepest_filter_is_read_on_a_small_stack() {
        let nested = |inner: &str, open: &str, close: &str, n| {
            format!("{}{inner}{}", open.repeat(n), close.repeat(n))
        };
        let deep = move || {
            assert!(Filter::parse(&nested("id=1", "(", ")", 1748)).is_ok());
            let filter = Filter::parse(&nested("id=1", "(id=2||", ")", 199)).unwrap();
            assert!(Filter::parse(&filter.to_string()).is_ok());
            let filter = Filter::parse(&nested("a=1", "(a=2||(a=2&&", "))", 99)).unwrap();
            assert_eq!(filter.clone().to_string().matches("a = ").count(), 199);
            assert_eq!(Filter::parse(&"(".repeat(3500)), Err(Error::Unclosed('(')));
        };
        std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(deep)
            .unwrap()
            .join()
            .unwrap();
    }

    fn operand() -> impl Strategy<Value = Operand> {
        let path = (
            "[a-zA-Z_][a-z]{2,6}x",
            proptest::option::of(proptest::sample::select(Modifier::NAMES.to_vec())),
        )
            .prop_map(|(name, modifier)| Path {
                name,
                modifier: modifier.map(|(_, modifier)| modifier),
            });
        prop_oneof![
            path.clone().prop_map(Operand::Field),
            path.prop_map(Operand::Auth),
            proptest::sample::select(vec!["id", "name", "kind", "rank", "verified"]).prop_map(
                |name| Operand::Field(Path {
                    name: name.to_owned(),
                    modifier: None
                })
            ),
            proptest::sample::select(Macro::NAMES.to_vec())
                .prop_map(|(_, of_time)| Operand::Macro(of_time)),
            "[^\0]{0,12}".prop_map(Operand::Text),
            r#"[\\'"%_ant]{0,6}"#.prop_map(Operand::Text),
            proptest::num::f64::NORMAL.prop_map(Operand::Number),
            (-2000_i32..2000).prop_map(|n| Operand::Number(f64::from(n) / 10.0)),
            any::<bool>().prop_map(Operand::Bool),
            Just(Operand::Null),
        ]
    }

    fn node() -> impl Strategy<Value = Node> {
        let operator = (
            proptest::sample::select(Relation::SIGNS.to_vec()),
            any::<bool>(),
        )
            .prop_map(|((_, relation), any)| Operator { relation, any });
        let leaf = (operand(), operator, operand()).prop_map(|(left, operator, right)| {
            Node::Comparison(Box::new(Comparison {
                left,
                operator,
                right,
                of_rule: false,
            }))
        });
        leaf.prop_recursive(5, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::all),
                proptest::collection::vec(inner, 1..4).prop_map(Node::any),
            ]
        })
    }

    struct Sample;

    impl Record for Sample {
        fn value(&self, field: &str) -> Value<'_> {
            match field {
                "id" => Value::Text("abc"),
                "name" => Value::Text("a%_\\'张"),
                "kind" => Value::Choice("a"),
                "rank" => Value::Number(-1.5),
                "verified" => Value::Bool(true),
                _ => Value::Null,
            }
        }

        fn rowid(&self) -> u64 {
            1
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_filter_panic(text in prop_oneof![
            "\\PC{0,60}",
            any::<String>(),
            r#"([a-z]{1,3}|[0-9.-]{1,4}|[=!<>~?]{1,2}|&&|\|\||[()'"\\ \n\x00/@:_%]){0,24}"#,
        ]) {
                    let context = Context { auth: Some(&Sample), ..Context::new(Timestamp::UNIX_EPOCH) };
            if let Ok(filter) = Filter::parse(&text) {
                let _ = filter.matches(&Sample, &context, &Budget::new(Budget::EVALUATION));
                prop_assert_eq!(parser::parse(&filter.to_string(), None).unwrap(), filter.node);
            }
            if let Ok(sort) = Sort::parse(&text) {
                let _ = sort.compare_named(&Sample, &Sample, 1);
            }
        }

        #[test]
        fn a_tree_is_written_and_read_again(node in node()) {
            let text = node.to_string();
            prop_assert_eq!(parser::parse(&text, None).unwrap(), node, "{}", text);
        }

        #[test]
        fn evaluation_never_panics_and_inequality_is_no_equality(node in node(), now in -377_705_023_201_i64..253_402_207_200) {
                    for auth in [None, Some(&Sample as &dyn Record)] {
                let now = Timestamp::from_second(now).unwrap();
                let context = Context { auth, is_superuser: true, ..Context::new(now) };
                let filter = Filter::new(node.clone());
                let budget = Budget::new(usize::MAX);
                let matched = filter.matches(&Sample, &context, &budget);
                if let Node::Comparison(comparison) = &node {
                    let turned = match comparison.operator.relation {
                        Relation::Equal => Relation::NotEqual,
                        Relation::NotEqual => Relation::Equal,
                        _ => continue,
                    };
                    let mut comparison = comparison.clone();
                    comparison.operator.relation = turned;
                    let turned = Filter::new(Node::Comparison(comparison));
                    prop_assert_ne!(turned.matches(&Sample, &context, &budget), matched);
                }
            }
        }

        #[test]
        fn like_finds_what_contains_it(before in "[a-c]{0,5}", part in "[a-c张]{0,5}", after in "[a-c]{0,5}") {
            let text = format!("{before}{part}{after}");
            let pattern = like::pattern(&part.to_uppercase());
            prop_assert_eq!(like::like(&text, &pattern, &Budget::new(Budget::EVALUATION)), Ok(true));
        }
    }
}
