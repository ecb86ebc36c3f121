//! `[1400](knob:flow/offered)`: the value of a figure's knob in a sentence, where the reader can turn it.

use sim::telling::claim::ratio::Ratio;
use sim::telling::claim::written::Written as Number;
use sim::telling::figure;

use crate::graph::engine::{Element, Written, open};
use crate::graph::links::Origin;
use crate::parsing::engine_link::Word;
use crate::words::diagnostic::Diagnostic;

/// The knob, or what is wrong with it. Nothing when it may be one of a figure that could not be read, which is reported there.
pub(super) fn element(
    written: Written<'_>,
    id: Word<'_>,
    knob: Word<'_>,
    origin: Origin<'_>,
) -> Result<Option<Element>, Diagnostic> {
    let figures = &origin.anchors.figures;
    let Some(start) = figures.get(id.text) else {
        if origin.anchors.unread_figures {
            return Ok(None);
        }
        let diagnostic = Diagnostic::error("unknown-figure", format!("this page has no figure `{}`", id.text));
        return Err(written.unknown(diagnostic, written.place(id), figures.keys().map(String::as_str)));
    };
    let spec = figure(start.name).expect("the figure is in the catalogue");
    let Some(index) = spec.knob(knob.text) else {
        let message = format!("the figure `{}` has no knob `{}`", id.text, knob.text);
        let names = spec.knobs.iter().map(|knob| knob.name);
        return Err(written.unknown(Diagnostic::error("unknown-knob", message), written.place(knob), names));
    };
    let value = start.knobs.get(index).copied().expect("a figure starts with a value for each knob");
    let title = spec.knobs[index].title_of(value).map_or_else(|| value.to_string(), str::to_owned);
    let number = Number::read(written.text);
    let exact = Ratio::from(u64::from(value));
    let says = number.is_some_and(|number| number.says(exact) && number.plain() == value.to_string());
    if !says && written.text != title {
        let right = number.map_or(title, |number| number.like(exact));
        let message = format!("the text says `{}`, and the figure begins with {right}", written.text);
        let diagnostic = Diagnostic::error("wrong-knob", message).at(written.text_span.clone(), "");
        let diagnostic = diagnostic.help("write that, or turn the knob in the figure's fence");
        let in_place = written.text_span.text() == written.text;
        let span = written.text_span.clone();
        return Err(if in_place { diagnostic.suggest(span, right) } else { diagnostic });
    }
    let attributes =
        [("class", "knob"), ("data-for", id.text), ("data-knob", &*index.to_string()), ("title", written.title)];
    Ok(Some(Element { open: open("span", &attributes), close: "</span>", frame: None, is_claim: false }))
}
