//! Feeds of every kind and in every state.

use std::fs;

use genblog::foreign::feed;
use genblog::foreign::feed::posts::{self, Wanted};
use genblog::foreign::writing;
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};

use crate::damage::{damaged, seeds};
use crate::{folder, fuzz, genblog, snapshot};

/// A site whose feed has everything that ours can have.
const OWN: &str = "--- old/genblog.toml
base_url = 'https://example.org/blog/'
title = 'Rings & Things'
description = 'What a <driver> sees.'
timezone = 'Asia/Kathmandu'
author = { name = 'A. Writer', email = 'a@example.org', url = 'https://a.example/', avatar = '/mark.png' }
authors = [{ name = 'C', url = 'https://c.example/' }]
copyright = 'CC BY 4.0'
[feed]
image = '/mark.png'
categories = ['Computers', 'Rings, of <all> kinds']
webmaster = { name = 'R. Root', email = 'root@example.org' }
ttl = 90
summaries = true
skip_hours = { timezone = 'UTC', hours = [15, 16, 0, 1, 13] }
skip_days = ['Sunday', 'Friday']
hub = 'https://hub.example/'
--- old/static/mark.png (png 32x32)
--- old/content/posts/2026-11-20-ring/index.md
+++
title = 'The <ring> & \"more\", &amp; so on'
date = 2026-11-20T09:30:15
updated = 2026-11-21
tags = ['Xen', 'C++, mostly']
summary = 'Short & <good>.'
image = 'ring.png'
link = 'https://elsewhere.example/a&b/ring'
enclosure = 'ring.mp3'
+++
See [the other](@/posts/other.md) and ![a ring](ring.png). A `]]>` and &nbsp;\u{a0}.

```c
\tif (a < b && c)
\t\treturn;
```

> quoted

| a | b |
|---|---|
| 1 | 2 |
--- old/content/posts/2026-11-20-ring/ring.png (png 3x2)
--- old/content/posts/2026-11-20-ring/ring.mp3
sound
--- old/content/posts/other.md
+++
title = 'Another'
enclosure = { url = 'https://cdn.example/other', length = 12345, type = 'audio/x-other' }
date = 2025-03-01
id = 'urn:x:1'
authors = ['B. Writer', 'C']
lang = 'de'
+++
Text with <tt>old</tt> HTML, and a figure.

```sim
figure = \"ring\"
preset = \"burst\"
caption = \"Look.\"
```
--- old/content/posts/2008-12-12T17_35_11.txt
Of old
<p>One
<p align=left>Two <a href=\"/posts/other/\">here</a>
";

/// A feed of ours becomes posts whose feed is the same, in all three formats: but for the pictures that stand for a post or for
/// the channel, unless they are at hand, and then with them.
#[test]
fn our_own_feeds_come_back_the_same() {
    let root = folder(OWN);
    let (code, _, complaints) = genblog(&root.path().join("old"), &["build", "--quiet"]);
    assert_eq!(code, Some(0), "{complaints}");
    for (name, pictures) in ["feed.xml", "atom.xml", "feed.json"].iter().flat_map(|name| [(name, false), (name, true)])
    {
        let new = format!("new-{pictures}-{name}");
        let source = format!("old/public/{name}");
        let mut arguments = vec!["import", &source, "--into", &new];
        if pictures {
            arguments.extend(["--pictures", "old/public"]);
        }
        let (code, told, complaints) = genblog(root.path(), &arguments);
        assert_eq!(code, Some(0), "{told}{complaints}");
        let (code, _, complaints) = genblog(&root.path().join(&new), &["build", "--quiet"]);
        assert_eq!(code, Some(0), "{told}{complaints}");
        let read = |site: &str| {
            let feed = fs::read_to_string(root.path().join(site).join("public").join(name)).expect("a feed");
            lines(&feed, pictures)
        };
        let (old, new) = (read("old"), read(&new));
        assert_eq!(old, new, "{name} {pictures}: {told}");
        let wanted = ["ring.png", "ring.mp3", "https://cdn.example/other", "elsewhere.example/a", "A. Writer"];
        for wanted in wanted.iter().chain(pictures.then_some(&"mark.png")) {
            assert!(old.contains(wanted), "{wanted} in {old}");
        }
    }
}

