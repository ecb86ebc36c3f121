//! Media RSS: pictures, sounds and films of an item. Source: <https://www.rssboard.org/media-rss>.

use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::structure::{attributes, missing_attribute};
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::values;
use crate::words::nearest::did_you_mean;

const MEDIA: [&str; 5] = ["image", "audio", "video", "document", "executable"];

const EXPRESSIONS: [&str; 3] = ["sample", "full", "nonstop"];

/// The attributes of `media:content`.
const CONTENT: [&str; 14] = [
    "url",
    "fileSize",
    "type",
    "medium",
    "isDefault",
    "expression",
    "bitrate",
    "framerate",
    "samplingrate",
    "channels",
    "duration",
    "height",
    "width",
    "lang",
];

/// Attributes that are whole numbers.
const NUMBERS: [&str; 4] = ["fileSize", "height", "width", "duration"];

/// Looks at the media of an item, entry or channel.
pub(super) fn check(tree: &Tree, index: Index, findings: &mut Findings) {
    let has_player = has_player(tree, index);
    for (child_index, child) in tree.children(index).filter(|(_, child)| child.space == Space::Media) {
        match child.name.as_str() {
            "group" => group(tree, child_index, findings),
            "content" => {
                content(tree, child_index, has_player, findings);
                thumbnails(tree, child_index, findings);
            }
            "thumbnail" => thumbnail(child, findings),
            _ => {}
        }
    }
}

fn group(tree: &Tree, index: Index, findings: &mut Findings) {
    let element = tree.get(index);
    let contents = tree.all(index, Space::Media, "content").count();
    if contents < 2 {
        findings.tell(
            Code::MediaGroup,
            "",
            element.tag.clone(),
            || match contents {
                0 => "`media:group` has no `media:content`".to_owned(),
                _ => "`media:group` has one `media:content` only".to_owned(),
            },
            |finding| finding.help("put `media:content` into the item itself; a group is for versions of one thing"),
        );
    }
    let has_player = has_player(tree, index);
    for (child_index, child) in tree.children(index) {
        if child.is(Space::Media, "content") {
            content(tree, child_index, has_player, findings);
        }
    }
    thumbnails(tree, index, findings);
}

fn thumbnails(tree: &Tree, index: Index, findings: &mut Findings) {
    tree.all(index, Space::Media, "thumbnail").for_each(|child| thumbnail(child, findings));
}

/// Whether a page that plays it is named, which may be in place of the file.
fn has_player(tree: &Tree, index: Index) -> bool {
    tree.first(index, Space::Media, "player").is_some()
}

/// Looks at a file; the element around it may have a player for it.
fn content(tree: &Tree, index: Index, is_played: bool, findings: &mut Findings) {
    let element = tree.get(index);
    let source = findings.text();
    attributes(element, &CONTENT, findings);
    match element.attribute(&source.text, "url") {
        Some(url) => {
            addresses::check(&url, Wanted::Web, "`url` of `media:content`", element.place_of("url"), findings);
        }
        None if !is_played && !has_player(tree, index) => {
            missing_attribute(element, "url", "give the address of the picture, sound or film", findings);
        }
        None => {}
    }
    if let Some(medium) = element.attribute(&source.text, "medium") {
        let said = medium.trimmed();
        if !MEDIA.contains(&said) {
            let meant = if matches!(said, "photo" | "picture" | "img") { Some("image") } else { None };
            findings.tell(
                Code::MediaMedium,
                "",
                element.place_of("medium"),
                || format!("there is no medium `{said}`"),
                |finding| match meant {
                    Some(meant) => finding.help("pictures are `image`").suggest(meant),
                    None => finding.help(did_you_mean(said, MEDIA).unwrap_or_default()),
                },
            );
        }
    }
    if let Some(expression) = element.attribute(&source.text, "expression") {
        let said = expression.trimmed();
        if !EXPRESSIONS.contains(&said) {
            findings.tell(
                Code::MediaMedium,
                "expression",
                element.place_of("expression"),
                || format!("there is no expression `{said}`"),
                |finding| finding.help(did_you_mean(said, EXPRESSIONS).unwrap_or_default()),
            );
        }
    }
    for name in NUMBERS {
        if let Some(number) = element.attribute(&source.text, name) {
            values::whole_number(&number, &format!("`{name}` of `media:content`"), element.place_of(name), findings);
        }
    }
    if let Some(kind) = element.attribute(&source.text, "type") {
        values::media_type(&kind, "media:content", element.place_of("type"), findings);
    }
    if let Some(default) = element.attribute(&source.text, "isDefault") {
        values::boolean(&default, "`isDefault`", element.place_of("isDefault"), findings);
    }
}

fn thumbnail(element: &Element, findings: &mut Findings) {
    let source = findings.text();
    attributes(element, &["url", "width", "height", "time"], findings);
    match element.attribute(&source.text, "url") {
        Some(url) => {
            addresses::check(&url, Wanted::Web, "`url` of `media:thumbnail`", element.place_of("url"), findings);
        }
        None => missing_attribute(element, "url", "give the address of the small picture", findings),
    }
    for name in ["width", "height"] {
        if let Some(number) = element.attribute(&source.text, name) {
            values::whole_number(&number, &format!("`{name}` of `media:thumbnail`"), element.place_of(name), findings);
        }
    }
}
