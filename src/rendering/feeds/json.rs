//! JSON Feed 1.1. Source: <https://www.jsonfeed.org/version/1.1/>.

use std::borrow::Cow;

use serde::Serialize;

use crate::files::config::{Config, FeedFormat};
use crate::rendering::feeds::item::Item;
use crate::rendering::feeds::{Feed, Scope};
use crate::rendering::published::Attachment;
use crate::rendering::renderer::Renderer;
use crate::rendering::xml::without_illegal;

/// What names the version.
const VERSION: &str = "https://jsonfeed.org/version/1.1";

#[derive(Debug, Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'a str>,
    language: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: Vec<JsonItem<'a>>,
}

#[derive(Debug, Serialize)]
struct Author<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
}

#[derive(Debug, Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    content_html: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<JsonAttachment<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonAttachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    size_in_bytes: u64,
}

/// Writes a feed, indented, with a line's end. It says what the others say, so what XML cannot hold is left out here too.
#[must_use]
pub(super) fn write(renderer: &Renderer<'_>, feed: &Feed, items: &[Cow<'_, Item>]) -> Vec<u8> {
    let config = &renderer.site.config;
    let own = feed.address(renderer, FeedFormat::Json);
    let hub = config.feed.hub.as_deref().filter(|_| feed.scope == Scope::Site);
    // Both are square; a picture of another shape has no place here.
    let icon = renderer.site.channel_image.as_ref().filter(|image| image.width == image.height);
    let icon = icon.map(|image| renderer.url(&image.route));
    let written = JsonFeed {
        version: VERSION,
        title: without_illegal(&own.title),
        home_page_url: feed.link(renderer),
        feed_url: renderer.url(&own.route),
        description: without_illegal(&feed.description),
        icon: icon.as_deref(),
        favicon: icon.as_deref(),
        language: feed.language(renderer),
        authors: [config.author.as_str()]
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(|name| author(config, name))
            .collect(),
        hubs: hub.map(|url| Hub { kind: "WebSub", url }).into_iter().collect(),
        items: items.iter().map(|item| json_item(renderer, feed, item)).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&written).expect("feeds are plain data");
    bytes.push(b'\n');
    bytes
}

fn author<'a>(config: &'a Config, name: &str) -> Author<'a> {
    let person = config.person(name);
    let avatar = person.and_then(|person| person.avatar.as_ref()).map(|avatar| config.absolute(&avatar.value));
    Author { name: without_illegal(name), url: person.and_then(|person| person.url.as_deref()), avatar }
}

fn json_item<'a>(renderer: &'a Renderer<'_>, feed: &Feed, item: &'a Item) -> JsonItem<'a> {
    let config = &renderer.site.config;
    JsonItem {
        id: &item.id,
        url: &item.url,
        title: Some(item.title.as_str()).filter(|title| !title.is_empty()),
        content_html: &item.html,
        summary: config.feed.summaries.then_some(item.summary.as_str()),
        image: item.image.as_ref().map(|image| image.url.as_str()),
        date_published: item.published.map(|date| date.to_rfc3339()),
        date_modified: item.updated.map(|date| date.to_rfc3339()),
        authors: item.authors.iter().map(|name| author(config, name)).collect(),
        tags: &item.tags,
        language: (item.language != feed.language(renderer)).then_some(item.language.as_str()),
        attachments: item.enclosure.iter().map(attachment).collect(),
    }
}

fn attachment(enclosure: &Attachment) -> JsonAttachment<'_> {
    JsonAttachment { url: &enclosure.url, mime_type: &enclosure.media_type, size_in_bytes: enclosure.length }
}
