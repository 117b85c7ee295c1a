//! Whether there are rows to join with which a record is what a filter asks for.
//!
//! PocketBase joins the rows of all tables that a filter names, and takes a record for which one of these combinations matches.
//! Parts that have no row in common are looked at each by itself here: a combination is found where each part finds its own.

use std::borrow::Cow;

use super::bound::{Bound, chosen, unchosen};
use super::budget::TooCostly;
use super::eval::Evaluation;
use super::join::{Join, Table};
use super::sqlite::Datum;
use super::syntax::Relation;
use super::tree::{Comparison, Joined, Node, Operand};

/// Condition on a record and the rows that are joined to it. All parts of a list have to hold.
#[derive(Clone, Copy)]
pub(super) enum Part<'t> {
    /// The comparison, with the rows that were chosen.
    Chosen(&'t Comparison),
    /// The comparison, with all rows that could have been chosen.
    All(&'t Comparison),
    /// One of the nodes.
    Any(&'t [Node]),
}

/// The parts of a conjunction of `nodes`.
pub(super) fn parts_of_all(nodes: &[Node]) -> Vec<Part<'_>> {
    nodes.iter().flat_map(parts).collect()
}

/// The parts of `node`.
pub(super) fn parts(node: &Node) -> Vec<Part<'_>> {
    match node {
        Node::All(nodes) => parts_of_all(nodes),
        Node::Any(nodes) => vec![Part::Any(nodes)],
        Node::Comparison(comparison) if has_many(comparison) => {
            vec![Part::All(comparison), Part::Chosen(comparison)]
        }
        Node::Comparison(comparison) => vec![Part::Chosen(comparison)],
    }
}

fn has_many(comparison: &Comparison) -> bool {
    let is_many = |operand: &Operand| matches!(operand, Operand::Joined(joined) if joined.is_many);
    !comparison.operator.any && (is_many(&comparison.left) || is_many(&comparison.right))
}

impl<'t> Part<'t> {
    /// The joins whose rows were not chosen.
    fn joins(self, bound: Option<&Bound<'_>>) -> Vec<&'t Join> {
        let mut joins = Vec::new();
        match self {
            Self::Chosen(comparison) => {
                add(&comparison.left, bound, &mut joins);
                add(&comparison.right, bound, &mut joins);
            }
            Self::All(comparison) => {
                for operand in [&comparison.left, &comparison.right] {
                    if !matches!(operand, Operand::Joined(joined) if joined.is_many) {
                        add(operand, bound, &mut joins);
                    }
                }
            }
            Self::Any(nodes) => {
                for node in nodes {
                    node.each_operand(&mut |operand| add(operand, bound, &mut joins));
                }
            }
        }
        joins
    }
}

fn add<'t>(operand: &'t Operand, bound: Option<&Bound<'_>>, joins: &mut Vec<&'t Join>) {
    if let Operand::Joined(joined) = operand {
        unchosen(&joined.join, bound, joins);
    }
}

/// Part with the joins that it waits for.
type Waiting<'t> = (Part<'t>, Vec<&'t Join>);

