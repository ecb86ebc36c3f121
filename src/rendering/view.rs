//! What templates see: plain data, with every link ready to use.
//!
//! `href`s and `src`s may stand in a page of this site as they are; `url`s are absolute. Fields named `html` or `…_html` are safe
//! and need the `safe` filter; everything else is plain text. An absent link is the empty string, an absent thing is null.

use chrono::{DateTime, Datelike};
use chrono_tz::Tz;
use serde::Serialize;

use crate::graph::site::Heading;

/// The site, as every template sees it.
#[derive(Debug, Clone, Serialize)]
pub struct SiteView {
    /// The site's name.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// BCP 47 tag.
    pub language: String,
    /// Absolute, with a slash at the end.
    pub base_url: String,
    /// Href of the home page.
    pub home: String,
    /// Links of the header.
    pub nav: Vec<NavigationView>,
    /// May be empty.
    pub author: String,
    /// Program and version.
    pub generator: &'static str,
    /// May be empty.
    pub copyright: String,
    /// The feed.
    pub feed: FeedView,
    /// What pages load.
    pub assets: AssetsView,
    /// The paper's colour by day, for the browser's frame.
    pub theme_color_light: &'static str,
    /// The paper's colour by night.
    pub theme_color_dark: &'static str,
    /// `[extra]` of the configuration.
    pub extra: serde_json::Value,
}

/// A link of the header.
#[derive(Debug, Clone, Serialize)]
pub struct NavigationView {
    /// What it says.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// Whether the page is the one it leads to, or lies below it.
    pub current: bool,
}

/// The feed, for links to it.
#[derive(Debug, Clone, Serialize)]
pub struct FeedView {
    /// The feed's title.
    pub title: String,
    /// Link on this site.
    pub href: String,
    /// Absolute link.
    pub url: String,
}

/// Hrefs of the theme's files; each name holds a hash of its content.
#[derive(Debug, Clone, Serialize)]
pub struct AssetsView {
    /// The style sheet.
    pub style: String,
    /// The figure shell, an ES module.
    pub shell: String,
    /// The site's mark, an SVG.
    pub icon: String,
    /// The engine's bindings, an ES module.
    pub sim_js: String,
    /// The engine.
    pub sim_wasm: String,
}

/// What stands in a page's head.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HeadView {
    /// The whole title.
    pub title: String,
    /// One or two sentences.
    pub description: String,
    /// The page's own absolute URL.
    pub canonical: String,
    /// `article` or `website`.
    pub kind: &'static str,
    /// Absolute URL of a picture that stands for the page.
    pub image: String,
    /// What the picture shows.
    pub image_alt: String,
    /// RFC 3339.
    pub published: String,
    /// RFC 3339.
    pub updated: String,
    /// Whether the page has figures, and needs the shell.
    pub figures: bool,
    /// `noindex`, or empty.
    pub robots: &'static str,
    /// Href of the page before this one in a series.
    pub prev: String,
    /// Href of the page after this one in a series.
    pub next: String,
}

/// A moment, in the forms that a page needs.
#[derive(Debug, Clone, Serialize)]
pub struct DateView {
    /// RFC 3339, with the offset of that date.
    pub iso: String,
    /// `20 November 2026`.
    pub day: String,
    /// `20 Nov`.
    pub short: String,
    /// `2026`.
    pub year: String,
    /// `November`.
    pub month: String,
    /// `09:30`.
    pub time: String,
}

impl DateView {
    /// The forms of `date`.
    #[must_use]
    pub fn new(date: &DateTime<Tz>) -> Self {
        Self {
            iso: date.to_rfc3339(),
            day: date.format("%-d %B %Y").to_string(),
            short: date.format("%-d %b").to_string(),
            year: date.year().to_string(),
            month: date.format("%B").to_string(),
            time: date.format("%H:%M").to_string(),
        }
    }
}

/// A link to a tag's list.
#[derive(Debug, Clone, Serialize)]
pub struct TagLink {
    /// As its first author wrote it.
    pub name: String,
    /// The list.
    pub href: String,
    /// Posts that carry it.
    pub count: usize,
}

/// A link to anything that has a title.
#[derive(Debug, Clone, Serialize)]
pub struct TitledLink {
    /// What it says.
    pub title: String,
    /// Where it leads.
    pub href: String,
}

