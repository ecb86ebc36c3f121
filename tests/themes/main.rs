//! Themes that are built in and themes in a site's folder: what stands over what, and what is wrong with some.

#[path = "../common/mod.rs"]
mod common;

mod spoken;
mod written;

use std::collections::BTreeMap;

use common::{Picture, outputs, outputs_in, site, template, text};
use genblog::files::config::{CONFIG_FILE, Config, Overrides, parse};
use genblog::files::source::{Content, SourceFile};
use genblog::rendering::built_in::names;
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::{Diagnostic, render};
use genblog::words::source_text::SourceText;

/// A file of a site's own theme, by its path below `themes/`.
fn themed(path: &str, content: &str) -> SourceFile {
    let file = template("x", content);
    let path = format!("themes/{path}");
    SourceFile { content: Content::Text(SourceText::new(&*path, content)), path, ..file }
}

fn config(more: &str) -> Config {
    let text = format!("base_url = \"https://example.org/blog/\"\ntitle = \"Notes\"\n{more}\n");
    let (config, problems) = parse(&SourceText::new(CONFIG_FILE, text), &Overrides::default());
    assert_eq!(problems, []);
    config.expect("sound")
}

fn theme(more: &str, folders: &[SourceFile], overrides: &[SourceFile]) -> Result<Theme, Vec<Diagnostic>> {
    Theme::of(&config(more).themes, folders, overrides)
}

fn sound(more: &str, folders: &[SourceFile], overrides: &[SourceFile]) -> Theme {
    theme(more, folders, overrides).unwrap_or_else(|problems| panic!("{}", render(&problems, false)))
}

#[track_caller]
fn check(more: &str, folders: &[SourceFile], expected: &str) {
    let problems = theme(more, folders, &[]).expect_err("it is wrong");
    assert_eq!(render(&problems, false).trim(), expected.trim());
}

fn sheet(theme: &Theme) -> String {
    String::from_utf8(theme.assets.style.bytes.clone()).expect("text")
}

fn brotli_size(bytes: &[u8]) -> usize {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters).expect("memory does not fail");
    packed.len()
}

#[test]
fn every_theme_is_light_for_those_who_load_it() {
    for name in names() {
        let theme = sound(&format!("theme = \"{name}\""), &[], &[]);
        let size = brotli_size(&theme.assets.style.bytes);
        println!("{name}: {size} bytes of style under brotli");
        assert!(size < 15_000, "{name}: {size} bytes");
        assert!(!sheet(&theme).contains("@import") && !sheet(&theme).contains("url("), "{name} asks for other files");
    }
    let script = sound("", &[], &[]).assets.reader.bytes;
    println!("reader.js: {} bytes, {} under brotli", script.len(), brotli_size(&script));
    assert!(script.len() < 2_048);
}

#[test]
fn a_theme_that_is_not_there_is_told() {
    let expected = "\
error[unknown-theme]: there is no theme `weblg`
 --> genblog.toml:3:9
  |
3 | theme = \"weblg\"
  |         ^^^^^^^
  |
  = help: did you mean `weblog`? there are `default`, `weblog`, `book`, `contrast`, `mine`";
    check("theme = \"weblg\"", &[themed("mine/css/92-mine.css", "")], expected);
    let expected = "\
error[unknown-theme]: there is no theme `a`
 --> genblog.toml:4:10
  |
4 | offer = [\"a\", \"book\"]
  |          ^^^
  |
  = help: there are `default`, `weblog`, `book`, `contrast`";
    check("[themes]\noffer = [\"a\", \"book\"]", &[], expected);
    let expected = "\
error[unknown-theme]: there is no theme `boook`
 --> themes/mine/theme.toml:1:11
  |
1 | extends = \"boook\"
  |           ^^^^^^^
  |
  = help: did you mean `book`? there are `default`, `weblog`, `book`, `contrast`, `mine`";
    check("theme = \"mine\"", &[themed("mine/theme.toml", "extends = \"boook\"")], expected);
}

#[test]
fn folders_of_themes_have_names_that_can_be_said() {
    let expected = "\
error[bad-theme]: `My theme` cannot be a theme's name
--> themes/My theme
 = help: begin with a letter from `a` to `z`; digits and `-` may follow, 40 characters in all

error[bad-theme]: the theme `book` is built in
--> themes/book
 = help: give the folder another name, with `extends = \"book\"` in its theme.toml; or put the files into `templates/`";
    let folders = [themed("book/css/1-tokens.css", ""), themed("My theme/post.html", "")];
    check("theme = \"My theme\"\n[themes]\noffer = [\"book\"]", &folders, expected);
    // A note beside them is no theme, and those that a site does not use may be another program's.
    let others = [themed("README.txt", "What lies here."), themed("PaperMod/theme.toml", "license = \"MIT\"")];
    sound("", &others, &[]);
}

#[test]
fn a_theme_that_extends_itself_is_told() {
    let folders = [themed("a/theme.toml", "extends = \"b\""), themed("b/theme.toml", "extends = \"a\"")];
    let problems = theme("theme = \"a\"", &folders, &[]).expect_err("a circle");
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["bad-theme", "bad-theme"]);
    assert_eq!(problems[0].message, "the theme `a` extends itself in the end");
    let problems =
        theme("theme = \"a\"", &[themed("a/theme.toml", "extend = \"book\"")], &[]).expect_err("an unknown key");
    assert_eq!(problems[0].code, "unknown-key");
}

