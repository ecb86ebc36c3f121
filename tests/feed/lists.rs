//! Which feeds there are, and what each holds.

use std::collections::BTreeMap;
use std::path::Path;

use genblog::files::kept::{Access, Kept};
use genblog::graph::site::{PostIndex, Site};
use genblog::rendering::plan::plan;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use serde_json::json;

use crate::common::{Picture, body, outputs, outputs_in, post, route, site, template, text};
use crate::{BASE, feed, json, moment, only, site_of, xml};

#[test]
fn the_feed_holds_the_newest_posts_in_order() {
    let picture = Picture::new("feed-limit");
    let mut site = site(BASE, &picture.0);
    assert!(feed(&site).find("posts/new/").expect("new") < feed(&site).find("posts/old/").expect("old"));
    site.config.feed.limit = 1;
    assert!(!feed(&site).contains("posts/old/"));
}

#[test]
fn a_feed_holds_twenty_items_unless_told_otherwise() {
    let text: String = (1..=21)
        .map(|day| format!("--- content/posts/2026-10-{day:02}-a{day}.md\n+++\ntitle = '{day}'\n+++\nText.\n"))
        .collect();
    let held = |files: &str| {
        let (site, _root) = site_of(files);
        ["feed.xml", "atom.xml"].map(|file| xml(&site, file).matches("</title>").count() - 1)
    };
    assert_eq!(held(&text), [20, 20]);
    let config = "--- genblog.toml\nbase_url = 'https://example.org/'\ntitle = 'Notes'\n[feed]\nlimit = 3\n";
    assert_eq!(held(&format!("{config}{text}")), [3, 3]);
}

