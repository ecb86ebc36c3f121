//! Golden pictures of code in HTML, and what holds for any text.

use std::fs;
use std::path::Path;

use proptest::prelude::{Just, prop_oneof, proptest};

use sim::telling::source::index::Entry;

use super::*;

/// The code of each language that the golden folder has, as a page shows it. `UPDATE_GOLDEN=1` writes it down anew.
#[test]
fn languages_are_shown_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden-code");
    let mut seen = 0;
    for path in fs::read_dir(&folder).expect("the folder is there").map(|entry| entry.expect("an entry").path()) {
        let Some(language) = path.extension().and_then(|extension| extension.to_str()).filter(|name| *name != "html")
        else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("code is text");
        let shown = html(&Code { language: language.to_owned(), text, ..Code::default() });
        let golden = path.with_extension(format!("{language}.html"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &shown).expect("the folder can be written to");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(shown, expected, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn numbers_marks_and_a_title_stand_around_the_code() {
    let code = Code {
        language: "text".to_owned(),
        title: "a <b>".to_owned(),
        first: Some(9),
        marked: vec![10..=10],
        text: "one\n\nthree".to_owned(),
        ..Code::default()
    };
    let expected = "<figure class=\"code\"><figcaption>a &lt;b&gt;</figcaption>\n\
        <pre><code class=\"language-text n2\"><span class=\"l\" data-n=\" 9\">one\n</span><mark class=\"l\" data-n=\"10\">\n\
        </mark><span class=\"l\" data-n=\"11\">three</span></code></pre></figure>\n";
    assert_eq!(html(&code), expected);
    let expected = "<figure class=\"code\"><figcaption>a &lt;b&gt;</figcaption>\n\
        <pre><code class=\"language-text n2\">one\n\nthree</code></pre></figure>\n";
    assert_eq!(plain(&code), expected);
}

#[test]
fn names_of_public_sources_lead_there() {
    let shown = |language: &str, tree, text: &str| {
        html(&Code { language: language.to_owned(), tree, text: text.to_owned(), ..Code::default() })
    };
    assert!(shown("c", None, "netif_page_release(page);").contains("data-src=\"classic/netif_page_release\""));
    assert!(!shown("c", None, "say(\"netif_page_release\");").contains("data-src"));
    assert!(!shown("python", None, "netif_page_release(page)").contains("data-src"));
    let entries = sim::telling::source::index::all();
    let of_several = |entry: &&Entry| {
        let trees = entries.iter().filter(|other| other.name == entry.name).count();
        trees > 1 && entry.name.contains('_')
    };
    let entry = entries.iter().find(of_several).expect("drivers kept their functions' names");
    assert!(!shown("c", None, entry.name).contains("data-src"), "{}", entry.name);
    assert!(shown("c", Some(entry.tree), entry.name).contains(&format!("data-src=\"{}\"", entry.key())));
}

#[test]
fn what_nobody_would_read_stays_as_it_is() {
    for text in ["int x;".repeat(2_000), "int x;\n".repeat(70_000)] {
        let shown = html(&Code { language: "c".to_owned(), text: text.clone(), ..Code::default() });
        assert_eq!(shown, format!("{}<code class=\"language-c\">{text}</code></pre>\n", open(&text)));
    }
}

/// The text of HTML.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        rest = after.split_once('>').expect("tags end").1;
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

proptest! {
    /// Whatever stands in a block, its text comes through, in every language that has a reader of its own and in some others.
    #[test]
    fn no_letter_is_lost(
        language in prop_oneof![Just("console"), Just("log"), Just("asm"), Just("c"), Just("diff"), Just("sh"), Just("nothing")],
        text in "(\\$ |# |\\[ +1.5\\] |\\(XEN\\) |error: |%rax|0x1f|/\\*|\\*/|//|'|\"|\\\\|\n|<|&|>|;|:|\\{|\\}|int |netif_page_release|@@ |[-+]|ä|\\PC)*",
        (from, length) in (0_u32..9, 0_u32..3),
        numbered in proptest::bool::ANY,
    ) {
        let marked = vec![from..=from + length];
        let code = Code { language: language.to_owned(), first: numbered.then_some(3), marked, text: text.clone(), ..Code::default() };
        assert_eq!(text_of(&html(&code)), format!("{text}\n"));
        assert_eq!(text_of(&plain(&code)), format!("{text}\n"));
    }
}
