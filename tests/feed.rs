//! The feed as readers get it.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::DateTime;
use chrono_tz::Australia::Sydney;
use chrono_tz::Tz;
use common::{Picture, body, figure, outputs, post, route, site, text};
use genblog::files::config::{Day, FeedFormat};
use genblog::files::kept::{Access, Kept};
use genblog::graph::site::{Block, PostIndex, Site};
use genblog::rendering::plan::plan;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

const BASE: &str = "https://example.org/blog/";

/// The feed of a site.
fn feed(site: &Site) -> String {
    xml(site, "feed.xml")
}

/// An XML file of a site, which must be well-formed.
fn xml(site: &Site, file: &str) -> String {
    let (outputs, _) = outputs(site);
    let text = text(&outputs, file).to_owned();
    let mut reader = Reader::from_str(&text);
    while reader.read_event().expect("well-formed") != Event::Eof {}
    text
}

/// A JSON file of a site.
fn json(site: &Site, file: &str) -> Value {
    let (outputs, _) = outputs(site);
    serde_json::from_slice(&outputs[file]).expect("JSON")
}

fn moment(text: &str) -> DateTime<Tz> {
    DateTime::parse_from_rfc3339(text).expect("a moment").with_timezone(&Sydney)
}

/// What stands in the only `name` element of `xml`.
fn only<'x>(xml: &'x str, name: &str) -> &'x str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    assert_eq!(xml.matches(&open).count(), 1, "{name} in {xml}");
    xml.split(&open).nth(1).and_then(|rest| rest.split(&close).next()).expect("an element")
}

/// A site of one post.
fn one(test: &str, html: &str) -> (Site, Picture) {
    let picture = Picture::new(test);
    let mut site = site(BASE, &picture.0);
    site.posts = vec![post("only", 17, body(html))];
    if let Some(tag) = site.tags.get_mut("xen") {
        tag.posts.truncate(1);
    }
    (site, picture)
}

#[test]
fn a_feed_has_everything_about_its_channel_before_its_items() {
    let (site, _picture) = one("feed-golden", "<p>Text &amp; more.</p>");
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:fh="http://purl.org/syndication/history/1.0" xmlns:media="http://search.yahoo.com/mrss/">
  <channel>
    <title>Rings &amp; Things</title>
    <link>https://example.org/blog/</link>
    <description>What a driver sees.</description>
    <language>en</language>
    <copyright>CC BY 4.0</copyright>
    <lastBuildDate>Fri, 12 Dec 2008 17:35:11 +1100</lastBuildDate>
    <generator>genblog 0.1.0</generator>
    <docs>https://www.rssboard.org/rss-specification</docs>
    <ttl>60</ttl>
    <skipHours>
      <hour>15</hour>
      <hour>16</hour>
      <hour>17</hour>
      <hour>18</hour>
      <hour>19</hour>
      <hour>20</hour>
      <hour>21</hour>
      <hour>22</hour>
      <hour>23</hour>
      <hour>0</hour>
      <hour>1</hour>
      <hour>13</hour>
      <hour>14</hour>
    </skipHours>
    <atom:link href="https://example.org/blog/feed.xml" rel="self" type="application/rss+xml"/>
    <item>
      <guid isPermaLink="false">tag:example.org,2008:only</guid>
      <link>https://example.org/blog/posts/only/</link>
      <pubDate>Fri, 12 Dec 2008 17:35:11 +1100</pubDate>
      <title>The &lt;only&gt; &amp; more</title>
      <dc:creator>A. Writer</dc:creator>
      <category>Xen</category>
      <description><![CDATA[<p>Text &amp; more.</p>]]></description>
    </item>
  </channel>
</rss>
"#;
    assert_eq!(feed(&site), expected);
}

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
fn the_feed_holds_the_newest_posts_in_order() {
    let picture = Picture::new("feed-limit");
    let mut site = site(BASE, &picture.0);
    assert!(feed(&site).find("posts/new/").expect("new") < feed(&site).find("posts/old/").expect("old"));
    site.config.feed.limit = 1;
    assert!(!feed(&site).contains("posts/old/"));
}

