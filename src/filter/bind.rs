//! A filter with what one request says in place of the questions for it.

use std::sync::Arc;

use super::budget::{Budget, TooCostly};
use super::context::Context;
use super::eval::Evaluation;
use super::exists::{groups, parts};
use super::join::{Join, Link, Parent, Table};
use super::record::{Record, Value};
use super::tree::{Changed, Comparison, Joined, Node, Operand};

/// Record of no fields, for what depends on none.
struct NoRecord;

impl Record for NoRecord {
    fn value(&self, _: &str) -> Value<'_> {
        Value::Null
    }

    fn rowid(&self) -> u64 {
        0
    }
}

/// The same filter with constants, and without what they decide.
pub(super) fn bind(node: &Node, context: &Context<'_>, budget: &Budget) -> Result<Node, TooCostly> {
    let request = Evaluation {
        record: &NoRecord,
        context,
        budget,
    };
    let bound = request.bound(node)?;
    request.decided(&bound, true)
}

impl Evaluation<'_> {
    fn bound(&self, node: &Node) -> Result<Node, TooCostly> {
        Ok(match node {
            Node::All(nodes) => Node::All(self.all_bound(nodes)?),
            Node::Any(nodes) => Node::Any(self.all_bound(nodes)?),
            Node::Comparison(comparison) => Node::Comparison(Box::new(Comparison {
                left: self.bound_operand(&comparison.left)?,
                right: self.bound_operand(&comparison.right)?,
                ..**comparison
            })),
        })
    }

    fn all_bound(&self, nodes: &[Node]) -> Result<Vec<Node>, TooCostly> {
        nodes.iter().map(|node| self.bound(node)).collect()
    }

    fn bound_operand(&self, operand: &Operand) -> Result<Operand, TooCostly> {
        Ok(match operand {
            Operand::Auth(_) | Operand::Request(_) | Operand::Macro(_) => {
                Operand::Constant(self.side(operand, None)?.into_constant())
            }
            Operand::Changed(changed) => Operand::Changed(Box::new(Changed {
                field: changed.field.clone(),
                is_set: self.bound_operand(&changed.is_set)?,
                value: self.bound_operand(&changed.value)?,
            })),
            Operand::Joined(joined) => Operand::Joined(Joined {
                join: self.bound_join(&joined.join),
                ..joined.clone()
            }),
            other => other.clone(),
        })
    }

    fn bound_join(&self, join: &Arc<Join>) -> Arc<Join> {
        let table = match &join.table {
            Table::BodyItems { field } => Table::Constants(self.body_items(field)),
            Table::BodyRelation { field, collection } => Table::Ids {
                ids: self.body_ids(field),
                collection: collection.clone(),
            },
            Table::Relation { id, collection } => Table::Relation {
                id: self.bound_link(id),
                collection: collection.clone(),
            },
            Table::Items { list } => Table::Items {
                list: self.bound_link(list),
            },
            Table::Back {
                parent,
                collection,
                field,
            } => Table::Back {
                parent: self.bound_parent(parent),
                collection: collection.clone(),
                field: field.clone(),
            },
            other => other.clone(),
        };
        let alias = join.alias.clone();
        Arc::new(Join { alias, table })
    }

    fn bound_link(&self, link: &Link) -> Link {
        Link {
            parent: self.bound_parent(&link.parent),
            field: link.field.clone(),
        }
    }

    fn bound_parent(&self, parent: &Parent) -> Parent {
        match parent {
            Parent::Joined(join) => Parent::Joined(self.bound_join(join)),
            other => other.clone(),
        }
    }

    /// Decides what does not depend on the record. `is_alone` tells that nothing outside of `node` joins the rows that it joins.
    fn decided(&self, node: &Node, is_alone: bool) -> Result<Node, TooCostly> {
        if !asks_record(node) && (is_alone || !joins(node)) {
            let exists = self.exists(&parts(node), None)?;
            return Ok(if exists {
                Node::EVERYTHING
            } else {
                Node::NOTHING
            });
        }
        match node {
            Node::Any(nodes) => {
                let nodes = nodes.iter().map(|node| self.decided(node, is_alone));
                Ok(Node::any(nodes.collect::<Result<_, _>>()?))
            }
            Node::All(nodes) => self.decided_conjunction(nodes, is_alone),
            Node::Comparison(_) => Ok(node.clone()),
        }
    }

    fn decided_conjunction(&self, nodes: &[Node], is_alone: bool) -> Result<Node, TooCostly> {
        let mut decided = Vec::new();
        for group in groups(nodes) {
            match group.as_slice() {
                [node] => decided.push(self.decided(node, is_alone)?),
                several => {
                    let group = Node::All(several.iter().map(|node| (*node).clone()).collect());
                    decided.push(self.decided_group(&group, is_alone)?);
                }
            }
        }
        Ok(Node::all(decided))
    }

    /// Nodes that share rows are decided together or not at all.
    fn decided_group(&self, group: &Node, is_alone: bool) -> Result<Node, TooCostly> {
        match group {
            Node::All(nodes) if asks_record(group) || !is_alone => {
                let nodes = nodes.iter().map(|node| self.decided(node, false));
                Ok(Node::all(nodes.collect::<Result<_, _>>()?))
            }
            _ => self.decided(group, is_alone),
        }
    }
}

/// Whether it depends on the record that the filter is evaluated for.
fn asks_record(node: &Node) -> bool {
    let mut asks = false;
    node.each_operand(&mut |operand| {
        asks |= match operand {
            Operand::Field(_) | Operand::Changed(_) => true,
            Operand::Joined(joined) => joined.join.is_of_record(),
            _ => false,
        }
    });
    asks
}

/// Whether it joins rows.
pub(super) fn joins(node: &Node) -> bool {
    let mut joins = false;
    node.each_operand(&mut |operand| joins |= matches!(operand, Operand::Joined(_)));
    joins
}

/// Whether it asks which records name the one that it is evaluated for.
pub(super) fn asks_back(node: &Node) -> bool {
    let mut asks = false;
    node.each_operand(&mut |operand| {
        asks |= matches!(operand, Operand::Joined(joined) if joined.join.is_back_of_record());
    });
    asks
}