/// A post in a list.
#[derive(Debug, Clone, Serialize)]
pub struct PostLine {
    /// Plain text.
    pub title: String,
    /// The post's page.
    pub href: String,
    /// When it was published.
    pub date: DateView,
    /// Plain text.
    pub summary: String,
    /// Its tags.
    pub tags: Vec<TagLink>,
    /// Reading time.
    pub minutes: usize,
    /// Its id on the archive page.
    pub fragment: String,
    /// The picture that stands for it.
    pub thumb: Option<ImageView>,
    /// On the home page the text before the author's mark, or the summary in a paragraph; empty in other lists.
    pub html: String,
}

/// A picture, perhaps in several widths.
#[derive(Debug, Clone, Serialize)]
pub struct ImageView {
    /// The one for browsers that do not choose.
    pub src: String,
    /// Candidates with their widths; may be empty.
    pub srcset: String,
    /// How wide it is shown; empty when `srcset` is.
    pub sizes: String,
    /// Pixels; 0 when not known.
    pub width: u32,
    /// Pixels; 0 when not known.
    pub height: u32,
    /// What it shows.
    pub alt: String,
}

/// An entry of a table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TocEntry {
    /// 2 or 3.
    pub level: u8,
    /// The heading's id.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// Headings of level 3 below one of level 2.
    pub children: Vec<TocEntry>,
}

impl TocEntry {
    /// Puts each heading of level 3 below the heading of level 2 before it.
    #[must_use]
    pub fn tree(headings: &[Heading]) -> Vec<Self> {
        let mut tree: Vec<Self> = Vec::new();
        for heading in headings {
            let entry =
                Self { level: heading.level, id: heading.id.clone(), title: heading.title.clone(), children: Vec::new() };
            match tree.last_mut() {
                Some(parent) if heading.level > 2 && parent.level == 2 => parent.children.push(entry),
                _ => tree.push(entry),
            }
        }
        tree
    }
}

/// A page of the home list and its neighbours.
#[derive(Debug, Clone, Serialize)]
pub struct PaginationView {
    /// From 1.
    pub page: usize,
    /// How many there are.
    pub pages: usize,
    /// Href of newer posts.
    pub newer: String,
    /// Href of older posts.
    pub older: String,
    /// All of them.
    pub links: Vec<PaginationLink>,
}

/// A link to a page of the home list.
#[derive(Debug, Clone, Serialize)]
pub struct PaginationLink {
    /// From 1.
    pub n: usize,
    /// Where it is.
    pub href: String,
    /// Whether this is it.
    pub current: bool,
}

/// `home.html`.
#[derive(Debug, Clone, Serialize)]
pub struct HomePage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// Newest first.
    pub posts: Vec<PostLine>,
    /// Where in the list the page is.
    pub pagination: PaginationView,
}

/// `post.html`, or what the post names instead.
#[derive(Debug, Clone, Serialize)]
pub struct PostPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// The post.
    pub post: PostView,
}

/// A post in full.
#[derive(Debug, Clone, Serialize)]
pub struct PostView {
    /// Plain text.
    pub title: String,
    /// When it was published.
    pub date: DateView,
    /// When it was last changed in substance.
    pub updated: Option<DateView>,
    /// Reading time.
    pub minutes: usize,
    /// Words of prose.
    pub words: usize,
    /// Its tags.
    pub tags: Vec<TagLink>,
    /// Names.
    pub authors: Vec<String>,
    /// Plain text.
    pub summary: String,
    /// BCP 47 tag.
    pub lang: String,
    /// Table of contents.
    pub toc: Vec<TocEntry>,
    /// The whole text, figures included.
    pub html: String,
    /// The next newer post.
    pub newer: Option<TitledLink>,
    /// The next older post.
    pub older: Option<TitledLink>,
    /// The file that it was written in, below `content/`.
    pub source: String,
    /// `[extra]` of its front matter.
    pub extra: serde_json::Value,
}

/// `page.html`, or what the page names instead.
#[derive(Debug, Clone, Serialize)]
pub struct PagePage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// The page.
    pub page: PageView,
}

