//! A small site made by hand, with one of everything that can be shown.

#[path = "../made/mod.rs"]
mod made;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeZone;
use chrono_tz::Asia;
use chrono_tz::Australia::Sydney;
use genblog::files::config::{Budgets, CheckConfig, Config, FeedConfig, PhotosConfig, Rule, SkipHours, ThemesConfig};
use genblog::files::source::{Content, SourceFile};
use genblog::graph::site::{
    Album, AlbumIndex, Block, Body, Cover, FigureUse, Heading, Page, Photo, PlainFile, Post, PostIndex, Publishing,
    Site, Tag, Ties,
};
use genblog::rendering::theme::Theme;
use genblog::words::diagnostic::Diagnostic;
use genblog::words::route::Route;
use genblog::words::source_text::{SourceText, Span};
use imaging::Nature;

use self::made::{Outputs, made};

/// A sound route.
pub(crate) fn route(path: &str) -> Route {
    Route::new(path).expect("a sound route")
}

/// The configuration of the feed of 2008: its zone, its hours, its minutes.
pub(crate) fn config(base_url: &str) -> Config {
    let hours = (0..=10).chain([22, 23]).collect();
    Config {
        hash: blake3::hash(b"common"),
        base_url: base_url.to_owned(),
        title: "Rings & Things".to_owned(),
        description: "What a driver sees.".to_owned(),
        language: "en".to_owned(),
        timezone: Sydney,
        author: "A. Writer".to_owned(),
        people: Vec::new(),
        copyright: "CC BY 4.0".to_owned(),
        page_size: 1,
        search: false,
        social_cards: false,
        navigation: vec![("Archives".to_owned(), "/archives/".to_owned()), ("About".to_owned(), "/about/".to_owned())],
        themes: ThemesConfig::default(),
        photos: PhotosConfig::default(),
        feed: FeedConfig {
            ttl: Some(Rule::Given(60)),
            skip_hours: Some(Rule::Given(SkipHours { timezone: Asia::Tokyo, hours })),
            ..FeedConfig::default()
        },
        check: CheckConfig::default(),
        budgets: Budgets::new(),
        phrases: BTreeMap::new(),
        extra: BTreeMap::new(),
    }
}

/// A body of plain HTML.
pub(crate) fn body(html: &str) -> Body {
    Body {
        blocks: vec![Block::Html(html.to_owned())],
        headings: vec![
            Heading { level: 2, id: "how".to_owned(), title: "How?".to_owned() },
            Heading { level: 3, id: "why".to_owned(), title: "Why?".to_owned() },
        ],
        words: 300,
        lead: None,
        plain: false,
    }
}

/// A post of December 2008, when Sydney was eleven hours ahead.
pub(crate) fn post(slug: &str, hour: u32, body: Body) -> Post {
    Post {
        route: route(&format!("posts/{slug}/")),
        path: format!("content/posts/{slug}.md"),
        id: format!("tag:example.org,2008:{slug}"),
        link: None,
        title: format!("The <{slug}> & more"),
        date: Sydney.with_ymd_and_hms(2008, 12, 12, hour, 35, 11).single().expect("not ambiguous"),
        updated: None,
        tags: vec!["xen".to_owned()],
        authors: vec!["A. Writer".to_owned()],
        series: String::new(),
        summary: "What it says.".to_owned(),
        is_summarised: true,
        language: "en".to_owned(),
        image: None,
        enclosure: None,
        template: "post.html".to_owned(),
        extra: BTreeMap::new(),
        body,
        ties: Ties::default(),
    }
}

/// A figure in the post `slug`.
pub(crate) fn figure(slug: &str) -> Block {
    let source = SourceText::new(format!("content/posts/{slug}.md"), "text");
    let spec = sim::telling::catalogue().first().expect("there is a figure");
    Block::Figure(FigureUse {
        figure: spec.name.to_owned(),
        id: spec.name.to_owned(),
        preset: spec.presets[0].name.to_owned(),
        knobs: Vec::new(),
        caption: "What to <em>see</em>.".to_owned(),
        places: Vec::new(),
        span: Span::new(&source, 0..1),
    })
}

/// What becomes of the picture in a file when it is made smaller.
pub(crate) fn nature(file: &Path) -> Option<Nature> {
    imaging::nature(&std::fs::read(file).unwrap_or_default()).ok()
}

/// Hash of a file's bytes; of none when there is no file.
pub(crate) fn hash(file: &Path) -> blake3::Hash {
    blake3::hash(&std::fs::read(file).unwrap_or_default())
}