/// A feed without what it says of pictures that are not at hand.
fn lines(feed: &str, pictures: bool) -> String {
    if pictures {
        // The picture of a figure is a file of the new site's own.
        let of_figure = |line: &&str| line.contains("<media:") && line.contains("figure-ring");
        return feed.lines().filter(|line| !of_figure(line)).collect::<Vec<_>>().join("\n");
    }
    let (before, rest) = feed.split_once("<image>").unwrap_or((feed, ""));
    let after = rest.split_once("</image>").map_or("", |(_, after)| after);
    let marks = ["<media:", "type=\"image/", "\"image\":", "\"icon\":", "\"favicon\":", "<logo>", "<icon>"];
    let lines = before.lines().chain(after.lines()).filter(|line| !line.trim().is_empty());
    lines.filter(|line| !marks.iter().any(|mark| line.contains(mark))).collect::<Vec<_>>().join("\n")
}

/// Whatever bytes a feed is written in, it becomes the same files.
#[test]
fn the_encoding_of_a_feed_makes_no_difference() {
    let text = |declaration: &str| {
        format!(
            "{declaration}<rss><channel><title>Caf\u{e9}</title><link>https://a.example/</link><item><title>\u{201c}\u{fc}\u{201d}</title>\
            <pubDate>Fri, 12 Dec 2008 17:35:11 GMT</pubDate><description>&lt;p>\u{e9}</description></item></channel></rss>"
        )
    };
    let latin = |text: &str| -> Vec<u8> {
        let byte = |c: char| match c {
            '\u{201c}' => 0x93,
            '\u{201d}' => 0x94,
            c => u8::try_from(u32::from(c)).expect("Latin-1"),
        };
        text.chars().map(byte).collect()
    };
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
    let variants = [
        text("").into_bytes(),
        marked(b"\xef\xbb\xbf", text("").into_bytes()),
        latin(&text("<?xml version='1.0' encoding='ISO-8859-1'?>")),
        latin(&text("")),
        text("<?xml version='1.0' encoding='windows-1252'?>").into_bytes(),
        marked(b"\xff\xfe", wide(&text(""), u16::to_le_bytes)),
        marked(b"\xfe\xff", wide(&text(""), u16::to_be_bytes)),
        wide(&text(""), u16::to_le_bytes),
    ];
    let mut all = variants.iter().map(|bytes| {
        let reading = feed::read(bytes).expect("a feed");
        writing::write(&posts::site(reading, "feed.xml", Wanted::default()), chrono_tz::Tz::UTC).files
    });
    let first = all.next().expect("a variant");
    assert!(format!("{first:?}").contains("title = \\\"\u{201c}\u{fc}\u{201d}\\\""), "{first:?}");
    for (number, other) in all.enumerate() {
        assert_eq!(first, other, "variant {}", number + 1);
    }
}

#[test]
fn pictures_of_a_feed_are_found_in_a_folder_and_become_the_posts_own() {
    let root = folder(
        "--- feed.xml\n<rss><channel><title>T</title><link>https://a.example/</link><item><title>One</title><link>https://a.example/one/</link>\
         <pubDate>Fri, 12 Dec 2008 17:35:11 GMT</pubDate><description>&lt;img src='https://a.example/p/x.png' alt='x'>\
         &lt;img alt='a &lt; b' src='/q/x.png'>&lt;img src='https://cdn.example/gone.png' alt='y'>&lt;a href='/p/big.png'>z&lt;/a></description></item></channel></rss>\n\
         --- pics/p/x.png (png 3x2)\n--- pics/q/x.png (png 4x2)\n--- pics/big.png (png 5x2)\n",
    );
    let (code, told, _) = genblog(root.path(), &["import", "feed.xml", "--pictures", "pics", "--into", "new"]);
    assert_eq!(code, Some(0));
    let files: Vec<String> =
        snapshot(&root.path().join("new/content")).into_keys().map(|path| path.display().to_string()).collect();
    let post = "posts/2008-12-12-one";
    assert_eq!(files, ["2-x.png", "big.png", "index.html", "x.png"].map(|name| format!("{post}/{name}")), "{told}");
    assert!(
        told.contains("by hand: `https://cdn.example/gone.png` is not among the pictures; its address is kept"),
        "{told}"
    );
    let (code, _, complaints) = genblog(&root.path().join("new"), &["build", "--quiet"]);
    assert_eq!((code, &*complaints), (Some(0), ""));
    let page = fs::read_to_string(root.path().join("new/public/posts/one/index.html")).expect("a page");
    assert!(page.contains("src=\"/posts/one/x.png\"") && page.contains("width=\"4\""), "{page}");
}

