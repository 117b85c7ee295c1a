//! Evaluation of a filter over the records of a block at once, column by column: the same answer as one record after the other
//! gives, in a fraction of the time.

use std::cell::OnceCell;

use super::Filter;
use super::budget::{Budget, TooCostly};
use super::column::{Column, Mask, all, chosen};
use super::context::Context;
use super::eval::{Evaluation, is_email_asked};
use super::like::Pattern;
use super::ordered::{Ordered, Turn};
use super::record::{Record, Value};
use super::side::pattern_of;
use super::syntax::Relation;
use super::tree::{Comparison, Node, Operand};

/// Field by which others find an e-mail address, or do not.
const EMAIL_VISIBILITY: &str = "emailVisibility";

/// Records of a block, column by column.
pub trait Block {
    /// Number of records, [`MOST_RECORDS`] at most.
    fn count(&self) -> usize;

    /// Values of a field; nothing when the block does not have the field.
    fn column(&self, field: &str) -> Option<Column<'_>>;

    /// Numbers in whose order the texts of a field are, if there are such.
    fn ordered(&self, field: &str) -> Option<Ordered>;
}

/// Filter that is ready for block after block.
pub struct BlockFilter<'a> {
    context: Context<'a>,
    root: BlockNode<'a>,
}

/// Block, and the records of it that are asked about.
type Among<'a, B> = (&'a B, Mask);

enum BlockNode<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Leaf(Leaf<'a>),
}

/// A comparison, with the fields that it looks at.
struct Leaf<'a> {
    comparison: &'a Comparison,
    fields: Vec<&'a str>,
    /// Pattern of a comparison of one text with a constant.
    pattern: Option<Pattern>,
    /// Turn of a comparison with a constant, once it was asked for.
    turn: OnceCell<Turn>,
}

impl Filter {
    /// Whether blocks with these columns have all that the filter looks at. One that looks at other records has not.
    pub fn needs_only(&self, is_column: impl Fn(&str) -> bool) -> bool {
        let mut has_all = !self.has_joins && is_column(EMAIL_VISIBILITY);
        self.node.each_operand(&mut |operand| match operand {
            Operand::Field(path) => has_all &= is_column(&path.name),
            Operand::Changed(_) | Operand::Joined(_) => has_all = false,
            _ => {}
        });
        has_all
    }

    /// Fields of the record that the filter looks at.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.node.each_operand(&mut |operand| {
            if let Operand::Field(path) = operand {
                fields.push(path.name.as_str());
            }
        });
        fields
    }
}

impl<'a> BlockFilter<'a> {
    /// The filter for who asks.
    #[must_use]
    pub fn new(filter: &'a Filter, context: Context<'a>) -> Self {
        Self {
            root: BlockNode::of(&filter.node, &context),
            context,
        }
    }

    /// Records of the block that the filter asks for.
    ///
    /// # Errors
    /// [`TooCostly`] when `budget` does not reach.
    pub fn matches(&self, block: &impl Block, budget: &Budget) -> Result<Mask, TooCostly> {
        self.node(&self.root, (block, all(block.count())), budget)
    }

    /// Records among these that the node asks for. No other is looked at: a rule comes first, and what it hides costs nothing, so that
    /// the time of an answer does not tell of it.
    fn node<B: Block>(
        &self,
        node: &BlockNode<'_>,
        (block, among): Among<'_, B>,
        budget: &Budget,
    ) -> Result<Mask, TooCostly> {
        match node {
            BlockNode::Leaf(_) if among == 0 => Ok(0),
            BlockNode::Leaf(leaf) => self.leaf(leaf, (block, among), budget),
            BlockNode::All(nodes) => nodes
                .iter()
                .try_fold(among, |mask, node| self.node(node, (block, mask), budget)),
            BlockNode::Any(nodes) => nodes.iter().try_fold(0, |mask, node| {
                Ok(mask | self.node(node, (block, among & !mask), budget)?)
            }),
        }
    }

