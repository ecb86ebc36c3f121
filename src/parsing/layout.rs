//! What each file under `content/` is, by its name and its neighbours.
//!
//! ```text
//! posts/name.md  posts/2026-11-20-name.md        a post
//! posts/name/index.md                            a post, and what lies beside it is published with it
//! posts/name.html  posts/name/index.html         the same, its text in HTML instead of Markdown
//! posts/2026-11-14T21_05_37.txt                  a post in genBlog's form, dated by its name
//! pages/about.md  pages/about/index.md           the page /about/; HTML as for posts
//! gallery/walk/*.jpg                             the album /gallery/walk/; index.md describes it
//! gallery/walk/01.md                             what there is to say about gallery/walk/01.jpg
//! gallery/walk/shore/*.jpg                       the album /gallery/walk/shore/, in the one before
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::files::source::{Content, Source, SourceFile};
use crate::words::diagnostic::Diagnostic;
use crate::words::media_type::ending;
use crate::words::route::{Route, folders_above};
use crate::words::slug::{page_slug, slug};
use crate::words::source_text::SourceText;

/// Endings of pictures and films that lie in people's albums, and that no album shows.
const NOT_SHOWN: [&str; 22] = [
    "heic", "heif", "avif", "gif", "tif", "tiff", "bmp", "svg", "jxl", "psd", "dng", "cr2", "cr3", "nef", "arw", "raf",
    "orf", "mov", "mp4", "m4v", "avi", "webm",
];

/// The content of a site, sorted by kind. Lists are in the order of paths.
#[derive(Debug, Default)]
pub(crate) struct Layout<'a> {
    pub(crate) posts: Vec<PostFile<'a>>,
    pub(crate) pages: Vec<PageFile<'a>>,
    /// By the path of the folder below `gallery/`; an album is there when there is a picture in it or below it, or an `index.md`.
    pub(crate) albums: BTreeMap<&'a str, AlbumFiles<'a>>,
    pub(crate) attachments: Vec<Attachment<'a>>,
    /// Paths of texts that could not be read.
    pub(crate) unread: Vec<&'a str>,
}

/// A post's text.
#[derive(Debug)]
pub(crate) struct PostFile<'a> {
    pub(crate) text: &'a Arc<SourceText>,
    pub(crate) name: DatedName<'a>,
    pub(crate) form: Form,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Markdown,
    /// Front matter as Markdown has it, and HTML.
    Html,
    /// A title line, key lines and HTML; posts only.
    GenBlog,
}

impl Form {
    /// The form of a text with front matter, and the file's path without its ending.
    fn of(path: &str) -> Option<(Self, &str)> {
        match path.rsplit_once('.')? {
            (stem, "md") => Some((Self::Markdown, stem)),
            (stem, "html") => Some((Self::Html, stem)),
            _ => None,
        }
    }
}

/// A name that may begin with a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatedName<'a> {
    /// Local time; midnight when the name has a date only.
    pub(crate) date: Option<NaiveDateTime>,
    /// What follows the date; may be empty.
    pub(crate) rest: &'a str,
}

/// A page's text.
#[derive(Debug)]
pub(crate) struct PageFile<'a> {
    pub(crate) text: &'a Arc<SourceText>,
    /// Where it lives, without slashes at the ends: `about`, `notes/xen`.
    pub(crate) place: &'a str,
    pub(crate) form: Form,
}

/// What an album's folder holds.
#[derive(Debug, Default)]
pub(crate) struct AlbumFiles<'a> {
    pub(crate) index: Option<&'a Arc<SourceText>>,
    /// Texts about one picture each, called as it is.
    pub(crate) notes: Vec<&'a Arc<SourceText>>,
    /// PNG, JPEG and WebP files.
    pub(crate) pictures: Vec<&'a SourceFile>,
    /// Those of albums in it.
    pub(crate) below: Vec<&'a SourceFile>,
}

/// A file that lies beside the `index.md` or `index.html` of a post or page.
#[derive(Debug)]
pub(crate) struct Attachment<'a> {
    /// The path of that text.
    pub(crate) document: String,
    /// The file's path from there.
    pub(crate) rest: &'a str,
    pub(crate) file: &'a SourceFile,
}

