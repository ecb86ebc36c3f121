//! What feeds say of posts.

use std::path::PathBuf;

use genblog::files::config::Person;
use genblog::files::source::{Source, planned, read};
use genblog::graph::site::{Block, Enclosure, EnclosureFile, Heading, PlainFile, Publishing, Site};
use genblog::rendering::feeds::check;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::Diagnostic;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::json;

use crate::common::{Picture, figure, hash, nature, outputs, route, site, text};
use crate::{BASE, feed, json, one, only, site_of, sites, xml};

#[test]
fn the_end_of_a_section_survives() {
    let (site, _picture) = one("feed-cdata", "<p>a ]]> b</p>");
    let feed = feed(&site);
    let mut reader = Reader::from_str(&feed);
    let mut html = String::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::CData(part) => html.push_str(&part),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(html, "<p>a ]]> b</p>");
}

#[test]
fn characters_that_xml_cannot_hold_are_left_out_and_told() {
    let (mut site, _picture) = one("feed-characters", "<p>a\u{b}b\u{fffe}c</p>");
    site.posts[0].title = "a\u{1}b".to_owned();
    let (outputs, problems) = outputs(&site);
    let feed = text(&outputs, "feed.xml");
    assert!(feed.contains("<p>abc</p>"));
    assert!(feed.contains("<title>ab</title>"));
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["feed-character"]);
    assert_eq!(problems[0].path.as_deref(), Some("content/posts/only.md"));
}

#[test]
fn a_figure_is_a_picture_with_a_caption_and_a_link() {
    let (mut site, _picture) = one("feed-figure", "<p>Before.</p>");
    site.posts[0].body.blocks.push(figure("only"));
    site.posts[0].body.blocks.push(Block::Html("<p>After.</p>".to_owned()));
    let feed = feed(&site);
    let html = only(feed.split("<item>").nth(1).expect("an item"), "description");
    for gone in ["<svg", "<sim-figure", "<script", "<button", "<details"] {
        assert!(!html.contains(gone), "{gone}");
    }
    let name = sim::telling::catalogue()[0].name;
    assert!(
        html.contains(&format!("<a href=\"{BASE}posts/only/#{name}\"><img src=\"{BASE}posts/only/figure-{name}.png\""))
    );
    assert!(html.contains("What to <em>see</em>."));
    assert!(html.contains("width=\"") && html.contains("alt=\""));
    assert!(html.contains("<p>Before.</p>") && html.contains("<p>After.</p>"));
}

#[test]
fn the_picture_of_a_figure_is_there_and_twice_as_dense() {
    let picture = Picture::new("feed-png");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    let name = sim::telling::catalogue()[0].name;
    let png = image::load_from_memory(&outputs[&format!("posts/new/figure-{name}.png")]).expect("a PNG");
    let feed = text(&outputs, "feed.xml");
    assert!(feed.contains(&format!("width=\"{}\" height=\"{}\"", png.width() / 2, png.height() / 2)));
    let shades: std::collections::BTreeSet<[u8; 4]> = png.to_rgba8().pixels().map(|pixel| pixel.0).collect();
    assert!(shades.len() > 16, "the picture is empty");
}

#[test]
fn every_address_is_absolute() {
    let html = concat!(
        r##"<p><a href="/blog/about/">a</a> <a href="#how">b</a> <img src="x.png" srcset="x.png 1x, y.png 2x" alt="">"##,
        r##"<q cite="//c.example/">c</q> <a href="mailto:a@example.org">d</a></p>"##
    );
    let (site, _picture) = one("feed-links", html);
    let feed = feed(&site);
    let expected = concat!(
        r#"<p><a href="https://example.org/blog/about/">a</a> <a href="https://example.org/blog/posts/only/#how">b</a> "#,
        r#"<img src="https://example.org/blog/posts/only/x.png" "#,
        r#"srcset="https://example.org/blog/posts/only/x.png 1x, https://example.org/blog/posts/only/y.png 2x" alt="">"#,
        r#"<q cite="https://c.example/">c</q> <a href="mailto:a@example.org">d</a></p>"#
    );
    assert!(feed.contains(expected), "{feed}");
}

#[test]
fn the_whole_text_is_there_whatever_the_home_page_shows() {
    let (mut site, _picture) = one("feed-more", "<p>Before.</p>");
    site.posts[0].body.blocks.push(Block::Html("<p>After.</p>".to_owned()));
    site.posts[0].body.lead = Some(1);
    let (outputs, _) = outputs(&site);
    assert!(!text(&outputs, "index.html").contains("<p>After.</p>"));
    for file in ["feed.xml", "feed.json"] {
        let feed = text(&outputs, file);
        assert!(feed.contains("<p>Before.</p>") && feed.contains("<p>After.</p>"), "{file}");
    }
}

