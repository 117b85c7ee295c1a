//! From text to tokens.

use super::error::Error;
use super::syntax::Operator;

#[derive(Debug)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Number(f64),
    Text(String),
    Sign(Operator),
    And,
    Or,
    /// Text between a pair of parentheses, and the bytes before it.
    Group(&'a str, usize),
    End,
}

/// Reads tokens one by one.
///
/// A NUL ends what it is in and is skipped, or ends the filter between tokens: to PocketBase's scanner it is the end of input.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    /// The bytes of the filter up to the end of `rest`.
    end: usize,
    /// The bytes of the filter before the newest token.
    pub at: usize,
}

impl<'a> Lexer<'a> {
    /// Lexer of a part of a filter, which has `at` bytes before it.
    pub fn new(text: &'a str, at: usize) -> Self {
        Self {
            rest: text,
            end: at + text.len(),
            at,
        }
    }

    /// The next token; spaces and comments are none.
    pub fn token(&mut self) -> Result<Token<'a>, Error> {
        loop {
            self.at = self.end - self.rest.len();
            let Some(first) = self.rest.chars().next() else {
                return Ok(Token::End);
            };
            return match first {
                '\0' => Ok(Token::End),
                ' ' | '\t' | '\n' => {
                    self.take_while(|c| matches!(c, ' ' | '\t' | '\n'));
                    continue;
                }
                '/' => {
                    self.comment()?;
                    continue;
                }
                '(' => self.group(),
                '\'' | '"' => self.text(first),
                '-' | '0'..='9' => self.number(),
                '=' | '?' | '!' | '>' | '<' | '~' => {
                    let sign = self.take_while(|c| matches!(c, '=' | '?' | '!' | '>' | '<' | '~'));
                    Operator::parse(sign)
                        .map(Token::Sign)
                        .ok_or_else(|| Error::Token(sign.to_owned()))
                }
                '&' | '|' => match self.take_while(|c| matches!(c, '&' | '|')) {
                    "&&" => Ok(Token::And),
                    "||" => Ok(Token::Or),
                    other => Err(Error::Token(other.to_owned())),
                },
                '@' | '_' | '#' | 'a'..='z' | 'A'..='Z' => self.name(),
                other => Err(Error::Character(other)),
            };
        }
    }

    /// Takes characters while `accept` says so, and a NUL after them.
    fn take_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'a str {
        let end = self
            .rest
            .find(|c| c == '\0' || !accept(c))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix('\0').unwrap_or(rest);
        taken
    }

    fn comment(&mut self) -> Result<(), Error> {
        self.rest = self.rest.strip_prefix("//").ok_or(Error::Character('/'))?;
        self.take_while(|c| c != '\n');
        Ok(())
    }

    fn name(&mut self) -> Result<Token<'a>, Error> {
        let mut is_first = true;
        let name = self.take_while(|c| {
            let special = std::mem::take(&mut is_first) && matches!(c, '@' | '#');
            special || c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_')
        });
        if name.ends_with(['.', ':']) || matches!(name, "@" | "_" | "#") {
            Err(Error::Token(name.to_owned()))
        } else if self.rest.starts_with('(') {
            Err(Error::Function(name.to_owned()))
        } else {
            Ok(Token::Name(name))
        }
    }

    fn number(&mut self) -> Result<Token<'a>, Error> {
        let (mut is_first, mut had_dot) = (true, false);
        let literal = self.take_while(|c| {
            let is_first = std::mem::take(&mut is_first);
            c.is_ascii_digit()
                || (c == '-' && is_first)
                || (c == '.' && !std::mem::replace(&mut had_dot, true))
        });
        let number = literal.parse().ok().filter(|_| !literal.ends_with('.'));
        let number: f64 = number.ok_or_else(|| Error::Token(literal.to_owned()))?;
        // PocketBase's conversion gives up on what is too great for a double, and uses its zero value.
        Ok(Token::Number(if number.is_finite() { number } else { 0.0 }))
    }

    fn text(&mut self, quote: char) -> Result<Token<'a>, Error> {
        let quoted = &self.rest[..quoted_len(self.rest, quote)?];
        self.rest = &self.rest[quoted.len()..];
        Ok(Token::Text(unescape(&quoted[1..quoted.len() - 1])))
    }

    /// The end of a group is found before it is parsed, so that only quotes, not comments, can hide a parenthesis.
    fn group(&mut self) -> Result<Token<'a>, Error> {
        let (mut depth, mut at) = (0, 0);
        while let Some(c) = self.rest[at..].chars().next() {
            match c {
                '\'' | '"' => {
                    at += quoted_len(&self.rest[at..], c)?;
                    continue;
                }
                '(' => depth += 1,
                ')' if depth == 1 => {
                    let inner = &self.rest[1..at];
                    self.rest = &self.rest[at + 1..];
                    return Ok(Token::Group(inner, self.at + 1));
                }
                ')' => depth -= 1,
                '\0' => break,
                _ => {}
            }
            at += c.len_utf8();
        }
        Err(Error::Unclosed('('))
    }
}

/// The length of the quoted text that `text` begins with, quotes included.
fn quoted_len(text: &str, quote: char) -> Result<usize, Error> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '\0' {
            break;
        }
        if c == quote && !is_escaped {
            return Ok(at + 1);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Err(Error::Unclosed(quote))
}

/// A backslash before another character than these stands for itself.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let mut after = chars.clone();
        let escaped = match (c, after.next()) {
            ('\\', Some(c @ ('\\' | '\'' | '"'))) => Some(c),
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('t')) => Some('\t'),
            _ => None,
        };
        if escaped.is_some() {
            chars = after;
        }
        plain.push(escaped.unwrap_or(c));
    }
    plain
}