#[test]
fn a_site_without_posts_has_a_feed_without_dates() {
    let picture = Picture::new("feed-empty");
    let mut site = site(BASE, &picture.0);
    site.posts.clear();
    site.tags = BTreeMap::new();
    let feed = feed(&site);
    assert!(!feed.contains("lastBuildDate") && !feed.contains("skipHours") && !feed.contains("<item>"));
    assert_eq!(only(&feed, "ttl"), "60");
}

#[test]
fn atom_says_the_same() {
    let (mut site, _picture) = one("feed-atom", "<p>Text &amp; more.</p>");
    site.posts[0].updated = Some(moment("2008-12-20T09:00:00+11:00"));
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
  <id>https://example.org/blog/</id>
  <title>Rings &amp; Things</title>
  <subtitle>What a driver sees.</subtitle>
  <updated>2008-12-20T09:00:00+11:00</updated>
  <author>
    <name>A. Writer</name>
  </author>
  <link rel="alternate" type="text/html" href="https://example.org/blog/"/>
  <link rel="self" type="application/atom+xml" href="https://example.org/blog/atom.xml"/>
  <rights>CC BY 4.0</rights>
  <generator>genblog 0.1.0</generator>
  <entry>
    <id>tag:example.org,2008:only</id>
    <title>The &lt;only&gt; &amp; more</title>
    <published>2008-12-12T17:35:11+11:00</published>
    <updated>2008-12-20T09:00:00+11:00</updated>
    <author>
      <name>A. Writer</name>
    </author>
    <link rel="alternate" type="text/html" href="https://example.org/blog/posts/only/"/>
    <category term="Xen"/>
    <content type="html">&lt;p&gt;Text &amp;amp; more.&lt;/p&gt;</content>
  </entry>
</feed>
"#;
    assert_eq!(xml(&site, "atom.xml"), expected);
    // The change counts for RSS as well.
    let rss = feed(&site);
    assert_eq!(only(&rss, "lastBuildDate"), "Sat, 20 Dec 2008 09:00:00 +1100");
    assert_eq!(only(&rss, "atom:updated"), "2008-12-20T09:00:00+11:00");
}

#[test]
fn json_says_the_same() {
    let (mut site, _picture) = one("feed-json", "<p>Text &amp; more.</p>");
    site.posts[0].image = Some(route("stone.png"));
    let expected = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Rings & Things",
        "home_page_url": "https://example.org/blog/",
        "feed_url": "https://example.org/blog/feed.json",
        "description": "What a driver sees.",
        "language": "en",
        "authors": [{ "name": "A. Writer" }],
        "items": [{
            "id": "tag:example.org,2008:only",
            "url": "https://example.org/blog/posts/only/",
            "title": "The <only> & more",
            "content_html": "<p>Text &amp; more.</p>",
            "image": "https://example.org/blog/stone.png",
            "date_published": "2008-12-12T17:35:11+11:00",
            "authors": [{ "name": "A. Writer" }],
            "tags": ["Xen"],
        }],
    });
    assert_eq!(json(&site, "feed.json"), expected);
    let rss = feed(&site);
    let content = r#"<media:content url="https://example.org/blog/stone.png" medium="image" type="image/png" width="1000" height="500"/>"#;
    assert!(rss.contains(content), "{rss}");
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
    assert_eq!(only(&xml(&site, "atom.xml"), "summary"), "1 &lt; 2 &amp; more");
    assert_eq!(json(&site, "feed.json")["items"][0]["summary"], "1 < 2 & more");
}

