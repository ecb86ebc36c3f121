//! JSON Feed, versions 1.0 and 1.1. A file that was cut off loses the item that it was cut off in.

use serde_json::{Map, Value};

use crate::foreign::feed::text::Placed;
use crate::foreign::feed::{Feed, Format, Item};
use crate::foreign::html::{mend, short};
use crate::foreign::moment::{Written, written};
use crate::foreign::told::Remarks;

pub(super) fn read(text: &str, remarks: &mut Remarks) -> Result<Feed, String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let whole = whole_part(text).and_then(|whole| serde_json::from_str(&whole).ok());
            let value = whole.ok_or_else(|| format!("this is not JSON: {error}"))?;
            remarks.hand(text.len(), "the file ends in the middle of the feed; what was whole was taken");
            value
        }
    };
    let Value::Object(object) = value else { return Err("there is no JSON Feed in it".to_owned()) };
    let Some(Value::Array(items)) = object.get("items") else { return Err("it has no `items`".to_owned()) };
    let mut feed = Feed {
        format: Format::Json,
        title: line(&object, "title", 0, remarks),
        description: line(&object, "description", 0, remarks),
        home: string(&object, "home_page_url"),
        address: string(&object, "feed_url"),
        language: string(&object, "language"),
        author: authors(&object).into_iter().next().unwrap_or_default(),
        ..Feed::default()
    };
    if let Some(Value::Array(hubs)) = object.get("hubs") {
        feed.hub = hubs.iter().find_map(|hub| hub.get("url")?.as_str()).unwrap_or_default().to_owned();
    }
    for key in ["icon", "favicon", "next_url", "user_comment"] {
        if !string(&object, key).is_empty() {
            remarks.lost(text.find(&format!("\"{key}\"")).unwrap_or(0), format!("`{key}` has no counterpart"));
        }
    }
    // Values do not know their places; an item's is that of its id, which stands behind that of the item before.
    let mut from = text.find("\"items\"").unwrap_or(0);
    for value in items {
        let Value::Object(object) = value else {
            remarks.lost(from, "this is no item");
            continue;
        };
        let id = object.get("id").map(ToString::to_string).unwrap_or_default();
        let at = text[from..].find(&id).filter(|_| !id.is_empty()).map_or(from, |at| from + at);
        from = (at + id.len()).min(text.len());
        feed.items.push(item(object, at, remarks));
    }
    Ok(feed)
}

fn item(object: &Map<String, Value>, at: usize, remarks: &mut Remarks) -> Item {
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
        authors: authors(object),
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
    if let Some(Value::Array(attachments)) = object.get("attachments") {
        for attachment in attachments {
            let url = attachment.get("url").and_then(Value::as_str).unwrap_or_default();
            remarks.hand(at, format!("the attachment `{}` has no counterpart: link to it in the text", short(url)));
        }
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

fn authors(object: &Map<String, Value>) -> Vec<String> {
    let name = |author: &Value| author.get("name").and_then(Value::as_str).map(str::to_owned);
    match (object.get("authors"), object.get("author")) {
        (Some(Value::Array(authors)), _) => authors.iter().filter_map(name).collect(),
        (_, Some(author)) => name(author).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn date(object: &Map<String, Value>, key: &str, at: usize, remarks: &mut Remarks) -> Option<Written> {
    let text = string(object, key);
    let date = written(&text);
    if date.is_none() && !text.is_empty() {
        remarks.hand(at, format!("`{}` is no date", short(&text)));
    }
    date
}

/// A text that was cut off, up to the last item that is whole.
fn whole_part(text: &str) -> Option<String> {
    let (mut open, mut in_string, mut escaped, mut end) = (Vec::new(), false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    return None;
                }
                // The feed, its list, and a whole item behind us.
                if byte == b'}' && open == [b'}', b']'] {
                    end = Some(at + 1);
                }
            }
            _ => {}
        }
    }
    Some(format!("{}]}}", &text[..end?]))
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
}
