//! What a post is, for programs that read pages: JSON-LD in schema.org's words (<https://schema.org/BlogPosting>). The same stands in the
//! page's markup as microformats, whose classes are the templates' business.

use serde::Serialize;

use crate::graph::site::Post;
use crate::rendering::renderer::Renderer;
use crate::rendering::view::shared::HeadView;

/// The words of schema.org that we say of a post, in their order. What says nothing is left out.
#[derive(Serialize)]
struct Posting<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    headline: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    url: &'a str,
    #[serde(rename = "mainEntityOfPage")]
    page: &'a str,
    #[serde(rename = "datePublished")]
    published: &'a str,
    #[serde(rename = "dateModified")]
    modified: &'a str,
    #[serde(rename = "inLanguage")]
    language: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<&'a str>,
    #[serde(rename = "wordCount")]
    words: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    author: Vec<Person<'a>>,
    #[serde(rename = "isPartOf")]
    blog: Blog<'a>,
}

#[derive(Serialize)]
struct Person<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Blog<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    url: &'a str,
}

/// The post as JSON that can stand within a `script` element. Browsers run nothing of that type, so a page's policy need not allow it.
#[must_use]
pub fn of_post(renderer: &Renderer<'_>, post: &Post, head: &HeadView) -> String {
    let site = renderer.site;
    let person = |name| Person {
        kind: "Person",
        name,
        url: site.config.person(name).and_then(|person| person.url.as_deref()).filter(|url| !url.is_empty()),
    };
    let posting = Posting {
        context: "https://schema.org",
        kind: "BlogPosting",
        headline: &post.title,
        description: &head.description,
        url: &head.canonical,
        page: &head.canonical,
        published: &head.published,
        modified: if head.updated.is_empty() { &head.published } else { &head.updated },
        language: &post.language,
        image: &head.image,
        keywords: post.tags.iter().filter_map(|slug| site.tags.get(slug)).map(|tag| &*tag.name).collect(),
        words: post.body.words,
        author: post.authors.iter().map(|name| person(name)).collect(),
        blog: Blog { kind: "Blog", name: &site.config.title, url: &site.config.base_url },
    };
    let json = serde_json::to_string(&posting).expect("plain data with text for keys");
    // Nothing in it may end the element.
    json.replace('<', "\\u003c")
}
