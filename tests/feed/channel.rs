//! What feeds say of themselves.

use std::collections::BTreeMap;

use genblog::files::config::{Day, FeedFormat, Person, Rule};
use genblog::foreign::lint::lint;
use genblog::graph::site::ChannelImage;
use genblog::words::source_text::{Located, SourceText, Span};
use serde_json::json;

use crate::common::{Picture, outputs, route, site, text};
use crate::{BASE, feed, json, moment, one, only, site_of, xml};

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
fn a_name_and_an_address_are_enough_for_a_sound_channel() {
    let (site, _root) = site_of(
        "--- genblog.toml\nbase_url = 'https://example.org'\ntitle = 'Notes'\n--- content/posts/2026-10-01-a.md\n+++\ntitle = 'A'\n+++\nText.\n",
    );
    let rss = feed(&site);
    let channel = channel_of(&rss);
    for (name, expected) in
        [("title", "Notes"), ("link", "https://example.org/"), ("description", "Notes"), ("language", "en")]
    {
        assert_eq!(only(channel, name), expected);
    }
    let (outputs, _) = outputs(&site);
    for file in ["feed.xml", "atom.xml", "feed.json"] {
        assert_eq!(lint(&outputs[file], file), [], "{file}");
    }
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
fn days_and_a_hub_are_told() {
    let (mut site, _picture) = one("feed-days", "<p>a</p>");
    site.config.feed.skip_days = Some(Rule::Given(vec![Day::ALL[6], Day::ALL[5]]));
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
fn the_site_may_give_its_address_otherwise() {
    let (mut site, _picture) = one("feed-link", "<p>a</p>");
    let (before, tag) = (xml(&site, "atom.xml"), xml(&site, "tags/xen/feed.xml"));
    site.config.feed.link = Some("https://example.org/blog".to_owned());
    assert!(feed(&site).contains("<link>https://example.org/blog</link>"));
    assert_eq!(json(&site, "feed.json")["home_page_url"], "https://example.org/blog");
    let after = xml(&site, "atom.xml");
    assert!(after.contains(r#"<link rel="alternate" type="text/html" href="https://example.org/blog"/>"#), "{after}");
    assert!(xml(&site, "feeds.opml").contains(r#"htmlUrl="https://example.org/blog""#));
    // Readers know the feed again, and those of parts are as they were.
    let id = "<id>https://example.org/blog/</id>";
    assert!(before.contains(id) && after.contains(id));
    assert_eq!(xml(&site, "tags/xen/feed.xml"), tag);
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

fn channel_of(feed: &str) -> &str {
    feed.split("<item>").next().expect("a channel")
}

#[test]
fn a_picture_stands_for_the_channel() {
    let (mut site, _picture) = one("feed-image", "<p>a</p>");
    let image = |width, height| ChannelImage { route: route("mark.png"), media_type: "image/png", width, height };
    site.channel_image = Some(image(144, 144));
    let expected = |title: &str, page: &str| {
        format!(
            "    <image>\n      <url>{BASE}mark.png</url>\n      <title>{title}</title>\n      <link>{page}</link>\n      \
             <width>144</width>\n      <height>144</height>\n    </image>\n"
        )
    };
    // Title and link are the channel's, in every feed.
    assert!(channel_of(&feed(&site)).contains(&expected("Rings &amp; Things", BASE)), "{}", feed(&site));
    let tag = xml(&site, "tags/xen/feed.xml");
    assert!(channel_of(&tag).contains(&expected("Rings &amp; Things: Xen", &format!("{BASE}tags/xen/"))), "{tag}");
    let atom = xml(&site, "atom.xml");
    let mark = format!("{BASE}mark.png");
    assert_eq!((only(&atom, "icon"), only(&atom, "logo")), (&*mark, &*mark));
    let told = json(&site, "feed.json");
    assert_eq!((&told["icon"], &told["favicon"]), (&json!(mark), &json!(mark)));
    // What is not square is no icon.
    site.channel_image = Some(image(144, 72));
    let atom = xml(&site, "atom.xml");
    assert!(!atom.contains("<icon>") && only(&atom, "logo") == mark);
    assert_eq!(json(&site, "feed.json").get("icon"), None);
}

#[test]
fn a_channel_has_categories() {
    let (mut site, _picture) = one("feed-categories", "<p>a</p>");
    site.config.feed.categories = vec!["Computers".to_owned(), "R & D".to_owned()];
    let rss = feed(&site);
    assert!(
        channel_of(&rss).contains("    <category>Computers</category>\n    <category>R &amp; D</category>\n"),
        "{rss}"
    );
    let atom = xml(&site, "atom.xml");
    let atom = atom.split("<entry>").next().expect("a feed");
    assert!(atom.contains("<category term=\"Computers\"/>\n  <category term=\"R &amp; D\"/>"), "{atom}");
}

/// Somebody of whom everything is known.
fn person(name: &str, email: Option<&str>) -> Person {
    let source = SourceText::new("genblog.toml", "avatar");
    Person {
        name: name.to_owned(),
        email: email.map(str::to_owned),
        url: Some("https://a.example/".to_owned()),
        avatar: Some(Located { value: "/me.png".to_owned(), span: Span::new(&source, 0..1) }),
    }
}

#[test]
fn addresses_for_mail_stand_only_where_they_are_wanted() {
    let (mut site, _picture) = one("feed-mail", "<p>a</p>");
    for file in ["feed.xml", "atom.xml"] {
        let text = xml(&site, file);
        assert!(!text.contains("@") && !text.contains("managingEditor") && !text.contains("email"), "{text}");
    }
    site.config.people = vec![person("A. Writer", Some("a@a.example"))];
    site.config.feed.webmaster = Some(person("R. Root (night)", Some("root@a.example")));
    let rss = feed(&site);
    assert_eq!(only(&rss, "managingEditor"), "a@a.example (A. Writer)");
    // Parentheses end a name.
    assert_eq!(only(&rss, "webMaster"), "root@a.example (R. Root night)");
    // An item has names only.
    assert!(!rss.split("<item>").nth(1).expect("an item").contains('@'));
    let atom = xml(&site, "atom.xml");
    let author = "<name>A. Writer</name>\n    <uri>https://a.example/</uri>\n    <email>a@a.example</email>";
    assert!(atom.contains(author), "{atom}");
    let told = json(&site, "feed.json");
    let expected = json!([{ "name": "A. Writer", "url": "https://a.example/", "avatar": format!("{BASE}me.png") }]);
    assert_eq!((&told["authors"], &told["items"][0]["authors"]), (&expected, &expected));

    site.config.people = vec![person("A. Writer", None)];
    assert!(!feed(&site).contains("managingEditor") && !xml(&site, "atom.xml").contains("<email>"));
}
