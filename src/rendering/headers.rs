//! The HTTP headers that the site wants: `serve` sends them, and `_headers` tells them to hosts that read such a file.

use std::collections::BTreeMap;

use crate::files::composition::{Composition, Part};
use crate::files::output::{Phase, Planned};
use crate::rendering::hashing::hash_json;
use crate::rendering::renderer::Renderer;
use crate::rendering::search::is_index;
use crate::words::media_type;
use crate::words::route::Route;

/// Names in this folder hold a hash of the content.
const ASSETS: &str = "assets/";

/// What a page is allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Show itself.
    Plain,
    /// Run the engine too.
    Figures,
}

impl Policy {
    /// The page's Content-Security-Policy: nothing inline, nothing from elsewhere.
    #[must_use]
    pub fn text(self) -> String {
        let scripts = match self {
            Self::Plain => "script-src 'self'",
            Self::Figures => "script-src 'self' 'wasm-unsafe-eval'",
        };
        format!(
            "default-src 'none'; {scripts}; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
             manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

/// The headers of all outputs.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    policies: BTreeMap<Route, Policy>,
}

impl Headers {
    /// Headers for a site whose pages have these policies. Other files have none: an author's own HTML page may do what it likes.
    #[must_use]
    pub fn new(policies: BTreeMap<Route, Policy>) -> Self {
        Self { policies }
    }

    /// The headers of the output at `route`.
    #[must_use]
    pub fn of(&self, route: &Route) -> Vec<(&'static str, String)> {
        let caching = if is_immutable(route) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut headers = vec![
            ("Content-Type", media_type(route).to_owned()),
            ("Cache-Control", caching.to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
            ("Referrer-Policy", "strict-origin-when-cross-origin".to_owned()),
        ];
        headers.extend(self.policies.get(route).map(|policy| ("Content-Security-Policy", policy.text())));
        headers
    }

    /// Plans `_headers`. Hosts join the values of all rules that match a path, and joined policies would forbid what either
    /// forbids: so each header comes from one rule only, and each page has a rule of its own for its policy.
    pub fn file<'a>(&self, renderer: &'a Renderer<'_>, routes: &[Route]) -> Planned<'a> {
        let base_path = renderer.site.config.base_path();
        let mut text = format!(
            "{base_path}*\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: strict-origin-when-cross-origin\n\
             {base_path}{ASSETS}*\n  Cache-Control: public, max-age=31536000, immutable\n"
        );
        let types = routes
            .iter()
            .filter(|route| !is_known_to_hosts(route))
            .map(|route| (route.href(base_path), "Content-Type", media_type(route).to_owned()));
        let policies = self
            .policies
            .iter()
            .map(|(route, policy)| (route.href(base_path), "Content-Security-Policy", policy.text()));
        for (path, name, value) in types.chain(policies) {
            text.push_str(&format!("{path}\n  {name}: {value}\n"));
        }
        let made_of = Composition::new("headers", &[(Part::View, hash_json(&text))]);
        Planned {
            route: Renderer::fixed("_headers"),
            phase: Phase::Feed,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || Ok(text.clone().into_bytes())),
        }
    }
}

fn is_immutable(route: &Route) -> bool {
    route.as_str().starts_with(ASSETS)
}

/// Whether hosts give the right type by the ending alone.
fn is_known_to_hosts(route: &Route) -> bool {
    // Of feeds only the site's own have rules of their own: hosts limit how many there may be, and readers take any XML.
    let of_site = feed_type(route).is_some() && !route.as_str().contains('/');
    // Nobody but the search page reads its index, and it asks for no type.
    !of_site && (is_index(route.as_str()) || !matches!(&*media_type::ending(&route.file()), "wasm" | "js" | "txt"))
}

/// The type of a feed, which its ending alone does not tell.
fn feed_type(route: &Route) -> Option<&'static str> {
    let (folder, name) = route.as_str().rsplit_once('/').unwrap_or(("", route.as_str()));
    match name {
        "feed.xml" => Some("application/rss+xml; charset=utf-8"),
        "atom.xml" => Some("application/atom+xml; charset=utf-8"),
        "feed.json" => Some("application/feed+json; charset=utf-8"),
        "feeds.opml" => Some("text/x-opml; charset=utf-8"),
        _ if folder == "feed" && name.ends_with(".xml") => Some("application/rss+xml; charset=utf-8"),
        _ => None,
    }
}

/// The type of an output; `application/octet-stream` when its ending says nothing.
#[must_use]
pub fn media_type(route: &Route) -> &'static str {
    if let Some(feed) = feed_type(route) {
        return feed;
    }
    media_type::of(&route.file()).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Route {
        Route::new(path).expect("sound")
    }

    #[test]
    fn only_pages_with_figures_may_run_the_engine() {
        let policies = BTreeMap::from([(route("a/"), Policy::Plain), (route("b/"), Policy::Figures)]);
        let headers = Headers::new(policies);
        let policy = |path| headers.of(&route(path)).into_iter().find(|(name, _)| *name == "Content-Security-Policy");
        assert!(!policy("a/").expect("a page").1.contains("wasm"));
        assert!(policy("b/").expect("a page").1.contains("script-src 'self' 'wasm-unsafe-eval';"));
        assert_eq!(policy("own.html"), None);
    }

    #[test]
    fn names_with_a_hash_are_kept_for_ever() {
        let headers = Headers::default();
        let caching = |path| headers.of(&route(path)).swap_remove(1).1;
        assert!(caching("assets/style.0123.css").contains("immutable"));
        assert_eq!(caching("posts/a/"), "no-cache");
    }

    #[test]
    fn types_follow_endings() {
        for (path, expect) in [
            ("", "text/html; charset=utf-8"),
            ("posts/a.b/", "text/html; charset=utf-8"),
            ("feed.xml", "application/rss+xml; charset=utf-8"),
            ("tags/xen/atom.xml", "application/atom+xml; charset=utf-8"),
            ("feed.json", "application/feed+json; charset=utf-8"),
            ("feed/2008.xml", "application/rss+xml; charset=utf-8"),
            ("feed/", "text/html; charset=utf-8"),
            ("feeds.opml", "text/x-opml; charset=utf-8"),
            ("A.PNG", "image/png"),
            ("CNAME", "application/octet-stream"),
        ] {
            assert_eq!(media_type(&route(path)), expect, "{path}");
        }
    }
}
