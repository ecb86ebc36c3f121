//! HTML that leaves its page: for a feed reader, which knows neither our address nor our style, and for the home page.
//!
//! [`portable`] makes every link mean the same there as in the page, and takes out what has no sense elsewhere (ids, heading
//! anchors) and what feed readers refuse (scripts, forms, custom elements). The text stays. Most texts are of a kind that [`simple`]
//! rewrites in passing.

mod simple;

use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use pulldown_cmark_escape::escape_html_body_text;
use quick_xml::escape;

use crate::words::address::origin;
pub use crate::words::address::{absolute, has_scheme};
use crate::words::source_set::candidates;

/// Elements that go with everything in them.
const REMOVED: [&str; 16] = [
    "script", "style", "iframe", "form", "noscript", "object", "embed", "svg", "template", "button", "select",
    "textarea", "link", "meta", "base", "canvas",
];

/// Attributes that hold one URL.
const LINKS: [&str; 5] = ["href", "src", "poster", "cite", "data"];

/// Attributes that mean nothing away from the page.
const DROPPED: [&str; 9] =
    ["id", "class", "style", "tabindex", "role", "loading", "decoding", "sizes", "fetchpriority"];

/// Where the HTML goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A feed: absolute links, and only elements and attributes that every reader keeps.
    Feed,
    /// Another page of this site: links from the root, and everything that our own style knows.
    List,
}

/// Rewrites `html`, which stands in the page at `page_url`.
#[must_use]
pub fn portable(html: &str, page_url: &str, destination: Destination) -> String {
    let simple = (destination == Destination::Feed).then(|| simple::portable(html, page_url)).flatten();
    simple.unwrap_or_else(|| of_any_kind(html, page_url, destination))
}

