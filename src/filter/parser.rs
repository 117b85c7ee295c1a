//! From tokens to the tree.

use super::error::Error;
use super::lexer::{Lexer, Token};
use super::macros::Macro;
use super::tree::{Comparison, Node, Operand, Operator, Path};

/// The most comparisons in a filter; this also bounds how deep its tree can be.
pub const MAX_COMPARISONS: usize = 200;

/// Token that a group expects next.
enum Step<'a> {
    Left,
    Sign(Token<'a>),
    Right(Token<'a>, Operator),
    Join,
}

/// A group that is being read: alternatives, each of them a conjunction, because `&&` binds tighter than `||`.
struct Group<'a> {
    lexer: Lexer<'a>,
    step: Step<'a>,
    alternatives: Vec<Vec<Node>>,
    is_or: bool,
}

impl<'a> Group<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lexer: Lexer::new(text),
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

/// Reads a whole filter.
///
/// The groups that are open are kept on a heap stack, so that no nesting exhausts the thread's. A group is taken wherever it stands,
/// as PocketBase does: `(a = 1)(b = 2)` is a conjunction, and in `a = (b = 2)` the beginning is forgotten.
pub(super) fn parse(text: &str) -> Result<Node, Error> {
    let mut outer = Vec::new();
    let mut group = Group::new(text);
    let mut comparisons = 0;
    loop {
        let token = group.lexer.token()?;
        match token {
            Token::End => {
                let node = group.into_node()?;
                let Some(parent) = outer.pop() else {
                    return Ok(node);
                };
                group = parent;
                group.push(node);
                continue;
            }
            Token::Group(inner) => {
                outer.push(std::mem::replace(&mut group, Group::new(inner)));
                continue;
            }
            _ => {}
        }
        group.step = match (std::mem::replace(&mut group.step, Step::Left), token) {
            (Step::Left, token @ (Token::Name(_) | Token::Text(_) | Token::Number(_))) => {
                Step::Sign(token)
            }
            (Step::Left, _) => return Err(Error::Expected("an operand")),
            (Step::Sign(left), Token::Sign(operator)) => Step::Right(left, operator),
            (Step::Sign(_), _) => return Err(Error::Expected("an operator")),
            (Step::Right(left, operator), right) => {
                comparisons += 1;
                if comparisons > MAX_COMPARISONS {
                    return Err(Error::TooMany);
                }
                let comparison = Comparison {
                    left: operand(left)?,
                    operator,
                    right: operand(right)?,
                };
                group.push(Node::Comparison(Box::new(comparison)));
                Step::Join
            }
            (Step::Join, join @ (Token::And | Token::Or)) => {
                group.is_or = matches!(join, Token::Or);
                Step::Left
            }
            (Step::Join, _) => return Err(Error::Expected("&& or ||")),
        };
    }
}

fn operand(token: Token<'_>) -> Result<Operand, Error> {
    match token {
        Token::Text(text) => Ok(Operand::Text(text)),
        Token::Number(number) => Ok(Operand::Number(number)),
        Token::Name(name) => self::name(name).ok_or_else(|| Error::Field(name.to_owned())),
        _ => Err(Error::Expected("an operand")),
    }
}

fn name(name: &str) -> Option<Operand> {
    if let Some(of_time) = Macro::parse(name) {
        return Some(Operand::Macro(of_time));
    }
    if let Some(path) = name.strip_prefix("@request.auth.") {
        // Nobody here knows the id of the collection of who asks.
        let known = Path::parse(path).filter(|path| path.name != "collectionId");
        return known.map(Operand::Auth);
    }
    match name.to_ascii_lowercase().as_str() {
        "null" => Some(Operand::Null),
        "true" => Some(Operand::Bool(true)),
        "false" => Some(Operand::Bool(false)),
        _ => field(name).map(Operand::Field),
    }
}

/// A field of the record: what begins with another sign than a letter, a digit or an underscore is none.
pub(super) fn field(name: &str) -> Option<Path> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name =
        name.starts_with(is_word) && name.chars().all(|c| is_word(c) || matches!(c, '.' | ':'));
    if is_name { Path::parse(name) } else { None }
}
