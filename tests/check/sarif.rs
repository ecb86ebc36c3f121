//! SARIF documents.

use serde_json::{Value, json};

use crate::{hold, run, sites};

#[test]
fn a_document_tells_all_that_a_terminal_would() {
    hold("sarif.txt", |site| {
        let folder = sites::folder(site);
        let (document, complaints) = run(folder.path(), &["check", "--sarif"], 1);
        assert_eq!(complaints, "");
        document.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\"")
    });
}

#[test]
fn there_is_a_document_when_nothing_is_wrong() {
    let folder = sites::folder("--- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\n+++\nText.\n");
    let results = |arguments: &[&str]| {
        let (document, _) = run(folder.path(), arguments, 0);
        let document: Value = serde_json::from_str(&document).expect("JSON");
        document["runs"][0]["results"].clone()
    };
    assert_eq!(results(&["check", "--sarif"]), json!([]));
    assert_eq!(results(&["build", "--sarif"]), json!([]));
    run(folder.path(), &["check", "--sarif", "--json"], 2);
}

/// The second build has nothing to do, and says what the first one said.
#[test]
fn a_build_writes_one_too() {
    let folder =
        sites::folder("--- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\n+++\nText.\n--- content/stray.pdf\n");
    let (first, _) = run(folder.path(), &["build", "--sarif"], 0);
    let document: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(document["runs"][0]["results"][0]["ruleId"], "unpublished");
    assert_eq!(run(folder.path(), &["build", "--sarif"], 0).0, first);
    assert_eq!(run(folder.path(), &["check", "--sarif"], 0).0, first);
}
