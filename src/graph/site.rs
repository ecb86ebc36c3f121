//! The finished site: everything known, every link resolved, nothing rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use chrono_tz::Tz;
use imaging::{Camera, Nature};
use serde::{Deserialize, Serialize};

use crate::files::config::Config;
use crate::graph::diagram::Drawing;
use crate::graph::links::Leads;
use crate::parsing::code::Code;
pub use crate::parsing::text::Heading;
use crate::words::route::Route;
use crate::words::source_text::{Located, Span};

/// A whole site. Lists are in the order in which they are shown.
#[derive(Debug)]
pub struct Site {
    /// The configuration.
    pub config: Config,
    /// Newest first; equal times by route.
    pub posts: Vec<Post>,
    /// By route.
    pub pages: Vec<Page>,
    /// Those in others too. Newest first, undated ones last, then by route.
    pub albums: Vec<Album>,
    /// By slug.
    pub tags: BTreeMap<String, Tag>,
    /// Files that are published as they are: pictures beside a post, files in `static/`. By route.
    pub files: Vec<PlainFile>,
    /// Old addresses, and where they lead now.
    pub aliases: BTreeMap<Route, Route>,
    /// The picture that stands for the site's feeds.
    pub channel_image: Option<ChannelImage>,
    /// Numbers in texts that the engine has confirmed.
    pub claims: usize,
    /// Addresses on the web that texts lead to, each where it stands: `https:`, `http:`, or without a scheme (`//example.org/`).
    pub elsewhere: Vec<Located<String>>,
    /// When the next post comes or goes, although nobody edits anything.
    pub due: Option<DateTime<Utc>>,
}

impl Site {
    /// Forgets the links that lead elsewhere, which only a check asks for: their places hold the texts that they stand in.
    pub fn forget_elsewhere(&mut self) {
        self.elsewhere = Vec::new();
    }

    /// The file that lives at `route`.
    #[must_use]
    pub fn file(&self, route: &Route) -> Option<&PlainFile> {
        let place = self.files.binary_search_by(|file| file.route.cmp(route)).ok()?;
        self.files.get(place)
    }

    /// The albums that lie in no other.
    pub fn top_albums(&self) -> impl Iterator<Item = &Album> {
        self.albums.iter().filter(|album| album.parent.is_none())
    }

    /// The photograph that stands for an album.
    #[must_use]
    pub fn cover(&self, album: &Album) -> &Photo {
        &self.albums[album.cover.album.0].photos[album.cover.photo]
    }

    /// An album's photographs, and those of the albums in it, each with its album.
    #[must_use]
    pub fn photos_in<'a>(&'a self, album: &'a Album) -> Vec<(&'a Album, &'a Photo)> {
        let own = album.photos.iter().map(|photo| (album, photo));
        own.chain(album.albums.iter().flat_map(|index| self.photos_in(&self.albums[index.0]))).collect()
    }

    /// The languages that posts are written in, as BCP 47 tags, if there are several; otherwise none.
    #[must_use]
    pub fn languages(&self) -> BTreeSet<&str> {
        let languages: BTreeSet<&str> = self.posts.iter().map(|post| post.language.as_str()).collect();
        if languages.len() > 1 { languages } else { BTreeSet::new() }
    }
}

/// A picture of this site that stands for its feeds, small enough for all readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelImage {
    /// Where it lives.
    pub route: Route,
    /// What it is, for example `image/png`.
    pub media_type: &'static str,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// The file that goes with a post, a recording for example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Where it is.
    pub file: EnclosureFile,
    /// What it is, for example `audio/mpeg`.
    pub media_type: String,
}

/// Where an enclosure is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnclosureFile {
    /// On this site, where its length is known: one of [`Site::files`].
    OfSite(Route),
    /// Elsewhere; its length is what the author says.
    Elsewhere {
        /// An address on the web.
        url: String,
        /// Bytes.
        length: u64,
    },
}

/// An index into [`Site::posts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PostIndex(pub usize);

