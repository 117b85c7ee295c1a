//! Comparisons of texts that are in the order of numbers, as those of dates are: the numbers decide them.

use std::ops::RangeInclusive;

/// Numbers of the records of a block, in whose order the texts of a field are.
pub struct Ordered {
    /// Number of each record.
    pub numbers: Vec<i64>,
    /// Numbers whose texts are in that order.
    pub domain: RangeInclusive<i64>,
    /// Text of a number.
    pub text: fn(i64) -> String,
}

/// Answer of a comparison by `<`, `<=`, `>` or `>=` with a constant: one up to some number, and the other from there on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// First number with the other answer; nothing when all have the same.
    at: Option<i64>,
    before: bool,
}

impl Ordered {
    /// Whether the order holds for all of the records.
    pub(super) fn is_whole(&self) -> bool {
        self.numbers.iter().all(|n| self.domain.contains(n))
    }

    /// Turn of a comparison, which `holds` for a text or does not.
    pub(super) fn turn<E>(&self, holds: impl Fn(&str) -> Result<bool, E>) -> Result<Turn, E> {
        let holds = |number| holds(&(self.text)(number));
        let before = holds(*self.domain.start())?;
        if holds(*self.domain.end())? == before {
            return Ok(Turn { at: None, before });
        }
        let (mut same, mut other) = self.domain.clone().into_inner();
        while other - same > 1 {
            let middle = same.midpoint(other);
            *(if holds(middle)? == before {
                &mut same
            } else {
                &mut other
            }) = middle;
        }
        Ok(Turn {
            at: Some(other),
            before,
        })
    }
}

impl Turn {
    /// Whether the comparison holds for the text of that number.
    pub fn holds(&self, number: i64) -> bool {
        self.before == self.at.is_none_or(|at| number < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_digits() -> Ordered {
        Ordered {
            numbers: vec![],
            domain: -99..=99,
            text: |number| format!("{:03}", number + 100),
        }
    }

    #[test]
    fn a_turn_is_where_the_answer_changes() {
        for first in -100..=101 {
            for after in [true, false] {
                let text = format!("{:03}", first + 100);
                let holds = |other: &str| Ok::<_, ()>((other >= text.as_str()) == after);
                let turn = two_digits().turn(holds).unwrap();
                for number in -99..=99 {
                    assert_eq!(turn.holds(number), (number >= first) == after, "{first}");
                }
            }
        }
    }
}
