//! The feed as readers get it.

mod common;

use std::collections::BTreeMap;

use common::{Picture, body, figure, outputs, post, site, text};
use genblog::graph::site::{Block, Site};
use quick_xml::Reader;
use quick_xml::events::Event;

const BASE: &str = "https://example.org/blog/";

/// The feed of a site, which must be well-formed.
fn feed(site: &Site) -> String {
    let (outputs, _) = outputs(site);
    let feed = text(&outputs, "feed.xml").to_owned();
    let mut reader = Reader::from_str(&feed);
    while reader.read_event().expect("well-formed") != Event::Eof {}
    feed
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
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
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