/// Folders that genblog fills itself are in the way of files of the same addresses.
#[test]
fn files_out_of_genblogs_way_are_found_where_they_are() {
    let picture = "--- pics/assets/x.png (png 3x2)\n--- pics/feed/logo.png (png 4x2)\n--- pics/page/talk.ogg\nsound\n";
    let feed = "<rss version='2.0'><channel><title>T</title><link>https://a.example/</link><description>D</description><language>en</language>\
                <image><url>https://a.example/feed/logo.png</url><title>T</title><link>https://a.example/</link></image><item>\
                <guid isPermaLink='false'>https://a.example/archives#2008-12-12T17_35_11.txt</guid><title>One</title>\
                <link>https://a.example/archives#2008-12-12T17_35_11.txt</link><pubDate>Fri, 12 Dec 2008 17:35:11 +0000</pubDate>\
                <enclosure url='https://a.example/page/talk.ogg' length='5' type='audio/ogg'/>\
                <description><![CDATA[<img src='https://a.example/assets/x.png' alt='x'>]]></description></item></channel></rss>";
    let root = folder(&format!("--- feed.xml\n{feed}\n{picture}"));
    let (code, told, _) = genblog(root.path(), &["import", "feed.xml", "--pictures", "pics", "--into", "new"]);
    assert_eq!(code, Some(0), "{told}");
    let new = root.path().join("new");
    let files: Vec<String> = snapshot(&new).into_keys().map(|path| path.display().to_string()).collect();
    for file in ["assets/x.png", "feed/logo.png", "page/talk.ogg"] {
        assert!(files.contains(&format!("static/files/{file}")), "{files:?}");
    }
    let (code, _, complaints) = genblog(&new, &["build", "--quiet"]);
    assert_eq!((code, &*complaints), (Some(0), ""));
    let written = fs::read_to_string(new.join("public/feed.xml")).expect("a feed");
    for file in ["assets/x.png", "feed/logo.png", "page/talk.ogg"] {
        assert!(written.contains(&format!("https://a.example/files/{file}")), "{written}");
    }
}

/// A document that is nested more deeply than any stack, and one that never ends.
#[test]
fn depth_costs_no_stack() {
    for (piece, count) in [
        ("<a>", 100_000),
        ("<description><div>", 100_000),
        ("<title>", 100_000),
        ("<![CDATA[", 100_000),
        ("<item>", 3_000),
        ("<entry><content type='xhtml'><div>", 3_000),
    ] {
        let text = format!("<rss><channel>{}", piece.repeat(count));
        let reading = feed::read(text.as_bytes()).expect("a feed");
        let _ = posts::site(reading, "feed.xml", Wanted::default());
    }
    let json = format!("{{\"items\":[{}", "{\"a\":[".repeat(100_000));
    assert!(feed::read(json.as_bytes()).is_err());
}

