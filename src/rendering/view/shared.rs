//! What several templates see: the site, the head, dates, links, lines of lists.

use std::fmt::Display;

use chrono::{DateTime, Datelike, TimeZone, Timelike};
use serde::Serialize;

use crate::graph::site::Heading;
use crate::words::phrases::Phrases;

/// The site, as every template sees it.
#[derive(Debug, Clone, Serialize)]
pub struct SiteView {
    /// The site's name.
    pub title: String,
    /// One sentence.
    pub description: String,
    /// BCP 47 tag.
    pub language: String,
    /// `ltr` or `rtl`: how that language is written.
    pub direction: &'static str,
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
    /// The site's feed in its first format.
    pub feed: FeedView,
    /// The site's feed in every format, the first one again.
    pub feeds: Vec<FeedView>,
    /// Href of the page about feeds.
    pub feed_page: String,
    /// Href of the archives.
    pub archives: String,
    /// Href of the list of tags.
    pub tags: String,
    /// Href of the search page; empty where readers cannot search.
    pub search: String,
    /// What pages load.
    pub assets: AssetsView,
    /// The name of the site's theme.
    pub theme: String,
    /// The themes that readers may choose from, the site's among them; empty when they may not.
    pub themes: Vec<ThemeView>,
    /// The paper's colour by day, for the browser's frame.
    pub theme_color_light: String,
    /// The paper's colour by night.
    pub theme_color_dark: String,
    /// What may stand beside the text; null unless a template asks for `site.aside`.
    pub aside: Option<AsideView>,
    /// `[extra]` of the configuration.
    pub extra: serde_json::Value,
}

/// A theme that readers may choose.
#[derive(Debug, Clone, Serialize)]
pub struct ThemeView {
    /// Its name.
    pub name: String,
    /// As people read it.
    pub title: String,
    /// Href of its style sheet.
    pub style: String,
}

/// What may stand beside the text.
#[derive(Debug, Clone, Serialize)]
pub struct AsideView {
    /// Years with posts, the newest first.
    pub years: Vec<YearLink>,
    /// The tags of most posts, in the order of their names.
    pub tags: Vec<TagLink>,
}

/// A link to a year of the archives.
#[derive(Debug, Clone, Serialize)]
pub struct YearLink {
    /// `2026`.
    pub year: String,
    /// Its place on the archive page.
    pub href: String,
    /// Posts in it.
    pub count: usize,
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

/// A feed, for links to it.
#[derive(Debug, Clone, Serialize)]
pub struct FeedView {
    /// The feed's title.
    pub title: String,
    /// The format's name, for example `Atom`.
    pub format: &'static str,
    /// The format's media type.
    pub media_type: &'static str,
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
    /// What copies addresses on the page about feeds, an ES module.
    pub copy: String,
    /// What shows an album's photographs one after the other, an ES module.
    pub viewer: String,
    /// The viewer's style sheet.
    pub viewer_style: String,
    /// What finds words on the search page, an ES module.
    pub search: String,
    /// What leads from a photograph's page to its neighbours by keys, an ES module.
    pub neighbours: String,
    /// What does as the reader has chosen, and copies code; a classic script.
    pub reader: String,
    /// The site's mark, an SVG.
    pub icon: String,
    /// The mark for home screens, a PNG.
    pub touch_icon: String,
    /// The web manifest.
    pub manifest: String,
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
    /// Its width and height in pixels, where they are known.
    pub image_size: Option<(u32, u32)>,
    /// RFC 3339.
    pub published: String,
    /// RFC 3339.
    pub updated: String,
    /// Href of the figure shell, an ES module; empty when the page has no figures.
    pub shell: String,
    /// Whether the page shows code, which readers may want to copy.
    pub code: bool,
    /// `noindex`, or empty.
    pub robots: &'static str,
    /// Href of the page before this one in a series.
    pub prev: String,
    /// Href of the page after this one in a series.
    pub next: String,
    /// What the page is about, as JSON-LD that may stand within a `script` element; empty for pages that are no posts.
    pub linked_data: String,
    /// Feeds about what the page is about, beside the site's.
    pub feeds: Vec<FeedView>,
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
    /// The forms of `date` in a language.
    #[must_use]
    pub fn new<Z: TimeZone<Offset: Display>>(date: &DateTime<Z>, phrases: &Phrases) -> Self {
        let (day, year) = (date.day().to_string(), format!("{:04}", date.year()));
        let month = |key| phrases.name(key, date.month0() as usize);
        Self {
            iso: date.to_rfc3339(),
            day: phrases.filled("date", &[("day", &day), ("month", month("months")), ("year", &year)]),
            short: phrases.filled("date_short", &[("day", &day), ("month", month("months_short"))]),
            year: date.year().to_string(),
            month: month("months").to_owned(),
            time: format!("{:02}:{:02}", date.hour(), date.minute()),
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
    /// BCP 47 tag of its language, where that is not the site's; else empty.
    pub lang: String,
    /// Its id on the archive page.
    pub fragment: String,
    /// The picture that stands for it.
    pub thumb: Option<ImageView>,
    /// On the home page the text before the author's mark, or the summary in a paragraph; empty in other lists.
    pub html: String,
    /// On the home page the moments of the post's first figure, as items of a list; empty in other lists.
    pub film_html: String,
}

/// A picture, perhaps in several widths.
#[derive(Debug, Clone, Serialize)]
pub struct ImageView {
    /// The one for browsers that do not choose.
    pub src: String,
    /// Candidates with their widths; may be empty.
    pub srcset: String,
    /// The same as WebP; empty where there is none.
    pub webp: String,
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
            let entry = Self {
                level: heading.level,
                id: heading.id.clone(),
                title: heading.title.clone(),
                children: Vec::new(),
            };
            match tree.last_mut() {
                Some(parent) if heading.level > 2 && parent.level == 2 => parent.children.push(entry),
                _ => tree.push(entry),
            }
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_date_has_the_offset_of_its_own_day() {
        let date = chrono_tz::Australia::Sydney.with_ymd_and_hms(2008, 12, 2, 9, 5, 0).single().expect("not ambiguous");
        let view = DateView::new(&date, &Phrases::new("en", &BTreeMap::new()));
        assert_eq!(view.iso, "2008-12-02T09:05:00+11:00");
        assert_eq!([view.day, view.short, view.time], ["2 December 2008", "2 Dec", "09:05"]);
    }

    #[test]
    fn a_heading_without_a_parent_stands_alone() {
        let heading = |level, id: &str| Heading { level, id: id.to_owned(), title: id.to_owned() };
        let tree =
            TocEntry::tree(&[heading(3, "a"), heading(2, "b"), heading(3, "c"), heading(3, "d"), heading(2, "e")]);
        let shape: Vec<_> = tree.iter().map(|entry| (entry.id.as_str(), entry.children.len())).collect();
        assert_eq!(shape, [("a", 0), ("b", 2), ("e", 0)]);
    }
}