#[test]
fn the_sites_own_files_stand_over_those_of_its_theme_and_these_over_what_it_extends() {
    let folders = [
        themed("mine/theme.toml", "extends = \"weblog\"\ntitle = \"My own\""),
        themed("mine/css/92-mine.css", ".mine {}\n"),
        themed("mine/tag.html", "of the theme"),
        themed("mine/tags.html", "of the theme"),
        themed("thing/theme.toml", "extends = \"mine\""),
        themed("thing/css/92-mine.css", ".thing {}\n"),
    ];
    let overrides = [template("tag.html", "of the site"), template("css/95-site.css", ".site {}\n")];
    let theme = sound("theme = \"mine\"\n[themes]\noffer = [\"book\", \"thing\"]", &folders, &overrides);
    let filled = |name: &str| theme.render(name, &serde_json::json!({}), "a.md").expect("renders");
    assert_eq!([filled("tag.html"), filled("tags.html")], ["of the site", "of the theme"]);
    let weblog = sound("theme = \"weblog\"", &[], &[]);
    let [own, extended] = [sheet(&theme), sheet(&weblog)];
    assert!(own.starts_with(&extended) && own.ends_with(".mine {}\n.site {}\n"), "the sheets stand in their order");
    assert_eq!(theme.closure("aside.html"), weblog.closure("aside.html"));
    assert_ne!(theme.closure("aside.html"), sound("", &[], &[]).closure("aside.html"));
    let own_files: Vec<&str> = theme.assets.style.files.iter().map(String::as_str).collect();
    assert_eq!(own_files, ["themes/mine/css/92-mine.css", "templates/css/95-site.css"]);

    // The site's own theme comes first if it is not named.
    let offered: Vec<(&str, &str)> = theme.offered.iter().map(|one| (&*one.name, &*one.title)).collect();
    assert_eq!(offered, [("mine", "My own"), ("book", "Book"), ("thing", "Thing")]);
    let others: Vec<&str> =
        theme.assets.others.iter().map(|it| std::str::from_utf8(&it.bytes).expect("text")).collect();
    assert!(others[0].ends_with(".site {}\n") && !others[0].contains(".mine"));
    assert!(others[1].ends_with(".thing {}\n.site {}\n") && !others[1].contains(".mine"));
}

#[test]
fn a_mistake_in_a_theme_is_shown_where_it_is() {
    let folders = [themed("mine/tag.html", "{{ tag.name }}\n{{ tag. }}")];
    let problems = theme("theme = \"mine\"", &folders, &[]).expect_err("broken");
    let span = &problems[0].labels[0].span;
    assert_eq!((&*span.source.path, span.line_and_column()), ("themes/mine/tag.html", (2, 9)));
    sound("", &folders, &[]);
}