#[test]
fn a_tag_has_a_feed_of_its_own() {
    let picture = Picture::new("feed-tag");
    let mut site = site(BASE, &picture.0);
    site.tags.get_mut("xen").expect("the tag").posts = vec![PostIndex(1)];
    let rss = xml(&site, "tags/xen/feed.xml");
    assert!(rss.contains("posts/old/") && !rss.contains("posts/new/"));
    assert!(
        rss.contains("<title>Rings &amp; Things: Xen</title>")
            && rss.contains("<link>https://example.org/blog/tags/xen/</link>")
    );
    assert!(rss.contains(r#"<atom:link href="https://example.org/blog/tags/xen/feed.xml" rel="self""#));
    assert!(xml(&site, "tags/xen/atom.xml").contains("<id>https://example.org/blog/tags/xen/</id>"));
    assert_eq!(json(&site, "tags/xen/feed.json")["items"].as_array().map(Vec::len), Some(1));
    let (outputs, _) = outputs(&site);
    let page = text(&outputs, "tags/xen/index.html");
    assert!(page.contains(r#"<link rel="alternate" type="application/rss+xml" title="Rings &amp; Things: Xen (RSS)" href="https://example.org/blog/tags/xen/feed.xml">"#), "{page}");
}

/// RFC 5005: from the feed back through the years, and no post is lost on the way.
#[test]
fn years_are_archives_when_the_feed_cannot_hold_everything() {
    let picture = Picture::new("feed-years");
    let mut site = site(BASE, &picture.0);
    let (all, _) = outputs(&site);
    assert!(!all.keys().any(|file| file.starts_with("feed/2")), "the feed has all posts");

    for (slug, date) in [("middle", "2007-06-01T12:00:00+10:00"), ("early", "2005-01-01T00:30:00+11:00")] {
        let mut older = post(slug, 1, body("<p>a</p>"));
        older.date = moment(date);
        site.posts.push(older);
    }
    site.config.feed.limit = 1;
    let address = |year: u16| format!("https://example.org/blog/feed/{year}.xml");
    let (files, met) = back_through_archives(&site);
    assert_eq!(files, [2008, 2007, 2005].map(address));
    assert_eq!(met, site.posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
}

/// A hundred posts to a document, of which a year's first ones have the year's name and keep it.
#[test]
fn a_year_of_many_posts_is_several_archives() {
    let picture = Picture::new("feed-parts");
    let mut site = site(BASE, &picture.0);
    site.posts.clear();
    let mut add = |date: &str, number: usize| {
        let mut one = post(&format!("p{number}"), 1, body("<p>a</p>"));
        one.date = moment(date);
        site.posts.insert(0, one);
    };
    (0..100).for_each(|number| add("2007-06-01T12:00:00+10:00", number));
    (100..301).for_each(|number| add("2008-06-01T12:00:00+10:00", number));
    site.tags.clear();
    let address = |name: &str| format!("https://example.org/blog/feed/{name}.xml");
    let (files, met) = back_through_archives(&site);
    assert_eq!(files, ["2008-3", "2008-2", "2008", "2007"].map(address));
    assert_eq!(met, site.posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
    let first = xml(&site, "feed/2008.xml");
    assert_eq!(first.matches("<item>").count(), 100);
    let part = |file: &str| {
        xml(&site, file).lines().any(|line| line.trim() == "<title>Rings &amp; Things, 2008, part 3</title>")
    };
    assert!(part("feed/2008-3.xml") && !part("feed/2008.xml"));

    // Another post changes the newest document alone, until that is full; then a new one begins, which the one before names.
    let before = documents(&site);
    let add = |site: &mut Site, number: usize, date: &str| {
        let mut one = post(&format!("p{number}"), 1, body("<p>a</p>"));
        one.date = moment(date);
        let at = site.posts.iter().position(|other| other.date <= one.date).expect("not the oldest");
        site.posts.insert(at, one);
    };
    let changed = |site: &Site, before: &[(String, String)]| -> Vec<String> {
        documents(site).into_iter().filter(|document| !before.contains(document)).map(|(file, _)| file).collect()
    };
    add(&mut site, 301, "2008-06-02T12:00:00+10:00");
    assert_eq!(changed(&site, &before), ["feed/2008-3.xml"]);
    assert_eq!(xml(&site, "feed/2008-3.xml").matches("<item>").count(), 2);
    (302..400).for_each(|number| add(&mut site, number, "2008-06-02T12:00:00+10:00"));
    let full = documents(&site);
    assert_eq!(full[0].1.matches("<item>").count(), 100);
    add(&mut site, 400, "2008-06-02T12:00:00+10:00");
    assert_eq!(changed(&site, &full), ["feed/2008-4.xml", "feed/2008-3.xml"]);

    // One that is dated back moves those after it in its year, and no post is lost.
    let four = documents(&site);
    add(&mut site, 401, "2008-01-05T12:00:00+11:00");
    assert_eq!(changed(&site, &four), ["feed/2008-4.xml", "feed/2008-3.xml", "feed/2008-2.xml", "feed/2008.xml"]);
    let (_, met) = back_through_archives(&site);
    assert_eq!(met, site.posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
}

/// A site's archives, the newest first: their files and texts.
fn documents(site: &Site) -> Vec<(String, String)> {
    let (addresses, _) = back_through_archives(site);
    let files = addresses.iter().map(|address| address.strip_prefix(BASE).expect("on the site"));
    files.map(|file| (file.to_owned(), xml(site, file))).collect()
}

/// The addresses of a site's archives from the feed back, and the guids in them.
fn back_through_archives(site: &Site) -> (Vec<String>, Vec<String>) {
    let archive = |rss: &str, relation: &str| {
        let link = rss.lines().find(|line| line.contains(&format!("rel=\"{relation}\"")))?;
        link.split("href=\"").nth(1)?.split('"').next().map(str::to_owned)
    };
    let mut met: Vec<String> = Vec::new();
    let mut next = archive(&feed(site), "prev-archive");
    let mut files = Vec::new();
    while let Some(address) = next {
        let file = address.strip_prefix(BASE).expect("on the site").to_owned();
        let rss = xml(site, &file);
        assert!(rss.contains("<fh:archive/>") && !rss.contains("<ttl>"), "{file}");
        assert_eq!(archive(&rss, "current").as_deref(), Some("https://example.org/blog/feed.xml"));
        assert_eq!(archive(&rss, "next-archive"), files.last().cloned(), "{file}");
        met.extend(
            rss.split("<guid isPermaLink=\"false\">")
                .skip(1)
                .map(|rest| rest[..rest.find('<').expect("an end")].to_owned()),
        );
        next = archive(&rss, "prev-archive");
        files.push(address);
    }
    (files, met)
}

/// A feed is written again only if its fingerprint is another one.
fn fingerprint(site: &Site) -> blake3::Hash {
    let theme = Theme::new(&[]).expect("the built-in theme is sound");
    let renderer = Renderer::new(site, &theme, blake3::hash(b"test"));
    let (plan, _) = plan(&renderer, &Kept::new(Path::new("/nowhere"), Access::Read));
    plan.outputs.iter().find(|output| output.route == route("feed.xml")).expect("the feed").fingerprint
}

#[test]
fn a_feed_is_written_again_for_an_archive_and_for_another_picture() {
    let picture = Picture::new("feed-fingerprint");
    let mut site = site(BASE, &picture.0);
    site.posts[0].image = Some(route("stone.png"));
    site.config.feed.limit = 2;
    let (first, before) = (fingerprint(&site), feed(&site));
    assert_eq!(fingerprint(&site), first);

    // No item is another one, yet the feed leads to an archive now.
    let mut older = post("older", 1, body("<p>a</p>"));
    older.date = moment("2007-06-01T12:00:00+10:00");
    site.posts.push(older);
    assert_ne!(feed(&site), before);
    let second = fingerprint(&site);
    assert_ne!(second, first);

    // The same name, another picture: its thumbnail has another name.
    site.files[0].hash = blake3::hash(b"another stone");
    assert_ne!(fingerprint(&site), second);
}

/// Whoever writes an address with the site's own host is not asked whether something is there.
#[test]
fn a_feed_is_written_again_when_a_picture_of_its_text_comes_or_goes() {
    let picture = Picture::new("feed-fingerprint-of-text");
    let mut site = site(BASE, &picture.0);
    site.posts[1].body = body(&format!("<p><IMG SRC='{BASE}stone.png' alt='A stone'></p>"));
    let (first, before) = (fingerprint(&site), feed(&site));
    assert!(before.contains(&format!("<media:content url=\"{BASE}stone.png\"")), "{before}");
    let files = std::mem::take(&mut site.files);
    assert_ne!(feed(&site), before);
    assert_ne!(fingerprint(&site), first);
    site.files = files;
    assert_eq!(fingerprint(&site), first);
}

#[test]
fn all_feeds_are_listed_for_readers_and_for_people() {
    let picture = Picture::new("feed-list");
    let site = site(BASE, &picture.0);
    let opml = xml(&site, "feeds.opml");
    let outline = |title: &str, folder: &str| {
        format!(
            r#"<outline type="rss" text="{title}" title="{title}" xmlUrl="{BASE}{folder}feed.xml" htmlUrl="{BASE}{folder}"/>"#
        )
    };
    assert!(
        opml.contains(&outline("Rings &amp; Things", ""))
            && opml.contains(&outline("Rings &amp; Things: Xen", "tags/xen/")),
        "{opml}"
    );
    let (outputs, _) = outputs(&site);
    let page = text(&outputs, "feed/index.html");
    for address in ["feed.xml", "atom.xml", "feed.json"] {
        assert!(page.contains(&format!(">{BASE}{address}</a>")), "{page}");
    }
    assert!(
        page.contains("href=\"/blog/tags/xen/feed.xml\"")
            && page.contains("href=\"/blog/feeds.opml\"")
            && page.contains("The &lt;new&gt;")
    );
    // From every page.
    assert!(text(&outputs, "index.html").contains("href=\"/blog/feed/\""));
}

#[test]
fn an_album_has_a_feed_of_its_pictures() {
    let picture = Picture::new("feed-album");
    let site = site(BASE, &picture.0);
    let rss = xml(&site, "gallery/walk/feed.xml");
    let item = rss.split("<item>").nth(1).expect("an item");
    let page = "https://example.org/blog/gallery/walk/stone/";
    assert!(item.contains(&format!("<guid>{page}</guid>")), "a picture's page is its permalink: {item}");
    assert_eq!((only(item, "title"), only(item, "pubDate")), ("A stone", "Fri, 12 Dec 2008 17:35:11 +1100"));
    let address = |attribute: &str| {
        let rest = item.split(attribute).nth(1).expect("the picture is there");
        rest[..rest.find('"').expect("an end")].to_owned()
    };
    let (content, thumbnail) = (address("<media:content url=\""), address("<media:thumbnail url=\""));
    assert!(item.contains(r#"medium="image" type="image/png" width="1000" height="500""#), "{item}");
    assert_ne!(content, thumbnail);
    let (outputs, _) = outputs(&site);
    for (url, width) in [(&content, 1000), (&thumbnail, 480)] {
        let file = url.strip_prefix(BASE).expect("on the site");
        assert_eq!(image::load_from_memory(&outputs[file]).expect("a picture").width(), width);
    }
    let html = format!(
        "<p><a href=\"{page}\"><img src=\"{content}\" width=\"1000\" height=\"500\" alt=\"A grey stone.\"></a></p>\n<p>A <em>stone</em>.</p>"
    );
    assert_eq!(only(item, "description"), format!("<![CDATA[{html}]]>"));
    let items = &json(&site, "gallery/walk/feed.json")["items"];
    assert_eq!((&items[0]["content_html"], &items[0]["id"]), (&json!(html), &json!(page)));
    let entry = xml(&site, "gallery/walk/atom.xml");
    assert!(entry.contains(&format!(r#"<link rel="enclosure" type="image/png" href="{content}"/>"#)), "{entry}");
    assert!(text(&outputs, "gallery/walk/index.html").contains(r#"title="Rings &amp; Things: A walk (Atom)""#));
    assert!(text(&outputs, "feed/index.html").contains(r#"<a href="/blog/gallery/walk/">A walk</a>"#));
}

#[test]
fn an_author_hears_of_a_feed_that_is_too_large_for_some() {
    let picture = Picture::new("feed-size");
    let mut site = site(BASE, &picture.0);
    let long = format!("<p>{}</p>", "a".repeat(300 << 10));
    site.posts = ["one", "two"].map(|slug| post(slug, 17, body(&long))).into();
    let problems = outputs(&site).1;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        (problem.code, &*problem.message),
        ("feed-size", "the 2 posts of the feed have 600 kB, and some services take 512 at most")
    );
    site.config.feed.limit = 1;
    assert!(outputs(&site).1.is_empty());
    // One post alone cannot be made shorter by holding fewer.
    site.posts = vec![post("one", 17, body(&long.repeat(2)))];
    site.tags = BTreeMap::new();
    assert!(outputs(&site).1.is_empty());
}

#[test]
fn a_language_has_a_feed_of_its_own_where_there_are_several() {
    let picture = Picture::new("feed-language");
    let mut site = site(BASE, &picture.0);
    assert!(outputs(&site).0.keys().all(|file| !file.starts_with("feed/en")), "one language is the site's feed");
    site.posts[1].language = "de-AT".to_owned();
    let rss = xml(&site, "feed/de-AT/feed.xml");
    assert!(rss.contains("posts/old/") && !rss.contains("posts/new/") && !rss.contains("dc:language"));
    assert_eq!((only(&rss, "language"), rss.contains("<title>Rings &amp; Things (de-AT)</title>")), ("de-AT", true));
    let atom = xml(&site, "feed/de-AT/atom.xml");
    assert!(
        atom.contains(r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-AT">"#)
            && !atom.contains("<entry xml:lang")
    );
    assert!(atom.contains(&format!("<id>{BASE}feed/de-AT/atom.xml</id>")), "{atom}");
    assert_eq!(json(&site, "feed/de-AT/feed.json")["language"], "de-AT");
    let (outputs, _) = outputs(&site);
    let address = format!("{BASE}feed/de-AT/feed.xml");
    assert!(
        text(&outputs, "posts/old/index.html").contains(&address)
            && !text(&outputs, "posts/new/index.html").contains(&address)
    );
    assert!(
        text(&outputs, "feeds.opml").contains(&address)
            && text(&outputs, "feed/index.html").contains("/blog/feed/de-AT/feed.xml")
    );
}

#[test]
fn a_language_is_one_whatever_the_case_of_its_letters() {
    let (site, _root) = site_of(
        "--- genblog.toml
base_url = 'https://example.org/'
title = 'Notes'
language = 'en-au'
--- content/posts/2026-10-01-a.md
+++
title = 'A'
lang = 'EN-AU'
+++
--- content/posts/2026-10-02-b.md
+++
title = 'B'
+++
",
    );
    let (outputs, _) = outputs(&site);
    assert!(outputs.keys().all(|file| !file.starts_with("feed/e")), "there is one language");
    let rss = text(&outputs, "feed.xml");
    assert_eq!((only(rss, "language"), rss.contains("dc:language")), ("en-AU", false));
}

#[test]
fn pages_of_an_own_theme_name_the_feeds_too() {
    let picture = Picture::new("feed-discovery-of-a-theme");
    let own = "{% extends \"base.html\" %}{% block head %}<meta name=\"mine\" content=\"\">{% endblock %}{% block main %}Mine.{% endblock %}";
    let names = [
        "home.html",
        "post.html",
        "page.html",
        "archives.html",
        "tag.html",
        "tags.html",
        "gallery.html",
        "album.html",
        "photo.html",
    ];
    let theme = Theme::new(&names.map(|name| template(name, own))).expect("sound");
    let (outputs, _) = outputs_in(&site(BASE, &picture.0), &theme);
    let mine: Vec<&str> =
        outputs.keys().filter(|file| file.ends_with(".html")).map(|file| text(&outputs, file)).collect();
    let mine: Vec<&str> = mine.into_iter().filter(|page| page.contains("<meta name=\"mine\"")).collect();
    assert!(mine.len() > names.len(), "{} pages", mine.len());
    for page in mine {
        for file in ["feed.xml", "atom.xml", "feed.json"] {
            assert_eq!(page.matches(&format!("\" href=\"{BASE}{file}\">")).count(), 1, "{file} in {page}");
        }
    }
}

#[test]
fn the_name_of_a_feed_is_no_templates() {
    let picture = Picture::new("feed-names");
    let site = site(BASE, &picture.0);
    let named = |name: &str| name.ends_with("feed.xml") || name.ends_with("atom.xml") || name.ends_with("feed.json");
    let feeds = |theme: &Theme| -> BTreeMap<String, Vec<u8>> {
        outputs_in(&site, theme).0.into_iter().filter(|(name, _)| named(name) || name.ends_with("rss.xml")).collect()
    };
    let usual = feeds(&Theme::new(&[]).expect("sound"));
    assert_eq!(usual.len(), 3 * 3, "the site's, a tag's and an album's in three formats");
    // Neither a template of that name nor one of another has a part in them.
    let names = ["feed.xml", "atom.xml", "rss.xml", "feed.json", "feed.html", "atom.html"];
    let own = feeds(&Theme::new(&names.map(|name| template(name, "mine"))).expect("sound"));
    assert_eq!(own, usual);
}

#[test]
fn every_page_names_the_feeds_whatever_it_shows() {
    let picture = Picture::new("feed-discovery");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    // A figure's page of its own runs in other sites' frames, and a sign at an old address has nothing to follow.
    let pages =
        outputs.keys().filter(|file| file.ends_with(".html") && !file.contains("/figure-") && *file != "2008/new.html");
    let mut count = 0;
    for page in pages {
        for (kind, file) in [("rss+xml", "feed.xml"), ("atom+xml", "atom.xml"), ("feed+json", "feed.json")] {
            let start = format!("<link rel=\"alternate\" type=\"application/{kind}\" title=\"Rings &amp; Things (");
            let end = format!("\" href=\"{BASE}{file}\">");
            let named = |line: &str| line.starts_with(&start) && line.ends_with(&end);
            assert_eq!(text(&outputs, page).lines().filter(|line| named(line)).count(), 1, "{file} in {page}");
        }
        count += 1;
    }
    assert!(count > 10, "{count} pages");
}

#[test]
fn hosts_are_told_what_the_feeds_are() {
    let picture = Picture::new("feed-headers");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    let headers = text(&outputs, "_headers");
    for (file, kind) in [("feed.xml", "rss+xml"), ("atom.xml", "atom+xml"), ("feed.json", "feed+json")] {
        let rule = format!("/blog/{file}\n  Content-Type: application/{kind}; charset=utf-8\n");
        assert!(headers.contains(&rule), "{file}: {headers}");
    }
}

#[test]
fn the_page_about_feeds_says_what_there_is() {
    let picture = Picture::new("feed-page");
    let mut site = site(BASE, &picture.0);
    let page = |site: &Site| text(&outputs(site).0, "feed/index.html").to_owned();
    assert!(page(&site).contains("Which of them is a matter of taste") && !page(&site).contains("<button"));
    site.config.feed.formats.truncate(1);
    assert!(page(&site).contains("Copy the address and paste it") && !page(&site).contains("Which of them"));
}
