//! What each template of a page sees, besides `site`: a [`SiteView`](crate::rendering::view::shared::SiteView).

use serde::Serialize;

use crate::rendering::view::shared::{
    DateView, FeedView, HeadView, ImageView, PostLine, TagLink, TitledLink, TocEntry,
};

/// `home.html`, besides `posts`: the [`PostLine`]s of the page, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct HomePage {
    /// The head.
    pub head: HeadView,
    /// Where in the list the page is.
    pub pagination: PaginationView,
}

/// `post.html`, or what the post names instead.
#[derive(Debug, Clone, Serialize)]
pub struct PostPage {
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
    /// Plain text: the author's summary, or the start of the text.
    pub summary: String,
    /// Plain text: the author's summary; empty when there is none.
    pub lede: String,
    /// BCP 47 tag.
    pub lang: String,
    /// `ltr` or `rtl`: how that language is written.
    pub direction: &'static str,
    /// Table of contents.
    pub toc: Vec<TocEntry>,
    /// The whole text, figures included.
    pub html: String,
    /// The file that goes with it.
    pub enclosure: Option<EnclosureView>,
    /// The series that it is a part of.
    pub series: Option<SeriesView>,
    /// Posts that share most tags with it, at most three.
    pub related: Vec<TitledLink>,
    /// The next newer post.
    pub newer: Option<TitledLink>,
    /// The next older post.
    pub older: Option<TitledLink>,
    /// The file that it was written in, below `content/`.
    pub source: String,
    /// `[extra]` of its front matter.
    pub extra: serde_json::Value,
}

/// A post among the parts of its series.
#[derive(Debug, Clone, Serialize)]
pub struct SeriesView {
    /// Its name.
    pub title: String,
    /// Which part the post is, from 1.
    pub part: usize,
    /// All parts, the oldest first.
    pub parts: Vec<TitledLink>,
}

/// The file that goes with a post.
#[derive(Debug, Clone, Serialize)]
pub struct EnclosureView {
    /// The file's name.
    pub name: String,
    /// Where it is.
    pub href: String,
    /// What it is, for example `audio/mpeg`.
    pub media_type: String,
    /// How large it is, for example `3.4 MB`.
    pub size: String,
}

/// `page.html`, or what the page names instead.
#[derive(Debug, Clone, Serialize)]
pub struct PagePage {
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
    /// `ltr` or `rtl`: how that language is written.
    pub direction: &'static str,
    /// `[extra]` of its front matter.
    pub extra: serde_json::Value,
}

/// `archives.html`, besides `years`: [`YearView`]s, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct ArchivesPage {
    /// The head.
    pub head: HeadView,
}

/// A year of posts, besides `months`: [`MonthView`]s, newest first; only months that have posts.
#[derive(Debug, Clone, Serialize)]
pub struct YearView {
    /// `2026`.
    pub year: String,
    /// Its id on the page.
    pub id: String,
    /// Posts in it.
    pub count: usize,
}

/// A month of posts, besides `posts`: [`PostLine`]s, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct MonthView {
    /// `November`.
    pub name: String,
    /// Its id on the page: `2026-11`.
    pub id: String,
}

/// `tags.html`.
#[derive(Debug, Clone, Serialize)]
pub struct TagsPage {
    /// The head.
    pub head: HeadView,
    /// By slug.
    pub tags: Vec<TagLink>,
}

/// `search.html`.
#[derive(Debug, Clone, Serialize)]
pub struct SearchPage {
    /// The head.
    pub head: HeadView,
    /// Href of the page, below which the index lies.
    pub index: String,
}

/// `tag.html`, besides `posts`: the tag's posts as [`PostLine`]s, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct TagPage {
    /// The head.
    pub head: HeadView,
    /// The tag.
    pub tag: TagLink,
}

/// `gallery.html`.
#[derive(Debug, Clone, Serialize)]
pub struct GalleryPage {
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
    /// When it was made, or its pictures were taken: `12 to 14 June 2008`; may be empty.
    pub dates: String,
    /// Plain text.
    pub description: String,
    /// The picture that stands for it.
    pub cover: ImageView,
}

/// `album.html`.
#[derive(Debug, Clone, Serialize)]
pub struct AlbumPage {
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
    /// Pictures in it and in the albums in it.
    pub count: usize,
    /// When it was made, or its pictures were taken; may be empty.
    pub dates: String,
    /// The albums that it lies in, the outermost first.
    pub within: Vec<TitledLink>,
    /// The albums that lie in it.
    pub albums: Vec<AlbumLine>,
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
    /// Its shape, for rows of one height: a tenth of its width where it is ten high; 4 to 40.
    pub shape: u32,
}

/// `photo.html`.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoPage {
    /// The head.
    pub head: HeadView,
    /// The albums that it lies in, the outermost first.
    pub within: Vec<TitledLink>,
    /// The picture.
    pub photo: PhotoView,
}

/// A picture in full.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoView {
    /// Plain text.
    pub title: String,
    /// What the author says about it: paragraphs.
    pub caption_html: String,
    /// When it was taken, as clocks showed it there.
    pub taken: Option<DateView>,
    /// Camera, lens, exposure; each may be missing.
    pub camera: Vec<String>,
    /// Who took it and whose the rights are; each may be missing.
    pub credits: Vec<String>,
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
    /// The sizes that can be had, smallest first; the last is the author's own file where the album gives it away.
    pub downloads: Vec<DownloadView>,
}

/// A file of a picture to be saved.
#[derive(Debug, Clone, Serialize)]
pub struct DownloadView {
    /// Where it is.
    pub href: String,
    /// The name that it is saved under.
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether it is the author's own file.
    pub original: bool,
}

/// `404.html`.
#[derive(Debug, Clone, Serialize)]
pub struct MissingPage {
    /// The head.
    pub head: HeadView,
}

/// `redirect.html`.
#[derive(Debug, Clone, Serialize)]
pub struct RedirectPage {
    /// The head; `canonical` is the new address.
    pub head: HeadView,
    /// The new address.
    pub target: TitledLink,
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
    /// The first, the last, this one and those around it.
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
    /// Whether pages are left out before it.
    pub after_gap: bool,
}

/// `feed.html`.
#[derive(Debug, Clone, Serialize)]
pub struct FeedPage {
    /// The head.
    pub head: HeadView,
    /// The site's feed in each format.
    pub addresses: Vec<FeedView>,
    /// Feeds about less than the whole site.
    pub others: Vec<FeedPageLine>,
    /// Href of the list of all feeds.
    pub opml: String,
    /// The newest posts.
    pub posts: Vec<PostLine>,
}

/// A feed about a part of the site.
#[derive(Debug, Clone, Serialize)]
pub struct FeedPageLine {
    /// What it is about.
    pub title: String,
    /// Href of the page with the same.
    pub page: String,
    /// The feed in each format.
    pub addresses: Vec<FeedView>,
}
