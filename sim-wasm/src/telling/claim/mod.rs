//! A claim is a number in a text with an expression behind it that the engine can say: [`Claims::value`].
//!
//! ```text
//!   STOP_LINE * 1514 * 8 / 1000000                                      a constant, and numbers
//!   ring=v1.stops.n10/outstanding                                       a quantity of a figure at a frame
//!   packet=v1.full-size/answer                                          what a run answers to its figure's question
//!   packet=v1.full-size.n12/time                                        the frame's time, in nanoseconds
//!   ring=v1.stops/steps                                                 how many steps a run has
//!   scenario:flow-control,offered=1400,bytes=1514/sent-bytes-rate       a number of a scenario's run
//! ```
//!
//! Terms and the operators `+ - * /` are set apart by spaces; `*` and `/` come before `+` and `-`, and otherwise the left one
//! first. Arithmetic is exact ([`Ratio`]): whoever compares rounds, to the digits that are written ([`Written`]).
//!
//! Not modelled: brackets, units, and numbers that differ from run to run.

pub mod constants;

pub mod ratio;

pub mod written;

mod error;

mod figure_term;

mod scenario_term;

pub use crate::telling::claim::error::ClaimError;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::telling::claim::constants::CONSTANTS;
use crate::telling::claim::ratio::Ratio;
use crate::telling::claim::scenario_term::Runs;
#[cfg(doc)]
use crate::telling::claim::written::Written;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The number.
    pub value: Ratio,
    /// The terms with names, in order, each once.
    pub parts: Vec<Part>,
}

/// A term of an expression, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The term as it is written.
    pub term: String,
    /// Its number.
    pub value: Ratio,
    /// What it counts: a phrase, or nothing.
    pub meaning: String,
}

/// Says what expressions come to. What it has run once it remembers, so one of these serves a whole site.
#[derive(Debug, Default)]
pub struct Claims {
    runs: Runs,
}

/// A term and its place, and the operator that stands behind it.
struct Term<'a> {
    text: &'a str,
    at: Range<usize>,
}

impl Claims {
    /// Says what an expression comes to, or why it comes to nothing.
    pub fn value(&self, expression: &str) -> Result<Value, ClaimError> {
        let mut words = words(expression);
        let mut parts = Vec::new();
        let mut term = |words: &mut dyn Iterator<Item = Term<'_>>, after: &Range<usize>| {
            let term = words.next().ok_or_else(|| missing_term(expression, after))?;
            let part = self.term(&term)?;
            let value = part.value;
            if !part.meaning.is_empty() && !parts.contains(&part) {
                parts.push(part);
            }
            Ok::<_, ClaimError>((value, term.at))
        };
        let (first, mut last) = term(&mut words, &(0..0))?;
        // What is added so far, and the product that grows behind it.
        let (mut sum, mut product) = (Ratio::from(0_u64), first);
        while let Some(operator) = words.next() {
            let kind = Operator::of(&operator)?;
            let (value, at) = term(&mut words, &operator.at)?;
            let place = last.start..at.end;
            let too_large = || ClaimError::new(place.clone(), "this comes to more than can be counted");
            match kind {
                Operator::Plus | Operator::Minus => {
                    sum = sum.plus(product).ok_or_else(too_large)?;
                    let negative = || Ratio::from(0_u64).minus(value);
                    product = if kind == Operator::Plus { Some(value) } else { negative() }.ok_or_else(too_large)?;
                }
                Operator::Times => product = product.times(value).ok_or_else(too_large)?,
                Operator::Over if value.is_zero() => {
                    return Err(ClaimError::new(at, "nothing can be divided by this: it is 0"));
                }
                Operator::Over => product = product.over(value).ok_or_else(too_large)?,
            }
            last = at;
        }
        let value = sum.plus(product).ok_or_else(|| ClaimError::new(last, "this comes to more than can be counted"))?;
        Ok(Value { value, parts })
    }

    fn term(&self, term: &Term<'_>) -> Result<Part, ClaimError> {
        let Term { text, at } = term;
        let part = |value, meaning: String| Part { term: (*text).to_owned(), value, meaning };
        if text.starts_with(|first: char| first.is_ascii_digit()) || text.len() > 1 && text.starts_with('-') {
            let number =
                text.parse::<i64>().map_err(|_| ClaimError::new(at.clone(), format!("`{text}` is no whole number")));
            return Ok(part(Ratio::from(i128::from(number?)), String::new()));
        }
        let inside = |error: ClaimError| ClaimError { at: at.start + error.at.start..at.start + error.at.end, ..error };
        if let Some(run) = text.strip_prefix(scenario_term::PREFIX) {
            let (value, meaning) = self.runs.read(run).map_err(inside)?;
            return Ok(part(value, meaning));
        }
        if text.contains('=') {
            let (value, meaning) = figure_term::read(text).map_err(inside)?;
            return Ok(part(value, meaning));
        }
        match CONSTANTS.iter().find(|constant| constant.name == *text) {
            Some(constant) => Ok(part(Ratio::from(constant.value), constant.meaning.to_owned())),
            None => Err(ClaimError::new(at.clone(), format!("the engine has no constant `{text}`"))
                .knowing(CONSTANTS.iter().map(|constant| constant.name))),
        }
    }
}

