//! JSON Feed, versions 1.0 and 1.1. A file that was cut off loses the item that it was cut off in.

use serde_json::{Map, Value};

use crate::foreign::feed::text::Placed;
use crate::foreign::feed::{Feed, Format, Item};
use crate::foreign::html::{mend, short};
use crate::foreign::moment::{Written, written};
use crate::foreign::people::know;
use crate::foreign::site::{Enclosure, Person};
use crate::foreign::told::Remarks;

pub(super) fn read(text: &str, remarks: &mut Remarks) -> Result<Feed, String> {
    let outline = Outline::new(text);
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let whole = outline.end.and_then(|end| serde_json::from_str(&format!("{}]}}", &text[..end])).ok());
            let value = whole.ok_or_else(|| format!("this is not JSON: {error}"))?;
            remarks.hand(text.len(), "the file ends in the middle of the feed; what was whole was taken");
            value
        }
    };
    let Value::Object(mut object) = value else { return Err("there is no JSON Feed in it".to_owned()) };
    let Some(Value::Array(items)) = object.remove("items") else { return Err("it has no `items`".to_owned()) };
    // The icon is the larger of the two.
    let [icon, favicon] = ["icon", "favicon"].map(|key| string(&object, key));
    let mut feed = Feed {
        format: Format::Json,
        title: line(&object, "title", 0, remarks),
        description: line(&object, "description", 0, remarks),
        home: string(&object, "home_page_url"),
        address: string(&object, "feed_url"),
        language: string(&object, "language"),
        image: if icon.is_empty() { favicon.clone() } else { icon },
        ..Feed::default()
    };
    feed.author = authors(&object, 0, &mut feed, remarks).into_iter().next().unwrap_or_default();
    if let Some(Value::Array(hubs)) = object.get("hubs") {
        feed.hub = hubs.iter().find_map(|hub| hub.get("url")?.as_str()).unwrap_or_default().to_owned();
    }
    for key in ["favicon", "next_url", "user_comment"] {
        let is_taken = key == "favicon" && favicon == feed.image;
        if !is_taken && !string(&object, key).is_empty() {
            remarks.lost(text.find(&format!("\"{key}\"")).unwrap_or(0), format!("`{key}` has no counterpart"));
        }
    }
    for (number, value) in items.into_iter().enumerate() {
        let at = outline.items.get(number).copied().unwrap_or(0);
        let Value::Object(object) = value else {
            remarks.lost(at, "this is no item");
            continue;
        };
        let item = item(&object, at, &mut feed, remarks);
        feed.items.push(item);
    }
    Ok(feed)
}

fn item(object: &Map<String, Value>, at: usize, feed: &mut Feed, remarks: &mut Remarks) -> Item {
    // The first version allows numbers.
    let id = match object.get("id") {
        Some(Value::Number(number)) => number.to_string(),
        _ => string(object, "id"),
    };
    let mut item = Item {
        at,
        id,
        link: string(object, "url"),
        title: line(object, "title", at, remarks),
        summary: line(object, "summary", at, remarks),
        authors: authors(object, at, feed, remarks),
        published: date(object, "date_published", at, remarks),
        updated: date(object, "date_modified", at, remarks),
        image: string(object, "image"),
        language: string(object, "language"),
        ..Item::default()
    };
    if item.link.is_empty() {
        item.link = string(object, "external_url");
    }
    if let Some(Value::Array(tags)) = object.get("tags") {
        item.tags = tags.iter().filter_map(|tag| tag.as_str()).map(|tag| tag.trim().to_owned()).collect();
    }
    let html = string(object, "content_html");
    let text = string(object, "content_text");
    let mut said = Remarks::default();
    item.html = mend(html.trim(), &mut said);
    for remark in said.0 {
        remarks.say(at, remark.verdict, remark.text);
    }
    if html.is_empty() && !text.is_empty() {
        let paragraphs = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
        let escape = |part: &str| {
            let mut html = String::new();
            pulldown_cmark_escape::escape_html_body_text(&mut html, part).expect("a string takes everything");
            format!("<p>{}</p>", html.replace('\n', "<br>\n"))
        };
        item.html = paragraphs.map(escape).collect::<Vec<_>>().join("\n");
        let mut said = Remarks::default();
        item.html = mend(&item.html, &mut said);
    }
    for attachment in object.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        let text = |key| attachment.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let length = attachment.get("size_in_bytes").and_then(Value::as_i64).and_then(|length| length.try_into().ok());
        let (url, media_type) = (text("url"), text("mime_type"));
        item.enclosures.push(Enclosure { url, media_type, length: length.unwrap_or(0) });
    }
    if item.published.is_none() {
        item.published = item.updated.take();
    }
    item
}

