//! Broken sites and what genblog says about them.
//!
//! Each file in `tests/golden/` holds a site, then a line `===`, then the diagnostics as a terminal shows them. With
//! `UPDATE_GOLDEN=1` the second part is written anew; read the difference before you commit it.

mod sites;

use std::collections::BTreeSet;
use std::path::Path;

use genblog::files::composition::Composition;
use genblog::files::output::{Failure, Output, Phase, Planned};
use genblog::graph::site::PlainFile;
use genblog::words::diagnostic::{Diagnostic, has_error, render};

/// Where the sources of the floors are that the golden messages cover.
const FLOORS: [&str; 4] = ["src/words", "src/files", "src/parsing", "src/graph"];

/// Codes without a golden message, and why.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("no-graphviz", "needs a machine without Graphviz: tests/diagrams.rs"),
    ("locked", "needs two builds at once: tests/output.rs"),
    ("changed-file", "needs a writer beside the build: src/rendering/making.rs"),
    ("bad-html", "the HTML parser gives up for want of memory only"),
    ("template", "only an example in a test"),
    ("not-as-made", "a fault of the program's: tests/cli.rs"),
    ("changed-output", "a word of `clean`: tests/cli.rs"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is wrong with the site in a folder, and with its output folder when the site itself is sound.
fn diagnostics(root: &Path, output: &str) -> Vec<Diagnostic> {
    let (site, mut diagnostics) = sites::site(root);
    if let (Some(site), false) = (site, has_error(&diagnostics)) {
        let planned: Vec<_> = site.files.iter().map(copy).collect();
        let written = Output::open(root, Path::new(output)).and_then(|mut output| {
            let looked = output.look(&planned);
            output.write(&looked)
        });
        match written {
            Ok(_) => {}
            Err(Failure::Site(problems)) => diagnostics.extend(problems),
            Err(Failure::Machine(problem)) => diagnostics.push(*problem),
        }
    }
    diagnostics
}

fn copy(file: &PlainFile) -> Planned<'_> {
    Planned {
        route: file.route.clone(),
        phase: Phase::Asset,
        fingerprint: file.hash,
        made_of: Composition::new("file", &[]),
        make: Box::new(|| Ok(std::fs::read(&file.file).expect("readable"))),
    }
}

#[test]
fn every_broken_site_is_told_what_is_wrong() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/golden")).expect("golden messages") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let (site, expected) = text.split_once("\n===\n").unwrap_or((&text, ""));
        let folder = sites::folder(site);
        let output = site
            .lines()
            .find_map(|line| line.strip_prefix("--- (output "))
            .map_or("public", |line| line.trim_end_matches(')'));
        let diagnostics = diagnostics(folder.path(), output);
        let shown = render(&diagnostics, false).replace(folder.path().to_str().expect("UTF-8"), "SITE");
        let shown = shown.trim_end();
        let code = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let named = diagnostics.iter().any(|diagnostic| code.starts_with(diagnostic.code));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, format!("{site}\n===\n{shown}\n")).expect("writable");
        } else if expected.trim_end() != shown || !named {
            wrong.push(format!("{}:\n{shown}\n", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_golden_message() {
    let mut codes = BTreeSet::new();
    for floor in FLOORS {
        for entry in walkdir::WalkDir::new(root().join(floor)) {
            let entry = entry.expect("readable");
            if entry.path().extension().is_some_and(|extension| extension == "rs") {
                codes.extend(codes_in(&std::fs::read_to_string(entry.path()).expect("readable")));
            }
        }
    }
    assert!(codes.len() > 20, "the codes were not found in the sources");
    let golden = |code: &String| root().join(format!("tests/golden/{code}.txt")).exists();
    let excepted = |code: &String| EXCEPTIONS.iter().any(|(exception, _)| exception == code);
    let without: Vec<_> = codes.iter().filter(|code| !golden(code) && !excepted(code)).collect();
    assert!(without.is_empty(), "no golden message for {without:?}");
}

/// The first arguments of `Diagnostic::error`, `Diagnostic::warning` and of functions that pass one on.
fn codes_in(text: &str) -> BTreeSet<String> {
    let starts = ["Diagnostic::error(\"", "Diagnostic::warning(\"", "unknown(\"", "refuse(\""];
    let code =
        |start: &'static str| text.split(start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    starts.into_iter().flat_map(code).filter(|code| !code.contains(' ')).collect()
}

/// One site with many faults tells of all of them, in one run, in the order of its files.
#[test]
fn all_faults_are_told_at_once() {
    let folder = sites::folder(
        "--- content/posts/2026-01-01-a.md\n+++\ntitle = 'A'\ntgas = []\n+++\n[x](@/posts/nope.md) ![](gone.png)\n\
         --- content/posts/b.md\n---\ntitle: B\ndate: tomorrow\n---\n\
         --- content/posts/2026-01-02-c.md\n+++\ntitle = 'C'\nslug = 'a'\n+++\n```sim\nfigure = 'rong'\n```\n\
         --- content/pages/d.md\nno front matter\n\
         --- content/gallery/e/1.png\nnot a picture\n\
         --- content/stray.pdf\n",
    );
    let found: Vec<_> = diagnostics(folder.path(), "public").iter().map(|diagnostic| diagnostic.code).collect();
    let expected = [
        "broken-picture",
        "missing-key",
        "unknown-key",
        "broken-link",
        "missing-alt",
        "broken-link",
        "duplicate-route",
        "unknown-figure",
        "bad-date",
        "unpublished",
    ];
    assert_eq!(found, expected);
}

/// What is broken is told where it is broken, and not again by everything that refers to it.
#[test]
fn faults_have_no_echoes() {
    let folder = sites::folder(
        "--- genblog.toml\nbase_url = 'https://a.example'\ntitle = 'T'\ntimezone = 'Asia/Tokio'\n\
         navigation = [{ name = 'About', link = '/about/' }]\n\
         --- content/pages/about.md\n+++\ntitle = 5\n+++\n\
         --- content/posts/2026-01-01-a/index.md (bytes ff)\n\
         --- content/posts/2026-01-01-a/pic.png (png 3x2)\n\
         --- content/posts/2026-01-02-b.md\n+++\ntitle = 'B'\n+++\n[a](/posts/a/) [b](@/posts/2026-01-01-a/index.md)\n",
    );
    let found: Vec<_> = diagnostics(folder.path(), "public").iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(found, ["bad-value", "not-utf8", "wrong-type", "link-to-left-out"]);
}