#[test]
fn many_items_of_one_name_are_kept_apart() {
    let item = "<item><title>Same</title><pubDate>Fri, 12 Dec 2008 17:35:11 +0000</pubDate><description>x</description></item>";
    let text = format!("<rss><channel><title>T</title>{}", item.repeat(5_000));
    let reading = feed::read(text.as_bytes()).expect("a feed");
    let writing = writing::write(&posts::site(reading, "feed.xml", Wanted::default()), chrono_tz::Tz::UTC);
    let last = &writing.files[4_999];
    assert_eq!((writing.files.len(), &*last.path), (5_000, "content/posts/2008-12-12-same-5000.html"));
    assert!(format!("{last:?}").contains("slug = \\\"same-5000\\\""), "{last:?}");
}

#[test]
fn each_of_many_broken_links_is_told() {
    let text = |number: usize| {
        let links: String = (0..10).map(|link| format!("[x](/categories/some-subject-{number}-{link}/) ")).collect();
        format!("--- old/content/posts/post-number-{number}.md\n+++\ntitle = 'T'\ndate = 2020-01-01\n+++\n{links}\n")
    };
    let texts: String = (0..600).map(text).collect();
    let root = folder(&format!("--- old/hugo.toml\nbaseURL = 'https://a.example/'\ntitle = 'T'\n{texts}"));
    let (code, told, _) = genblog(root.path(), &["import", "old", "--into", "new", "--dry-run"]);
    assert_eq!((code, told.matches("leads to nothing that was taken over").count()), (Some(0), 6_000));
}

/// Feeds to be damaged.
const SEEDS: [&str; 3] = [
    "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>A &amp; B</title>\
     <link>https://a.example/x</link><ttl>60</ttl><skipHours><hour>24</hour></skipHours><item><guid isPermaLink='false'>g#1</guid><link>https://a.example/x/y#z.txt</link>\
     <pubDate>Fri, 12 Dec 2008 17:35:11 +1100</pubDate><title>T&nbsp;1</title><category>c</category><description><![CDATA[\n\t<p>One <a href=\"/p\"\n<img src='q.png'></tt>]]></description>\
     <content:encoded>&lt;p id=a>Two&lt;p id=a></content:encoded></item><item><title>2</title><pubDate>12 Dec 08</pubDate></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'><title>T</title><link href='https://a.example/'/><updated>2008-12-12T00:00:00Z</updated><entry><id>urn:1</id><title type='html'>a&amp;lt;b</title>\
     <link rel='alternate' href='/one'/><author><name>N</name></author><published>2008-12-12T17:35:11+11:00</published><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>x<br/></p></div></content></entry></feed>",
    "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"home_page_url\":\"https://a.example/\",\"items\":[{\"id\":\"1\",\"url\":\"https://a.example/1/\",\"content_html\":\"<p>x</p>\",\"date_published\":\"2008-12-12T17:35:11Z\",\"tags\":[\"a\"]}]}",
];

/// What trips readers of feeds up.
const TRIPS: [&str; 31] = [
    "<",
    ">",
    "&",
    "\"",
    "'",
    "]]>",
    "<![CDATA[",
    "<!--",
    "</item>",
    "<item>",
    "&#0;",
    "&#x10ffff;",
    "\u{0}",
    "\u{1}",
    "#",
    "../",
    "{#a}",
    "<script>",
    "<h2 id='a'>",
    "+++",
    "%00",
    "?",
    " ",
    "\u{a0}",
    "mailto:",
    "<enclosure url='x y' length='1' type='a/b'/>",
    "<managingEditor>a@b (c)</managingEditor>",
    "<language>english</language>",
    "<link>http:///</link>",
    "<a href='sim:x'>",
    "<a name='a'>",
];

fn damaged_feeds() -> impl Strategy<Value = Vec<u8>> {
    damaged(SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec(), &TRIPS)
}