fn string(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn line(object: &Map<String, Value>, key: &str, at: usize, remarks: &mut Remarks) -> String {
    let text = string(object, key);
    Placed::at(&text, at).line(remarks)
}

/// The names of those who wrote something; what else is known of them is kept with the feed.
fn authors(object: &Map<String, Value>, at: usize, feed: &mut Feed, remarks: &mut Remarks) -> Vec<String> {
    let several = object.get("authors").and_then(Value::as_array).map(Vec::as_slice);
    let one = object.get("author").map(std::slice::from_ref);
    let mut names = Vec::new();
    for author in several.or(one).unwrap_or_default() {
        let text = |key| author.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let person = Person { name: text("name"), url: text("url"), avatar: text("avatar"), ..Person::default() };
        if !person.name.is_empty() {
            names.push(person.name.clone());
        }
        know(&mut feed.people, person, at, remarks);
    }
    names
}

fn date(object: &Map<String, Value>, key: &str, at: usize, remarks: &mut Remarks) -> Option<Written> {
    let text = string(object, key);
    let date = written(&text);
    if date.is_none() && !text.is_empty() {
        remarks.hand(at, format!("`{}` is no date", short(&text)));
    }
    date
}

/// Where the items of a feed stand in its text: values do not know their places.
#[derive(Debug, Default)]
struct Outline {
    /// The bytes at which they begin.
    items: Vec<usize>,
    /// Where the last whole one ends; nothing when what is open does not fit what closes.
    end: Option<usize>,
}

impl Outline {
    /// Looks through a text once, whole or cut off.
    fn new(text: &str) -> Self {
        let mut outline = Self::default();
        // What is open, and whether that is the list of items; where the last string began and ended.
        let (mut open, mut in_items, mut string) = (Vec::new(), false, 0..0);
        let (mut in_string, mut escaped, mut wants_item) = (false, false, false);
        for (at, byte) in text.bytes().enumerate() {
            if in_string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => (in_string, string.end) = (false, at),
                    _ => {}
                }
                continue;
            }
            if in_items && open.len() == 2 {
                match byte {
                    b',' => wants_item = true,
                    b']' => wants_item = false,
                    _ if wants_item && !byte.is_ascii_whitespace() => {
                        outline.items.push(at);
                        wants_item = false;
                    }
                    _ => {}
                }
            }
            match byte {
                b'"' => (in_string, string.start) = (true, at + 1),
                b'{' => open.push(b'}'),
                b'[' => {
                    // Of two lists of that name the last one counts.
                    if open == [b'}'] && &text[string.clone()] == "items" {
                        (in_items, wants_item, outline.end) = (true, true, None);
                        outline.items.clear();
                    } else if open == [b'}'] {
                        in_items = false;
                    }
                    open.push(b']');
                }
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        outline.end = None;
                        return outline;
                    }
                    if byte == b'}' && in_items && open == [b'}', b']'] {
                        outline.end = Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        outline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_was_cut_off_keeps_its_whole_items() {
        let text = r#"{"title":"T","items":[{"id":1,"content_text":"a & b\n\nc"},{"id":"2","content_html":"<p>x"#;
        let mut remarks = Remarks::default();
        let feed = read(text, &mut remarks).expect("a feed");
        assert_eq!((feed.items.len(), &*feed.items[0].id, remarks.0.len()), (1, "1", 1));
        assert_eq!(feed.items[0].html, "<p>a &amp; b</p>\n<p>c</p>");
        for nonsense in ["{", "{}", "{\"items\":3}", "[1]", "{\"items\":[}"] {
            assert!(read(nonsense, &mut Remarks::default()).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn items_know_their_places_whatever_is_in_them() {
        let text =
            r#"{"a":[{}],"items":[3],"b":{"items":[{}]},"items" : [ {"id":"a\/\"{["}, 7 ,{"x":[{},{}]}], "c":[{}]}"#;
        let mut remarks = Remarks::default();
        let feed = read(text, &mut remarks).expect("a feed");
        let places: Vec<&str> = feed.items.iter().map(|item| &text[item.at..item.at + 4]).collect();
        assert_eq!((places, &text[remarks.0[0].at..][..1]), (vec![r#"{"id"#, r#"{"x""#], "7"));
    }

    #[test]
    fn many_items_are_all_read() {
        // Ids that are written otherwise than they are said, so that looking for them finds nothing.
        let items = [r#"{"id":"a\/b","content_text":"x"}"#; 20_000].join(",");
        let feed = read(&format!(r#"{{"items":[{items}]}}"#), &mut Remarks::default()).expect("a feed");
        assert_eq!(feed.items.len(), 20_000);
    }
}
