//! What is wrong with a feed, whoever wrote it: [`lint`] takes the bytes of an RSS, Atom or JSON feed and gives diagnostics.
//!
//! ```text
//! bytes ─► encoding ─► text ─┬─► markup ─► walk ─► rss, atom ─┐
//!                            │             (items one by one) ├─► findings ─► diagnostics
//!                            └─► json_text ─────► json ───────┘
//! ```
//!
//! Everything is told in one run. What a parser would stop at is told, and then read as it was meant. The themes that formats share
//! are modules of their own: dates, addresses, HTML, plain texts, links, media. Each [`code`](codes::Code) names the rule that it
//! rests on; docs/feeds.md has them all.
//!
//! It is a pure function, without a network: whether an address answers is not its question.

mod codes;
mod findings;

mod encoding;
mod markup;
mod namespaces;
mod text;
mod tree;
mod walk;

mod addresses;
mod dates;
mod html;
mod html_elements;
mod links;
mod media;
mod plain;
mod size;
mod structure;
mod values;

mod atom;
mod atom_text;
mod json;
mod json_item;
mod json_text;
mod json_values;
mod json_words;
mod rss;
mod rss_item;
mod xml;

use chrono::{DateTime, Utc};

pub use self::codes::Code;
use self::findings::Findings;
use crate::foreign::encoding::{Stray, decoded};
use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::SourceText;

/// Everything that is wrong with a feed, in the order of its text. `name` is what the file is called.
#[must_use]
pub fn lint(bytes: &[u8], name: &str) -> Vec<Diagnostic> {
    lint_at(bytes, name, None)
}

/// As [`lint`], and dates after `now` are told as well.
#[must_use]
pub fn lint_at(bytes: &[u8], name: &str, now: Option<DateTime<Utc>>) -> Vec<Diagnostic> {
    let mut decoded = decoded(bytes, Stray::Marked);
    let is_json = decoded.text.trim_start_matches(json_words::is_blank).starts_with(['{', '[']);
    let source = SourceText::new(name, std::mem::take(&mut decoded.text));
    let mut findings = Findings::new(source, now);
    encoding::check(&decoded, is_json, &mut findings);
    if is_json {
        json::check(&mut findings);
    } else {
        xml::check(decoded.is_damaged(), &mut findings);
    }
    findings.finish()
}
