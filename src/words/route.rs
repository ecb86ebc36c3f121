//! Where an output lives on the site.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::words::address::{percent_decode, percent_encode};

/// A place on the site, as a path without a leading slash: `posts/hello/` is a page, `feed.xml` a file, the empty route home.
///
/// Parts never are `.` or `..`, never empty and never hold a backslash or a control character, so that a route can be joined
/// to the output folder without leaving it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Route(String);

impl From<Route> for String {
    fn from(route: Route) -> Self {
        route.0
    }
}

impl TryFrom<String> for Route {
    type Error = &'static str;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        Self::new(path).ok_or("this is no route")
    }
}

impl Route {
    /// Checks `path`; `None` when a part of it could leave the output folder or name nothing.
    pub fn new(path: impl Into<String>) -> Option<Self> {
        let path = path.into();
        let parts = path.strip_suffix('/').unwrap_or(&path);
        let sound = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(|c: char| c == '\\' || c.is_control())
        };
        (path.is_empty() || parts.split('/').all(sound)).then_some(Self(path))
    }

    /// The home page.
    #[must_use]
    pub fn home() -> Self {
        Self(String::new())
    }

    /// What lives at an address that begins with `base_url`; `None` when it is not on the site or names nothing.
    #[must_use]
    pub fn of_url(url: &str, base_url: &str) -> Option<Self> {
        let path = url.strip_prefix(base_url)?;
        Self::new(percent_decode(path.split(['?', '#']).next().unwrap_or_default()))
    }

    /// What lives beside it under a name that is one part of a route: in a page's own folder, or in the folder of a file.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let folder = self.0.rfind('/').map_or("", |slash| &self.0[..=slash]);
        Self::new(format!("{folder}{name}")).expect("the name is one part of a route")
    }

    /// The route as text, without a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file that holds it, relative to the output folder.
    #[must_use]
    pub fn file(&self) -> String {
        if self.0.is_empty() || self.0.ends_with('/') { format!("{}index.html", self.0) } else { self.0.clone() }
    }

    /// What a link on the same site says: `base_path` is the path of the base URL, with slashes at both ends.
    #[must_use]
    pub fn href(&self, base_path: &str) -> String {
        format!("{base_path}{}", percent_encode(&self.0))
    }

    /// What a link from elsewhere says: `base_url` ends with a slash.
    #[must_use]
    pub fn url(&self, base_url: &str) -> String {
        self.href(base_url)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.0)
    }
}

/// The folders that a file or folder lies in, the outermost first.
pub fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// A path with its accents in one character each where there is such a one (NFC): owned as soon as it is not plain ASCII.
#[must_use]
pub(crate) fn composed(path: &str) -> Cow<'_, str> {
    if path.is_ascii() { Cow::Borrowed(path) } else { Cow::Owned(path.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_cannot_leave_the_output_folder() {
        for path in ["../x", "a/../b", "/a", "a//b", "a\\b", ".", "a/./b", "a\nb", "/"] {
            assert_eq!(Route::new(path), None, "{path:?}");
        }
    }

    #[test]
    fn a_page_is_a_folder_with_an_index() {
        for (path, file) in [("", "index.html"), ("posts/a/", "posts/a/index.html"), ("feed.xml", "feed.xml")] {
            assert_eq!(Route::new(path).expect("sound").file(), file);
        }
    }

    #[test]
    fn beside_a_page_is_in_its_folder() {
        for (route, expected) in [("", "a.png"), ("old.html", "a.png"), ("b/", "b/a.png"), ("b/c.html", "b/a.png")] {
            assert_eq!(Route::new(route).expect("sound").beside("a.png").as_str(), expected, "{route}");
        }
    }

    #[test]
    fn links_are_percent_encoded() {
        let route = Route::new("posts/größe 1/").expect("sound");
        assert_eq!(route.href("/blog/"), "/blog/posts/gr%C3%B6%C3%9Fe%201/");
        let base = "https://example.org/blog/";
        assert_eq!(Route::of_url(&format!("{}?a#b", route.url(base)), base), Some(route));
        for elsewhere in ["https://example.org/", "https://example.org/blog/%2e%2e/", "/blog/"] {
            assert_eq!(Route::of_url(elsewhere, base), None, "{elsewhere}");
        }
    }
}