fn of_any_kind(html: &str, page_url: &str, destination: Destination) -> String {
    let every = element!("*", |element| {
        if is_of_its_page(element) {
            element.remove_and_keep_content();
        } else if destination == Destination::List || is_wanted(element) {
            carry(element, page_url, destination);
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(every).with_strict(false))
        .expect("no handler fails and memory is not limited")
}

/// Takes out elements that feed readers refuse, most of them with what they hold; `false` when the element is gone.
fn is_wanted(element: &mut Element<'_, '_>) -> bool {
    let name = element.tag_name();
    if REMOVED.contains(&name.as_str()) {
        element.remove();
    } else if name == "input" {
        // Of all controls only a task list's box says something without its form.
        let mark = if element.has_attribute("checked") { "☑" } else { "☐" };
        match element.get_attribute("type").as_deref() {
            Some("checkbox") => element.replace(mark, ContentType::Text),
            _ => element.remove(),
        }
    } else if let Some(tex) = element.get_attribute("alttext").filter(|_| name == "math") {
        // Readers of feeds that know no MathML would run its letters together.
        let mut code = String::new();
        escape_html_body_text(&mut code, &decode(&tex)).expect("a string takes everything");
        element.replace(&format!("<code>{code}</code>"), ContentType::Html);
    } else if name == "div" && has_class(element, "formula") {
        element.set_tag_name("p").expect("a name of an element");
        return true;
    } else if name.contains('-') || (name == "div" && has_class(element, "table")) {
        element.remove_and_keep_content();
    } else {
        return true;
    }
    false
}

/// Whether an element means something beside its figure only: a knob in a sentence, and the number that the engine has confirmed.
fn is_of_its_page(element: &Element<'_, '_>) -> bool {
    let class = element.get_attribute("class");
    class.is_some_and(|class| is_class_of_page(&element.tag_name(), &class))
}

/// The same of an element's name and classes.
fn is_class_of_page(name: &str, class: &str) -> bool {
    let has = |wanted| class.split_ascii_whitespace().any(|class| class == wanted);
    (name == "span" && (has("knob") || has("sim-place"))) || (name == "data" && has("claim"))
}

fn carry(element: &mut Element<'_, '_>, page_url: &str, destination: Destination) {
    if element.tag_name() == "a" && has_class(element, "anchor") {
        element.remove();
        return;
    }
    let link = |reference: &str| {
        let url = absolute(reference, page_url);
        match destination {
            Destination::Feed => url,
            Destination::List => url.strip_prefix(origin(page_url)).map(str::to_owned).unwrap_or(url),
        }
    };
    let attributes: Vec<(String, String)> =
        element.attributes().iter().map(|attribute| (attribute.name(), attribute.value())).collect();
    for (name, value) in attributes {
        let dropped = match destination {
            Destination::Feed => is_dropped(&name),
            Destination::List => name == "id" || name == "data-light",
        };
        if LINKS.contains(&name.as_str()) {
            let url = link(&decode(&value));
            if destination == Destination::Feed && is_script(&url) {
                element.remove_attribute(&name);
            } else if url != value {
                // A tag in which nothing changes keeps its bytes.
                set(element, &name, &url);
            }
        } else if name == "srcset" {
            set(element, &name, &rewrite_candidates(&decode(&value), link));
        } else if dropped {
            element.remove_attribute(&name);
        }
    }
}

/// Whether an attribute means nothing in a feed.
fn is_dropped(name: &str) -> bool {
    DROPPED.contains(&name) || ["on", "aria-", "data-"].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether following a link would run something, as far as a feed reader that trusts us would let it.
fn is_script(url: &str) -> bool {
    url.split(':').next().is_some_and(|scheme| {
        ["javascript", "vbscript"].iter().any(|script| scheme.trim().eq_ignore_ascii_case(script))
    })
}

fn has_class(element: &Element<'_, '_>, wanted: &str) -> bool {
    let class = element.get_attribute("class").unwrap_or_default();
    class.split_ascii_whitespace().any(|class| class == wanted)
}

/// Sets an attribute that the element has. The rewriter itself escapes the quotes only.
fn set(element: &mut Element<'_, '_>, name: &str, value: &str) {
    element.set_attribute(name, &written(value)).expect("the parser gave the name");
}

/// A value as an attribute has it, but for quotes.
fn written(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;")
}

/// The rewriter hands attributes out as they are written; a name that XML does not know stays as it is.
#[must_use]
pub fn decode(value: &str) -> String {
    escape::unescape(value).map_or_else(|_| value.to_owned(), String::from)
}

/// A `srcset` attribute with other addresses.
fn rewrite_candidates(srcset: &str, link: impl Fn(&str) -> String) -> String {
    let candidates =
        candidates(srcset).map(|(url, descriptor)| format!("{} {descriptor}", link(url)).trim_end().to_owned());
    candidates.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://example.org/blog/posts/ring/";

    #[track_caller]
    fn check(html: &str, expect: &str) {
        assert_eq!(portable(html, PAGE, Destination::Feed), expect);
    }

    #[test]
    fn every_link_becomes_absolute() {
        check(
            r#"<a href="/x/?a=1&amp;b=2">x</a><img src="a.png" srcset="a.png 1x, b,c.png 2x" loading="lazy" width="3">"#,
            concat!(
                r#"<a href="https://example.org/x/?a=1&amp;b=2">x</a>"#,
                r#"<img src="https://example.org/blog/posts/ring/a.png" srcset="https://example.org/blog/posts/ring/a.png 1x, "#,
                r#"https://example.org/blog/posts/ring/b,c.png 2x" width="3">"#
            ),
        );
        check(r##"<q cite='#x'>y</q>"##, r#"<q cite="https://example.org/blog/posts/ring/#x">y</q>"#);
        check(r#"<a href="&#x2e;&#x2e;/a">x</a>"#, r#"<a href="https://example.org/blog/posts/a">x</a>"#);
    }

    #[test]
    fn in_a_list_of_the_same_site_links_start_at_the_root() {
        let html = r##"<p id="x" class="left"><a href="#x">x</a> <a href="//other.example/">y</a></p>"##;
        let expect =
            r#"<p class="left"><a href="/blog/posts/ring/#x">x</a> <a href="https://other.example/">y</a></p>"#;
        assert_eq!(portable(html, PAGE, Destination::List), expect);
    }

    #[test]
    fn what_readers_refuse_is_taken_out() {
        check("<p>a<script>b()</script></p><style>x</style><noscript>y</noscript><iframe src=x></iframe>", "<p>a</p>");
        check(
            "a<form action=/><input name=q><textarea>b</textarea></form><object data=x>c</object><embed src=x>d",
            "ad",
        );
        check("<button>a</button>b<select><option>c</select><template>d</template><link rel=x href=y>", "b");
        check("<my-box data-x=1><p onclick='x()' style='y'>a</p></my-box>", "<p>a</p>");
        check(r##"<h2 id="a">A<a class="anchor" href="#a">#</a></h2>"##, "<h2>A</h2>");
        check(r#"<div class="table" tabindex="0"><table></table></div>"#, "<table></table>");
        check(
            r#"<div class="formula" role="region"><math alttext="x &lt; y" display="block"><mi>x</mi></math></div>"#,
            "<p><code>x &lt; y</code></p>",
        );
        check("<math alttext='<script>x</script>'><mi>x</mi></math>", "<code>&lt;script&gt;x&lt;/script&gt;</code>");
        check("<math><mi>x</mi></math>", "<math><mi>x</mi></math>");
        check(r#"<li><input type="checkbox" disabled checked> a</li>"#, "<li>☑ a</li>");
        check("<a href=' JavaScript:x()'>a</a>", "<a>a</a>");
        check("<svg><text>leaks</text></svg>b", "b");
        check(r#"<pre><code class="language-c">a &lt; b</code></pre>"#, "<pre><code>a &lt; b</code></pre>");
        check(
            r#"<img src="https://a.example/b.png" alt="B" loading="lazy" fetchpriority="low" data-src="c.png">"#,
            r#"<img src="https://a.example/b.png" alt="B">"#,
        );
        check(r#"<data class="claim" value="7" data-claim="3 + 4">seven</data>"#, "seven");
        check(r#"<span class="knob" data-for="flow" data-knob="0">1,400</span>"#, "1,400");
        check(
            r##"<a class="sim" href="#ring=v1.burst.n3" data-light="req_prod"><b>here</b></a>"##,
            r#"<a href="https://example.org/blog/posts/ring/#ring=v1.burst.n3"><b>here</b></a>"#,
        );
    }
}