    fn leaf<B: Block>(
        &self,
        leaf: &Leaf<'_>,
        (block, among): Among<'_, B>,
        budget: &Budget,
    ) -> Result<Mask, TooCostly> {
        if let Some(mask) = self.by_order(leaf, (block, among), budget)? {
            return Ok(mask);
        }
        let columns: Vec<_> = leaf
            .fields
            .iter()
            .map(|field| block.column(field).unwrap_or(Column::Same(Value::Null)))
            .collect();
        if let ([Column::Texts(texts)], Some(pattern)) = (columns.as_slice(), &leaf.pattern)
            && let Some(found) = texts.records_with(pattern)
        {
            budget.spend(texts.text.len())?;
            let is_negated = leaf.comparison.operator.relation == Relation::NotLike;
            return Ok(if is_negated {
                !found & among
            } else {
                found & among
            });
        }
        match columns.as_slice() {
            [column] => column.records_where(among, |value| {
                self.holds(leaf, std::slice::from_ref(value), budget)
            }),
            columns => chosen(among, |record| {
                let values: Vec<_> = columns.iter().map(|column| column.value(record)).collect();
                self.holds(leaf, &values, budget)
            }),
        }
    }

    /// Records of an ordering comparison of one field, if numbers decide it.
    fn by_order<B: Block>(
        &self,
        leaf: &Leaf<'_>,
        (block, among): Among<'_, B>,
        budget: &Budget,
    ) -> Result<Option<Mask>, TooCostly> {
        let ([field], true) = (leaf.fields.as_slice(), leaf.is_ordering()) else {
            return Ok(None);
        };
        let Some(ordered) = block.ordered(field).filter(Ordered::is_whole) else {
            return Ok(None);
        };
        let turn = match leaf.turn.get() {
            Some(turn) => *turn,
            None => ordered.turn(|text| self.holds(leaf, &[Value::Text(text)], budget))?,
        };
        let turn = leaf.turn.get_or_init(|| turn);
        let number = |record: usize| ordered.numbers.get(record);
        let holds = |record| Ok(number(record).is_some_and(|n| turn.holds(*n)));
        chosen(among, holds).map(Some)
    }

    /// Whether the comparison holds for a record with these values in the leaf's fields.
    fn holds(
        &self,
        leaf: &Leaf<'_>,
        values: &[Value<'_>],
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        if let (Some(pattern), [Value::Text(text) | Value::Choice(text)]) = (&leaf.pattern, values)
        {
            budget.spend(text.len())?;
            let is_like = pattern.matches(text, budget)?;
            return Ok(is_like == (leaf.comparison.operator.relation == Relation::Like));
        }
        let record = &Values {
            fields: &leaf.fields,
            values,
        };
        let context = &self.context;
        let evaluation = Evaluation {
            record,
            context,
            budget,
        };
        evaluation.holds(leaf.comparison, None)
    }
}

impl<'a> BlockNode<'a> {
    fn of(node: &'a Node, context: &Context<'a>) -> Self {
        let each = |nodes: &'a [Node]| nodes.iter().map(|node| Self::of(node, context)).collect();
        match node {
            Node::All(nodes) => Self::All(each(nodes)),
            Node::Any(nodes) => Self::Any(each(nodes)),
            Node::Comparison(comparison) => Self::Leaf(Leaf::of(comparison, context)),
        }
    }
}

impl<'a> Leaf<'a> {
    fn of(comparison: &'a Comparison, context: &Context<'a>) -> Self {
        let mut fields = Vec::new();
        for operand in [&comparison.left, &comparison.right] {
            if let Operand::Field(path) = operand
                && !fields.contains(&path.name.as_str())
            {
                fields.push(path.name.as_str());
            }
        }
        if is_email_asked(comparison, context) && !fields.contains(&EMAIL_VISIBILITY) {
            fields.push(EMAIL_VISIBILITY);
        }
        Self {
            comparison,
            pattern: constant_pattern(comparison, context),
            fields,
            turn: OnceCell::new(),
        }
    }

    fn is_ordering(&self) -> bool {
        matches!(
            self.comparison.operator.relation,
            Relation::Less | Relation::LessOrEqual | Relation::Greater | Relation::GreaterOrEqual
        )
    }
}

/// Pattern of a comparison of a plain field with a constant that makes one.
fn constant_pattern(comparison: &Comparison, context: &Context<'_>) -> Option<Pattern> {
    let is_plain = matches!(&comparison.left, Operand::Field(path) if path.modifier.is_none());
    let is_like = matches!(
        comparison.operator.relation,
        Relation::Like | Relation::NotLike
    );
    if !is_plain || !is_like || matches!(comparison.right, Operand::Field(_)) {
        return None;
    }
    let evaluation = Evaluation {
        record: &Values {
            fields: &[],
            values: &[],
        },
        context,
        budget: &Budget::new(Budget::EVALUATION),
    };
    let constant = evaluation.side(&comparison.right, None).ok()?;
    pattern_of(constant).map(|pattern| Pattern::new(&pattern))
}

/// Record of some fields only.
struct Values<'a> {
    fields: &'a [&'a str],
    values: &'a [Value<'a>],
}

