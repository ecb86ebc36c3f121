//! This repository's own site, built as a reader of the README builds it.

mod built;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use built::own_site;
use serde_json::{Value, json};
use tempfile::TempDir;
use walkdir::WalkDir;

/// Builds, and returns what the build said; it must have nothing to complain about.
fn build(folder: &Path) -> String {
    let (said, complaints) = built::build(folder);
    assert!(complaints.is_empty(), "{complaints}");
    said
}

fn files(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let modified = fs::metadata(entry.path()).and_then(|metadata| metadata.modified()).expect("a time");
            (entry.path().to_owned(), (modified, fs::read(entry.path()).expect("readable")))
        })
        .collect()
}

#[test]
fn the_site_builds_without_a_warning_and_only_once() {
    let folder = own_site();
    build(folder.path());
    let before = files(&folder.path().join("public"));
    assert!(before.len() > 30, "{} files", before.len());
    let said = build(folder.path());
    assert!(said.contains(" 0 written, ") && said.contains(" 0 removed"), "{said}");
    assert!(files(&folder.path().join("public")) == before, "the second build touches nothing");
}

#[test]
fn every_page_keeps_to_its_budget() {
    let folder = own_site();
    assert!(fs::read_to_string(folder.path().join("genblog.toml")).expect("readable").contains("[budgets]"));
    let checked = Command::new(env!("CARGO_BIN_EXE_genblog")).arg("check").current_dir(folder.path()).output();
    let checked = checked.expect("genblog runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn two_builds_from_nothing_give_the_same_bytes() {
    let bytes = |folder: &TempDir| -> BTreeMap<PathBuf, Vec<u8>> {
        let public = folder.path().join("public");
        build(folder.path());
        let strip = |path: &Path| path.strip_prefix(&public).expect("within").to_owned();
        files(&public).into_iter().map(|(path, (_, bytes))| (strip(&path), bytes)).collect()
    };
    assert!(bytes(&own_site()) == bytes(&own_site()), "a build depends on its input alone");
}

#[test]
fn the_lint_has_nothing_to_say_of_this_site() {
    let folder = own_site();
    build(folder.path());
    let is_feed = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let in_archive = path.parent().is_some_and(|folder| folder.ends_with("public/feed"));
        matches!(name, "feed.xml" | "atom.xml" | "feed.json") || (in_archive && name.ends_with(".xml"))
    };
    let files = files(&folder.path().join("public"));
    let feeds: Vec<&PathBuf> = files.keys().filter(|path| is_feed(path)).collect();
    assert!(feeds.len() > 10, "{} feeds", feeds.len());
    let output =
        Command::new(env!("CARGO_BIN_EXE_genblog")).args(["feed", "lint"]).args(feeds).output().expect("genblog runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// What a program of `tests/tools` says of a file, as JSON.
fn told(program: &str, file: &Path, more: &[&str]) -> Value {
    let python = std::env::var_os("GENBLOG_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(program))
        .arg(file)
        .args(more)
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}: `make setup` installs what the tests need");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What feedparser makes of a feed.
fn read_feed(file: &Path) -> Value {
    told("read_feed.py", file, &[])[0].take()
}

/// A parser of microformats and a reader of JSON-LD say the same of a post as its author did.
#[test]
fn programs_can_read_what_a_post_is() {
    let folder = own_site();
    build(folder.path());
    let public = folder.path().join("public");
    let url = "https://genblog.example/posts/shared-ring/";
    let told_of = |file: &str, url: &str| told("read_page.py", &public.join(file), &[url]);
    let page = told_of("posts/shared-ring/index.html", url);
    let entry = &page["microformats"][0];
    assert_eq!(entry["type"], json!(["h-entry"]));
    let property = |name: &str| entry["properties"][name][0].clone();
    let [data] = &page["linked data"].as_array().expect("a list")[..] else { panic!("{page}") };
    assert_eq!(data["@type"], "BlogPosting");
    assert_eq!((property("url"), &data["url"]), (json!(url), &json!(url)));
    assert_eq!(property("name"), data["headline"]);
    // The parser writes offsets without a colon.
    let published = data["datePublished"].as_str().expect("a date");
    assert_eq!(property("published"), json!(published.replace("+09:00", "+0900")));
    assert_eq!(property("summary"), data["description"]);
    assert_eq!(entry["properties"]["category"], data["keywords"]);
    assert!(property("content")["value"].as_str().is_some_and(|text| text.len() > 1_000));
    assert!(data["image"].as_str().is_some_and(|image| image.ends_with(".png")), "{data}");
    let home = told_of("index.html", "https://genblog.example/");
    let entries = home["microformats"][0]["children"].as_array().expect("posts").clone();
    assert_eq!(home["microformats"][0]["type"], json!(["h-feed"]));
    assert!(entries.len() == 10 && entries.iter().all(|entry| entry["properties"]["url"][0].is_string()));
}

/// Feeds in other formats, and those of tags, are read as the same items. The reader does not know JSON; there the texts are
/// compared as they stand.
#[test]
fn the_same_posts_are_in_every_feed() {
    let folder = own_site();
    build(folder.path());
    let public = folder.path().join("public");
    let told = |feed: &Value, names: &[&str]| -> Vec<Vec<Value>> {
        let items = feed["items"].as_array().expect("items").iter();
        items.map(|item| names.iter().map(|name| item[*name].clone()).collect()).collect()
    };
    let tags = WalkDir::new(public.join("tags")).min_depth(1).max_depth(1).into_iter();
    let tags = tags.map(|entry| entry.expect("readable")).filter(|entry| entry.file_type().is_dir());
    let mut folders = 0;
    for folder in [public.clone()].into_iter().chain(tags.map(|entry| entry.path().to_owned())) {
        let rss = read_feed(&folder.join("feed.xml"));
        assert!(!told(&rss, &["id"]).is_empty(), "{}", folder.display());
        let atom = read_feed(&folder.join("atom.xml"));
        assert_eq!((&atom["malformed"], &atom["version"]), (&Value::Bool(false), &Value::from("atom10")));
        let all = ["id", "link", "title", "parsed", "content"];
        assert_eq!(told(&atom, &all), told(&rss, &all), "{}", folder.display());
        let json = fs::read(folder.join("feed.json")).expect("readable");
        let json: Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(told(&json, &["id", "url", "title"]), told(&rss, &["id", "link", "title"]), "{}", folder.display());
        folders += 1;
    }
    assert!(folders > 5, "{folders} folders with feeds");
}

#[test]
fn a_feed_reader_reads_every_post() {
    let folder = own_site();
    build(folder.path());
    let feed = read_feed(&folder.path().join("public/feed.xml"));
    assert_eq!((&feed["malformed"], &feed["version"]), (&Value::Bool(false), &Value::from("rss20")));

    let posts = fs::read_dir(folder.path().join("content/posts")).expect("posts").count();
    let items = feed["items"].as_array().expect("items");
    assert_eq!(items.len(), posts);
    let mut ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), posts, "every item has an id of its own");
    for item in items {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        assert!(text("link").starts_with("https://"), "{item}");
        assert!(text("published").ends_with("+0900") && item["parsed"].is_array(), "{item}");
        assert!(text("content").split_whitespace().count() > 300, "the whole text of {}", text("title"));
        assert!(!text("content").contains("href=\"/") && !text("content").contains("href=\"#"), "{}", text("title"));
    }
    let article =
        items.iter().find(|item| item["content"].as_str().is_some_and(|text| text.contains("figure-ring.png")));
    assert!(article.is_some(), "a figure is a picture in the feed");
}

/// What a reader of a page with figures downloads besides its text, in bytes under brotli: the modules that its figures need, their
/// bindings, and the shell.
#[test]
fn interactive_bytes_stay_within_their_budget() {
    let folder = own_site();
    build(folder.path());
    let public = folder.path().join("public");
    let files = files(&public);
    let sizes: BTreeMap<String, usize> = files
        .iter()
        .filter_map(|(path, (_, bytes))| Some((path.strip_prefix(&public).ok()?.to_str()?.to_owned(), bytes)))
        .filter(|(path, _)| path.starts_with("assets/") && !path.starts_with("assets/photos/"))
        .map(|(path, bytes)| (path, brotli_size(bytes)))
        .collect();
    let size = |start: &str| {
        let found =
            sizes.iter().find(|(path, _)| path.strip_prefix("assets/").is_some_and(|name| name.starts_with(start)));
        *found.unwrap_or_else(|| panic!("no asset begins with {start}: {sizes:?}")).1
    };
    let mut table = String::new();
    let mut pages = 0;
    let mut over = 0;
    for (path, (_, bytes)) in files.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "html")) {
        let page = String::from_utf8_lossy(bytes);
        // A figure's own page has its module in itself.
        let modules: BTreeSet<&str> =
            attributes(&page, "data-wasm").filter(|address| !address.starts_with("data:")).collect();
        if modules.is_empty() {
            continue;
        }
        let bindings: BTreeSet<&str> =
            attributes(&page, "data-module").filter_map(|address| address.split('#').next()).collect();
        let loaded = modules.iter().chain(&bindings).map(|address| address.trim_start_matches('/'));
        let shell =
            attributes(&page, "src").find(|address| address.contains("/shell")).expect("the page loads the shell");
        let sum =
            size(&shell["/assets/".len()..]) + loaded.map(|address| size(&address["assets/".len()..])).sum::<usize>();
        // The goal is 60 kB. A module that holds the whole machine, with two or three generations of netback, needs more.
        let whole = modules.iter().any(|it| ["-path.", "-flow.", "-sharing."].iter().any(|name| it.contains(name)));
        let budget = if whole { 92_000 } else { 60_000 };
        writeln!(table, "{sum:>7} of {budget}  {} {modules:?}", path.display()).expect("text grows");
        pages += 1;
        over += usize::from(sum > budget);
    }
    let report = format!("brotli bytes of pages with figures:\n{table}of assets: {sizes:#?}");
    println!("{report}");
    assert!(pages > 0, "a page has figures");
    assert_eq!(over, 0, "{report}");
    assert!(size("shell-whole.") <= 10_000, "{report}");
    assert!(size("style.") <= 15_000, "{report}");
}

