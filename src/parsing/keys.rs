//! The keys that posts and pages share.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::parsing::moment::moment;
use crate::words::diagnostic::Diagnostic;
use crate::words::language::language_key;
use crate::words::route::Route;
use crate::words::slug::slug;
use crate::words::source_text::{Located, Span};
use crate::words::table::{Reader, to_json};

/// What posts and pages both say about themselves.
#[derive(Debug)]
pub struct Keys {
    /// Plain text.
    pub title: String,
    /// Where the title is, or where it should be: the place that stands for the document.
    pub span: Span,
    /// Plain text.
    pub summary: Option<String>,
    /// When it was last changed in substance.
    pub updated: Option<DateTime<Tz>>,
    /// Its part of the address.
    pub slug: Option<Located<String>>,
    /// Old addresses.
    pub aliases: Vec<Located<Route>>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// The template that renders it.
    pub template: Option<String>,
    /// Not for readers yet.
    pub draft: bool,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// Reads them.
pub(crate) fn keys(reader: &mut Reader<'_>, zone: Tz) -> Keys {
    let title = reader.filled_text("title");
    if title.is_none() {
        reader.missing("title", "begin with front matter that has a title: `+++`, `title = \"…\"`, `+++`");
    }
    let span = title.as_ref().map_or_else(|| reader.span().clone(), |title| title.span.clone());
    Keys {
        title: title.map(|title| title.value).unwrap_or_default(),
        span,
        summary: reader.filled_text("summary").map(|summary| summary.value),
        updated: moment_key(reader, "updated", zone),
        slug: slug_key(reader),
        aliases: reader.texts("aliases").into_iter().filter_map(|alias| alias_route(reader, &alias)).collect(),
        language: language_key(reader, "lang"),
        template: reader.filled_text("template").map(|template| template.value),
        draft: reader.boolean("draft").is_some_and(|draft| draft.value),
        extra: extra(reader),
    }
}

/// A key that holds a date.
pub(crate) fn moment_key(reader: &mut Reader<'_>, key: &'static str, zone: Tz) -> Option<DateTime<Tz>> {
    let written = reader.moment(key)?;
    match moment(&written, zone) {
        Ok((moment, warning)) => {
            warning.into_iter().for_each(|warning| reader.report(warning));
            Some(moment)
        }
        Err(problem) => {
            reader.report(*problem);
            None
        }
    }
}

fn slug_key(reader: &mut Reader<'_>) -> Option<Located<String>> {
    let written = reader.filled_text("slug")?;
    let sound = slug(&written.value);
    if sound == written.value {
        return Some(written);
    }
    let message = format!("`{}` cannot be a part of an address", written.value);
    let diagnostic = Diagnostic::error("bad-value", message)
        .at(written.span.clone(), "")
        .help("use letters, digits and single hyphens");
    reader.report(if sound.is_empty() { diagnostic } else { diagnostic.suggest_text(written.span, &sound) });
    None
}

/// `/old/place/` or `/old.html` as a route; without an ending it is a page.
fn alias_route(reader: &mut Reader<'_>, alias: &Located<String>) -> Option<Located<Route>> {
    let path = alias.value.strip_prefix('/').filter(|path| !path.is_empty() && !path.contains(['?', '#', '%']));
    let is_file = |path: &str| path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let route = path.and_then(|path| {
        Route::new(if path.ends_with('/') || is_file(path) { path.to_owned() } else { format!("{path}/") })
    });
    if route.is_none() {
        let help = "write a path of this site that starts with a slash, for example `/old/place/`";
        reader.bad_value(&alias.span, format!("`{}` cannot be an old address", alias.value), help);
    }
    Some(Located { value: route?, span: alias.span.clone() })
}

fn extra(reader: &mut Reader<'_>) -> BTreeMap<String, serde_json::Value> {
    let entries = reader.table("extra").map(|table| table.entries.as_slice()).unwrap_or_default();
    entries.iter().map(|entry| (entry.key.value.clone(), to_json(&entry.value.value))).collect()
}