#[test]
fn summaries_stand_before_the_full_text_when_they_are_asked_for() {
    let (mut site, _picture) = one("feed-summary", "<p>All of it.</p>");
    site.posts[0].summary = "1 < 2 & more".to_owned();
    site.config.feed.summaries = true;
    let rss = feed(&site);
    // HTML within XML: escaped for each.
    let item = rss.split("<item>").nth(1).expect("an item");
    assert_eq!(only(item, "description"), "1 &amp;lt; 2 &amp;amp; more");
    assert_eq!(only(item, "content:encoded"), "<![CDATA[<p>All of it.</p>]]>");
    assert!(item.find("<description>") < item.find("<content:encoded>"));
    let root = rss.split("<rss ").nth(1).and_then(|rest| rest.split('>').next()).expect("an element");
    assert!(root.contains(r#"xmlns:content="http://purl.org/rss/1.0/modules/content/""#), "{root}");
    assert_eq!(only(&xml(&site, "atom.xml"), "summary"), "1 &lt; 2 &amp; more");
    assert_eq!(json(&site, "feed.json")["items"][0]["summary"], "1 < 2 & more");
}

/// What is told of a site that was read from these sources.
fn told(site: &Site, sources: &Source) -> Vec<Diagnostic> {
    let theme = Theme::new(&[]).expect("the built-in theme is sound");
    check(&Renderer::new(site, &theme, blake3::hash(b"test")), sources)
}

#[test]
fn what_stands_for_a_character_is_found_in_the_text() {
    let (mut site, _picture) = one("feed-reference", "<p>a</p>");
    let source = "+++\ntitle = 'x'\n+++\na &#65; b &#x0001; c";
    let (file, _) = planned("content/posts/only.md".to_owned(), PathBuf::new(), source.into());
    let sources = Source { content: vec![file], ..Source::default() };
    site.posts[0].path = "content/posts/only.md".to_owned();
    site.posts[0].body.blocks = vec![Block::Html("<p>a A b \u{1} c</p>".to_owned())];
    let problems = told(&site, &sources);
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.code, problem.labels[0].span.text()), ("feed-character", "&#x0001"));
    assert_eq!(problem.labels[0].span.line_and_column(), (4, 11));
}

#[test]
fn characters_of_photographs_and_of_the_configuration_are_told_too() {
    let picture = Picture::new("feed-characters-else");
    let mut site = site(BASE, &picture.0);
    site.config.title = "a\u{2}b".to_owned();
    site.albums[0].photos[0].alt = "a\u{3}b".to_owned();
    let (outputs, problems) = outputs(&site);
    let mut told: Vec<(&str, &str)> =
        problems.iter().map(|problem| (problem.code, problem.path.as_deref().unwrap_or_default())).collect();
    told.sort_unstable();
    assert_eq!(told, [("feed-character", "content/gallery/walk/stone.png"), ("feed-character", "genblog.toml")]);
    assert!(text(&outputs, "feed.xml").contains("<title>ab</title>"));
}

