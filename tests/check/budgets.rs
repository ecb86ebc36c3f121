//! What pages load, against what they may.

use std::path::Path;

use serde_json::Value;

use crate::{hold, run, sites};

/// The problems of a site whose pages may load nothing of a kind, by the files that they name.
fn problems(folder: &Path) -> Vec<(String, String, Vec<String>)> {
    let (json, _) = run(folder, &["check", "--json"], 1);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let told = json.as_array().expect("a list").iter().filter(|one| one["code"] == "over-budget");
    let notes = |one: &Value| one["notes"].as_array().expect("a list").iter().map(text).collect();
    told.map(|one| (text(&one["path"]), text(&one["message"]), notes(one))).collect()
}

fn grouped(number: u64) -> String {
    let text = number.to_string();
    let (before, last) = text.split_at(text.len().saturating_sub(3));
    if before.is_empty() { text } else { format!("{before},{last}") }
}

#[test]
fn a_page_that_loads_too_much_is_told() {
    hold("over-budget.txt", |site| {
        let folder = sites::folder(site);
        // A build does not look.
        run(folder.path(), &["build"], 0);
        run(folder.path(), &["check"], 1).1
    });
}

#[test]
fn figures_load_the_engine() {
    let folder = sites::folder(
        "--- genblog.toml\nbase_url = 'https://example.org/b/'\ntitle = 'T'\n[budgets]\nwasm = 1\nscript = '1 kB'\n\
         --- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\n+++\n```sim\nfigure = 'ring'\n```\n",
    );
    let problems = problems(folder.path());
    let notes = |ending: &str| {
        let of_post = problems.iter().filter(|(path, ..)| path == "content/posts/2026-01-02-a.md");
        let found: Vec<_> = of_post.filter(|(_, message, _)| message.ends_with(ending)).collect();
        let [(_, message, notes)] = found.as_slice() else { panic!("{problems:#?}") };
        assert!(message.starts_with("`/posts/a/` loads "), "{message}");
        notes.iter().filter_map(|note| note.split('.').next()).collect::<Vec<_>>()
    };
    assert_eq!(notes(" bytes of scripts, and may load 1,000"), ["`/assets/shell", "`/assets/sim"]);
    assert_eq!(notes(" bytes of WebAssembly, and may load 1"), ["`/assets/sim-ring"]);
}

/// Of all sizes in which a picture is offered the largest file counts, once for each page.
#[test]
fn the_largest_of_a_picture_counts() {
    let folder = sites::folder(
        "--- genblog.toml\nbase_url = 'https://example.org/b/'\ntitle = 'T'\n[budgets]\nimages = 0\n\
         --- content/posts/a/index.md\n+++\ntitle = 'A'\ndate = 2026-01-02\n+++\n![a](1.jpg) ![b](1.jpg) ![c](2.gif)\n\
         --- content/posts/a/1.jpg (jpg 2400x1200)\n--- content/posts/a/2.gif (bytes 47 49 46 38 39 61 01 00 01 00 00 00 00 3b)\n",
    );
    let problems = problems(folder.path());
    let [(path, told, notes)] = problems.as_slice() else { panic!("{problems:#?}") };
    run(folder.path(), &["build"], 0);
    let html = std::fs::read_to_string(folder.path().join("public/posts/a/index.html")).expect("built");
    let candidates = html.split(['"', ' ', ',']).filter_map(|part| part.strip_prefix("/b/"));
    let pictures = candidates.filter(|part| [".jpg", ".webp"].iter().any(|ending| part.ends_with(ending)));
    let length = |file: &str| std::fs::metadata(folder.path().join("public").join(file)).map_or(0, |file| file.len());
    let largest = pictures.map(length).max().expect("there are some");
    let gif = length("posts/a/2.gif");
    assert_eq!(path, "content/posts/a/index.md");
    let expected = format!("`/posts/a/` loads {} bytes of pictures, and may load 0", grouped(largest + gif));
    assert_eq!(told, &expected);
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].ends_with(&format!(" has {}", grouped(largest))), "{notes:?}");
}

#[test]
fn style_sheets_bring_fonts() {
    let folder = sites::folder(
        "--- genblog.toml\nbase_url = 'https://example.org/b/'\ntitle = 'T'\n[budgets]\nfonts = '5 B'\nhtml = '10 MB'\n\
         --- static/own.css\n@font-face { font-family: a; src: url(a.woff2), url(a.woff) }\n@font-face { font-family: b; src: url('f/b.woff2') }\n\
         --- static/a.woff2\n123\n--- static/a.woff\n1234\n--- static/f/b.woff2\n12\n\
         --- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\n+++\n<link rel=\"stylesheet\" href=\"/own.css\">\n\
         --- content/posts/2026-01-03-b.md\n+++\ntitle = 'B'\n+++\nNothing.\n",
    );
    let expected = (
        "content/posts/2026-01-02-a.md".to_owned(),
        "`/posts/a/` loads 6 bytes of fonts, and may load 5".to_owned(),
        vec!["`/a.woff` has 4".to_owned(), "`/f/b.woff2` has 2".to_owned()],
    );
    assert_eq!(
        problems(folder.path()).into_iter().filter(|(path, ..)| path.contains("posts")).collect::<Vec<_>>(),
        [expected]
    );
}
