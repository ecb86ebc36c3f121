//! What every format says of a post or a photograph: addresses, and a body that a reader of feeds can show.

use chrono::{DateTime, FixedOffset, Offset, TimeZone};

use crate::graph::site::{Album, Block, Body, Photo, Post};
use crate::rendering::code::plain;
use crate::rendering::diagram::Diagram;
use crate::rendering::drawing::{drawings, with_pictures};
use crate::rendering::feeds::pictures::{self, Image};
use crate::rendering::figure::Figure;
use crate::rendering::portable::{Destination, portable};
use crate::rendering::published::Attachment;
use crate::rendering::renderer::Renderer;
use crate::rendering::xml::without_illegal;

/// A post or a photograph on its way into a feed. All texts are plain but for `html`, and all but names lack what XML cannot hold.
#[derive(Debug, Clone)]
pub struct Item {
    /// The guid: opaque, unique, the same for ever.
    pub id: String,
    /// Whether the guid is the page's address as well.
    pub is_permalink: bool,
    /// The page's own absolute URL.
    pub page: String,
    /// The address that readers are led to: the page's, or the one that its author gives in its place.
    pub url: String,
    /// May be empty.
    pub title: String,
    /// What stands beside the full text when the author wants summaries.
    pub summary: String,
    /// The full text as readers take it: absolute links, figures as pictures.
    pub html: String,
    /// Names, by which the configuration may know more of them.
    pub authors: Vec<String>,
    /// Names.
    pub tags: Vec<String>,
    /// Pictures have no date of their own where their album has none.
    pub published: Option<DateTime<FixedOffset>>,
    /// When it was last changed in substance.
    pub updated: Option<DateTime<FixedOffset>>,
    /// BCP 47 tag.
    pub language: String,
    /// The picture that it is, or that stands for it.
    pub image: Option<Image>,
    /// The file that goes with it.
    pub enclosure: Option<Attachment>,
}

impl Item {
    pub(super) fn of_post(renderer: &Renderer<'_>, post: &Post) -> Self {
        let page = renderer.url(&post.route);
        Self {
            id: without_illegal(&post.id),
            is_permalink: false,
            title: without_illegal(&post.title),
            summary: without_illegal(&post.summary),
            html: without_illegal(&plain_body(renderer, post, &page)),
            authors: post.authors.clone(),
            tags: renderer.tags(post).into_iter().map(|tag| without_illegal(&tag.name)).collect(),
            published: Some(in_minutes(&post.date)),
            updated: post.updated.as_ref().map(in_minutes),
            language: post.language.clone(),
            image: pictures::of_post(renderer, post),
            enclosure: post.enclosure.as_ref().map(|enclosure| Attachment::new(renderer, enclosure)),
            url: post.link.as_ref().unwrap_or(&page).clone(),
            page,
        }
    }

    pub(super) fn of_photo(renderer: &Renderer<'_>, album: &Album, photo: &Photo) -> Self {
        let url = renderer.url(&photo.route);
        let image = pictures::of_photo(renderer, photo);
        Self {
            id: url.clone(),
            is_permalink: true,
            title: without_illegal(&photo.title),
            summary: without_illegal(&photo.alt),
            html: without_illegal(&portable(&photo_html(photo, image.as_ref(), &url), &url, Destination::Feed)),
            authors: Vec::new(),
            tags: Vec::new(),
            published: taken_in_minutes(album, photo),
            updated: None,
            language: renderer.site.config.language.clone(),
            image,
            enclosure: None,
            page: url.clone(),
            url,
        }
    }
}

/// When a post came out or was last changed, as feeds can say it.
pub(super) fn changed_in_minutes(post: &Post) -> DateTime<FixedOffset> {
    let published = in_minutes(&post.date);
    post.updated.as_ref().map_or(published, |updated| published.max(in_minutes(updated)))
}

/// When a photograph is said to be from; `None` where nobody knows.
pub(super) fn taken_in_minutes(album: &Album, photo: &Photo) -> Option<DateTime<FixedOffset>> {
    album.date.map(|date| date.fixed_offset()).or(photo.taken).as_ref().map(in_minutes)
}

/// The same moment where the offset has no seconds: zones had some before the 1970s, and no format can write them.
fn in_minutes<Z: TimeZone>(date: &DateTime<Z>) -> DateTime<FixedOffset> {
    let seconds = date.offset().fix().local_minus_utc();
    let offset = FixedOffset::east_opt(seconds - seconds % 60).expect("nearer to Greenwich than one that there is");
    date.with_timezone(&offset)
}

fn photo_html(photo: &Photo, image: Option<&Image>, url: &str) -> String {
    let mut html = String::new();
    if let Some(Image { url: src, size: Some((width, height)), .. }) = image {
        let [link, src, alt] = [url, src, &photo.alt].map(escaped);
        html = format!(
            "<p><a href=\"{link}\"><img src=\"{src}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\"></a></p>"
        );
    }
    if !photo.caption.is_empty() {
        html.push_str(&format!("\n{}", photo.caption));
    }
    html
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn plain_body(renderer: &Renderer<'_>, post: &Post, url: &str) -> String {
    let Body { blocks, .. } = &post.body;
    let base_url = &renderer.site.config.base_url;
    let places = drawings(&post.route, &post.body);
    let html: String = blocks
        .iter()
        .enumerate()
        .map(|(index, block)| match block {
            Block::Html(html) => with_pictures(html, index, &places, base_url),
            Block::Figure(wanted) => Figure::new(wanted, &post.route).plain_html(url, base_url),
            Block::Code(code) => plain(code),
            Block::Diagram(wanted) => Diagram::new(wanted, &post.route).plain_html(base_url),
        })
        .collect();
    // As one text: an element of the author's may reach over a figure.
    portable(html.trim(), url, Destination::Feed)
}