/// Sorts the content of a site; files that nothing publishes are warnings.
pub(crate) fn layout(source: &Source) -> (Layout<'_>, Vec<Diagnostic>) {
    let (mut layout, mut diagnostics) = (Layout::default(), Vec::new());
    for file in &source.content {
        let path = file.path.strip_prefix("content/").unwrap_or(&file.path);
        if matches!(file.content, Content::Unread) {
            layout.unread.push(&file.path);
            continue;
        }
        let known = match path.split_once('/') {
            Some(("posts", rest)) => layout.post(source, rest, file),
            Some(("pages", rest)) => layout.page(source, rest, file),
            Some(("gallery", rest)) => layout.album(rest, file),
            Some(_) | None => Err(Refusal::Unpublished),
        };
        match known {
            Ok(()) => {}
            Err(Refusal::Unpublished) => {
                let diagnostic = Diagnostic::warning("unpublished", "nothing publishes this file").in_path(&file.path);
                let help = "put it beside the `index.md` of a post or page, into `static/`, or out of `content/`";
                diagnostics.push(diagnostic.help(help));
            }
            Err(Refusal::NotShown) => {
                let message = "albums show JPEG, PNG and WebP, and this is none of them";
                let diagnostic = Diagnostic::warning("unpublished", message).in_path(&file.path);
                diagnostics.push(diagnostic.help("export it as JPEG from where it came, or take it out"));
            }
            Err(Refusal::NotText) => {
                let diagnostic = Diagnostic::error("not-utf8", "this post is not UTF-8 text").in_path(&file.path);
                diagnostics.push(diagnostic.help("save the file as UTF-8"));
            }
        }
    }
    layout.join_albums();
    (layout, diagnostics)
}

/// Why a file has no place in the layout.
enum Refusal {
    Unpublished,
    /// A picture or film that an album cannot show.
    NotShown,
    NotText,
}

