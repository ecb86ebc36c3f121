//! A `sim` fence becomes a figure.
//!
//! ```toml
//! figure = "ring"                 # needed
//! preset = "one-request"          # else the figure's first
//! caption = "Two *counters*."     # inline Markdown
//! [knobs]
//! start = 4294967280
//! ```

use std::ops::Range;
use std::sync::Arc;

use sim::telling::knobs::{Knob, Offers};
use sim::telling::story::{FigureSpec, Preset};
use sim::telling::{catalogue, figure};

use crate::parsing::text::Figure;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::{did_you_mean, nearest};
use crate::words::source_text::{Located, SourceText, Span};
use crate::words::table::{Reader, Table, Value};
use crate::words::toml_table;

/// A figure whose caption is still Markdown.
pub(crate) struct Fence {
    pub(crate) figure: Figure,
    pub(crate) caption: Option<Located<String>>,
}

/// Understands the fence whose text is `range` of `source`; `span` is its first line.
pub(crate) fn parse(source: &Arc<SourceText>, range: Range<usize>, span: Span) -> (Option<Fence>, Vec<Diagnostic>) {
    let (table, mut diagnostics) = toml_table::parse(source, range, span);
    let mut reader = Reader::new(&table, "a figure");
    let name = reader.text("figure");
    let preset = reader.text("preset");
    let caption = reader.filled_text("caption");
    let knobs = reader.table("knobs");
    let spec = spec(&mut reader, name.as_ref());
    let figure = spec.and_then(|spec| {
        let preset = chosen_preset(&mut reader, spec, preset.as_ref())?;
        let knobs = turned_knobs(&mut reader, spec, preset, knobs);
        Some(Figure { spec, id: String::new(), preset: preset.name, knobs, caption: Vec::new() })
    });
    diagnostics.extend(reader.finish());
    (figure.map(|figure| Fence { figure, caption }), diagnostics)
}

fn spec(reader: &mut Reader<'_>, name: Option<&Located<String>>) -> Option<&'static FigureSpec> {
    let Some(name) = name else {
        reader.missing("figure", "name a figure that the engine draws, for example `figure = \"ring\"`");
        return None;
    };
    let found = figure(&name.value);
    if found.is_none() {
        let names = catalogue().iter().map(|spec| spec.name);
        reader.report(unknown("unknown-figure", format!("there is no figure `{}`", name.value), name, names));
    }
    found
}

fn chosen_preset(
    reader: &mut Reader<'_>,
    spec: &'static FigureSpec,
    name: Option<&Located<String>>,
) -> Option<&'static Preset> {
    let Some(name) = name else { return spec.presets.first() };
    let found = spec.presets.iter().find(|preset| preset.name == name.value);
    if found.is_none() {
        let message = format!("the figure `{}` has no preset `{}`", spec.name, name.value);
        let names = spec.presets.iter().map(|preset| preset.name);
        reader.report(unknown("unknown-preset", message, name, names));
    }
    found
}

fn turned_knobs(
    reader: &mut Reader<'_>,
    spec: &'static FigureSpec,
    preset: &'static Preset,
    table: Option<&Table>,
) -> Vec<(&'static str, u32)> {
    let mut turned = Vec::new();
    for entry in table.into_iter().flat_map(|table| &table.entries) {
        let Some(index) = spec.knobs.iter().position(|knob| knob.name == entry.key.value) else {
            let message = format!("the figure `{}` has no knob `{}`", spec.name, entry.key.value);
            let names = spec.knobs.iter().map(|knob| knob.name);
            let diagnostic = Diagnostic::error("unknown-knob", message).at(entry.key.span.clone(), "");
            reader.report(match nearest(&entry.key.value, names.clone()) {
                Some(name) => diagnostic.help(format!("did you mean `{name}`?")).suggest(entry.key.span.clone(), name),
                None => with_help(diagnostic, did_you_mean(&entry.key.value, names)),
            });
            continue;
        };
        let knob: &'static Knob = &spec.knobs[index];
        let value = match entry.value.value {
            Value::Integer(number) => u32::try_from(number).ok().filter(|value| knob.offers(*value)),
            _ => None,
        };
        match value {
            Some(value) if preset.knobs[index] == value => {}
            Some(value) => turned.push((knob.name, value)),
            None => {
                let message = format!("the knob `{}` cannot be turned to `{}`", knob.name, entry.value.span.text());
                let diagnostic = Diagnostic::error("unknown-knob", message).at(entry.value.span.clone(), "");
                reader.report(diagnostic.help(format!("it can be {}", offered(knob))));
            }
        }
    }
    turned
}

/// What a knob can be turned to, in words.
fn offered(knob: &Knob) -> String {
    let mut words = Vec::new();
    if let Offers::Number(numbers) = &knob.offers {
        words.push(format!("any number from `{}` to `{}`", numbers.least, numbers.most));
    }
    words.extend(knob.named().iter().map(|option| format!("`{}`", option.value)));
    words.join(", ")
}

/// A name that the engine does not know, in quotes.
fn unknown(
    code: &'static str,
    message: String,
    name: &Located<String>,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(code, message).at(name.span.clone(), "");
    match nearest(&name.value, known.clone()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).suggest_text(name.span.clone(), near),
        None => with_help(diagnostic, did_you_mean(&name.value, known)),
    }
}

fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
