//! Sound sites: what becomes of texts, and who belongs to a site under which address and guid.

mod sites;

use chrono::{DateTime, Utc};
use genblog::files::config::{Overrides, parse};
use genblog::files::source::{Content, Source, SourceFile};
use genblog::graph::site::{Block, Body, Site};
use genblog::graph::{Choice, assemble};
use genblog::rendering::view::shared::DateView;
use genblog::words::phrases::{Phrases, languages};
use genblog::words::source_text::SourceText;
use proptest::prelude::{ProptestConfig, proptest};

/// The site made of `text`, which has nothing wrong with it.
fn site(text: &str) -> Site {
    let folder = sites::folder(text);
    let (site, diagnostics) = sites::site(folder.path());
    assert_eq!(genblog::words::diagnostic::render(&diagnostics, false), "");
    site.expect("a sound configuration")
}

/// Blocks as text: HTML as it is, and a line for each figure.
fn shown(body: &Body) -> String {
    let block = |block: &Block| match block {
        Block::Html(html) => html.clone(),
        Block::Code(code) => format!("[{} {}]\n", code.language, code.text),
        Block::Diagram(diagram) => format!("[{} {}]\n", diagram.id, diagram.text),
        Block::Figure(figure) => {
            format!("[{} {} {} {:?} {}]\n", figure.id, figure.figure, figure.preset, figure.knobs, figure.caption)
        }
    };
    body.blocks.iter().map(block).collect()
}

/// What becomes of a post's Markdown.
fn check(markdown: &str, expected: &str) {
    let post = format!("--- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\n+++\n{markdown}\n");
    let others = "--- content/posts/2026-11-20-a/pic.png (png 3x2)\n--- content/pages/about.md\n+++\ntitle = \"About\"\n+++\n## Us";
    let site = site(&format!("{post}{others}"));
    assert_eq!(shown(&site.posts[0].body).trim_end(), expected.trim_end());
}

#[test]
fn headings_can_be_linked_to() {
    check(
        "## A *b* {.wide}\n\n### C {#own}\n\n[d](#own)",
        r##"<h2 id="a-b" class="wide">A <em>b</em><a class="anchor" href="#a-b" aria-label="Link to this section">#</a></h2>
<h3 id="own">C<a class="anchor" href="#own" aria-label="Link to this section">#</a></h3>
<p><a href="#own">d</a></p>"##,
    );
}

#[test]
fn links_and_pictures_are_resolved() {
    check(
        "[a](@/pages/about.md#us) [b](/about/ \"T\") <https://example.org/?a&b> ![A & *b*](pic.png)",
        r##"<p><a href="/blog/about/#us">a</a> <a href="/blog/about/" title="T">b</a> <a href="https://example.org/?a&amp;b">https://example.org/?a&amp;b</a> <img src="/blog/posts/a/pic.png" alt="A &amp; b" width="3" height="2" decoding="async"></p>"##,
    );
}

/// Keyboards write an accent and its letter as one character, and some file systems take them apart.
#[test]
fn a_name_is_found_however_its_accents_are_written() {
    let post = |name: &str, link: &str| {
        let text = format!("+++\ntitle = \"A\"\ndate = 2026-11-20\n+++\n![A]({link}) [b](/x/{link})\n");
        let site = site(&format!(
            "--- content/posts/a/index.md\n{text}--- content/posts/a/{name} (png 3x2)\n--- static/x/{name}\nx"
        ));
        shown(&site.posts[0].body)
    };
    let (composed, apart) = ("caf\u{e9}.png", "cafe\u{301}.png");
    let expected = |escaped: &str| {
        format!(
            "<p><img src=\"/blog/posts/a/{escaped}\" alt=\"A\" width=\"3\" height=\"2\" decoding=\"async\"> \
             <a href=\"/blog/x/{escaped}\">b</a></p>\n"
        )
    };
    // The address is that of the file as it is.
    assert_eq!(post(composed, apart), expected("caf%C3%A9.png"));
    assert_eq!(post(apart, composed), expected("cafe%CC%81.png"));
}

