//! The files of the themes that are built into the program.

/// A file's name and its text.
type File = (&'static str, &'static str);

/// The files of the theme `default`, by the names under which others replace them.
pub(crate) const DEFAULT: &[File] = &[
    ("aside.html", include_str!("../../templates/aside.html")),
    ("base.html", include_str!("../../templates/base.html")),
    ("components.html", include_str!("../../templates/components.html")),
    ("figure.html", include_str!("../../templates/figure.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("post.html", include_str!("../../templates/post.html")),
    ("page.html", include_str!("../../templates/page.html")),
    ("archives.html", include_str!("../../templates/archives.html")),
    ("tags.html", include_str!("../../templates/tags.html")),
    ("feed.html", include_str!("../../templates/feed.html")),
    ("search.html", include_str!("../../templates/search.html")),
    ("search.js", include_str!("../../templates/search.js")),
    ("tag.html", include_str!("../../templates/tag.html")),
    ("gallery.html", include_str!("../../templates/gallery.html")),
    ("album.html", include_str!("../../templates/album.html")),
    ("alone.html", include_str!("../../templates/alone.html")),
    ("photo.html", include_str!("../../templates/photo.html")),
    ("404.html", include_str!("../../templates/404.html")),
    ("redirect.html", include_str!("../../templates/redirect.html")),
    ("css/1-tokens.css", include_str!("../../templates/css/1-tokens.css")),
    ("css/2-page.css", include_str!("../../templates/css/2-page.css")),
    ("css/3-prose.css", include_str!("../../templates/css/3-prose.css")),
    ("css/4-code.css", include_str!("../../templates/css/4-code.css")),
    ("css/4-lists.css", include_str!("../../templates/css/4-lists.css")),
    ("css/5-gallery.css", include_str!("../../templates/css/5-gallery.css")),
    ("css/5-notes.css", include_str!("../../templates/css/5-notes.css")),
    ("css/5-post.css", include_str!("../../templates/css/5-post.css")),
    ("css/6-figure.css", include_str!("../../templates/css/6-figure.css")),
    ("css/7-order.css", include_str!("../../templates/css/7-order.css")),
    ("css/7-tools.css", include_str!("../../templates/css/7-tools.css")),
    ("css/8-drawing.css", include_str!("../../templates/css/8-drawing.css")),
    ("css/9-adapt.css", include_str!("../../templates/css/9-adapt.css")),
    ("feed.js", include_str!("../../templates/feed.js")),
    ("icon.svg", include_str!("../../templates/icon.svg")),
    ("neighbours.js", include_str!("../../templates/neighbours.js")),
    ("reader.js", include_str!("../../templates/reader.js")),
    ("shell/1-drawing.js", include_str!("../../templates/shell/1-drawing.js")),
    ("shell/1-engine.js", include_str!("../../templates/shell/1-engine.js")),
    ("shell/2-fields.js", include_str!("../../templates/shell/2-fields.js")),
    ("shell/2-marks.js", include_str!("../../templates/shell/2-marks.js")),
    ("shell/2-order.js", include_str!("../../templates/shell/2-order.js")),
    ("shell/3-guess.js", include_str!("../../templates/shell/3-guess.js")),
    ("shell/4-take.js", include_str!("../../templates/shell/4-take.js")),
    ("shell/5-numbers.js", include_str!("../../templates/shell/5-numbers.js")),
    ("shell/6-telling.js", include_str!("../../templates/shell/6-telling.js")),
    ("shell/7-beside.js", include_str!("../../templates/shell/7-beside.js")),
    ("shell/8-figure.js", include_str!("../../templates/shell/8-figure.js")),
    ("shell/9-page.js", include_str!("../../templates/shell/9-page.js")),
    ("viewer/1-words.js", include_str!("../../templates/viewer/1-words.js")),
    ("viewer/2-slide.js", include_str!("../../templates/viewer/2-slide.js")),
    ("viewer/3-fingers.js", include_str!("../../templates/viewer/3-fingers.js")),
    ("viewer/4-viewer.js", include_str!("../../templates/viewer/4-viewer.js")),
    ("viewer/viewer.css", include_str!("../../templates/viewer/viewer.css")),
];

/// The other themes, by their names: files that stand in the places of those of `default`, or beside them.
pub(crate) const OTHERS: &[(&str, &[File])] = &[
    (
        "weblog",
        &[
            ("aside.html", include_str!("../../templates/themes/weblog/aside.html")),
            ("css/91-weblog.css", include_str!("../../templates/themes/weblog/css/91-weblog.css")),
        ],
    ),
    ("book", &[("css/91-book.css", include_str!("../../templates/themes/book/css/91-book.css"))]),
    ("contrast", &[("css/91-contrast.css", include_str!("../../templates/themes/contrast/css/91-contrast.css"))]),
];

/// The name of the theme that all others are made of.
pub(crate) const USUAL: &str = "default";

/// The names of all that are built in, that of the usual one first.
pub fn names() -> impl Iterator<Item = &'static str> {
    [USUAL].into_iter().chain(OTHERS.iter().map(|(name, _)| *name))
}

/// The files of one of them, those that it has in place of the usual one's; `None` when none is called so.
pub(crate) fn files(name: &str) -> Option<&'static [File]> {
    if name == USUAL {
        return Some(&[]);
    }
    OTHERS.iter().find(|(other, _)| *other == name).map(|(_, files)| *files)
}

/// The names of the usual one's files, each of which another file may replace.
pub fn file_names() -> impl Iterator<Item = &'static str> {
    DEFAULT.iter().map(|(name, _)| *name)
}

/// Whether a file of that name is built in.
#[must_use]
pub fn is_built_in(name: &str) -> bool {
    let others = OTHERS.iter().flat_map(|(_, files)| *files);
    DEFAULT.iter().chain(others).any(|(built_in, _)| *built_in == name)
}