#[test]
fn days_and_a_hub_are_told() {
    let (mut site, _picture) = one("feed-days", "<p>a</p>");
    site.config.feed.skip_days = vec![Day::ALL[6], Day::ALL[5]];
    site.config.feed.hub = Some("https://hub.example/".to_owned());
    let rss = feed(&site);
    let days: Vec<&str> = rss.split("<day>").skip(1).map(|rest| rest.split('<').next().unwrap_or_default()).collect();
    assert_eq!(days, ["Sunday", "Saturday"]);
    assert!(rss.contains(r#"<atom:link href="https://hub.example/" rel="hub"/>"#));
    assert!(xml(&site, "atom.xml").contains(r#"<link rel="hub" href="https://hub.example/"/>"#));
    assert_eq!(json(&site, "feed.json")["hubs"], json!([{ "type": "WebSub", "url": "https://hub.example/" }]));
    // Only the site's own feed is pushed.
    assert!(!xml(&site, "tags/xen/feed.xml").contains("rel=\"hub\""));
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
    let archive = |rss: &str, relation: &str| {
        let link = rss.lines().find(|line| line.contains(&format!("rel=\"{relation}\"")))?;
        link.split("href=\"").nth(1)?.split('"').next().map(str::to_owned)
    };
    let mut met: Vec<String> = Vec::new();
    let mut next = archive(&feed(&site), "prev-archive");
    let mut years = Vec::new();
    while let Some(year) = next {
        let file = year.strip_prefix(BASE).expect("on the site").to_owned();
        let rss = xml(&site, &file);
        assert!(rss.contains("<fh:archive/>") && !rss.contains("<ttl>"), "{file}");
        assert_eq!(archive(&rss, "current").as_deref(), Some("https://example.org/blog/feed.xml"));
        assert_eq!(archive(&rss, "next-archive"), years.last().cloned(), "{file}");
        met.extend(
            rss.split("<guid isPermaLink=\"false\">")
                .skip(1)
                .map(|rest| rest[..rest.find('<').expect("an end")].to_owned()),
        );
        next = archive(&rss, "prev-archive");
        years.push(year);
    }
    assert_eq!(years, [2008, 2007, 2005].map(address));
    assert_eq!(met, site.posts.iter().map(|post| post.id.clone()).collect::<Vec<_>>());
}

/// A feed is written again only if its fingerprint is another one.
fn fingerprint(site: &Site) -> blake3::Hash {
    let theme = Theme::new(&[]).expect("the built-in theme is sound");
    let renderer = Renderer { site, theme: &theme, program: blake3::hash(b"test") };
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

#[test]
fn a_site_may_do_with_fewer_formats() {
    let (mut site, _picture) = one("feed-formats", "<p>a</p>");
    site.config.feed.formats = vec![FeedFormat::Atom];
    let (outputs, _) = outputs(&site);
    assert!(
        outputs.contains_key("atom.xml") && !outputs.contains_key("feed.xml") && !outputs.contains_key("feed.json")
    );
    let page = text(&outputs, "posts/only/index.html");
    assert!(page.contains(r#"<link rel="alternate" type="application/atom+xml" title="Rings &amp; Things" href="https://example.org/blog/atom.xml">"#));
    assert!(!page.contains("application/rss+xml"));
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
fn an_author_hears_of_posts_in_hours_that_readers_skip() {
    let picture = Picture::new("feed-hours");
    let mut site = site(BASE, &picture.0);
    assert!(outputs(&site).1.is_empty());
    // 01:35 and 01:36 in Sydney are 23:35 and 23:36 in Tokyo, where the author keeps quiet from 22 o'clock on.
    for (post, moment_of) in site.posts.iter_mut().zip(["2008-12-13T01:36:00+11:00", "2008-12-13T01:35:00+11:00"]) {
        post.date = moment(moment_of);
    }
    let problems = outputs(&site).1;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        (problem.code, &*problem.message),
        ("feed-hours", "2 of the 2 newest posts came out in hours that `skip_hours` tells readers to skip")
    );
    site.config.feed.formats = vec![FeedFormat::Atom, FeedFormat::Json];
    assert!(outputs(&site).1.is_empty(), "only RSS has such hours");
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

/// Each promise of docs/feeds.md names the test that shows it.
#[test]
fn every_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["tests", "src"].iter().flat_map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let code: String = sources
        .map(|entry| entry.expect("readable").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).expect("readable"))
        .collect();
    let text = std::fs::read_to_string(root.join("docs/feeds.md")).expect("readable");
    let promises = text.split_once("## What holds").expect("the table").1;
    let named: Vec<&str> = promises.lines().filter_map(|line| line.strip_suffix("` |")?.rsplit('`').next()).collect();
    assert!(named.len() > 30, "{}", named.len());
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "{name}");
    }
}