/// What a fuzzer began with and what it found.
#[test]
fn seeds_are_played() {
    for seed in seeds("feeds", 15) {
        fuzz::feeds::check(&seed);
        fuzz::feeds::import(&seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz::feeds::import(&bytes);
        fuzz::feeds::import(&[b"<rss><channel><item>".as_slice(), &bytes].concat());
    }

    #[test]
    fn whatever_damage_a_feed_has_its_files_stay_in_their_folder(bytes in damaged_feeds()) {
        fuzz::feeds::import(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 10, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_damaged_feed_gives_builds(bytes in damaged_feeds()) {
        let root = folder("--- x\n");
        fs::write(root.path().join("feed"), &bytes).expect("writable");
        let (code, told, complaints) = genblog(root.path(), &["import", "feed", "--into", "new"]);
        assert!(!complaints.contains("panicked"), "{complaints}");
        let new = root.path().join("new");
        if code == Some(0) {
            let (code, _, complaints) = genblog(&new, &["build", "--quiet"]);
            assert_eq!(code, Some(0), "{told}\n{complaints}");
        } else {
            // Only what is no feed, or one without items, gives no site.
            let is_none = complaints.contains("error[no-feed]") || complaints.contains("error[no-source]");
            assert!(code == Some(1) && is_none && !new.exists(), "{code:?}\n{told}\n{complaints}");
        }
    }
}

/// The texts of all elements of a name, without the space around them.
fn texts(feed: &str, name: &str) -> Vec<String> {
    let open = format!("<{name}");
    let parts = feed.split(&open).skip(1);
    let text = |part: &str| Some(part.split_once('>')?.1.split("</").next()?.trim().to_owned());
    parts.filter_map(text).map(|text| text.replace("&nbsp;", "\u{a0}")).collect()
}

/// A feed as genBlog wrote them, damaged as it was, comes back from the new site with every field and their order.
#[test]
fn a_feed_of_genblog_comes_back_field_by_field() {
    let golden = include_str!("golden/feed-of-genblog.txt");
    let (_, source) = golden.split_once('\n').expect("a command");
    let source = source.split_once("\n===\n").map_or(source, |(source, _)| source);
    let root = folder(source);
    genblog(root.path(), &["import", "old.rss", "--into", "new"]);
    genblog(&root.path().join("new"), &["build", "--quiet"]);
    let read = |path: &str| fs::read_to_string(root.path().join(path)).expect("a feed");
    let (old, new) = (read("old.rss"), read("new/public/feed.xml"));
    for name in ["title", "guid", "pubDate", "hour", "ttl", "lastBuildDate", "language", "link"] {
        assert_eq!(texts(&old, name), texts(&new, name), "{name}");
    }
    // The old addresses lead to a page with the place that they name.
    let page = read("new/public/theme_wool/archives/index.html");
    assert!(
        page.contains("<li id=\"2007-12-02T17_05_09.txt\">2007-12-02 <a href=\"/~ada/posts/the-loom/\">"),
        "{page}"
    );
    // A picture's tag in which nothing had to change keeps its bytes, and `pre` its indentation.
    for bytes in [
        "draft.png\"\n width=32 height=20 alt=\"[A draft\n of",
        "<pre>\nlift(1);\n\tif (tight)\n\t\trelease();\n\n</pre>",
    ] {
        assert!(new.contains(bytes), "{bytes} in {new}");
    }
    // All else is as it was but for what was broken, and a link to another post leads to its new page.
    let mended = [
        ("draft.dot\"\n", "draft.dot\">\n"),
        ("</tt>heddle</tt>", "heddle"),
        ("&nbsp<tt>", "&nbsp;<tt>"),
        ("theme_wool/archives#2007-12-02T17_05_09.txt\">the loom", "posts/the-loom/\">the loom"),
    ];
    let mut whole = descriptions(&old).join("\n");
    for (broken, sound) in mended {
        assert_eq!(whole.matches(broken).count(), 1, "{broken}");
        whole = whole.replace(broken, sound);
    }
    assert_eq!(descriptions(&new).join("\n"), whole);
    assert_eq!(old.matches("<item>").count(), new.matches("<item>").count());
}

/// The HTML of each item, without the four tabs before every line that genBlog wrote.
fn descriptions(feed: &str) -> Vec<String> {
    let items = feed.split("<item>").skip(1).filter_map(|item| item.split_once("<![CDATA[")?.1.split("]]>").next());
    items.map(|html| html.replace("\n\t\t\t\t", "\n").trim().to_owned()).collect()
}