impl<'a> Layout<'a> {
    fn post(&mut self, source: &'a Source, rest: &'a str, file: &'a SourceFile) -> Result<(), Refusal> {
        let (folders, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        let in_bundle = bundle(source, file).is_some();
        let genblog_name = name.strip_suffix(".txt").and_then(genblog_date);
        match (Form::of(name), genblog_name) {
            (Some((form, "index")), _) if !folders.is_empty() && (form == Form::Markdown || !in_bundle) => {
                let folder = folders.rsplit('/').next().unwrap_or(folders);
                self.push_post(file, dated(folder), form)
            }
            (Some((form, stem)), _) if !in_bundle && stem != "index" => self.push_post(file, dated(stem), form),
            (None, Some(date)) if !in_bundle => {
                self.push_post(file, DatedName { date: Some(date), rest: "" }, Form::GenBlog)
            }
            _ => self.attach(source, file),
        }
    }

    fn push_post(&mut self, file: &'a SourceFile, name: DatedName<'a>, form: Form) -> Result<(), Refusal> {
        let Content::Text(text) = &file.content else { return Err(Refusal::NotText) };
        self.posts.push(PostFile { text, name, form });
        Ok(())
    }

    fn page(&mut self, source: &'a Source, rest: &'a str, file: &'a SourceFile) -> Result<(), Refusal> {
        match (Form::of(rest), &file.content) {
            (Some((form, stem)), Content::Text(text))
                if stem != "index" && (form == Form::Markdown || bundle(source, file).is_none()) =>
            {
                let place = stem.strip_suffix("/index").unwrap_or(stem);
                self.pages.push(PageFile { text, place, form });
                Ok(())
            }
            _ => self.attach(source, file),
        }
    }

    fn album(&mut self, rest: &'a str, file: &'a SourceFile) -> Result<(), Refusal> {
        let Some((folder, name)) = rest.rsplit_once('/') else { return Err(Refusal::Unpublished) };
        match (&file.content, &*ending(name)) {
            (Content::Text(text), _) if name == "index.md" => self.albums.entry(folder).or_default().index = Some(text),
            (Content::Text(text), "md") => self.albums.entry(folder).or_default().notes.push(text),
            (Content::Picture(_), "png" | "jpg" | "jpeg" | "webp") => {
                self.albums.entry(folder).or_default().pictures.push(file);
            }
            (_, ending) if NOT_SHOWN.contains(&ending) => return Err(Refusal::NotShown),
            _ => return Err(Refusal::Unpublished),
        }
        Ok(())
    }

    /// Tells every album what lies in those below it.
    fn join_albums(&mut self) {
        let mut below: BTreeMap<&'a str, Vec<&'a SourceFile>> = BTreeMap::new();
        for (&folder, files) in &self.albums {
            folders_above(folder).for_each(|above| below.entry(above).or_default().extend(&files.pictures));
        }
        for (folder, pictures) in below.into_iter().filter(|(_, pictures)| !pictures.is_empty()) {
            self.albums.entry(folder).or_default().below = pictures;
        }
    }

    fn attach(&mut self, source: &'a Source, file: &'a SourceFile) -> Result<(), Refusal> {
        let (folder, document) = bundle(source, file).ok_or(Refusal::Unpublished)?;
        if file.path.ends_with(".md") {
            return Err(Refusal::Unpublished);
        }
        self.attachments.push(Attachment { document, rest: &file.path[folder.len() + 1..], file });
        Ok(())
    }
}

/// Where a text of that path lives, unless its own keys say otherwise.
pub(crate) fn usual_route(path: &str) -> Option<Route> {
    let (kind, rest) = path.strip_prefix("content/")?.split_once('/')?;
    let (_, stem) = Form::of(rest)?;
    let place = stem.strip_suffix("/index").unwrap_or(stem);
    let parts: Vec<String> = match kind {
        "posts" => vec!["posts".to_owned(), slug(dated(place.rsplit('/').next().unwrap_or(place)).rest)],
        "pages" => place.split('/').map(page_slug).collect(),
        "gallery" => return album_route(place),
        _ => return None,
    };
    let sound = parts.iter().all(|part| !part.is_empty());
    sound.then(|| Route::new(format!("{}/", parts.join("/")))).flatten()
}

/// Where the album in `gallery/<folder>/` lives; `None` when one of its folders has no letter or digit for an address.
pub(crate) fn album_route(folder: &str) -> Option<Route> {
    let parts: Vec<String> = folder.split('/').map(slug).collect();
    let sound = parts.iter().all(|part| !part.is_empty());
    sound.then(|| Route::new(format!("gallery/{}/", parts.join("/")))).flatten()
}

/// The folder of the nearest `index.md` or `index.html` that a file lies beside or below, and the path of that text, which
/// is not the file itself. Beside an `index.md` an `index.html` is a file like any other.
fn bundle<'a>(source: &Source, file: &'a SourceFile) -> Option<(&'a str, String)> {
    let mut folder = file.path.rsplit_once('/')?.0;
    while folder.matches('/').count() >= 2 {
        for name in ["index.md", "index.html"] {
            let index = format!("{folder}/{name}");
            if index == file.path {
                break;
            }
            if source.content.binary_search_by(|other| other.path.as_str().cmp(&index)).is_ok() {
                return Some((folder, index));
            }
        }
        folder = folder.rsplit_once('/')?.0;
    }
    None
}

/// `2026-11-20-name` in two parts.
fn dated(name: &str) -> DatedName<'_> {
    let date = name.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    let rest = name.get(10..).filter(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
    match (date, rest) {
        (Some(date), Some(rest)) => {
            DatedName { date: Some(date.and_time(NaiveTime::MIN)), rest: rest.trim_start_matches(['-', '_']) }
        }
        _ => DatedName { date: None, rest: name },
    }
}