/// The viewer, its style with it, is for albums only, and smaller than what others offer.
#[test]
fn only_albums_load_the_viewer_and_it_is_small() {
    let folder = own_site();
    build(folder.path());
    let public = folder.path().join("public");
    let files = files(&public);
    let mut albums = 0;
    for (path, (_, bytes)) in files.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "html")) {
        let page = String::from_utf8_lossy(bytes);
        let loaded = page.matches("=\"/assets/viewer.").count();
        let expect = if page.contains("<ul class=\"photos") { 2 } else { 0 };
        assert_eq!(loaded, expect, "{}", path.display());
        albums += usize::from(loaded > 0);
    }
    assert!(albums > 0, "a page is an album");
    let parts = files.iter().filter(|(path, _)| path.starts_with(public.join("assets")));
    let parts =
        parts.filter(|(path, _)| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("viewer.")));
    let sizes: Vec<usize> = parts.map(|(_, (_, bytes))| brotli_size(bytes)).collect();
    println!("brotli bytes of the viewer, style and script: {sizes:?}");
    assert!(sizes.len() == 2 && sizes.iter().sum::<usize>() <= 5_000, "{sizes:?}");
}

/// The values of an attribute in a page of ours.
fn attributes<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let mut values = page.split(start.as_str()).skip(1).collect::<Vec<_>>().into_iter();
    std::iter::from_fn(move || values.next().and_then(|rest| rest.split('"').next()))
}

fn brotli_size(bytes: &[u8]) -> usize {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters).expect("memory does not fail");
    packed.len()
}

/// A text without a figure is a text: one small script, for what the reader chooses, and little else to load.
#[test]
fn a_post_without_figures_is_light() {
    let folder = own_site();
    build(folder.path());
    let public = folder.path().join("public");
    let read = |path: &str| fs::read(public.join(path.trim_start_matches('/'))).expect("what a page names is there");
    let page = read("posts/welcome/index.html");
    let html = String::from_utf8_lossy(&page);
    let scripts: Vec<&str> = attributes(&html, "src").filter(|address| address.ends_with(".js")).collect();
    let [script] = scripts[..] else { panic!("{scripts:?}") };
    assert!(script.starts_with("/assets/reader.") && read(script).len() < 2_048, "{script}");
    let styles = attributes(&html, "href").filter(|address| address.ends_with(".css"));
    let marks = attributes(&html, "href").filter(|address| address.ends_with(".svg"));
    let loaded = styles.chain(marks).chain([script]).map(|address| brotli_size(&read(address)));
    let bytes = brotli_size(&page) + loaded.sum::<usize>();
    println!("brotli bytes of a post without figures: {bytes}");
    assert!(bytes < 20_000, "{bytes}");
}