#[test]
fn some_pictures_stand_beside_the_text() {
    check(
        "![A](pic.png#left)\n![B](pic.png#right \"T\")\n![C](https://b.example/c.png#left)",
        r##"<p><img src="/blog/posts/a/pic.png" alt="A" width="3" height="2" class="left" decoding="async">
<img src="/blog/posts/a/pic.png" alt="B" width="3" height="2" title="T" class="right" decoding="async">
<img src="https://b.example/c.png#left" alt="C" decoding="async"></p>"##,
    );
}

#[test]
fn raw_html_is_resolved_too() {
    check(
        "<figure>\n<img src=\"pic.png\" alt=\"\">\n</figure>\n\n> <a\n> href=\"/about/\">x</a> & <b>y</b>",
        r##"<figure>
<img src="/blog/posts/a/pic.png" alt="" width="3" height="2">
</figure>
<blockquote>
<p><a href="/blog/about/">x</a> &amp; <b>y</b></p>
</blockquote>"##,
    );
}

#[test]
fn tables_say_how_their_columns_stand() {
    check(
        "| a | b |\n|:-:|--:|\n| 1 | `2` |",
        r##"<div class="table" tabindex="0" role="group" aria-label="Table"><table>
<thead><tr><th scope="col" class="align-center">a</th><th scope="col" class="align-right">b</th></tr></thead>
<tbody>
<tr><td class="align-center">1</td><td class="align-right"><code>2</code></td></tr>
</tbody></table></div>"##,
    );
}

#[test]
fn footnotes_lead_there_and_back() {
    check(
        "One[^a], two[^a].\n\n[^a]: Note.\n\n    More.\n",
        r##"<p>One<sup class="footnote-reference" id="fnref-1"><a href="#fn-1" role="doc-noteref">1</a></sup>, two<sup class="footnote-reference" id="fnref-1-2"><a href="#fn-1" role="doc-noteref">1</a></sup>.</p>
<section class="footnotes" role="doc-endnotes" aria-label="Footnotes">
<ol>
<li id="fn-1"><p>Note.</p>
<p>More. <a class="footnote-backref" href="#fnref-1" role="doc-backlink" aria-label="Back to the text">↩</a> <a class="footnote-backref" href="#fnref-1-2" role="doc-backlink" aria-label="Back to the text, 2">↩</a></p>
</li>
</ol>
</section>"##,
    );
}

#[test]
fn the_rest_of_markdown_is_there() {
    check(
        "> [!TIP]\n> x\n\n- [x] done\n- [ ] not\n\n3. three\n\nterm\n: what\n\n~~old~~ \"quoted\" -- a\\\nb <script>\n\n---\n\n```rust,ignore\nif a < b { \"\" }\n```",
        r##"<blockquote class="markdown-alert-tip">
<p class="markdown-alert-title">Tip</p>
<p>x</p>
</blockquote>
<ul>
<li><input type="checkbox" disabled checked aria-label="Done"> done</li>
<li><input type="checkbox" disabled aria-label="To do"> not</li>
</ul>
<ol start="3">
<li>three</li>
</ol>
<dl>
<dt>term</dt>
<dd>what</dd>
</dl>
<p><del>old</del> “quoted” – a<br>
b <script></p>
<hr>
[rust if a < b { "" }
]"##,
    );
}

#[test]
fn formulas_are_told_from_money_and_shells() {
    check(
        "It is $`x^2`$ and $`y`$, for $5, `$HOME` and ($a) `b`.",
        "<p>It is <math alttext=\"x^2\"><msup><mi>x</mi><mn>2</mn></msup></math> and <math alttext=\"y\"><mi>y</mi></math>, for $5, <code>$HOME</code> and ($a) <code>b</code>.</p>",
    );
    check(
        "```math\nx < y\n```",
        "<div class=\"formula\" tabindex=\"0\" role=\"group\" aria-label=\"Formula\"><math alttext=\"x &lt; y\" display=\"block\"><mi>x</mi><mo>&lt;</mo><mi>y</mi></math></div>",
    );
}