/// Wherever an escape stands, no format has what it stands for, and the author hears of each once.
#[test]
fn characters_of_names_tags_and_summaries_are_told_too() {
    let (site, root) = site_of(
        "--- genblog.toml
base_url = 'https://example.org/'
title = 'Notes'
author = { name = \"A\\u0001a\", url = 'https://a.example/' }
authors = [{ name = \"C\\u0003c\" }]
[feed]
summaries = true
webmaster = { name = 'R', email = 'r@example.org' }
--- content/posts/2026-10-01-a.md
+++
title = 'A'
tags = [\"X\\u0004x\"]
+++
Text.
--- content/posts/2026-10-02-b.md
+++
title = 'B'
tags = ['Xx']
authors = [\"B\\u0002b\", \"C\\u0003c\"]
+++
Text.
--- content/posts/2026-10-03-c.md
+++
title = 'C'
summary = \"S\\u0005s\"
+++
Text.
--- content/posts/2026-10-04-d.md
+++
title = 'D'
+++
```sim
figure = \"ring\"
preset = \"burst\"
caption = \"Look&#6;.\"
```
",
    );
    let (outputs, _) = outputs(&site);
    let problems = told(&site, &read(root.path()).0);
    assert!(problems.iter().all(|problem| problem.code == "feed-character"), "{problems:?}");
    let place = |problem: &Diagnostic| match &problem.labels[..] {
        [label] => format!("{} {}", label.span.source.path, label.span.text()),
        _ => problem.path.clone().unwrap_or_default(),
    };
    let mut places: Vec<String> = problems.iter().map(place).collect();
    places.sort_unstable();
    let expected = [
        "content/posts/2026-10-01-a.md \\u0004",
        "content/posts/2026-10-02-b.md \\u0002",
        "content/posts/2026-10-03-c.md \\u0005",
        "content/posts/2026-10-04-d.md &#6",
        "genblog.toml",
    ];
    assert_eq!(places, expected);
    for (name, bytes) in
        outputs.iter().filter(|(name, _)| [".xml", ".json", ".opml"].iter().any(|end| name.ends_with(end)))
    {
        let text = std::str::from_utf8(bytes).expect("text");
        let escaped = ["\\u000", "&#1;", "&#x1;"].iter().any(|escape| text.contains(escape));
        assert!(!escaped && text.chars().all(|c| c == '\n' || !c.is_control()), "{name}: {text}");
    }
    // The configuration knows more of a name, however it is written in a feed.
    let atom = text(&outputs, "atom.xml");
    assert!(atom.contains("<name>Aa</name>\n      <uri>https://a.example/</uri>"), "{atom}");
    assert_eq!(json(&site, "feed.json")["authors"], json!([{ "name": "Aa", "url": "https://a.example/" }]));
}

#[test]
fn an_id_stays_when_the_link_leads_elsewhere() {
    let (mut site, _picture) = one("feed-link", "<p><a href='#how'>a</a></p>");
    site.posts[0].id = "17".to_owned();
    let id = format!("{BASE}posts/only/#17");
    assert!(xml(&site, "atom.xml").contains(&format!("<id>{id}</id>")));
    site.posts[0].link = Some("https://old.example/?p=17".to_owned());
    let atom = xml(&site, "atom.xml");
    assert!(atom.contains(&format!("<id>{id}</id>")), "{atom}");
    assert!(atom.contains(r#"<link rel="alternate" type="text/html" href="https://old.example/?p=17"/>"#), "{atom}");
    let rss = feed(&site);
    let item = rss.split("<item>").nth(1).expect("an item");
    assert_eq!(only(item, "link"), "https://old.example/?p=17");
    assert!(item.contains("<guid isPermaLink=\"false\">17</guid>") && item.contains(&format!("{BASE}posts/only/#how")));
}

#[test]
fn a_link_is_one_that_every_feed_can_hold() {
    for (link, expected) in [("https://a.example/?p=1", &[][..]), ("https://a.example/\\uFFFE", &["bad-value"])] {
        let root = sites::folder(&format!(
            "--- content/posts/2026-10-01-a.md\n+++\ntitle = 'A'\nlink = \"{link}\"\n+++\nText.\n"
        ));
        let (_, problems) = sites::site(root.path());
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), expected, "{link}");
    }
}

#[test]
fn no_anchor_no_button_and_no_table_of_contents_is_left() {
    let html = concat!(
        r##"<h2 id="how">How?<a class="anchor" href="#how" aria-label="Link to this heading">#</a></h2><p>a</p>"##,
        r##"<pre><code>b</code></pre><button type="button">Copy</button><h3 id="why">Why?</h3>"##
    );
    let (mut site, _picture) = one("feed-furniture", html);
    site.posts[0].body.headings.push(Heading { level: 2, id: "when".to_owned(), title: "When?".to_owned() });
    let (outputs, _) = outputs(&site);
    let page = text(&outputs, "posts/only/index.html");
    assert!(page.contains("<a href=\"#why\">") && page.contains("class=\"anchor\""), "the page has them: {page}");
    let expected = "<h2>How?</h2><p>a</p><pre><code>b</code></pre><h3>Why?</h3>";
    assert_eq!(json(&site, "feed.json")["items"][0]["content_html"], expected);
    assert_eq!(
        only(text(&outputs, "feed.xml").split("<item>").nth(1).expect("an item"), "description"),
        format!("<![CDATA[{expected}]]>")
    );
}

/// A file beside the only post, with the bytes of a picture whatever its name says.
fn file(name: &str, length: u64, picture: &Picture) -> PlainFile {
    PlainFile {
        route: route(name),
        file: picture.0.clone(),
        path: format!("content/posts/only/{name}"),
        hash: hash(&picture.0),
        length,
        publishing: Publishing::WithoutMetadata,
        tells_place: false,
        nature: nature(&picture.0),
    }
}

#[test]
fn an_enclosure_has_the_length_and_type_of_its_file() {
    let (mut site, picture) = one("feed-enclosure", "<p>a</p>");
    site.files.insert(0, file("posts/only/talk.mp3", 12_345, &picture));
    let enclosure = |file| Some(Enclosure { file, media_type: "audio/mpeg".to_owned() });
    site.posts[0].enclosure = enclosure(EnclosureFile::OfSite(route("posts/only/talk.mp3")));
    let url = format!("{BASE}posts/only/talk.mp3");
    let rss = feed(&site);
    assert!(rss.contains(&format!(r#"<enclosure url="{url}" length="12345" type="audio/mpeg"/>"#)), "{rss}");
    assert_eq!(rss.matches("<enclosure").count(), 1);
    let atom = xml(&site, "atom.xml");
    let link = format!(r#"<link rel="enclosure" type="audio/mpeg" length="12345" href="{url}"/>"#);
    assert!(atom.contains(&link), "{atom}");
    let expected = json!([{ "url": url, "mime_type": "audio/mpeg", "size_in_bytes": 12_345 }]);
    assert_eq!(json(&site, "feed.json")["items"][0]["attachments"], expected);
    // The page leads to it as well.
    let (made, _) = outputs(&site);
    assert!(text(&made, "posts/only/index.html").contains("href=\"/blog/posts/only/talk.mp3\""));

    let elsewhere = "https://cdn.example/talk.mp3".to_owned();
    site.posts[0].enclosure = enclosure(EnclosureFile::Elsewhere { url: elsewhere, length: 7 });
    let rss = feed(&site);
    assert!(rss.contains(r#"<enclosure url="https://cdn.example/talk.mp3" length="7" type="audio/mpeg"/>"#), "{rss}");
}

/// A picture beside a post loses what the camera wrote into it, so it is shorter than its file.
#[test]
fn the_length_of_an_enclosed_picture_is_that_of_what_is_published() {
    let (mut site, picture) = one("feed-enclosed-picture", "<p>a</p>");
    let whole = std::fs::read(&picture.0).expect("the picture");
    // A text chunk after the header, as a program leaves it; readers check no sums of what they skip.
    let (header, rest) = whole.split_at(33);
    let chunk = [&5_u32.to_be_bytes()[..], b"tEXta\0bcd", &[0; 4]].concat();
    let written = picture.0.with_file_name("told.png");
    std::fs::write(&written, [header, &chunk, rest].concat()).expect("writable");
    let length = std::fs::metadata(&written).expect("there").len();
    site.files =
        vec![PlainFile { hash: hash(&written), file: written, ..file("posts/only/told.png", length, &picture) }];
    let place = EnclosureFile::OfSite(route("posts/only/told.png"));
    site.posts[0].enclosure = Some(Enclosure { file: place, media_type: "image/png".to_owned() });
    let (made, _) = outputs(&site);
    let published = made["posts/only/told.png"].len();
    assert_eq!(u64::try_from(published), Ok(length - chunk.len() as u64));
    assert!(text(&made, "feed.xml").contains(&format!("length=\"{published}\"")));
}

#[test]
fn pictures_of_a_text_stand_beside_it_once_with_one_of_them_small() {
    let html = concat!(
        r#"<p><img src="/blog/posts/only/a.jpg" width="640" height="480" alt="A"> <img src="b.png" alt="B"></p>"#,
        r#"<p><img src="a.jpg" alt="again"> <img src="https://other.example/c.png" alt="C"> <img src="gone.png" alt="D"></p>"#
    );
    let (mut site, picture) = one("feed-pictures", html);
    site.files = ["posts/only/a.jpg", "posts/only/b.png"].map(|name| file(name, 1, &picture)).into();
    let rss = feed(&site);
    let lines: Vec<&str> = rss.lines().map(str::trim).filter(|line| line.starts_with("<media:")).collect();
    let expected = [
        format!(
            r#"<media:content url="{BASE}posts/only/a.jpg" medium="image" type="image/jpeg" width="640" height="480"/>"#
        ),
        format!(r#"<media:content url="{BASE}posts/only/b.png" medium="image" type="image/png"/>"#),
        format!(r#"<media:thumbnail url="{BASE}posts/only/a.jpg"/>"#),
    ];
    assert_eq!(lines, expected);
    assert!(!rss.contains("media:group"));
}

#[test]
fn every_author_of_a_post_is_named() {
    let (mut site, _picture) = one("feed-authors", "<p>a</p>");
    site.posts[0].authors = vec!["A. Writer".to_owned(), "B & C".to_owned()];
    let known = |name: &str| Person { name: name.to_owned(), email: None, url: None, avatar: None };
    site.config.people = vec![Person { url: Some("https://b.example/".to_owned()), ..known("B & C") }];
    let rss = feed(&site);
    assert!(rss.contains("<dc:creator>A. Writer</dc:creator>\n      <dc:creator>B &amp; C</dc:creator>"), "{rss}");
    let atom = xml(&site, "atom.xml");
    let second = "<author>\n      <name>B &amp; C</name>\n      <uri>https://b.example/</uri>\n    </author>";
    assert!(atom.contains(second), "{atom}");
    let expected = json!([{ "name": "A. Writer" }, { "name": "B & C", "url": "https://b.example/" }]);
    assert_eq!(json(&site, "feed.json")["items"][0]["authors"], expected);
}

#[test]
fn a_post_in_another_language_says_so() {
    let (mut site, _picture) = one("feed-item-language", "<p>a</p>");
    site.posts[0].language = "de".to_owned();
    assert_eq!(only(&feed(&site), "dc:language"), "de");
    assert!(xml(&site, "atom.xml").contains("<entry xml:lang=\"de\">"));
    assert_eq!(json(&site, "feed.json")["items"][0]["language"], "de");
}

#[test]
fn a_drawing_in_the_text_is_a_picture() {
    let svg = "<svg viewBox='0 0 30 20'><title>A b</title><rect width='15' height='20' fill='#f00'/><text font-size='4'>leaks</text></svg>";
    let (site, _picture) = one("feed-drawing", &format!("<p>a {svg} b</p>"));
    let (outputs, problems) = outputs(&site);
    assert_eq!(problems, []);
    let image = format!("<img src=\"{BASE}posts/only/drawing-in-text-1.png\" width=\"30\" height=\"20\" alt=\"A b\">");
    let html = format!("<p>a {image} b</p>");
    assert_eq!(json(&site, "feed.json")["items"][0]["content_html"], html);
    assert!(text(&outputs, "feed.xml").contains(&html) && text(&outputs, "posts/only/index.html").contains(svg));
    let picture = image::load_from_memory(&outputs["posts/only/drawing-in-text-1.png"]).expect("a PNG").to_rgba8();
    assert_eq!((picture.dimensions(), picture.get_pixel(1, 1).0), ((60, 40), [255, 0, 0, 255]));
}

#[test]
fn a_drawing_that_takes_its_colours_from_the_page_is_told() {
    let (site, _picture) = one("feed-svg", "<p>a</p><svg viewBox='0 0 1 1'><text class='b'>leaks</text></svg>");
    let (outputs, problems) = outputs(&site);
    assert!(!text(&outputs, "feed.xml").contains("leaks"));
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["feed-svg"]);
}

#[test]
fn a_drawing_is_told_where_it_stands_in_letters_of_any_case() {
    let told = |text: &str| {
        let (site, root) = site_of(&format!("--- content/posts/2026-10-01-a.md\n+++\ntitle = 'A'\n+++\n{text}\n"));
        let problems = told(&site, &read(root.path()).0);
        assert!(problems.iter().all(|problem| problem.code == "feed-svg") && problems.len() < 2, "{problems:?}");
        let place = |problem: &Diagnostic| {
            problem.labels.first().map(|label| (label.span.line_and_column(), label.span.text().to_owned()))
        };
        problems.first().map(place)
    };
    assert_eq!(told("a <SVG viewBox='0 0 1 1'></SVG>"), Some(Some(((4, 3), "<SVG".to_owned()))));
    assert_eq!(told("`<svgs>` <svg/>"), Some(Some(((4, 10), "<svg".to_owned()))));
    // Of two, the second.
    assert_eq!(
        told("<svg viewBox='0 0 1 1'><path d='M0 0h1'/></svg> <svg/>"),
        Some(Some(((4, 49), "<svg".to_owned())))
    );
    // The first of these is none, and which one is meant is not known.
    assert_eq!(told("`<svg>` <svg></svg>"), Some(None));
    assert_eq!(told("`<svg>` <!-- <svg> --> <svg-box>a</svg-box>"), None);
}