/// `2026-11-14T21_05_37`, as genBlog named its files.
fn genblog_date(stem: &str) -> Option<NaiveDateTime> {
    (stem.len() == 19).then(|| NaiveDateTime::parse_from_str(stem, "%Y-%m-%dT%H_%M_%S").ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(paths: &[&str]) -> Source {
        let file = |path: &&str| {
            let path = format!("content/{path}");
            let content = match path.rsplit('.').next() {
                Some("md" | "txt" | "html") => Content::Text(SourceText::new(&*path, "")),
                Some("png") => Content::Picture(Err(String::new())),
                _ => Content::Bytes,
            };
            SourceFile { file: PathBuf::from(&path), hash: blake3::hash(b""), length: 0, content, path }
        };
        let mut content: Vec<SourceFile> = paths.iter().map(file).collect();
        content.sort_by(|a, b| a.path.cmp(&b.path));
        Source { content, ..Source::default() }
    }

    #[test]
    fn files_are_sorted_by_their_names() {
        let source = source(&[
            "posts/a.md",
            "posts/2026/2026-11-20-b.md",
            "posts/c/index.md",
            "posts/c/pic.png",
            "posts/c/deep/data.bin",
            "posts/c/notes.md",
            "posts/c/demo/index.html",
            "posts/d/index.html",
            "posts/d/pic.png",
            "posts/e.html",
            "posts/2026-11-14T21_05_37.txt",
            "posts/readme.txt",
            "posts/index.md",
            "pages/about.md",
            "pages/x/index.md",
            "pages/x/y.md",
            "pages/x/p.png",
            "pages/lost.png",
            "pages/z.html",
            "gallery/walk/1.png",
            "gallery/walk/index.md",
            "gallery/lost.png",
            "gallery/walk/1.md",
            "gallery/walk/deep/2.png",
            "gallery/walk/film.mov",
            "lost.md",
        ]);
        let (layout, diagnostics) = layout(&source);
        let posts: Vec<_> =
            layout.posts.iter().map(|post| (post.name.rest, post.name.date.is_some(), post.form)).collect();
        let expected = [
            ("", true, Form::GenBlog),
            ("b", true, Form::Markdown),
            ("a", false, Form::Markdown),
            ("c", false, Form::Markdown),
            ("d", false, Form::Html),
            ("e", false, Form::Html),
        ];
        assert_eq!(posts, expected);
        assert_eq!(layout.pages.iter().map(|page| page.place).collect::<Vec<_>>(), ["about", "x", "x/y", "z"]);
        let attached: Vec<_> = layout.attachments.iter().map(|file| (&*file.document, file.rest)).collect();
        let expected = [
            ("content/pages/x/index.md", "p.png"),
            ("content/posts/c/index.md", "deep/data.bin"),
            ("content/posts/c/index.md", "demo/index.html"),
            ("content/posts/c/index.md", "pic.png"),
            ("content/posts/d/index.html", "pic.png"),
        ];
        assert_eq!(attached, expected);
        let albums = layout.albums.iter().map(|(folder, files)| {
            (*folder, files.pictures.len(), files.notes.len(), files.below.len(), files.index.is_some())
        });
        assert_eq!(albums.collect::<Vec<_>>(), [("walk", 1, 1, 1, true), ("walk/deep", 1, 0, 0, false)]);
        let lost: Vec<_> = diagnostics.iter().filter_map(|diagnostic| diagnostic.path.as_deref()).collect();
        let expected = [
            "content/gallery/lost.png",
            "content/gallery/walk/film.mov",
            "content/lost.md",
            "content/pages/lost.png",
            "content/posts/c/notes.md",
            "content/posts/index.md",
            "content/posts/readme.txt",
        ];
        assert_eq!(lost, expected);
    }

    #[test]
    fn a_path_tells_where_its_text_usually_lives() {
        for (path, expected) in [
            ("content/posts/2026-11-20-A b.md", Some("posts/a-b/")),
            ("content/posts/2026/c/index.md", Some("posts/c/")),
            ("content/pages/x/Y.md", Some("x/y/")),
            ("content/pages/x/index.md", Some("x/")),
            ("content/gallery/walk/index.md", Some("gallery/walk/")),
            ("content/posts/pic.png", None),
            ("content/lost.md", None),
        ] {
            assert_eq!(usual_route(path).as_ref().map(Route::as_str), expected, "{path}");
        }
    }

    #[test]
    fn names_may_begin_with_a_date() {
        for (name, dated_name, rest) in [
            ("2026-11-20-a", true, "a"),
            ("2026-11-20_a", true, "a"),
            ("2026-11-20", true, ""),
            ("2026-11-20a", false, "2026-11-20a"),
            ("2026-13-20-a", false, "2026-13-20-a"),
            ("größe-und-mehr", false, "größe-und-mehr"),
        ] {
            let parsed = dated(name);
            assert_eq!((parsed.date.is_some(), parsed.rest), (dated_name, rest), "{name}");
        }
    }
}