impl Record for Values<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        let place = self.fields.iter().position(|name| *name == field);
        let value = place.and_then(|place| self.values.get(place));
        value.copied().unwrap_or(Value::Null)
    }

    fn rowid(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::column::{Ends, Texts};
    use super::*;

    const FIELDS: [&str; 6] = ["name", "status", "kind", "seen", "email", "at"];

    /// Records that have the same values as a block of them.
    #[derive(Clone, Debug)]
    struct Rows(Vec<[Owned; 7]>, String, Vec<u32>);

    impl Rows {
        fn new(rows: Vec<[Owned; 7]>) -> Self {
            let mut names = String::new();
            let mut ends = Vec::new();
            for row in &rows {
                if let Owned::Text(name) = &row[0] {
                    names += name;
                }
                ends.push(u32::try_from(names.len()).unwrap());
            }
            Self(rows, names, ends)
        }
    }

    #[derive(Clone, Debug, PartialEq)]
    enum Owned {
        Null,
        Text(String),
        Choice(&'static str),
        Number(f64),
        Bool(bool),
    }

    impl Owned {
        fn value(&self) -> Value<'_> {
            match self {
                Self::Null => Value::Null,
                Self::Text(text) => Value::Text(text),
                Self::Choice(text) => Value::Choice(text),
                Self::Number(number) => Value::Number(*number),
                Self::Bool(flag) => Value::Bool(*flag),
            }
        }
    }

    fn place(field: &str) -> Option<usize> {
        match field {
            EMAIL_VISIBILITY => Some(6),
            field => FIELDS.iter().position(|name| *name == field),
        }
    }

    struct Row<'a>(&'a [Owned; 7]);

    impl Record for Row<'_> {
        fn value(&self, field: &str) -> Value<'_> {
            place(field).map_or(Value::Null, |place| self.0[place].value())
        }

        fn rowid(&self) -> u64 {
            0
        }
    }

    impl Block for Rows {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn column(&self, field: &str) -> Option<Column<'_>> {
            let place = place(field)?;
            let values = || self.0.iter().map(|row| row[place].value());
            let first = values().next().unwrap_or(Value::Null);
            Some(match field {
                _ if values().all(|value| value == first) => Column::Same(first),
                "name" => Column::Texts(Texts {
                    text: &self.1,
                    ends: Ends::Each(&self.2),
                }),
                _ => Column::Each(values().collect()),
            })
        }

        fn ordered(&self, field: &str) -> Option<Ordered> {
            let number = |row: &[Owned; 7]| match &row[5] {
                Owned::Text(text) => text.parse().unwrap(),
                other => panic!("{other:?}"),
            };
            (field == "at").then(|| Ordered {
                numbers: self.0.iter().map(number).collect(),
                domain: 10..=99,
                text: |number| number.to_string(),
            })
        }
    }

    fn row() -> impl Strategy<Value = [Owned; 7]> {
        let text = prop_oneof![
            Just(String::new()),
            "[aAb1]{0,6}",
            "[aAb1%_ ]{0,4}",
            Just("12".to_owned())
        ];
        let number = prop_oneof![Just(0.0), Just(1.0), Just(12.0), Just(1.5)];
        let choice = prop_oneof![Just("guest"), Just("member")];
        let maybe = prop_oneof![Just(Owned::Null), "[ab]{1,2}".prop_map(Owned::Text)];
        let at = (10..=99_u8).prop_map(|n| n.to_string());
        (text, number, choice, maybe, "[ab]@[ab]", at, any::<bool>()).prop_map(
            |(name, status, kind, seen, email, at, shows)| {
                [
                    Owned::Text(name),
                    Owned::Number(status),
                    Owned::Choice(kind),
                    seen,
                    Owned::Text(email),
                    Owned::Text(at),
                    Owned::Bool(shows),
                ]
            },
        )
    }

    fn comparison() -> impl Strategy<Value = String> {
        let field = prop::sample::select(&FIELDS[..]);
        let modified = (field.clone(), prop_oneof![4 => Just(""), 1 => Just(":lower"), 1 => Just(":length"), 1 => Just(":each")])
            .prop_map(|(field, modifier)| format!("{field}{modifier}"));
        let operator = prop::sample::select(vec!["=", "!=", "~", "!~", "<", "<=", ">", ">=", "?="]);
        let constant = prop_oneof![
            "'[aAb1%_ ]{0,3}'",
            "'[1-9][0-9.:]{0,2}'",
            prop::sample::select(vec![
                "1",
                "0",
                "1.5",
                "null",
                "true",
                "'guest'",
                "''",
                "@now",
                "@request.auth.name"
            ])
            .prop_map(str::to_owned),
        ];
        let other = prop_oneof![3 => constant, 1 => field.prop_map(str::to_owned)];
        (modified, operator, other, any::<bool>()).prop_map(|(left, operator, right, turned)| {
            match turned {
                true => format!("{right} {operator} {left}"),
                false => format!("{left} {operator} {right}"),
            }
        })
    }

    /// The least budget with which the filter is answered.
    fn cost(filter: &Filter, rows: &[[Owned; 7]]) -> usize {
        let block = Rows::new(rows.to_vec());
        let context = Context::new(jiff::Timestamp::UNIX_EPOCH);
        let filter = BlockFilter::new(filter, context);
        let is_enough = |steps: &usize| filter.matches(&block, &Budget::new(*steps)).is_ok();
        let steps: Vec<_> = (0..20_000).collect();
        steps.partition_point(|steps| !is_enough(steps))
    }

    fn named(name: &str, status: f64, email: &str) -> [Owned; 7] {
        let (name, email) = (Owned::Text(name.to_owned()), Owned::Text(email.to_owned()));
        [
            name,
            Owned::Number(status),
            Owned::Choice("guest"),
            Owned::Null,
            email,
            Owned::Text("12".to_owned()),
            Owned::Bool(false),
        ]
    }

    #[test]
    fn what_the_first_condition_hides_costs_the_same_whatever_it_is() {
        for filter in [
            "name ~ 'secret' && name ~ name && name ~ name",
            "(name ~ 'secret' && name ~ name) || name = 'x'",
            "name != 'secret' || name ~ name || name !~ name",
            "name ~ 's_c_e_' || kind = 'x'",
            "name:lower = 'secret' && (name ~ '%e_' || seen != 'x')",
            "name = kind || (kind = 'guest' && name ~ '_e_r_t')",
            "email ~ 'secret' && name ~ name",
            "(email ~ 's_c' && name ~ name) || email = 'x'",
        ] {
            let rule = Filter::parse("status = 1").unwrap();
            let filter = rule.and(Filter::parse(filter).unwrap());
            let with = |name: &str, email: &str| {
                cost(
                    &filter,
                    &[
                        named("Ann", 1.0, email),
                        named(name, 0.0, "x@y.zz"),
                        named("Bob", 1.0, email),
                    ],
                )
            };
            let costs = ["secret", "banana", "1_2%3_"].map(|name| with(name, "a@bcd.ef"));
            assert_eq!(costs, [costs[0]; 3], "{filter}");
            // Nor does an e-mail address that is not for everybody.
            assert_eq!(with("secret", "secret@x"), costs[0], "{filter}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_block_matches_as_its_records_do(
            rows in proptest::collection::vec(row(), 1..=64),
            auth in row(),
            parts in proptest::collection::vec((comparison(), any::<bool>()), 1..5),
            is_superuser: bool,
        ) {
            let mut text = String::new();
            for (n, (comparison, is_all)) in parts.iter().enumerate() {
                let join = if *is_all { " && " } else { " || " };
                text = if n == 0 { comparison.clone() } else { format!("({text}){join}{comparison}") };
            }
            let Ok(filter) = Filter::parse(&text) else { return Ok(()) };
            let auth = Row(&auth);
            let context = Context { auth: Some(&auth), is_superuser, ..Context::new(jiff::Timestamp::UNIX_EPOCH) };
            let block = Rows::new(rows);
            prop_assert!(filter.needs_only(|name| place(name).is_some()));
            let mask = BlockFilter::new(&filter, context).matches(&block, &Budget::new(usize::MAX)).unwrap();
            for (n, row) in block.0.iter().enumerate() {
                let alone = filter.matches(&Row(row), &context, &Budget::new(usize::MAX)).unwrap();
                prop_assert_eq!(mask >> n & 1 == 1, alone, "{} of {:?}", text, row);
            }
        }
    }
}