impl Evaluation<'_> {
    /// Whether there are rows with which all parts hold, beside those that were chosen.
    pub fn exists(&self, parts: &[Part<'_>], bound: Option<&Bound<'_>>) -> Result<bool, TooCostly> {
        let mut waiting = Vec::new();
        for part in parts {
            let joins = part.joins(bound);
            if !joins.is_empty() {
                waiting.push((*part, joins));
            } else if !self.part_holds(*part, bound)? {
                return Ok(false);
            }
        }
        for group in connected(waiting) {
            if !self.group_exists(&group, bound)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn part_holds(&self, part: Part<'_>, bound: Option<&Bound<'_>>) -> Result<bool, TooCostly> {
        match part {
            Part::Chosen(comparison) => self.holds(comparison, bound),
            Part::All(comparison) => self.holds_of_all(comparison, bound),
            Part::Any(nodes) => self.one_exists(nodes, bound),
        }
    }

    fn one_exists(&self, nodes: &[Node], bound: Option<&Bound<'_>>) -> Result<bool, TooCostly> {
        for node in nodes {
            if self.exists(&parts(node), bound)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Chooses a row of one join, and goes on with the others.
    fn group_exists(
        &self,
        group: &[Waiting<'_>],
        bound: Option<&Bound<'_>>,
    ) -> Result<bool, TooCostly> {
        if let [(Part::Any(nodes), _)] = group {
            return self.one_exists(nodes, bound);
        }
        let parts: Vec<Part<'_>> = group.iter().map(|(part, _)| *part).collect();
        let Some((join, pins)) = self.first_join(group, bound)? else {
            return Ok(false);
        };
        let pins: Vec<(&str, &str)> = pins.iter().map(|(field, text)| (*field, &**text)).collect();
        self.rows(join, bound, &pins, &mut |row| {
            let outer = bound;
            self.exists(&parts, Some(&Bound { join, row, outer }))
        })
    }

    /// The join to begin with: one that leads to few rows, if there is any.
    fn first_join<'s>(
        &'s self,
        group: &'s [Waiting<'_>],
        bound: Option<&'s Bound<'s>>,
    ) -> Result<Option<(&'s Join, Pins<'s>)>, TooCostly> {
        let mut whole = None;
        let joins = group.iter().flat_map(|(_, joins)| joins);
        for join in joins {
            if join
                .before()
                .is_some_and(|before| chosen(before, bound).is_none())
            {
                continue;
            }
            let pins = self.pins(join, group, bound)?;
            if !pins.is_empty() || !matches!(join.table, Table::Collection(_)) {
                return Ok(Some((join, pins)));
            }
            whole.get_or_insert(*join);
        }
        Ok(whole.map(|join| (join, Vec::new())))
    }

    /// The texts that fields of the row of `join` have to be.
    fn pins<'s>(
        &'s self,
        join: &Join,
        group: &'s [Waiting<'_>],
        bound: Option<&'s Bound<'s>>,
    ) -> Result<Pins<'s>, TooCostly> {
        let mut pins = Vec::new();
        for (part, _) in group {
            let Part::Chosen(comparison) = part else {
                continue;
            };
            for (field, other) in sides(comparison, join) {
                let mut open = Vec::new();
                add(other, bound, &mut open);
                if open.is_empty()
                    && let Datum::Text(text) = self.side(other, bound)?.value
                    && !text.is_empty()
                {
                    pins.push((field, text));
                }
            }
        }
        Ok(pins)
    }
}

type Pins<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// The fields of the row of `join` that the comparison wants to be equal to something, and what that is.
fn sides<'t>(comparison: &'t Comparison, join: &Join) -> Vec<(&'t str, &'t Operand)> {
    if comparison.operator.relation != Relation::Equal {
        return Vec::new();
    }
    let (left, right) = (&comparison.left, &comparison.right);
    let pairs = [(left, right), (right, left)].into_iter();
    let of_join = |(one, other): (&'t Operand, &'t Operand)| match one {
        Operand::Joined(Joined {
            join: own,
            path: Some(path),
            ..
        }) if own.alias == join.alias && path.modifier.is_none() => {
            Some((path.name.as_str(), other))
        }
        _ => None,
    };
    pairs.filter_map(of_join).collect()
}

/// Groups of which no two wait for the same join.
fn connected(waiting: Vec<Waiting<'_>>) -> Vec<Vec<Waiting<'_>>> {
    let mut groups: Vec<Vec<Waiting<'_>>> = Vec::new();
    for part in waiting {
        let (with, mut without): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| shares(group, &part));
        let mut group: Vec<_> = with.into_iter().flatten().collect();
        group.push(part);
        without.push(group);
        groups = without;
    }
    groups
}

fn shares(group: &[Waiting<'_>], part: &Waiting<'_>) -> bool {
    let of_part = |join: &&Join| part.1.iter().any(|own| own.alias == join.alias);
    group.iter().any(|(_, joins)| joins.iter().any(of_part))
}

/// The nodes of a conjunction in groups of which no two join the same row.
pub(super) fn groups(nodes: &[Node]) -> Vec<Vec<&Node>> {
    let waiting = |node| (Part::Any(std::slice::from_ref(node)), Vec::new());
    let with_joins = |node| {
        let (part, _): Waiting<'_> = waiting(node);
        (part, part.joins(None))
    };
    let groups = connected(nodes.iter().map(with_joins).collect()).into_iter();
    groups
        .map(|group| group.into_iter().filter_map(node_of).collect())
        .collect()
}

fn node_of((part, _): Waiting<'_>) -> Option<&Node> {
    match part {
        Part::Any([node]) => Some(node),
        _ => None,
    }
}
