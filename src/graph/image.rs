//! `![words](walk.jpg)` as HTML: an `img` element that names the author's own file. Pages show sizes of it that fit.

use crate::files::picture::{Size, is_picture};
use crate::graph::links::Resolved;
use crate::parsing::html::{address, attribute};

/// CSS pixels that a picture beside the text is wide and high at most, as thumbnails of 2008 were.
const BESIDE: u32 = 240;

/// Where a picture stands that the text flows around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    /// The side that an address asks for by its fragment: `walk.jpg#left`.
    fn of(href: &str) -> Option<Self> {
        match href.rsplit_once('#')?.1 {
            "left" => Some(Self::Left),
            "right" => Some(Self::Right),
            _ => None,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// A picture as an author writes it in Markdown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Image<'a> {
    /// What it shows.
    pub(crate) alt: &'a str,
    /// May be empty.
    pub(crate) title: &'a str,
    /// Whether a press leads somewhere.
    pub(crate) in_link: bool,
}

impl Image<'_> {
    /// The element. A small picture beside the text leads to the whole one, unless its author has it lead elsewhere.
    pub(crate) fn html(self, resolved: &Resolved) -> String {
        let is_file = resolved.route.as_ref().is_some_and(|route| is_picture(route.as_str()));
        let Some(side) = Side::of(&resolved.href).filter(|_| is_file) else {
            return self.element(&resolved.href, resolved.size, None);
        };
        let href = resolved.href.rsplit_once('#').map_or(&*resolved.href, |(href, _)| href);
        let small = resolved.size.map(|size| size.within(BESIDE));
        let element = self.element(href, small, Some(side));
        if self.in_link || small == resolved.size {
            return element;
        }
        format!("<a{}>{element}</a>", address("href", href))
    }

    fn element(self, href: &str, size: Option<Size>, side: Option<Side>) -> String {
        let mut html = format!("<img{}{}", address("src", href), attribute("alt", self.alt));
        if let Some(Size { width, height }) = size {
            html.push_str(&format!(" width=\"{width}\" height=\"{height}\""));
        }
        if !self.title.is_empty() {
            html.push_str(&attribute("title", self.title));
        }
        if let Some(side) = side {
            html.push_str(&attribute("class", side.class()));
        }
        html + " decoding=\"async\">"
    }
}

/// What a piece of HTML leaves of links: an open one, none, or what there was before it.
pub(crate) fn leaves_link(html: &str) -> Option<bool> {
    let html = html.to_ascii_lowercase();
    let begins = |at: usize| html[at + 2..].starts_with(|c: char| c.is_ascii_whitespace() || c == '>');
    let opened = html.rmatch_indices("<a").find(|&(at, _)| begins(at)).map(|(at, _)| at);
    let closed = html.rfind("</a>");
    (opened.is_some() || closed.is_some()).then_some(opened > closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::route::Route;

    #[test]
    fn a_picture_beside_the_text_is_small_and_leads_to_the_whole() {
        let html = |file: &str, size: Option<(u32, u32)>, in_link| {
            let route = Route::new(file.split('#').next().unwrap_or_default());
            let size = size.map(|(width, height)| Size { width, height });
            Image { alt: "A", title: "", in_link }.html(&Resolved { href: file.to_owned(), route, size })
        };
        let end = " decoding=\"async\">";
        for (file, size, in_link, expected) in [
            ("a.jpg", Some((800, 600)), false, "<img src=\"a.jpg\" alt=\"A\" width=\"800\" height=\"600\"END"),
            (
                "a.jpg#left",
                Some((800, 600)),
                false,
                "<a href=\"a.jpg\"><img src=\"a.jpg\" alt=\"A\" width=\"240\" height=\"180\" class=\"left\"END</a>",
            ),
            (
                "a.jpg#right",
                Some((60, 900)),
                true,
                "<img src=\"a.jpg\" alt=\"A\" width=\"16\" height=\"240\" class=\"right\"END",
            ),
            (
                "a.jpg#right",
                Some((60, 90)),
                false,
                "<img src=\"a.jpg\" alt=\"A\" width=\"60\" height=\"90\" class=\"right\"END",
            ),
            ("a.svg#left", None, false, "<img src=\"a.svg\" alt=\"A\" class=\"left\"END"),
            ("a.svg#leftmost", None, false, "<img src=\"a.svg#leftmost\" alt=\"A\"END"),
            ("a/#left", None, false, "<img src=\"a/#left\" alt=\"A\"END"),
        ] {
            assert_eq!(html(file, size, in_link), expected.replace("END", end), "{file}");
        }
    }

    #[test]
    fn a_link_is_open_behind_its_beginning() {
        for (html, expected) in [
            ("<a href=x>", Some(true)),
            ("<A\nhref=x><b>", Some(true)),
            ("<a href=x>y</a>", Some(false)),
            ("</a><a>", Some(true)),
            ("<abbr title=x>", None),
        ] {
            assert_eq!(leaves_link(html), expected, "{html}");
        }
    }
}