/// What stands between two terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

impl Operator {
    fn of(word: &Term<'_>) -> Result<Self, ClaimError> {
        match word.text {
            "+" => Ok(Self::Plus),
            "-" => Ok(Self::Minus),
            "*" => Ok(Self::Times),
            "/" => Ok(Self::Over),
            other => {
                let what = format!("`{other}` stands where an operator should: `+`, `-`, `*` or `/`");
                Err(ClaimError::new(word.at.clone(), what))
            }
        }
    }
}

/// The words of an expression, with their places.
fn words(expression: &str) -> impl Iterator<Item = Term<'_>> {
    let mut at = 0;
    let words = expression.split(' ').map(move |text| {
        let start = at;
        at += text.len() + 1;
        Term { text, at: start..start + text.len() }
    });
    words.filter(|word| !word.text.is_empty())
}

fn missing_term(expression: &str, after: &Range<usize>) -> ClaimError {
    if after.is_empty() {
        ClaimError::new(0..expression.len(), "there is nothing to compare the number with")
    } else {
        ClaimError::new(after.clone(), format!("a term is missing behind `{}`", &expression[after.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an expression comes to, or what is wrong with which word of it.
    fn said(expression: &str) -> Result<String, (String, String)> {
        let value = Claims::default().value(expression);
        value.map(|value| value.value.to_string()).map_err(|error| (expression[error.at].to_owned(), error.what))
    }

    #[test]
    fn expressions_come_to_what_the_engine_says() {
        for (expression, value) in [
            ("236", "236"),
            ("STOP_LINE", "236"),
            ("-1 + 3", "2"),
            ("2 + 3 * 4", "14"),
            ("10 - 2 - 3", "5"),
            ("100 / 5 / 2", "10"),
            ("2 * 3 - 12 / 4 + 1", "4"),
            ("1 / 3 * 3", "1"),
            ("STOP_LINE / 2 + 1", "119"),
            ("STOP_LINE * 1514 * 8 / 1000000", "2.858432"),
            ("NET_TX_RING_SIZE - MAX_SKB_FRAGS - 2", "236"),
            ("ring=v1.stops.n10/outstanding", "236"),
            ("ring=v1.stops/steps", "20"),
            ("packet=v1.full-size/time", "0"),
            ("scenario:flow-control,preset=firewall-drop,duration=2/sent", "0"),
            ("scenario:flow-control,filter=drops,duration=2/sent", "0"),
            ("scenario:card-reach,unit=absent,bytes=700/written-neighbour", "700"),
            ("scenario:after-the-end,preset=nobody-s/sent", "0"),
        ] {
            assert_eq!(said(expression).as_deref(), Ok(value), "{expression}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_where_it_stands() {
        for (expression, at, what) in [
            ("", "", "there is nothing to compare the number with"),
            ("STOP_LINE +", "+", "a term is missing behind `+`"),
            ("STOP_LINE 1", "1", "`1` stands where an operator should: `+`, `-`, `*` or `/`"),
            ("STOP_LINES", "STOP_LINES", "the engine has no constant `STOP_LINES`"),
            ("1 / 0", "0", "nothing can be divided by this: it is 0"),
            ("1x", "1x", "`1x` is no whole number"),
            (
                "ring=v1.stops.n10",
                "ring=v1.stops.n10",
                "a state is no number: write `/` and the name of a quantity behind it",
            ),
            ("ring=v1.stops.n10/outstandin", "outstandin", "the figure `ring` has no quantity `outstandin`"),
            ("1 + rong=v1.stops.n10/outstanding", "rong", "there is no figure `rong`"),
            ("ring=v1.stop.n10/outstanding", "stop", "figure `ring` has no preset `stop`"),
            ("ring=v1.stops.n99/outstanding", "n99", "there is no frame 99: the run ends with 20"),
            ("ring=v1.burst/answer", "answer", "this run of figure `ring` answers no question"),
            ("scenario:flow/sent", "flow", "there is no scenario `flow`"),
            ("scenario:flow-control,size=3/sent", "size", "the scenario `flow-control` has no knob `size`"),
            ("scenario:flow-control,bytes=3/sent", "3", "knob `bytes` cannot be 3 bytes, only 60 to 65226 bytes"),
            ("scenario:flow-control,preset=fast/sent", "fast", "the scenario `flow-control` has no preset `fast`"),
            (
                "scenario:flow-control,duration=1/goodput",
                "goodput",
                "the scenario `flow-control` has no metric `goodput`",
            ),
        ] {
            assert_eq!(said(expression), Err((at.to_owned(), what.to_owned())), "{expression}");
        }
    }

    #[test]
    fn a_number_beyond_all_counting_is_refused() {
        let product = ["9223372036854775807"; 3].join(" * ");
        assert_eq!(said(&product).map_err(|(_, what)| what), Err("this comes to more than can be counted".to_owned()));
    }

    #[test]
    fn terms_with_names_are_told_once() {
        let value = Claims::default().value("STOP_LINE / 2 + STOP_LINE + 1").expect("a sound expression");
        let parts: Vec<_> = value.parts.iter().map(|part| (&*part.term, part.value.to_string())).collect();
        assert_eq!(parts, [("STOP_LINE", "236".to_owned())]);
    }
}