/// One post.
#[derive(Debug)]
pub struct Post {
    /// Where it lives.
    pub route: Route,
    /// The file that it was written in, for example `content/posts/hello.md`.
    pub path: String,
    /// The feed's guid: opaque, unique on the site, the same for ever.
    pub id: String,
    /// The address that feeds give in place of the post's own: where it lived before, or what it is about.
    pub link: Option<String>,
    /// Plain text.
    pub title: String,
    /// When it was published, with the offset that the zone had on that date.
    pub date: DateTime<Tz>,
    /// When it was last changed in substance.
    pub updated: Option<DateTime<Tz>>,
    /// Tag slugs, in the author's order; each is a key of [`Site::tags`].
    pub tags: Vec<String>,
    /// Names, in the author's order; the site's author when the post names none.
    pub authors: Vec<String>,
    /// The name of what it is a part of; may be empty.
    pub series: String,
    /// Plain text: the author's summary, or the start of the text.
    pub summary: String,
    /// Whether the summary is the author's: what only repeats the start is not shown above it.
    pub is_summarised: bool,
    /// BCP 47 tag; the site's language unless the post says otherwise.
    pub language: String,
    /// A picture that stands for the post.
    pub image: Option<Route>,
    /// The file that goes with it.
    pub enclosure: Option<Enclosure>,
    /// The template that renders it, for example `post.html`.
    pub template: String,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
    /// What it says.
    pub body: Body,
    /// What it has to do with the rest of the site.
    pub ties: Ties,
}

/// What a post's text has to do with the rest of the site.
#[derive(Debug, Clone)]
pub struct Ties {
    /// Stands for what the rest can know of it.
    pub(crate) outline: blake3::Hash,
    /// Where its links lead that lead to another page or a file.
    pub(crate) leads: Leads,
    /// [`FigureUse::places`] of its figures, in order.
    pub(crate) places: Vec<Vec<String>>,
}

impl Default for Ties {
    /// Nothing is known: no text goes with them.
    fn default() -> Self {
        Self { outline: blake3::hash(b""), leads: Leads::new(), places: Vec::new() }
    }
}

impl Post {
    /// The post's fragment on the archive page, as genBlog named its files: `2008-12-12T17_35_11.txt`.
    #[must_use]
    pub fn archive_fragment(&self) -> String {
        self.date.format("%Y-%m-%dT%H_%M_%S.txt").to_string()
    }
}

/// One page outside the stream of posts.
#[derive(Debug)]
pub struct Page {
    /// Where it lives.
    pub route: Route,
    /// The file that it was written in, for example `content/posts/hello.md`.
    pub path: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: String,
    /// When it was last changed in substance.
    pub updated: Option<DateTime<Tz>>,
    /// BCP 47 tag.
    pub language: String,
    /// The template that renders it, for example `page.html`.
    pub template: String,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
    /// What it says.
    pub body: Body,
}

/// The text of a post, page or album, with links resolved to what a page on this site may say (root-relative or absolute).
#[derive(Debug, Default, PartialEq)]
pub struct Body {
    /// HTML and figures in turn.
    pub blocks: Vec<Block>,
    /// Headings of level 2 and 3, in order.
    pub headings: Vec<Heading>,
    /// Words of prose, for the reading time.
    pub words: usize,
    /// How many leading blocks stand before the author's `<!-- more -->`; `None` when there is none.
    pub lead: Option<usize>,
    /// Whether there is nothing in it but what Markdown makes, and no picture: then nobody needs to look for `img` and `svg` elements.
    pub plain: bool,
}

impl Body {
    /// About how many bytes it has as HTML: figures and diagrams are not counted, and addresses are shorter than they will be.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = |block: &Block| match block {
            Block::Html(html) => html.len(),
            Block::Code(code) => code.text.len(),
            Block::Figure(_) | Block::Diagram(_) => 0,
        };
        self.blocks.iter().map(bytes).sum()
    }

    /// Minutes that it takes to read, at least 1.
    #[must_use]
    pub fn minutes(&self) -> usize {
        minutes(self.words)
    }
}

/// Words that a reader reads in a minute.
const WORDS_A_MINUTE: usize = 220;

/// Minutes that so many words take, at least 1.
pub(crate) fn minutes(words: usize) -> usize {
    words.div_ceil(WORDS_A_MINUTE).max(1)
}

/// A part of a body.
#[derive(Debug, PartialEq)]
pub enum Block {
    /// Finished HTML.
    Html(String),
    /// A figure that the engine draws.
    Figure(FigureUse),
    /// Code, shown in colours.
    Code(Arc<Code>),
    /// A diagram that Graphviz has laid out.
    Diagram(Box<DiagramUse>),
}

/// A diagram as it stands in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagramUse {
    /// HTML id, unique within the page.
    pub id: String,
    /// Its text, in Graphviz' language; published beside the page.
    pub text: String,
    /// What it says to those who do not see it.
    pub alt: String,
    /// The author's caption as inline HTML; may be empty.
    pub caption: String,
    /// What it looks like.
    pub drawing: Drawing,
    /// Where its parts lead: what a page says for each address.
    pub links: BTreeMap<String, String>,
    /// The name under which the layout is kept, unless the site holds it.
    pub kept: Option<String>,
    /// Where the author asked for it.
    pub span: Span,
}

