//! What holds of everything that is told of a text.

use genblog::words::diagnostic::{Diagnostic, json, render};
use genblog::words::source_text::Span;

/// Places lie in their texts, what is drawn for a terminal cannot command it, and programs get each diagnostic.
pub fn check(found: &[Diagnostic]) {
    for diagnostic in found {
        let patch = diagnostic.suggestion.iter().map(|suggestion| &suggestion.span);
        for Span { source, range } in diagnostic.labels.iter().map(|label| &label.span).chain(patch) {
            assert!(source.text.get(range.clone()).is_some(), "{}: {range:?}", diagnostic.code);
        }
    }
    let drawn = render(found, false);
    assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
    let told: Vec<serde_json::Value> = serde_json::from_str(&json(found)).expect("it is JSON");
    assert_eq!(told.len(), found.len());
}
