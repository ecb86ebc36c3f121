//! A page: its keys typed, its body in pieces.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::parsing::front_matter::split;
use crate::parsing::html_body;
use crate::parsing::keys::{Keys, keys};
use crate::parsing::layout::{Form, PageFile};
use crate::parsing::markdown;
use crate::parsing::text::Text;
use crate::words::diagnostic::{Diagnostic, has_error};
use crate::words::route::Route;
use crate::words::slug::page_slug;
use crate::words::source_text::SourceText;
use crate::words::table::Reader;

/// A page that is not yet part of a site.
#[derive(Debug)]
pub struct Page {
    /// The file that it was written in.
    pub source: Arc<SourceText>,
    /// What it shares with posts.
    pub keys: Keys,
    /// Where it lives.
    pub route: Route,
    /// What it says.
    pub text: Text,
}

/// Parses a page; `None` when it has no title or no address.
pub(crate) fn parse(file: &PageFile<'_>, zone: Tz) -> (Option<Page>, Vec<Diagnostic>) {
    let source = file.text;
    let (parts, mut diagnostics) = split(source);
    let (text, problems) = match file.form {
        Form::Markdown => markdown::parse(source, parts.body),
        Form::Html | Form::GenBlog => html_body::parse(source, parts.body),
    };
    let mut reader = Reader::new(&parts.table, "a page");
    let keys = keys(&mut reader, zone);
    let route = route(file.place, &keys);
    if route.is_none() {
        let message = format!("`{}` has a part without a letter or digit and cannot be an address", file.place);
        reader.report(
            Diagnostic::error("bad-name", message).at(keys.span.clone(), "").help("rename the file or its folder"),
        );
    }
    if !has_error(&diagnostics) {
        diagnostics.extend(reader.finish());
    }
    diagnostics.extend(problems);
    let route = route.filter(|_| !keys.title.is_empty());
    (route.map(|route| Page { source: Arc::clone(source), keys, route, text }), diagnostics)
}

/// The folders of the file, then its name or the author's slug.
fn route(place: &str, keys: &Keys) -> Option<Route> {
    let mut parts: Vec<String> = place.split('/').map(page_slug).collect();
    if let (Some(last), Some(slug)) = (parts.last_mut(), &keys.slug) {
        last.clone_from(&slug.value);
    }
    let sound = parts.iter().all(|part| !part.is_empty());
    sound.then(|| Route::new(format!("{}/", parts.join("/")))).flatten()
}
