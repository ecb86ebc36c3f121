//! What a post is, for programs that read pages: JSON-LD in schema.org's words (<https://schema.org/BlogPosting>). The same stands in the
//! page's markup as microformats, whose classes are the templates' business.

use serde_json::{Value, json};

use crate::graph::site::Post;
use crate::rendering::renderer::Renderer;
use crate::rendering::view::shared::HeadView;

/// The post as JSON that can stand within a `script` element. Browsers run nothing of that type, so a page's policy need not allow it.
#[must_use]
pub fn of_post(renderer: &Renderer<'_>, post: &Post, head: &HeadView) -> String {
    let config = &renderer.site.config;
    let person = |name: &String| {
        let url = config.person(name).and_then(|person| person.url.clone());
        without_nothing(json!({ "@type": "Person", "name": name, "url": url }))
    };
    let posting = json!({
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": post.title,
        "description": head.description,
        "url": head.canonical,
        "mainEntityOfPage": head.canonical,
        "datePublished": post.date.to_rfc3339(),
        "dateModified": post.updated.unwrap_or(post.date).to_rfc3339(),
        "inLanguage": post.language,
        "image": head.image,
        "keywords": renderer.tags(post).into_iter().map(|tag| tag.name).collect::<Vec<_>>(),
        "wordCount": post.body.words,
        "author": post.authors.iter().map(person).collect::<Vec<_>>(),
        "isPartOf": { "@type": "Blog", "name": config.title, "url": config.base_url },
    });
    // Nothing in it may end the element.
    without_nothing(posting).to_string().replace('<', "\\u003c")
}

/// An object without the keys that say nothing.
fn without_nothing(mut object: Value) -> Value {
    if let Value::Object(keys) = &mut object {
        keys.retain(|_, value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => true,
        });
    }
    object
}