/// A figure as an author asked for it; figure, preset and knobs are known to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureUse {
    /// The figure's name in the engine's catalogue; also its HTML id, followed by `-2`, `-3` … for repeated uses on a page.
    pub figure: String,
    /// HTML id, unique within the page.
    pub id: String,
    /// The preset's name.
    pub preset: String,
    /// Knob names and values that differ from the preset.
    pub knobs: Vec<(String, u32)>,
    /// The author's caption as inline HTML; may be empty.
    pub caption: String,
    /// States that links of the site name, as fragments: `ring=v1.burst.n10`. The page has a place for each, so that such a
    /// link leads to the figure without scripts too.
    pub places: Vec<String>,
    /// Where the author asked for it.
    pub span: Span,
}

/// An index into [`Site::albums`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlbumIndex(pub usize);

/// A photograph that stands for an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// The album that it belongs to: this one or one in it.
    pub album: AlbumIndex,
    /// An index into [`Album::photos`].
    pub photo: usize,
}

/// An album of pictures.
#[derive(Debug)]
pub struct Album {
    /// Where it lives, for example `gallery/walk/`.
    pub route: Route,
    /// Its folder as the author sees it, relative to the site's root.
    pub path: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: String,
    /// When the album was made, if it says so.
    pub date: Option<DateTime<Tz>>,
    /// From when to when its pictures were taken and those of the albums in it, as far as that is known.
    pub taken: Option<(DateTime<FixedOffset>, DateTime<FixedOffset>)>,
    /// The introduction.
    pub body: Body,
    /// In the order in which they are shown; none when all lie in albums in it.
    pub photos: Vec<Photo>,
    /// The album that it lies in.
    pub parent: Option<AlbumIndex>,
    /// The albums that lie in it, in the order of [`Site::albums`].
    pub albums: Vec<AlbumIndex>,
    /// The one that stands for the album.
    pub cover: Cover,
}

impl Album {
    /// Its date, or when its last picture was taken.
    #[must_use]
    pub fn when(&self) -> Option<DateTime<FixedOffset>> {
        self.date.map(|date| date.fixed_offset()).or(self.taken.map(|(_, last)| last))
    }
}

/// One picture of an album.
#[derive(Debug)]
pub struct Photo {
    /// Its page.
    pub route: Route,
    /// The file, to be read when its derivatives are made.
    pub file: PathBuf,
    /// The file as the author sees it, relative to the site's root.
    pub path: String,
    /// Hash of the file's bytes.
    pub hash: blake3::Hash,
    /// Pixels, after the orientation that the file asks for.
    pub width: u32,
    /// Pixels, after the orientation that the file asks for.
    pub height: u32,
    /// Plain text; the file's stem when the author gave none.
    pub title: String,
    /// HTML paragraphs; may be empty.
    pub caption: String,
    /// What a person who cannot see the picture should know.
    pub alt: String,
    /// When it was taken, as clocks showed it.
    pub taken: Option<DateTime<FixedOffset>>,
    /// What its camera says, where the album tells it.
    pub camera: Option<Box<Camera>>,
    /// The file itself, where the album gives it away.
    pub original: Option<Route>,
}

/// A tag and its posts.
#[derive(Debug)]
pub struct Tag {
    /// As first written.
    pub name: String,
    /// Its list's page.
    pub route: Route,
    /// Newest first.
    pub posts: Vec<PostIndex>,
}

/// How a file is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Publishing {
    /// Byte for byte: what the author put into `static/`.
    AsItIs,
    /// What lies beside a text: pictures lose what cameras wrote into them.
    WithoutMetadata,
}

/// A file that is published under its own name.
#[derive(Debug)]
pub struct PlainFile {
    /// Where it lives.
    pub route: Route,
    /// Where it comes from.
    pub file: PathBuf,
    /// The same as the author sees it, relative to the site's root.
    pub path: String,
    /// Hash of its bytes.
    pub hash: blake3::Hash,
    /// How many bytes it has before it is published.
    pub length: u64,
    /// How it is published.
    pub publishing: Publishing,
    /// Whether it is a picture that is published as it is and says where it was taken.
    pub tells_place: bool,
    /// What may become of it when it is made smaller, where it is a picture.
    pub nature: Option<Nature>,
}