/// A page in full.
#[derive(Debug, Clone, Serialize)]
pub struct PageView {
    /// Plain text.
    pub title: String,
    /// The whole text, figures included.
    pub html: String,
    /// Table of contents.
    pub toc: Vec<TocEntry>,
    /// When it was last changed in substance.
    pub updated: Option<DateView>,
    /// BCP 47 tag.
    pub lang: String,
    /// `[extra]` of its front matter.
    pub extra: serde_json::Value,
}

/// `archives.html`.
#[derive(Debug, Clone, Serialize)]
pub struct ArchivesPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// Newest first.
    pub years: Vec<YearView>,
}

/// A year of posts.
#[derive(Debug, Clone, Serialize)]
pub struct YearView {
    /// `2026`.
    pub year: String,
    /// Its id on the page.
    pub id: String,
    /// Posts in it.
    pub count: usize,
    /// Newest first; only months that have posts.
    pub months: Vec<MonthView>,
}

/// A month of posts.
#[derive(Debug, Clone, Serialize)]
pub struct MonthView {
    /// `November`.
    pub name: String,
    /// Its id on the page: `2026-11`.
    pub id: String,
    /// Newest first.
    pub posts: Vec<PostLine>,
}

/// `tags.html`.
#[derive(Debug, Clone, Serialize)]
pub struct TagsPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// By slug.
    pub tags: Vec<TagLink>,
}

/// `tag.html`.
#[derive(Debug, Clone, Serialize)]
pub struct TagPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// The tag.
    pub tag: TagLink,
    /// Newest first.
    pub posts: Vec<PostLine>,
}

/// `gallery.html`.
#[derive(Debug, Clone, Serialize)]
pub struct GalleryPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// Newest first.
    pub albums: Vec<AlbumLine>,
}

/// An album in the gallery.
#[derive(Debug, Clone, Serialize)]
pub struct AlbumLine {
    /// Plain text.
    pub title: String,
    /// The album's page.
    pub href: String,
    /// Pictures in it.
    pub count: usize,
    /// When it was made.
    pub date: Option<DateView>,
    /// Plain text.
    pub description: String,
    /// The picture that stands for it.
    pub cover: ImageView,
}

/// `album.html`.
#[derive(Debug, Clone, Serialize)]
pub struct AlbumPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// The album.
    pub album: AlbumView,
}

/// An album in full.
#[derive(Debug, Clone, Serialize)]
pub struct AlbumView {
    /// Plain text.
    pub title: String,
    /// The introduction.
    pub html: String,
    /// Pictures in it.
    pub count: usize,
    /// When it was made.
    pub date: Option<DateView>,
    /// The pictures, small.
    pub photos: Vec<PhotoLine>,
}

/// A picture in an album.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoLine {
    /// Its page.
    pub href: String,
    /// Plain text.
    pub title: String,
    /// Small.
    pub image: ImageView,
}

/// `photo.html`.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
    /// The album that it belongs to.
    pub album: TitledLink,
    /// The picture.
    pub photo: PhotoView,
}

/// A picture in full.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoView {
    /// Plain text.
    pub title: String,
    /// What the author says about it.
    pub caption_html: String,
    /// Large.
    pub image: ImageView,
    /// Its place in the album, from 1.
    pub n: usize,
    /// Pictures in the album.
    pub count: usize,
    /// The picture before it.
    pub previous: Option<TitledLink>,
    /// The picture after it.
    pub next: Option<TitledLink>,
    /// Href of the file as the author has it; empty, since originals carry metadata.
    pub original: String,
}

/// `404.html`.
#[derive(Debug, Clone, Serialize)]
pub struct MissingPage {
    /// The site.
    pub site: SiteView,
    /// The head.
    pub head: HeadView,
}

/// `redirect.html`.
#[derive(Debug, Clone, Serialize)]
pub struct RedirectPage {
    /// The site.
    pub site: SiteView,
    /// The head; `canonical` is the new address.
    pub head: HeadView,
    /// The new address.
    pub target: TitledLink,
}

/// `figure.html`.
#[derive(Debug, Clone, Serialize)]
pub struct FigurePart<'a> {
    /// The site.
    pub site: &'a SiteView,
    /// The figure.
    pub figure: FigureView,
}