/// A site with two posts (the newer has a figure), a page, an album of one picture at `picture`, a file and an old address.
pub(crate) fn site(base_url: &str, picture: &Path) -> Site {
    let mut first = body("<p>Lead with <a href=\"#how\">a link</a>.</p>");
    first.blocks.push(figure("new"));
    first.blocks.push(Block::Html("<h2 id=\"how\">How?</h2><h3 id=\"why\">Why?</h3>".to_owned()));
    first.lead = Some(1);
    let posts = vec![post("new", 17, first), post("old", 9, body("<h2 id=\"how\">How?</h2><h3 id=\"why\">Why?</h3>"))];
    let photo = Photo {
        route: route("gallery/walk/stone/"),
        file: picture.to_owned(),
        path: "content/gallery/walk/stone.png".to_owned(),
        hash: hash(picture),
        width: 1000,
        height: 500,
        title: "A stone".to_owned(),
        caption: "<p>A <em>stone</em>.</p>".to_owned(),
        alt: "A grey stone.".to_owned(),
        taken: None,
        camera: None,
        original: None,
    };
    Site {
        due: None,
        config: config(base_url),
        tags: BTreeMap::from([(
            "xen".to_owned(),
            Tag { name: "Xen".to_owned(), route: route("tags/xen/"), posts: vec![PostIndex(0), PostIndex(1)] },
        )]),
        pages: vec![Page {
            route: route("about/"),
            path: "content/pages/about.md".to_owned(),
            title: "About".to_owned(),
            summary: String::new(),
            updated: None,
            language: "en".to_owned(),
            template: "page.html".to_owned(),
            extra: BTreeMap::new(),
            body: Body { headings: Vec::new(), ..body("<p>Us.</p>") },
        }],
        albums: vec![Album {
            route: route("gallery/walk/"),
            path: "content/gallery/walk".to_owned(),
            title: "A walk".to_owned(),
            summary: "Stones.".to_owned(),
            date: Some(posts[0].date),
            taken: None,
            body: Body { headings: Vec::new(), ..body("<p>Stones.</p>") },
            photos: vec![photo],
            parent: None,
            albums: Vec::new(),
            cover: Cover { album: AlbumIndex(0), photo: 0 },
        }],
        files: vec![PlainFile {
            route: route("stone.png"),
            file: picture.to_owned(),
            path: "static/stone.png".to_owned(),
            hash: hash(picture),
            length: std::fs::metadata(picture).map_or(0, |file| file.len()),
            publishing: Publishing::AsItIs,
            tells_place: false,
            nature: nature(picture),
        }],
        aliases: BTreeMap::from([(route("2008/new.html"), route("posts/new/"))]),
        channel_image: None,
        claims: 0,
        elsewhere: Vec::new(),
        posts,
    }
}

/// All outputs of a site in the built-in theme, by file, and what is wrong with it.
pub(crate) fn outputs(site: &Site) -> (Outputs, Vec<Diagnostic>) {
    outputs_in(site, &Theme::new(&[]).expect("the built-in theme is sound"))
}

/// The same in a theme.
pub(crate) fn outputs_in(site: &Site, theme: &Theme) -> (Outputs, Vec<Diagnostic>) {
    let (made, mut problems) = made(site, theme);
    let outputs = made.unwrap_or_else(|found| {
        problems.extend(found);
        Outputs::new()
    });
    (outputs, problems)
}

/// A file of a site's own theme.
pub(crate) fn template(name: &str, content: &str) -> SourceFile {
    let path = format!("templates/{name}");
    SourceFile {
        path: path.clone(),
        file: path.clone().into(),
        hash: blake3::hash(content.as_bytes()),
        length: content.len() as u64,
        content: Content::Text(SourceText::new(path, content)),
    }
}

/// An output as text.
pub(crate) fn text<'o>(outputs: &'o BTreeMap<String, Vec<u8>>, file: &str) -> &'o str {
    std::str::from_utf8(outputs.get(file).unwrap_or_else(|| panic!("no {file}"))).expect("text")
}

/// A picture of 1000 by 500 pixels in a folder of its own, gone when the test ends.
pub(crate) struct Picture(pub(crate) std::path::PathBuf);

impl Picture {
    /// Makes the picture; `test` keeps tests apart.
    pub(crate) fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("genblog-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        let file = folder.join("stone.png");
        image::DynamicImage::new_rgb8(1000, 500).save(&file).expect("a picture for the test");
        Self(file)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        let folder = self.0.parent().expect("a file in a folder");
        let _ = std::fs::remove_dir_all(folder);
    }
}
