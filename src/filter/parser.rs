//! From tokens to the tree.

use super::bound::unchosen;
use super::error::{Error, SyntaxError};
use super::join::{MAX_JOINS, Table};
use super::lexer::{Lexer, Token};
use super::macros::Macro;
use super::names::Names;
use super::syntax::{Operator, Path};
use super::tree::{Comparison, Node, Operand};

/// The most comparisons in a filter; this also bounds how deep its tree can be.
pub const MAX_COMPARISONS: usize = 200;

/// Token that a group expects next.
enum Step<'a> {
    Left,
    Sign(Placed<'a>),
    Right(Placed<'a>, Operator),
    Join,
}

/// A token, and the bytes before it.
type Placed<'a> = (Token<'a>, usize);

/// A group that is being read: alternatives, each of them a conjunction, because `&&` binds tighter than `||`.
struct Group<'a> {
    lexer: Lexer<'a>,
    step: Step<'a>,
    alternatives: Vec<Vec<Node>>,
    is_or: bool,
}

impl<'a> Group<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        Self {
            lexer: Lexer::new(text, at),
            step: Step::Left,
            alternatives: Vec::new(),
            is_or: false,
        }
    }

    fn push(&mut self, node: Node) {
        match self.alternatives.last_mut() {
            Some(conjunction) if !self.is_or => conjunction.push(node),
            _ => self.alternatives.push(vec![node]),
        }
        self.step = Step::Join;
    }

    fn into_node(self) -> Result<Node, Error> {
        match self.step {
            Step::Join => Ok(Node::any(
                self.alternatives.into_iter().map(Node::all).collect(),
            )),
            Step::Left | Step::Sign(_) | Step::Right(..) => Err(Error::Expected("a comparison")),
        }
    }
}

/// Reads a whole filter, in which `names` tells what names mean; without them, all are fields.
pub(super) fn parse(text: &str, names: Option<Names<'_>>) -> Result<Node, SyntaxError> {
    let mut parser = Parser {
        names,
        comparisons: 0,
        at: 0,
    };
    let node = parser.parse(text).and_then(|node| {
        ensure_few_joins(&node)?;
        Ok(node)
    });
    node.map_err(|error| SyntaxError::new(error, parser.at, text))
}

fn ensure_few_joins(node: &Node) -> Result<(), Error> {
    let mut joins = Vec::new();
    node.each_operand(&mut |operand| {
        if let Operand::Joined(joined) = operand {
            unchosen(&joined.join, None, &mut joins);
        }
    });
    if joins.len() > MAX_JOINS {
        return Err(Error::TooManyJoins);
    }
    Ok(())
}

struct Parser<'n> {
    names: Option<Names<'n>>,
    comparisons: usize,
    /// The bytes before what is read.
    at: usize,
}

impl Parser<'_> {
    /// The groups that are open are kept on a heap stack, so that no nesting exhausts the thread's. A group is taken wherever it
    /// stands, as PocketBase does: `(a = 1)(b = 2)` is a conjunction, and in `a = (b = 2)` the beginning is forgotten.
    fn parse(&mut self, text: &str) -> Result<Node, Error> {
        let mut outer = Vec::new();
        let mut group = Group::new(text, 0);
        loop {
            let token = group.lexer.token();
            self.at = group.lexer.at;
            match token? {
                Token::End => {
                    let node = group.into_node()?;
                    let Some(parent) = outer.pop() else {
                        return Ok(node);
                    };
                    group = parent;
                    group.push(node);
                }
                Token::Group(inner, at) => {
                    outer.push(std::mem::replace(&mut group, Group::new(inner, at)));
                }
                token => self.step(&mut group, token)?,
            }
        }
    }

    fn step<'t>(&mut self, group: &mut Group<'t>, token: Token<'t>) -> Result<(), Error> {
        let at = self.at;
        group.step = match (std::mem::replace(&mut group.step, Step::Left), token) {
            (Step::Left, token @ (Token::Name(_) | Token::Text(_) | Token::Number(_))) => {
                Step::Sign((token, at))
            }
            (Step::Left, _) => return Err(Error::Expected("an operand")),
            (Step::Sign(left), Token::Sign(operator)) => Step::Right(left, operator),
            (Step::Sign(_), _) => return Err(Error::Expected("an operator")),
            (Step::Right(left, operator), right) => {
                let comparison = self.comparison(left, operator, (right, at))?;
                group.push(Node::Comparison(Box::new(comparison)));
                Step::Join
            }
            (Step::Join, join @ (Token::And | Token::Or)) => {
                group.is_or = matches!(join, Token::Or);
                Step::Left
            }
            (Step::Join, _) => return Err(Error::Expected("&& or ||")),
        };
        Ok(())
    }

    fn comparison(
        &mut self,
        left: Placed<'_>,
        operator: Operator,
        right: Placed<'_>,
    ) -> Result<Comparison, Error> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(Error::TooMany);
        }
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        if operator.relation.is_like()
            && let Some(written) = body_items(&right)
        {
            return Err(Error::Modifier(written.to_owned()));
        }
        Ok(Comparison {
            left,
            operator,
            right,
            of_rule: self.names.is_some(),
        })
    }

    fn operand(&mut self, (token, at): Placed<'_>) -> Result<Operand, Error> {
        self.at = at;
        match token {
            Token::Text(text) => Ok(Operand::Text(text)),
            Token::Number(number) => Ok(Operand::Number(number)),
            Token::Name(name) => match (constant(name), &self.names) {
                (Some(constant), _) => Ok(constant),
                (None, Some(names)) => names.operand(name),
                (None, None) => unchecked(name).ok_or_else(|| Error::Field(name.to_owned())),
            },
            _ => Err(Error::Expected("an operand")),
        }
    }
}

/// Items of the body, of which PocketBase makes no pattern.
fn body_items(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Joined(joined) if matches!(joined.join.table, Table::BodyItems { .. }) => {
            Some(&joined.written)
        }
        _ => None,
    }
}

/// Name that means the same everywhere.
fn constant(name: &str) -> Option<Operand> {
    if let Some(of_time) = Macro::parse(name) {
        return Some(Operand::Macro(of_time));
    }
    match name.to_ascii_lowercase().as_str() {
        "null" => Some(Operand::Null),
        "true" => Some(Operand::Bool(true)),
        "false" => Some(Operand::Bool(false)),
        _ => None,
    }
}

fn unchecked(name: &str) -> Option<Operand> {
    if let Some(path) = name.strip_prefix("@request.auth.") {
        // Nobody here knows the id of the collection of who asks.
        let known = Path::parse(path).filter(|path| path.name != "collectionId");
        return known.map(Operand::Auth);
    }
    field(name).map(Operand::Field)
}

/// A field of the record: what begins with another sign than a letter, a digit or an underscore is none.
pub(super) fn field(name: &str) -> Option<Path> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name =
        name.starts_with(is_word) && name.chars().all(|c| is_word(c) || matches!(c, '.' | ':'));
    if is_name { Path::parse(name) } else { None }
}
