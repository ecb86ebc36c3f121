//! `[236](claim:STOP_LINE)`: a number in a text that is what the engine says, or the site is not written.

use sim::telling::claim::ratio::Ratio;
use sim::telling::claim::written::Written as Number;
use sim::telling::claim::{Claims, Value};

use crate::graph::engine::{Element, Written, open};
use crate::parsing::engine_link::{Word, part};
use crate::words::diagnostic::Diagnostic;

/// Names that are shown where none is near.
const SHOWN_NAMES: usize = 12;

/// The number, or why it is wrong.
pub(super) fn element(written: Written<'_>, expression: Word<'_>, claims: &Claims) -> Result<Element, Diagnostic> {
    let value = claims.value(expression.text).map_err(|error| {
        let range = expression.start + error.at.start..expression.start + error.at.end;
        let span = part(written.span, written.destination, &range);
        let diagnostic = Diagnostic::error("broken-claim", error.what);
        if error.known.is_empty() {
            return diagnostic.at(span, "");
        }
        let diagnostic = written.unknown(diagnostic, span, error.known.iter().map(String::as_str));
        if diagnostic.help.is_some() { diagnostic } else { diagnostic.help(first(&error.known)) }
    })?;
    let Some(number) = Number::read(written.text) else {
        let message = format!("`{}` is no number, and the engine says {}", written.text, value.value);
        let diagnostic = Diagnostic::error("wrong-claim", message).at(written.text_span.clone(), "");
        return Err(diagnostic.help("put nothing but the number into the brackets: `[236](claim:STOP_LINE)`"));
    };
    if !number.says(value.value) {
        return Err(wrong(written, &number, &value, expression));
    }
    let attributes =
        [("class", "claim"), ("value", &*number.plain()), ("data-claim", expression.text), ("title", written.title)];
    Ok(Element { open: open("data", &attributes), close: "</data>", frame: None, is_claim: true })
}

/// Of many names, the first.
fn first(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(SHOWN_NAMES).map(|name| format!("`{name}`")).collect();
    format!("known are {} and {} more", first.join(", "), names.len().saturating_sub(SHOWN_NAMES))
}

fn wrong(written: Written<'_>, number: &Number, value: &Value, expression: Word<'_>) -> Diagnostic {
    let right = number.like(value.value);
    let message = format!("the text says `{}`, the engine says {right}", written.text);
    let mut diagnostic = Diagnostic::error("wrong-claim", message).at(written.text_span.clone(), "");
    for part in &value.parts {
        diagnostic = diagnostic.note(format!("`{}` is {}: {}", part.term, part.value, part.meaning));
    }
    let is_one_term = value.parts.iter().any(|part| part.term == expression.text);
    if !is_one_term || Ratio::to_string(&value.value) != right {
        diagnostic = diagnostic.note(format!("`{}` is {}", expression.text, value.value));
    }
    let exact = written.text_span.text() == written.text;
    let diagnostic = diagnostic.help("write what the engine says, or mend the expression");
    if exact { diagnostic.suggest(written.text_span.clone(), right) } else { diagnostic }
}