#[test]
fn figures_stand_between_html() {
    check(
        "a\n\n```sim\nfigure = \"ring\"\ncaption = \"See [us](@/pages/about.md).\"\n```\n\n- b\n\n  ```sim\n  figure = \"ring\"\n  ```\n",
        r##"<p>a</p>
[ring ring one-request [] See <a href="/blog/about/">us</a>.]
<ul>
<li><p>b</p>
[ring-2 ring one-request [] ]
</li>
</ul>"##,
    );
}

#[test]
fn words_are_bound_to_the_engine() {
    check(
        "[a](sim:ring=v1.burst.n10&light=bells,outstanding) [b](sim:ring) [c](sim:ring&light=bells) [d](#ring=v1.stops.n10)\n\n\
         At [236](claim:STOP_LINE) it stops, for [2.86](<claim:STOP_LINE * 1514 * 8 / 1000000> \"ms\") ms.\n\n\
         [Eight](knob:ring/size) slots.\n\n\
         ```sim\nfigure = \"ring\"\ncaption = \"Not [**18**](claim:ring=v1.burst/steps).\"\n```\n",
        r##"<p><a class="sim" href="#ring=v1.burst.n10" data-light="bells outstanding">a</a> <a class="sim" href="#ring">b</a> <a class="sim" href="#ring" data-light="bells">c</a> <a href="#ring=v1.stops.n10">d</a></p>
<p>At <data class="claim" value="236" data-claim="STOP_LINE">236</data> it stops, for <data class="claim" value="2.86" data-claim="STOP_LINE * 1514 * 8 / 1000000" title="ms">2.86</data> ms.</p>
<p><span class="knob" data-for="ring" data-knob="0">Eight</span> slots.</p>
[ring ring one-request [] Not <data class="claim" value="18" data-claim="ring=v1.burst/steps"><strong>18</strong></data>.]"##,
    );
}

#[test]
fn a_link_to_a_frame_has_a_place_on_the_figures_page() {
    let site = site(
        "--- content/posts/2026-11-20-a.md\n+++\ntitle = \"A\"\n+++\n```sim\nfigure = \"ring\"\n```\n\n[x](sim:ring=v1.burst.n10)\n\
         --- content/posts/2026-11-21-b.md\n+++\ntitle = \"B\"\n+++\n[a](sim:ring=v1.burst.n3&light=bells) \
         [b](@/posts/2026-11-20-a.md#ring=v1.stops.n10) [c](sim:ring=v1.burst.n3)\n",
    );
    let [Block::Html(links)] = &site.posts[0].body.blocks[..] else { panic!("a paragraph") };
    assert!(links.starts_with(r#"<p><a class="sim" href="/blog/posts/a/#ring=v1.burst.n3">a</a>"#), "{links}");
    let places: Vec<_> = site.posts[1]
        .body
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Figure(figure) => Some(&figure.places),
            Block::Html(_) | Block::Code(_) | Block::Diagram(_) => None,
        })
        .collect();
    assert_eq!(places, [&["ring=v1.burst.n10", "ring=v1.burst.n3", "ring=v1.stops.n10"]]);
}

