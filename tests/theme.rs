//! The built-in theme: every template renders, links lead somewhere, and pages keep to their policy.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{Picture, hash, outputs, route, site, template, text};
use genblog::files::kept::{Access, Kept};
use genblog::graph::site::{Block, Publishing, Site};
use genblog::rendering::plan::plan;
use genblog::rendering::portable::absolute;
use genblog::rendering::renderer::Renderer;
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::Diagnostic;
use lol_html::{RewriteStrSettings, element, rewrite_str};

const BASE: &str = "https://example.org/blog/";

/// An element's name and attributes.
type Element = (String, BTreeMap<String, String>);

fn elements(html: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let handler = element!("*", |element| {
        let attributes = element.attributes().iter().map(|attribute| (attribute.name(), attribute.value()));
        found.push((element.tag_name(), attributes.collect()));
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(handler)).expect("HTML");
    found
}

fn pages(outputs: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (&str, Vec<Element>)> {
    let html = outputs.keys().filter(|file| file.ends_with(".html"));
    html.map(|file| (file.as_str(), elements(text(outputs, file))))
}

#[test]
fn every_page_renders_and_is_where_it_should_be() {
    let picture = Picture::new("theme-pages");
    let (outputs, problems) = outputs(&site(BASE, &picture.0));
    assert_eq!(problems, []);
    let pages: Vec<&str> = pages(&outputs).map(|(file, _)| file).collect();
    assert_eq!(
        pages,
        [
            "2008/new.html",
            "404.html",
            "about/index.html",
            "archives/index.html",
            "feed/index.html",
            "gallery/index.html",
            "gallery/walk/index.html",
            "gallery/walk/stone/index.html",
            "index.html",
            "page/2/index.html",
            "posts/new/figure-ring.html",
            "posts/new/index.html",
            "posts/old/index.html",
            "tags/index.html",
            "tags/xen/index.html",
        ]
    );
}

/// Whether a link leads to code that others publish, or holds what it names in itself.
fn is_elsewhere(link: &str) -> bool {
    let hosts = ["https://xenbits.xen.org/", "https://git.kernel.org/", "https://github.com/"];
    link.starts_with("data:") || hosts.iter().any(|host| link.starts_with(host))
}

/// A summary that only repeats the start of the text is for lists.
#[test]
fn a_post_shows_its_authors_summary_and_no_other() {
    let picture = Picture::new("theme-lede");
    let mut site = site(BASE, &picture.0);
    let lede =
        |site: &_| text(&outputs(site).0, "posts/old/index.html").contains("<p class=\"lede p-summary\">What it says.");
    assert!(lede(&site));
    site.posts[1].is_summarised = false;
    assert!(!lede(&site));
}

/// A picture that moves from `static/` to the text that it belongs to has the same address and the same bytes, and loses its place.
#[test]
fn how_a_file_is_published_is_a_part_of_what_it_depends_on() {
    let picture = Picture::new("theme-publishing");
    let fingerprint = |publishing| {
        let mut site = site(BASE, &picture.0);
        site.files[0].publishing = publishing;
        let theme = Theme::new(&[]).expect("the built-in theme is sound");
        let renderer = Renderer::new(&site, &theme, blake3::hash(b"test"));
        let (plan, _) = plan(&renderer, &Kept::new(Path::new("/nowhere"), Access::Read));
        plan.outputs.iter().find(|output| output.route.as_str() == "stone.png").map(|output| output.fingerprint)
    };
    assert_ne!(fingerprint(Publishing::AsItIs), fingerprint(Publishing::WithoutMetadata));
}

#[test]
fn every_link_leads_to_an_output() {
    let picture = Picture::new("theme-links");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    for (file, elements) in pages(&outputs) {
        let url = format!("{BASE}{}", file.strip_suffix("index.html").unwrap_or(file));
        let ids: BTreeSet<&str> =
            elements.iter().filter_map(|(_, attributes)| attributes.get("id").map(String::as_str)).collect();
        for (name, attributes) in &elements {
            let sources = attributes.get("srcset").map(|set| set.split(", ").filter_map(|one| one.split(' ').next()));
            let links = ["href", "src", "data-module", "data-wasm", "data-alone", "data-page"];
            let links = links.iter().filter_map(|name| attributes.get(*name)).filter(|link| !is_elsewhere(link));
            for link in links.map(String::as_str).chain(sources.into_iter().flatten()) {
                let target = absolute(link, &url);
                let Some(path) = target.strip_prefix(BASE) else { panic!("{file}: <{name}> leads to {target}") };
                let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
                let path =
                    if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
                assert!(outputs.contains_key(&path), "{file}: <{name}> leads to {target}, which is not there");
                let here = file == path && !fragment.is_empty() && !fragment.contains('=');
                assert!(!here || ids.contains(fragment), "{file}: nothing has the id {fragment}");
            }
        }
    }
}

/// Whether a `script` element says something and does nothing: no browser runs JSON-LD.
fn is_data(attributes: &BTreeMap<String, String>) -> bool {
    attributes.get("type").is_some_and(|kind| kind == "application/ld+json")
}

#[test]
fn nothing_in_a_page_breaks_its_policy() {
    let picture = Picture::new("theme-policy");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    for (file, elements) in pages(&outputs) {
        let mut ids = BTreeSet::new();
        // A figure's own page has everything in it, each known to its policy.
        let policy = elements.iter().find(|(_, attributes)| {
            attributes.get("http-equiv").is_some_and(|header| header == "Content-Security-Policy")
        });
        assert_eq!(policy.is_some(), file.ends_with("/figure-ring.html"), "{file}");
        let policy = policy.map(|(_, attributes)| attributes["content"].clone()).unwrap_or_default();
        for (name, attributes) in elements {
            if let Some(nonce) = attributes.get("nonce") {
                assert_eq!(policy.matches(&format!("'nonce-{nonce}'")).count(), 2, "{file}: {policy}");
            } else {
                assert_ne!(name, "style", "{file}");
                let runs = name == "script" && !is_data(&attributes);
                assert!(!runs || attributes.contains_key("src"), "{file}: a script in the page");
            }
            for attribute in attributes.keys() {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{file}: <{name} {attribute}>");
            }
            if let Some(id) = attributes.get("id") {
                assert!(ids.insert(id.clone()), "{file}: two elements have the id {id}");
            }
            if name == "img" {
                assert!(attributes.contains_key("alt"), "{file}: a picture without a text");
                assert!(
                    attributes.contains_key("width") && attributes.contains_key("height"),
                    "{file}: the page would jump"
                );
            }
        }
    }
    let headers = text(&outputs, "_headers");
    let policy =
        |path: &str| headers.split_once(&format!("\n{path}\n")).expect("a rule").1.lines().next().expect("a header");
    assert!(policy("/blog/posts/new/").contains("'wasm-unsafe-eval'"));
    assert!(!policy("/blog/posts/old/").contains("wasm"));
    assert!(!headers.contains("unsafe-inline"));
}

#[test]
fn pages_load_the_scripts_that_they_need_and_no_others() {
    let picture = Picture::new("theme-scripts");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    for (file, elements) in pages(&outputs).filter(|(file, _)| !file.contains("figure-")) {
        let scripts = elements.iter().filter(|(name, attributes)| name == "script" && !is_data(attributes));
        let stem = |link: &str| link.rsplit('/').next().and_then(|name| name.split('.').next()).map(str::to_owned);
        let scripts: Vec<String> = scripts.filter_map(|(_, attributes)| stem(&attributes["src"])).collect();
        let expect: &[&str] = match file {
            "feed/index.html" => &["copy"],
            "gallery/walk/index.html" => &["viewer"],
            "gallery/walk/stone/index.html" => &["neighbours"],
            "posts/new/index.html" => &["shell"],
            _ => &[],
        };
        assert_eq!(scripts, expect, "{file}");
        let sheets =
            elements.iter().filter(|(_, attributes)| attributes.get("rel").is_some_and(|rel| rel == "stylesheet"));
        let sheets: Vec<String> = sheets.filter_map(|(_, attributes)| stem(&attributes["href"])).collect();
        let expect: &[&str] = if file == "gallery/walk/index.html" { &["style", "viewer"] } else { &["style"] };
        assert_eq!(sheets, expect, "{file}");
    }
}

#[test]
fn archives_keep_the_fragments_of_old_links() {
    let picture = Picture::new("theme-archives");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    let page = text(&outputs, "archives/index.html");
    assert!(page.contains("id=\"2008-12-12T17_35_11.txt\""));
    assert!(page.contains("id=\"2008-12-12T09_35_11.txt\""));
}

#[test]
fn the_lead_on_the_home_page_links_into_the_post() {
    let picture = Picture::new("theme-lead");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    assert!(text(&outputs, "index.html").contains("<a href=\"/blog/posts/new/#how\">a link</a>"));
}

#[test]
fn a_post_with_a_figure_has_a_card_for_previews() {
    let picture = Picture::new("card");
    let mut site = site("https://example.org/blog/", &picture.0);
    let (made, problems) = outputs(&site);
    assert_eq!(problems, []);
    let card = image::load_from_memory(&made["posts/new/card.png"]).expect("a PNG");
    assert_eq!((card.width(), card.height()), (1200, 630));
    let page = text(&made, "posts/new/index.html");
    for meta in [
        r#"<meta property="og:image" content="https://example.org/blog/posts/new/card.png">"#,
        r#"<meta property="og:image:width" content="1200">"#,
        r#"<meta property="og:image:height" content="630">"#,
        r#"<meta name="twitter:card" content="summary_large_image">"#,
    ] {
        assert!(page.contains(meta), "{meta}");
    }
    site.posts[0].image = Some(route("stone.png"));
    let (made, _) = outputs(&site);
    assert!(!made.contains_key("posts/new/card.png"), "a post's own picture stands for it");
    assert!(!text(&made, "posts/new/index.html").contains("og:image:width"));
}

#[test]
fn a_post_with_nothing_to_show_has_a_card_where_the_site_asks_for_it() {
    let picture = Picture::new("title-card");
    let mut site = site("https://example.org/blog/", &picture.0);
    site.posts.iter_mut().for_each(|post| {
        post.body.blocks.retain(|block| !matches!(block, Block::Figure(_)));
        post.image = None;
    });
    let card_of = |site: &Site| outputs(site).0.get("posts/new/card.png").cloned();
    assert_eq!(card_of(&site), None, "nobody asked");
    site.config.social_cards = true;
    let mut cards = Vec::new();
    for title in [
        "Short",
        "How a guest learns to slow down, and why nobody tells it to, in a title that goes on for longer than anybody reads it aloud",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "A party 🎉 & <more>",
    ] {
        site.posts[0].title = title.to_owned();
        let (made, problems) = outputs(&site);
        assert_eq!(problems, []);
        let card = made["posts/new/card.png"].clone();
        let seen = image::load_from_memory(&card).expect("a PNG").to_rgb8();
        assert_eq!(seen.dimensions(), (1200, 630));
        // The margin at the right stays free: no line is cut.
        assert!((0..630).all(|y| (1170..1200).all(|x| seen.get_pixel(x, y) == seen.get_pixel(1199, 0))), "{title}");
        cards.push(card);
        let page = text(&made, "posts/new/index.html");
        assert!(page.contains("og:image:width") && page.contains("summary_large_image"), "{page}");
    }
    assert!(cards.windows(2).all(|two| two[0] != two[1]));
    // Boxes say less than no picture.
    for title in ["環と頁", "שלום עולם", "🎉"] {
        site.posts[0].title = title.to_owned();
        assert_eq!(card_of(&site), None, "{title}");
    }
}

#[test]
fn an_old_address_says_where_the_page_went() {
    let picture = Picture::new("theme-alias");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    let page = text(&outputs, "2008/new.html");
    assert!(page.contains("http-equiv=\"refresh\" content=\"0; url=/blog/posts/new/\""));
    assert!(page.contains("rel=\"canonical\" href=\"https://example.org/blog/posts/new/\""));
    assert!(page.contains("noindex"));
}

#[test]
fn the_sitemap_names_what_people_look_for() {
    let picture = Picture::new("theme-sitemap");
    let (outputs, _) = outputs(&site(BASE, &picture.0));
    let sitemap = text(&outputs, "sitemap.xml");
    assert!(sitemap.contains("<loc>https://example.org/blog/posts/new/</loc>"));
    assert!(sitemap.contains("<lastmod>2008-12-12T17:35:11+11:00</lastmod>"));
    assert!(!sitemap.contains("404") && !sitemap.contains("2008/new.html"));
    assert!(text(&outputs, "robots.txt").contains("Sitemap: https://example.org/blog/sitemap.xml"));
}

#[test]
fn pages_outside_a_folder_of_the_host_have_short_addresses() {
    let picture = Picture::new("theme-root");
    let (outputs, _) = outputs(&site("https://example.org/", &picture.0));
    assert!(text(&outputs, "index.html").contains("href=\"/posts/new/\""));
}

#[test]
fn photographs_are_offered_as_webp() {
    let picture = Picture::new("theme-webp");
    let mut site = site(BASE, &picture.0);
    let photo = &mut site.albums[0].photos[0];
    photo.file = picture.0.with_extension("jpg");
    photo.path = "content/gallery/walk/stone.jpg".to_owned();
    image::open(&picture.0).and_then(|stone| stone.to_rgb8().save(&photo.file)).expect("a JPEG");
    photo.hash = hash(&photo.file);
    let (outputs, problems) = outputs(&site);
    assert_eq!(problems, []);
    std::fs::remove_file(&site.albums[0].photos[0].file).expect("it was written");
    let page = text(&outputs, "gallery/walk/stone/index.html");
    let (_, shown) =
        page.split_once("<picture><source type=\"image/webp\" srcset=\"").expect("one for browsers that know it");
    let (candidates, shown) = shown.split_once('"').expect("they end");
    assert!(
        shown.contains(".jpg\" srcset=\"") && shown.contains("alt=\"A grey stone.\"") && shown.contains("</picture>"),
        "{shown}"
    );
    let candidates: Vec<(&str, &str)> =
        candidates.split(", ").map(|one| one.split_once(' ').expect("with its width")).collect();
    assert_eq!(candidates.iter().map(|(_, wide)| *wide).collect::<Vec<_>>(), ["480w", "960w", "1000w"]);
    for (address, _) in candidates {
        let bytes = &outputs[address.strip_prefix("/blog/").expect("on this site")];
        assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    }
}

#[test]
fn a_site_replaces_a_template_and_only_its_pages_change() {
    let usual = Theme::new(&[]).expect("sound");
    let own = Theme::new(&[template("tag.html", "{{ tag.name }}"), template("mine.html", "mine")]).expect("sound");
    assert_ne!(usual.closure("tag.html"), own.closure("tag.html"));
    assert_eq!(usual.closure("post.html"), own.closure("post.html"));
    assert!(own.has("mine.html") && !usual.has("mine.html"));
    let page = own.render("tag.html", &serde_json::json!({ "tag": { "name": "<b>" } }), "a.md").expect("renders");
    assert_eq!(page, "&lt;b&gt;");
}

/// Path, line and column of each problem's place.
fn places(problems: &[Diagnostic]) -> Vec<(&str, usize, usize)> {
    let place = |problem: &'_ Diagnostic| problem.labels[0].span.line_and_column();
    problems.iter().map(|problem| (&*problem.labels[0].span.source.path, place(problem).0, place(problem).1)).collect()
}

#[test]
fn templates_that_cannot_be_used_are_shown_with_their_lines() {
    let broken = [template("tag.html", "{{ tag.name }}\n{{ tag. }}"), template("tags.html", "{% if %}")];
    let problems = Theme::new(&broken).expect_err("broken templates");
    assert_eq!(places(&problems), [("templates/tag.html", 2, 9), ("templates/tags.html", 1, 7)]);
}

#[test]
fn what_templates_lack_is_shown_where_they_ask_for_it() {
    let text =
        "{% extends \"base.html\" %}\n{% block nope %}{% endblock %}{% block main %}é {{ a | nofilter }}{% endblock %}";
    let problems = Theme::new(&[template("tag.html", text)]).expect_err("a broken template");
    assert_eq!(places(&problems), [("templates/tag.html", 2, 10), ("templates/tag.html", 2, 56)]);
    assert_eq!(problems[1].labels[0].span.text(), "nofilter");
    assert_eq!(problems[1].message, "unknown filter `nofilter`");
}

#[test]
fn a_failure_names_the_template_and_the_content() {
    let theme = Theme::new(&[template("post.html", "{{ post.nope }}")]).expect("sound");
    let problems = theme
        .render("post.html", &serde_json::json!({ "post": {} }), "content/posts/a.md")
        .expect_err("there is no such field");
    assert_eq!(places(&problems), [("templates/post.html", 1, 9)]);
    assert!(problems[0].message.starts_with("`content/posts/a.md` cannot be rendered: "), "{}", problems[0].message);
}

#[test]
fn places_that_two_outputs_want_are_told() {
    let picture = Picture::new("theme-twice");
    let mut site = site(BASE, &picture.0);
    site.pages[0].route = route("archives/");
    let (_, problems) = outputs(&site);
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["duplicate-route"]);
}

#[test]
fn a_template_that_does_not_exist_is_told() {
    let picture = Picture::new("theme-unknown");
    let mut site = site(BASE, &picture.0);
    site.posts[0].template = "pots.html".to_owned();
    let (_, problems) = outputs(&site);
    assert_eq!(problems[0].code, "unknown-template");
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `post.html`?"));
}