/// One figure in a page.
#[derive(Debug, Clone, Serialize)]
pub struct FigureView {
    /// HTML id, unique in the page.
    pub id: String,
    /// The figure's name in the engine's catalogue.
    pub name: &'static str,
    /// The preset that the author chose, as states name it.
    pub preset: String,
    /// Plain text.
    pub title: &'static str,
    /// What the figure answers.
    pub question: &'static str,
    /// What the author says about it.
    pub caption_html: String,
    /// What the model leaves out.
    pub not_modelled: Vec<&'static str>,
    /// The state that it opens with.
    pub start: String,
    /// The picture for wide boxes: SVG.
    pub wide: String,
    /// The picture for narrow boxes: SVG.
    pub narrow: String,
    /// Steps in the run.
    pub steps: u32,
    /// Runs to choose from.
    pub presets: Vec<PresetView>,
    /// Numbers to change.
    pub knobs: Vec<KnobView>,
    /// What the reader may do.
    pub actions: Vec<ActionView>,
    /// The run as a strip of small pictures.
    pub film: Vec<FrameView>,
    /// What happens in the first frame.
    pub say: SayView,
    /// The run as rows of a table.
    pub rows_html: String,
    /// The first frame as PNG.
    pub png: Option<PngView>,
    /// The first frame as SVG with fixed colours.
    pub svg_href: String,
}

/// A run to choose.
#[derive(Debug, Clone, Serialize)]
pub struct PresetView {
    /// As states name it.
    pub id: &'static str,
    /// Menu text.
    pub name: &'static str,
    /// One sentence.
    pub says: &'static str,
    /// The key that chooses it, `1` to `5`; empty for later ones.
    pub key: String,
    /// Its first state.
    pub state: String,
}

/// A number to change.
#[derive(Debug, Clone, Serialize)]
pub struct KnobView {
    /// Its place in the figure's list.
    pub index: usize,
    /// The name that authors use.
    pub id: &'static str,
    /// Label.
    pub name: &'static str,
    /// May be empty.
    pub unit: &'static str,
    /// The present value.
    pub value: u32,
    /// What it can be.
    pub options: Vec<KnobOptionView>,
}

/// A value of a knob.
#[derive(Debug, Clone, Serialize)]
pub struct KnobOptionView {
    /// The value.
    pub value: u32,
    /// How it is shown.
    pub name: &'static str,
    /// Whether it is the present one.
    pub selected: bool,
}

/// Something that the reader may do.
#[derive(Debug, Clone, Serialize)]
pub struct ActionView {
    /// Its letter in states.
    pub letter: char,
    /// Label.
    pub name: &'static str,
    /// Who does it: `domu`, `dom0`, `xen` or `hw`.
    pub who: &'static str,
    /// What it means.
    pub hint: &'static str,
}

/// A frame of the film strip.
#[derive(Debug, Clone, Serialize)]
pub struct FrameView {
    /// The step that it shows.
    pub n: u32,
    /// The state that it shows.
    pub state: String,
    /// The picture: small SVG.
    pub svg: String,
    /// Plain text.
    pub caption: &'static str,
}

/// What happens in a frame.
#[derive(Debug, Clone, Serialize)]
pub struct SayView {
    /// When.
    pub time: String,
    /// What.
    pub sentence: String,
    /// The function that does it; may be empty.
    pub source: String,
}

/// A PNG of a figure.
#[derive(Debug, Clone, Serialize)]
pub struct PngView {
    /// Where it is.
    pub src: String,
    /// In CSS pixels; the file has twice as many.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_date_has_the_offset_of_its_own_day() {
        let date = chrono_tz::Australia::Sydney.with_ymd_and_hms(2008, 12, 2, 9, 5, 0).single().expect("not ambiguous");
        let view = DateView::new(&date);
        assert_eq!(view.iso, "2008-12-02T09:05:00+11:00");
        assert_eq!([view.day, view.short, view.time], ["2 December 2008", "2 Dec", "09:05"]);
    }

    #[test]
    fn a_heading_without_a_parent_stands_alone() {
        let heading = |level, id: &str| Heading { level, id: id.to_owned(), title: id.to_owned() };
        let tree = TocEntry::tree(&[heading(3, "a"), heading(2, "b"), heading(3, "c"), heading(3, "d"), heading(2, "e")]);
        let shape: Vec<_> = tree.iter().map(|entry| (entry.id.as_str(), entry.children.len())).collect();
        assert_eq!(shape, [("a", 0), ("b", 2), ("e", 0)]);
    }
}