#[test]
fn a_reference_to_source_code_has_its_line_and_what_it_does() {
    let site = site(
        "--- content/posts/2026-11-20-a.md\n+++\ntitle = \"A\"\n+++\n[](src:netif_page_release) [*b*](src:classic/netif_page_release())\n",
    );
    let entry = sim::telling::source::index::search("netif_page_release").expect("it is in the index");
    let html = shown(&site.posts[0].body);
    let (first, second) = html.split_once("</a> ").expect("two links");
    assert!(first.contains(&format!(r#"<a class="src" href="{}" title=""#, entry.url())), "{first}");
    assert!(first.ends_with(r#"data-src="classic/netif_page_release"><code>netif_page_release()</code>"#), "{first}");
    assert!(first.contains(entry.file) && first.contains(entry.version()), "{first}");
    assert!(second.contains(r#"data-src="classic/netif_page_release"><em>b</em></a>"#), "{second}");
}

#[test]
fn numbers_that_the_engine_has_confirmed_are_counted() {
    let post = "--- content/posts/2026-11-20-a.md\n+++\ntitle = \"A\"\n+++\n[236](claim:STOP_LINE)[^1]\n\n[^1]: [119](<claim:STOP_LINE / 2 + 1>)\n";
    assert_eq!(site(post).claims, 2);
}

#[test]
fn words_of_an_html_body_are_bound_to_the_engine_too() {
    let site = site(
        "--- content/posts/2026-11-14T21_05_37.txt\nA\n<h2>At <a href='claim:STOP_LINE'>236</a></h2>\n\
         <p><a href=\"sim:ring=v1.burst.n3&amp;light=bells\">x</a> <A class=y HREF=src:netif_page_release></A>\n\
         --- content/posts/2026-11-13-b.md\n+++\ntitle = \"B\"\n+++\n```sim\nfigure = \"ring\"\n```\n\n\
         <p><a href=\"claim:STOP_LINE / 2 + 1\"><b>119</b></a></p>\n",
    );
    let body = shown(&site.posts[0].body);
    let expected = r##"<h2 id="at-236">At <data class="claim" value="236" data-claim="STOP_LINE">236</data><a class="anchor" href="#at-236" aria-label="Link to this section">#</a></h2>
<p><a class="sim" href="/blog/posts/b/#ring=v1.burst.n3">x</a> <a class="src" href=""##;
    assert!(body.starts_with(expected), "{body}");
    assert!(body.trim_end().ends_with("<code>netif_page_release()</code></a>"), "{body}");
    assert_eq!(site.posts[0].body.headings[0].title, "At 236");
    assert_eq!(site.claims, 2);
    assert!(shown(&site.posts[1].body).contains(r#"data-claim="STOP_LINE / 2 + 1"><b>119</b></data>"#));
}

#[test]
fn the_lead_ends_at_the_mark() {
    let site = site("--- content/posts/2026-11-20-a.md\n+++\ntitle = \"A\"\n+++\nLead.\n\n<!-- more -->\n\nRest.\n");
    let body = &site.posts[0].body;
    assert_eq!((body.lead, body.words), (Some(1), 2));
    assert_eq!(body.blocks[0], Block::Html("<p>Lead.</p>\n".to_owned()));
}

#[test]
fn a_genblog_text_is_a_post() {
    let site = site(
        "--- content/posts/2026-11-14T21_05_37.txt\nTerms &amp; words\n#tags xen, PCI\n#authors Somebody\n<p>One\n<h2>Two</h2>\n<a href=2026-11-14T21_05_37.txt#two>me</a>\n",
    );
    let post = &site.posts[0];
    assert_eq!((post.route.as_str(), &*post.title), ("posts/terms-words/", "Terms & words"));
    assert_eq!(post.id, "https://example.org/blog/archives#2026-11-14T21_05_37.txt");
    assert_eq!(post.date.to_rfc3339(), "2026-11-14T21:05:37+01:00");
    assert_eq!(
        (post.archive_fragment().as_str(), &post.authors[..]),
        ("2026-11-14T21_05_37.txt", &["Somebody".to_owned()][..])
    );
    let expected = r##"<p>One
<h2 id="two">Two<a class="anchor" href="#two" aria-label="Link to this section">#</a></h2>
<a href="/blog/posts/terms-words/#two">me</a>"##;
    assert_eq!(shown(&post.body).trim_end(), expected);
}

#[test]
fn posts_are_ordered_tagged_and_named() {
    let site = site(
        "--- content/posts/2026-11-20-b.md\n---\ntitle: B\ntags: Xen, net\n---\n\
         --- content/posts/old.md\n+++\ntitle = \"Old\"\ndate = 2008-12-12T17:35:11+11:00\ntags = [\"xen\"]\naliases = [\"/was/here\"]\n+++\n\
         --- content/posts/2026-11-20-a/index.md\n+++\ntitle = \"A\"\nslug = \"first\"\nimage = \"pic.png\"\n+++\n\
         --- content/posts/2026-11-20-a/pic.png (png 3x2)\n\
         --- content/posts/2026-11-21-draft.md\n+++\ntitle = \"D\"\ndraft = true\n+++\n\
         --- content/posts/2026-12-24-future.md\n+++\ntitle = \"F\"\n+++\n\
         --- content/posts/2026-11-22-gone.md\n+++\ntitle = \"G\"\nexpires = 2026-11-30\n+++\n",
    );
    let posts: Vec<_> = site.posts.iter().map(|post| (post.route.as_str(), post.id.as_str())).collect();
    let expected = [
        ("posts/b/", "tag:example.org,2026-11-20:/blog/posts/b/"),
        ("posts/first/", "tag:example.org,2026-11-20:/blog/posts/first/"),
        ("posts/old/", "tag:example.org,2008-12-12:/blog/posts/old/"),
    ];
    assert_eq!(posts, expected);
    assert_eq!(site.posts[2].date.to_rfc3339(), "2008-12-12T07:35:11+01:00");
    assert_eq!(site.posts[1].image.as_ref().map(genblog::words::route::Route::as_str), Some("posts/first/pic.png"));
    let tags: Vec<_> = site.tags.values().map(|tag| (&*tag.name, tag.posts.len())).collect();
    assert_eq!(tags, [("net", 1), ("xen", 2)]);
    let aliases: Vec<_> = site.aliases.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    assert_eq!(aliases, [("was/here/", "posts/old/")]);
}

#[test]
fn the_same_sources_make_the_same_site() {
    let text = "--- content/posts/2026-11-20-b.md\n---\ntitle: B\ntags: [x, y]\n---\n# H\n--- static/a.txt\nA\n--- static/.well-known/b\nB";
    let (one, two) = (site(text), site(text));
    let routes = |site: &Site| site.files.iter().map(|file| file.route.to_string()).collect::<Vec<_>>();
    assert_eq!(routes(&one), ["/.well-known/b", "/a.txt"]);
    assert_eq!((routes(&one), shown(&one.posts[0].body)), (routes(&two), shown(&two.posts[0].body)));
}

/// Readers take a post with another guid for a new one.
#[test]
fn a_stored_id_survives_another_address_and_another_host() {
    let id = |base_url: &str, more: &str| {
        let config = format!("--- genblog.toml\nbase_url = '{base_url}'\ntitle = 'x'\n");
        let post = format!("--- content/posts/2026-11-20-a.md\n+++\ntitle = 'A'\n{more}+++\nText.");
        site(&format!("{config}{post}")).posts[0].id.clone()
    };
    let (here, there) = ("https://example.org/", "http://blog.example.net/notes/");
    let stored = "id = 'tag:example.org,2026-11-20:/posts/a/'\n";
    let moved = format!("{stored}slug = 'b'\n");
    assert_eq!([id(here, stored), id(there, stored), id(there, &moved)], [(); 3].map(|()| id(here, "")));
    assert_ne!(id(there, ""), id(here, ""));
}

#[test]
fn drafts_posts_of_the_future_and_expired_ones_are_kept_out() {
    let post = |name: &str, keys: &str| format!("--- content/posts/{name}.md\n+++\ntitle = 'A'\n{keys}+++\nText.\n");
    let text = [
        post("2026-11-20-out", ""),
        post("2026-11-20-draft", "draft = true\n"),
        post("2026-12-02-later", ""),
        post("2026-11-20-over", "expires = 2026-11-30\n"),
    ];
    let routes: Vec<String> = site(&text.concat()).posts.iter().map(|post| post.route.to_string()).collect();
    assert_eq!(routes, ["/posts/out/"]);
}

/// A site of one post, from memory.
fn in_memory(path: &str, text: &str) -> Site {
    let config = SourceText::new("genblog.toml", "base_url = 'https://example.org'\ntitle = 'x'");
    let config = parse(&config, &Overrides::default()).0.expect("sound");
    let file = SourceFile {
        path: path.to_owned(),
        file: path.into(),
        hash: blake3::hash(text.as_bytes()),
        length: text.len() as u64,
        content: Content::Text(SourceText::new(path, text)),
    };
    let now = "2026-12-01T00:00:00Z".parse().expect("a moment");
    let choice = Choice { now, drafts: true, future: true, expired: true };
    let source = Source { content: vec![file], ..Source::default() };
    assemble(config, &source, &choice).0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_markdown_becomes_a_post(text in "(\\[|\\]|\\(|\\)|\\^|!|`|~|\n|#|\\{|\\}|>|<|-|\\||:| |a|\\*|&|=|\"|@/|\\[\\^1\\]|```sim\n|<h2|href|/>|\\PC)*") {
        let site = in_memory("content/posts/2026-11-20-a.md", &format!("+++\ntitle = 'A'\n+++\n{text}"));
        assert_eq!(site.posts.len(), 1);
    }

    #[test]
    fn any_text_in_genblogs_form_becomes_a_post(text in "(#|tags|draft|id| |\n|<|>|a|h2|/|href|=|'|&|;|<!-- more -->|\\PC)*") {
        let site = in_memory("content/posts/2026-11-20T00_00_00.txt", &format!("A\n{text}"));
        assert!(site.posts.len() <= 1);
    }
}

/// So is what is said there of phrases.
#[test]
fn the_documented_phrases_are_sound() {
    let guide = include_str!("../docs/phrases.md");
    let example = guide.split("```").nth(1).and_then(|fence| fence.strip_prefix("toml\n")).expect("an example");
    let needed = "base_url = \"https://example.org/\"\ntitle = \"Notatki\"\n";
    let page = "--- content/pages/about.md\n+++\ntitle = \"O nas\"\n+++\nMy.\n";
    let folder = sites::folder(&format!("--- genblog.toml\n{needed}{example}{page}"));
    let (site, problems) = sites::site(folder.path());
    assert_eq!(genblog::words::diagnostic::render(&problems, false), "");
    let config = site.expect("a sound configuration").config;
    let phrases = Phrases::new(&config.language, &config.phrases);
    let pictures = [1, 2, 5, 22].map(|n| phrases.counted("pictures", n));
    assert_eq!(pictures, ["1 zdjęcie", "2 zdjęcia", "5 zdjęć", "22 zdjęcia"]);
    let day = "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().expect("a moment");
    assert_eq!(DateView::new(&day, &phrases).day, "1 marca 2026");
    // And all languages that genblog speaks are named.
    assert!(languages().all(|language| guide.contains(&format!("`{language}`"))));
}

/// The example of every key is one that a site can have.
#[test]
fn the_documented_configuration_is_sound() {
    let guide = include_str!("../docs/configuration.md");
    let example = guide.split("```").nth(1).and_then(|fence| fence.strip_prefix("toml\n")).expect("an example");
    let folder = sites::folder(&format!(
        "--- genblog.toml\n{example}--- static/me.png (png 8x8)\n--- content/pages/about.md\n+++\ntitle = \"About\"\n+++\nUs.\n"
    ));
    let (site, problems) = sites::site(folder.path());
    assert_eq!(genblog::words::diagnostic::render(&problems, false), "");
    let config = site.expect("a sound configuration").config;
    assert_eq!((config.page_size, config.search), (10, true));
    assert_eq!(config.themes.theme.map(|theme| theme.value).as_deref(), Some("weblog"));
}