#[test]
fn pages_offer_what_the_site_offers() {
    let picture = Picture::new("themes-offer");
    let mut site = site("https://example.org/blog/", &picture.0);
    let (usual, _) = outputs(&site);
    assert!(!text(&usual, "about/index.html").contains("<script"));
    assert!(!text(&usual, "about/index.html").contains("class=\"switch"));
    let more = "theme = \"book\"\n[themes]\noffer = [\"default\", \"book\"]";
    site.config.themes = config(more).themes;
    let theme = sound(more, &[], &[]);
    let (offering, problems) = outputs_in(&site, &theme);
    assert_eq!(problems, []);
    let page = text(&offering, "about/index.html");
    let own = theme.assets.style.route.href("/blog/");
    let other = theme.assets.others[0].route.href("/blog/");
    assert!(page.contains(&format!("data-theme=\"book\" data-themes=\"default={other} book={own}\"")), "{page}");
    assert!(page.contains("<option value=\"book\" selected>Book</option>"), "{page}");
    assert!(other.starts_with("/blog/assets/style-default."));
    let usual = sound("", &[], &[]);
    assert_eq!(theme.assets.others[0].bytes, usual.assets.style.bytes);
    assert_eq!((&*usual.papers.0, &*usual.papers.1), ("#fbfaf7", "#14181b"));
}

#[test]
fn what_stands_beside_the_text_is_counted_where_it_is_asked_for() {
    let picture = Picture::new("themes-aside");
    let site = site("https://example.org/blog/", &picture.0);
    let (made, problems) = outputs_in(&site, &sound("theme = \"weblog\"", &[], &[]));
    assert_eq!(problems, []);
    let page = text(&made, "about/index.html");
    assert!(page.contains("<a href=\"/blog/archives/#2008\">2008</a> (2)"), "{page}");
    assert!(page.contains("<a href=\"/blog/tags/xen/\">Xen</a> (2)"), "{page}");
    let (usual, _) = outputs(&site);
    assert!(!text(&usual, "about/index.html").contains("site-aside"));
}

/// The colour tokens of a theme, by day or by night, as relative luminances (WCAG 2.2).
fn luminances(sheet: &str, dark: bool) -> BTreeMap<String, f64> {
    let mut tokens = BTreeMap::new();
    for line in sheet.lines() {
        let Some((name, value)) = line.trim().strip_prefix("--").and_then(|line| line.split_once(": ")) else {
            continue;
        };
        let pair = value.strip_prefix("light-dark(").and_then(|rest| rest.split_once(')')?.0.split_once(", "));
        if let Some((light, night)) = pair {
            tokens.insert(name.to_owned(), luminance(if dark { night } else { light }));
        }
    }
    tokens
}

/// WCAG 2.2, "relative luminance", of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("a colour of six digits")) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn words_stand_out_from_what_is_behind_them() {
    for name in names() {
        let sheet = sheet(&sound(&format!("theme = \"{name}\""), &[], &[]));
        let least = if name == "contrast" { 7.0 } else { 4.5 };
        for dark in [false, true] {
            let tokens = luminances(&sheet, dark);
            let behind = |word: &str| {
                let owner = word.strip_suffix("-ink").map(|owner| format!("{owner}-tint"));
                let marked = (word.starts_with("code-") || word == "ink").then(|| "code-mark".to_owned());
                let day =
                    (["ink", "soft", "accent"].contains(&word) && tokens.contains_key("day")).then(|| "day".to_owned());
                let always = ["paper", "well"].map(str::to_owned);
                always.into_iter().chain(owner).chain(marked).chain(day).collect::<Vec<_>>()
            };
            let is_word = |name: &&String| {
                let name = name.as_str();
                ["ink", "soft", "accent", "visited"].contains(&name)
                    || name.ends_with("-ink")
                    || (name.starts_with("code-") && name != "code-mark")
            };
            let words: Vec<&String> = tokens.keys().filter(is_word).collect();
            assert!(words.len() >= 14, "{name}: {words:?}");
            for word in words {
                for back in behind(word) {
                    let (one, other) = (tokens[word.as_str()], tokens[back.as_str()]);
                    let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                    assert!(contrast >= least, "{name}, dark: {dark}: {word} on {back} has {contrast:.2}");
                }
            }
        }
    }
}
