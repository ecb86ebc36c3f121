//! Other people's programs read what genblog writes: five feed readers, a schema, an XML checker, an HTML checker and one of style
//! sheets, over this repository's own site and one of hard cases; and Lighthouse over pages of its own. `make conform` runs these
//! tests alone.

mod built;
#[expect(dead_code, reason = "other tests need more of it")]
mod sites;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use walkdir::WalkDir;

/// What a reader finds of an item: id, title, date in UTC, link.
type Row = [Option<String>; 4];

/// Everything that trips readers up, in a zone that is half an hour off.
const HARD: &str = "--- genblog.toml
base_url = \"https://example.org/blog/\"
title = \"Größe & <Co> 🔔\"
description = \"1 < 2 & ]]> more\"
timezone = \"Asia/Kolkata\"
copyright = \"© 2026 & later\"
search = true
author = { name = \"Ä. Writer\", email = \"a@example.org\", url = \"https://example.org/me\", avatar = \"/mark.png\" }

[feed]
limit = 4
SUMMARIES
ttl = 60
skip_hours = { hours = [3, 4, 12] }
skip_days = [\"Sunday\"]
hub = \"https://hub.example/?a=1&b=2\"
image = \"/mark.png\"
categories = [\"R & D\"]
webmaster = { name = \"Root (night)\", email = \"root@example.org\" }
--- static/mark.png (png 88x88)
--- content/posts/2026-11-20-words/index.md
+++
title = \"Größe, “quotes” & 1 < 2 > 0\"
date = 2026-11-20T09:30:00+05:30
id = \"tag:example.org,2026:größe\"
tags = [\"R & D\", \"größe\"]
authors = [\"Ä. Writer\", \"B & C\"]
updated = 2026-11-21T00:15:00
+++
a ]]> b, `]]>`, <b>bold</b> & café 🔔 ![A](pic.png) [here](#part) <!-- more --> and more

## Part {#part}

![B](pic.png)

<script>x()</script><iframe src=\"https://example.net/x.html\"></iframe><noscript>n</noscript><details><summary>s</summary>d</details>
--- content/posts/2026-11-20-words/pic.png (png 30x20)
--- content/posts/2026-11-19-control.md
+++
title = \"Control\\u0001 characters\"
+++
a\u{b}b \u{fffe} c &#1; d
--- content/posts/2026-11-18T23_59_59.txt
Caf&eacute;&nbsp;&amp; R&amp;D
#tags R & D
<p>Text of <kbd>2008</kbd>: &eacute; &nbsp; <a href=\"/?q=1&amp;r=2\">x</a> <a href='//example.net/y'>y</a>
--- content/posts/2026-11-17-bare.md
+++
title = \"No tags, no text\"
+++
--- content/posts/2025-04-01-code.md
+++
title = \"Code & formulas\"
series = \"A <series>\"
tags = [\"R & D\"]
+++
Said[^1] that $`a < \\frac{1}{b}`$.

[^1]: In a note, with `code`.

```c title=\"a<b>.c\" lines=9 mark=\"10 12\"
/* <one>

   two */
netif_page_release(\"&\");
```

```console
$ ls <here>
```

```math
\\begin{array}{l|r} a & b \\\\ \\hline c & d \\end{array}
```
--- content/posts/2025-04-02-more.md
+++
title = \"More & more\"
series = \"A <series>\"
tags = [\"R & D\"]
+++
- In a list:

  ```rust mark=1
  let a = 1;
  ```
--- content/posts/2025-03-30-talk/index.md
+++
title = \"A talk\"
date = 2025-03-30T02:30:00+02:00
enclosure = \"talk.mp3\"
lang = \"de\"
+++
Hören.
--- content/posts/2025-03-30-talk/talk.mp3 (bytes 49 44 33 04 00)
--- content/posts/1969-07-20-old.md
+++
title = \"Before the clock began\"
date = 1969-07-20T20:17:40Z
+++
Text.
--- content/gallery/walk/index.md
+++
title = \"A walk & more\"
date = 2026-11-20T09:30:00
[[photos]]
file = \"stone.png\"
title = \"A stone & <more>\"
alt = \"Grey \\\"stone\\\" & moss\"
caption = \"A *stone*\"
+++
--- content/gallery/walk/stone.png (png 600x400)
";

/// A site of hard cases, with summaries or without, built; it may have complaints.
fn hard(summaries: bool) -> TempDir {
    let folder = sites::folder(&HARD.replace("SUMMARIES", &format!("summaries = {summaries}")));
    let (_, complaints) = built::build(folder.path());
    assert_eq!(complaints.matches("warning[feed-character]").count(), 1, "{complaints}");
    folder
}

/// A site without a post.
fn empty() -> TempDir {
    let folder = sites::folder("--- content/pages/about.md\n+++\ntitle = 'About'\n+++\nNothing yet.\n");
    built::build(folder.path());
    folder
}

/// Built sites by their names.
type Sites = Vec<(&'static str, TempDir)>;

/// The sites that everything is tried on, built once for all tests that run at the same time.
fn all_sites() -> Arc<Sites> {
    static SITES: Mutex<Weak<Sites>> = Mutex::new(Weak::new());
    let mut known = SITES.lock().expect("another test failed to build the sites");
    if let Some(sites) = known.upgrade() {
        return sites;
    }
    let own = built::own_site();
    built::build(own.path());
    let hard = [("hard", hard(false)), ("hard, with summaries", hard(true))];
    let sites = Arc::new([("own", own)].into_iter().chain(hard).chain([("empty", empty())]).collect());
    *known = Arc::downgrade(&sites);
    sites
}

/// The files of a built site with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let paths = WalkDir::new(folder.join("public")).sort_by_file_name().into_iter();
    let paths = paths.map(|entry| entry.expect("readable").into_path());
    paths.filter(|path| path.extension().is_some_and(|ending| endings.iter().any(|it| ending == *it))).collect()
}

fn feeds(folder: &Path) -> Vec<PathBuf> {
    let mut feeds = files(folder, &["xml", "json"]);
    feeds.retain(|file| !file.components().any(|part| part.as_os_str() == "search"));
    feeds.retain(|path| !path.ends_with("sitemap.xml"));
    feeds
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it runs: `make setup` installs what the tests need");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}: `make setup` installs what the tests need");
    output.stdout
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tools() -> PathBuf {
    root().join("target/tools/node")
}

fn utc(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// What feedparser finds; it does not know JSON.
fn feedparser(files: &[PathBuf]) -> Vec<Option<Vec<Row>>> {
    let python = std::env::var_os("GENBLOG_PYTHON").unwrap_or_else(|| "python3".into());
    let told = run(Command::new(python).arg(root().join("tests/tools/read_feed.py")).args(files));
    let told: Vec<Value> = serde_json::from_slice(&told).expect("JSON");
    let row = |item: &Value| -> Row {
        let text = |name: &str| item[name].as_str().map(str::to_owned);
        let date = item["parsed"].as_array().map(|parts| {
            let part = |index: usize| parts[index].as_i64().expect("a number");
            format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", part(0), part(1), part(2), part(3), part(4), part(5))
        });
        [text("id"), text("title"), date, text("link")]
    };
    let known = told.iter().zip(files).map(|(feed, file)| {
        let known = file.extension().is_some_and(|ending| ending == "xml");
        assert!(!known || feed["malformed"] == Value::Bool(false), "{}: {feed}", file.display());
        known.then(|| feed["items"].as_array().expect("items").iter().map(row).collect())
    });
    known.collect()
}

/// What rss-parser, which knows no JSON, and feedsmith find of a feed, and what is wrong with a JSON Feed.
type InNode = (Option<Vec<Row>>, Vec<Row>, Vec<String>);

fn in_node(files: &[PathBuf]) -> Vec<InNode> {
    let mut command = Command::new("node");
    command.arg(root().join("tests/tools/read_feeds.mjs"));
    command.arg(root().join("tests/tools/json-feed-1.1.schema.json")).arg(tools()).args(files);
    serde_json::from_slice(&run(&mut command)).expect("JSON")
}

fn feed_rs(bytes: &[u8]) -> Vec<Row> {
    let feed = feed_rs::parser::parse(bytes).expect("feed-rs reads it");
    let row = |entry: feed_rs::model::Entry| {
        let link =
            entry.links.into_iter().find(|link| link.rel.as_deref().is_none_or(|relation| relation == "alternate"));
        [Some(entry.id), entry.title.map(|title| title.content), entry.published.map(utc), link.map(|link| link.href)]
    };
    feed.entries.into_iter().map(row).collect()
}

fn rss_crate(bytes: &[u8]) -> Vec<Row> {
    let channel = rss::Channel::read_from(bytes).expect("the crate rss reads it");
    let date = |date: String| utc(DateTime::parse_from_rfc2822(&date).expect("a date of RFC 2822").to_utc());
    let row = |item: rss::Item| [item.guid.map(|guid| guid.value), item.title, item.pub_date.map(date), item.link];
    channel.items.into_iter().map(row).collect()
}

#[test]
fn five_readers_read_the_same_items_from_every_feed() {
    for (name, site) in all_sites().iter() {
        let files = feeds(site.path());
        let (feedparser, in_node) = (feedparser(&files), in_node(&files));
        let mut rows: BTreeMap<&Path, Vec<Row>> = BTreeMap::new();
        for ((file, feedparser), (rss_parser, feedsmith, _)) in files.iter().zip(feedparser).zip(in_node) {
            let bytes = fs::read(file).expect("readable");
            let expected = feed_rs(&bytes);
            // A picture of an album without a date has none; rss-parser takes the date of its change, which Atom wants.
            let undated = |mut rows: Vec<Row>| {
                for row in &mut rows {
                    row[2] = row[2].take().filter(|date| !date.starts_with("2005-12-01T00:00:00"));
                }
                rows
            };
            let is_rss = bytes.windows(4).any(|start| start == b"<rss");
            for (reader, found) in [
                ("feedparser", feedparser),
                ("rss-parser", rss_parser.map(undated)),
                ("feedsmith", Some(feedsmith)),
                ("rss", is_rss.then(|| rss_crate(&bytes))),
            ] {
                assert!(found.is_none_or(|found| found == expected), "{name}: {reader} of {}", file.display());
            }
            // Whatever the format, the same.
            let folder = file.parent().expect("a file in a folder");
            if file.file_stem().is_some_and(|stem| stem == "feed" || stem == "atom") {
                assert_eq!(
                    rows.entry(folder).or_insert_with(|| expected.clone()),
                    &expected,
                    "{name}: {}",
                    file.display()
                );
            }
        }
        let items = rows.get(&*site.path().join("public")).expect("the site's feed");
        let titles: Vec<&str> = items.iter().filter_map(|item| item[1].as_deref()).collect();
        match *name {
            "own" => assert!(titles.len() > 5 && files.len() > 30, "{} posts in {} feeds", titles.len(), files.len()),
            "empty" => assert!(titles.is_empty()),
            _ => assert_eq!(
                titles,
                ["Größe, “quotes” & 1 < 2 > 0", "Control characters", "Café\u{a0}& R&D", "No tags, no text"]
            ),
        }
    }
}

#[test]
fn every_json_feed_is_valid_by_its_schema() {
    for (name, site) in all_sites().iter() {
        let files = feeds(site.path());
        for (file, (_, _, problems)) in files.iter().zip(in_node(&files)) {
            assert!(problems.is_empty(), "{name}: {}: {problems:#?}", file.display());
        }
    }
}

/// A schema that everything fits shows nothing.
#[test]
fn the_schema_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("feed.json");
    let wrong =
        r#"{"version": "https://jsonfeed.org/version/1", "title": "x", "items": [{"id": 1, "url": "/a"}], "x": 1}"#;
    fs::write(&file, wrong).expect("writable");
    // The version, a key that nobody knows, an item without content, an id that is a number, an address that is not absolute.
    let (_, _, problems) = in_node(&[file]).remove(0);
    assert!(problems.len() >= 5, "{problems:#?}");
}

#[test]
fn xmllint_finds_every_feed_well_formed() {
    for (name, site) in all_sites().iter() {
        let files = files(site.path(), &["xml", "opml"]);
        let output = Command::new("xmllint").arg("--noout").args(&files).output().expect("xmllint runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty() && files.len() > 3, "{name}: {said}");
    }
}

/// What the checker is not asked: its CSS is older than layers (a figure's page of its own has its style in itself), and it has
/// `autocomplete` for fields only, while browsers that restore forms want it for choices too.
const NOT_ASKED: &str = ".*CSS: .*|.*“autocomplete” is only allowed when the input type is.*";

/// Every page of every site, `feed/` among them.
#[test]
fn the_nu_html_checker_has_nothing_to_say_of_any_page() {
    let jar = tools().join("node_modules/vnu-jar/build/dist/vnu.jar");
    for (name, site) in all_sites().iter() {
        let pages = files(site.path(), &["html"]);
        assert!(pages.iter().any(|page| page.ends_with("feed/index.html")), "{name}");
        let output = Command::new("java")
            .arg("-jar")
            .arg(&jar)
            .args(["--stdout", "--Werror", "--filterpattern", NOT_ASKED])
            .args(&pages)
            .output();
        let output = output.expect("java runs: `make setup` installs what the tests need");
        assert!(
            output.status.success(),
            "{name}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// What is wrong with style sheets, one text for each mistake.
fn stylelint(files: &[PathBuf]) -> Vec<String> {
    let mut command = Command::new("node");
    command.arg(root().join("tests/tools/check_css.mjs")).arg(tools()).args(files);
    serde_json::from_slice(&run(&mut command)).expect("JSON")
}

/// The four themes' among them.
#[test]
fn stylelint_finds_every_style_sheet_valid() {
    for (name, site) in all_sites().iter() {
        let files = files(site.path(), &["css"]);
        let themes = files.iter().filter(|file| file.to_string_lossy().contains("/style")).count();
        assert_eq!(themes, if *name == "own" { 4 } else { 1 }, "{name}: {files:?}");
        assert_eq!(stylelint(&files), Vec::<String>::new(), "{name}");
    }
}

/// A checker that knows too little shows nothing.
#[test]
fn stylelint_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let cases = [
        ("a { color: red", "Unclosed block"),
        ("a { colour: red }", "Unknown property \"colour\""),
        ("a { color: 12px }", "Unknown value \"12px\""),
        ("a { width: 1pxx }", "Unknown unit \"pxx\""),
        ("a:hovr { color: red }", "Unknown pseudo-class selector \":hovr\""),
        ("@medium print { a { color: red } }", "Unknown at-rule \"@medium\""),
        ("@media (min-widht: 3px) { a { color: red } }", "min-widht"),
        // What the Nu HTML checker does not know: layers, nesting, containers and colours of two schemes.
        ("@layer x { a { &:hover { color: light-dark(red, 3px) } } }", "Unknown value \"light-dark(red, 3px)\""),
        ("a { @container (width > 3px) { .t { top: red } } }", "Unknown value \"red\""),
    ];
    let place = |number: usize| folder.path().join(format!("{number}.css"));
    for (number, (wrong, _)) in cases.iter().enumerate() {
        fs::write(place(number), wrong).expect("writable");
    }
    let sound = place(cases.len());
    fs::write(&sound, "@layer x { a { &:hover { color: light-dark(red, #00f) } } }").expect("writable");
    let files: Vec<PathBuf> = (0..=cases.len()).map(place).collect();
    let problems = stylelint(&files);
    let of = |file: &Path| -> String {
        let file = file.to_str().expect("text");
        problems.iter().filter(|problem| problem.starts_with(file)).map(String::as_str).collect()
    };
    for ((wrong, told), file) in cases.iter().zip(&files) {
        assert!(of(file).contains(told), "{wrong}: {problems:#?}");
    }
    assert_eq!(of(&sound), "", "{problems:#?}");
}

/// What Lighthouse says of pages of a built site.
fn lighthouse(folder: &Path, pages: &[&str]) -> Vec<Value> {
    let mut command = Command::new("node");
    command.arg(root().join("tests/tools/lighthouse.mjs")).arg(tools()).arg(folder).args(pages);
    serde_json::from_slice(&run(&mut command)).expect("JSON")
}

/// Whether nothing is wrong with a page, whatever it takes to be shown.
fn is_perfect(page: &Value) -> bool {
    let perfect = |category: &str| page["scores"][category] == json!(100);
    ["accessibility", "best-practices", "seo"].into_iter().all(perfect)
}

#[test]
fn lighthouse_gives_pages_a_hundred() {
    let sites = all_sites();
    let (_, own) = sites.iter().find(|(name, _)| *name == "own").expect("it is built");
    let pages = ["", "posts/transmit-flow-control/", "gallery/portraits-of-a-ring/", "archives/"];
    for page in lighthouse(&own.path().join("public"), &pages) {
        assert!(is_perfect(&page), "{page:#}");
        // Of a busy machine the last of these says more than of the page.
        println!("Lighthouse of /{}: {}", page["path"].as_str().expect("a path"), page["scores"]);
    }
}

#[test]
fn lighthouse_finds_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let wrong =
        "<!doctype html><title>x</title><meta name=robots content=noindex><img src=x.png><p style=color:#ddd>Words";
    fs::write(folder.path().join("index.html"), wrong).expect("writable");
    let page = lighthouse(folder.path(), &[""]).remove(0);
    for category in ["accessibility", "best-practices", "seo"] {
        assert!(page["scores"][category].as_u64() < Some(100), "{category}: {page:#}");
    }
}
