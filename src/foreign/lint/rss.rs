//! RSS 2.0, and 0.91 to 0.94, which are subsets of it but for details: the channel. Sources: the specification
//! (<https://www.rssboard.org/rss-specification>) and the RSS Best Practices Profile.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use chrono::Timelike;

use crate::foreign::lint::addresses::{self, Wanted};
use crate::foreign::lint::codes::Code;
use crate::foreign::lint::dates::{Moment, rfc_822};
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::links::{self, Around};
use crate::foreign::lint::namespaces::Space;
use crate::foreign::lint::rss_item::Items;
use crate::foreign::lint::structure::{
    self, Allowed, Vocabulary, empty, leaf, many_with, missing, missing_attribute, once, once_with, same_meaning,
};
use crate::foreign::lint::text::Text;
use crate::foreign::lint::tree::{Element, Index, Tree};
use crate::foreign::lint::{media, plain, size, values};
use crate::words::calendar::DAYS;
use crate::words::feed_limits::{IN_SKIPPED_HOURS, NEWEST};
use crate::words::nearest::nearest;

/// Names that belong elsewhere, and what RSS calls what other formats call otherwise.
pub(super) const VOCABULARY: Vocabulary = Vocabulary {
    space: Space::None,
    places: &[
        ("ttl", "channel"),
        ("skipHours", "channel"),
        ("skipDays", "channel"),
        ("lastBuildDate", "channel"),
        ("managingEditor", "channel"),
        ("webMaster", "channel"),
        ("generator", "channel"),
        ("docs", "channel"),
        ("cloud", "channel"),
        ("image", "channel"),
        ("language", "channel"),
        ("copyright", "channel"),
        ("textInput", "channel"),
        ("rating", "channel"),
        ("item", "channel"),
        ("channel", "rss"),
        ("guid", "item"),
        ("author", "item"),
        ("comments", "item"),
        ("enclosure", "item"),
        ("source", "item"),
        ("title", "channel or item"),
        ("link", "channel or item"),
        ("description", "channel or item"),
        ("pubDate", "channel or item"),
        ("category", "channel or item"),
        ("hour", "skipHours"),
        ("day", "skipDays"),
        ("url", "image"),
        ("width", "image"),
        ("height", "image"),
        ("name", "textInput"),
    ],
    synonyms: &[
        ("id", "guid"),
        ("published", "pubDate"),
        ("updated", "pubDate"),
        ("date", "pubDate"),
        ("summary", "description"),
        ("subtitle", "description"),
        ("content", "content:encoded"),
        ("body", "description"),
        ("entry", "item"),
        ("rights", "copyright"),
        ("tag", "category"),
        ("tags", "category"),
        ("creator", "dc:creator"),
        ("textinput", "textInput"),
        ("logo", "image"),
        ("icon", "image"),
    ],
};

const CHANNEL: [Allowed; 20] = [
    once("title"),
    once("link"),
    once("description"),
    once("language"),
    once("copyright"),
    once("managingEditor"),
    once("webMaster"),
    once("pubDate"),
    once("lastBuildDate"),
    many_with("category", &["domain"]),
    once("generator"),
    once("docs"),
    once_with("cloud", &["domain", "port", "path", "registerProcedure", "protocol"]),
    once("ttl"),
    once("image"),
    once("rating"),
    once("textInput"),
    once("skipHours"),
    once("skipDays"),
    many_with("item", &[]),
];

const IMAGE: [Allowed; 6] =
    [once("url"), once("title"), once("link"), once("width"), once("height"), once("description")];

const TEXT_INPUT: [Allowed; 4] = [once("title"), once("description"), once("name"), once("link")];

/// Looks at everything about the feed but its items.
pub(super) fn check(tree: &Tree, root: Index, items: &Items, findings: &mut Findings) {
    structure::check(tree, root, &[once("channel")], &VOCABULARY, findings);
    version(tree.get(root), findings);
    let Some((index, channel)) = tree.children(root).find(|(_, child)| child.is(Space::None, "channel")) else {
        missing(tree.get(root), "channel", "everything that RSS says stands in a `channel`", findings);
        return;
    };
    structure::attributes(channel, &[], findings);
    structure::check(tree, index, &CHANNEL, &VOCABULARY, findings);
    for (child_index, child) in tree.children(index) {
        if child.space == Space::None && CHANNEL.iter().any(|rule| rule.name == child.name) {
            value(tree, child_index, child, findings);
        }
        order(child, items, findings);
    }
    required(tree, index, findings);
    meanings(tree, index, findings);
    let links = links::check(tree, index, Around::Channel, findings);
    links::check_feed(tree, index, &links, Around::Channel, findings);
    media::check(tree, index, findings);
    let skipped = skipped_hours(tree, index, findings);
    skipped_days(tree, index, findings);
    late(&skipped, items, findings);
    let changed = tree.first(index, Space::None, "lastBuildDate").map(|element| (element, "lastBuildDate"));
    size::stale(changed, items.newest.as_ref(), |text, findings| rfc_822(text, "lastBuildDate", findings), findings);
    size::check(
        items.count,
        "item",
        tree.first(index, Space::History, "archive").is_some(),
        channel.tag.clone(),
        findings,
    );
}

/// Whether the version is 2.0; items of older ones have no guid.
pub(super) fn is_two(root: &Element, findings: &Findings) -> bool {
    root.attribute(&findings.source.text, "version").is_none_or(|version| version.value.starts_with('2'))
}

fn version(root: &Element, findings: &mut Findings) {
    structure::attributes(root, &["version"], findings);
    let source = findings.text();
    let Some(version) = root.attribute(&source.text, "version") else {
        missing_attribute(root, "version", "write `<rss version=\"2.0\">`", findings);
        return;
    };
    let at = root.place_of("version");
    match version.value.as_str() {
        "2.0" => {}
        old @ ("0.91" | "0.92" | "0.93" | "0.94" | "2.0.1" | "2.0.10" | "2.0.11") => {
            findings.tell(
                Code::ObsoleteVersion,
                "",
                at,
                || format!("this is RSS {old}"),
                |finding| finding.help("RSS 2.0 has everything that it has").suggest("2.0"),
            );
        }
        other => findings.tell(
            Code::UnknownVersion,
            "",
            at,
            || format!("there is no RSS {other}"),
            |finding| finding.help("RSS 2.0 is what readers are tested with").suggest("2.0"),
        ),
    }
}

/// Looks at what an element of the channel says.
fn value(tree: &Tree, index: Index, element: &Element, findings: &mut Findings) {
    let name = element.name.as_str();
    match name {
        "item" | "skipHours" | "skipDays" | "cloud" => return,
        "image" => return image(tree, index, findings),
        "textInput" => return structure::check(tree, index, &TEXT_INPUT, &VOCABULARY, findings),
        _ => leaf(tree, index, findings),
    }
    let source = findings.text();
    let text = element.text(&source.text);
    let at = text.place_or(&element.tag);
    match name {
        "title" | "description" | "copyright" | "category" | "generator" => {
            if text.trimmed().is_empty() && name != "description" {
                empty(element, "say something, or leave it out if it may be missing", findings);
            }
            plain::check(&text, &format!("`{name}`"), findings);
        }
        "link" | "docs" => {
            addresses::check(&text, Wanted::Uri, &format!("`{name}`"), at, findings);
        }
        "language" => values::language(&text, "`language`", at, findings),
        "managingEditor" | "webMaster" => values::contact(&text, name, at, findings),
        "pubDate" => {
            rfc_822(&text.or_at(element.tag.clone()), "pubDate", findings);
        }
        "ttl" => ttl(&text, at, findings),
        // `lastBuildDate` is read where it is compared with the items.
        _ => {}
    }
}

fn ttl(text: &Text, at: Range<usize>, findings: &mut Findings) {
    let value = text.trimmed();
    if value.parse::<u32>().is_ok_and(|minutes| minutes > 0) {
        return;
    }
    findings.tell(
        Code::InvalidTtl,
        "",
        at,
        || format!("`{value}` is no number of minutes"),
        |finding| finding.help("write how many minutes a reader may keep the feed, such as `60`, or leave `ttl` out"),
    );
}

fn required(tree: &Tree, channel: Index, findings: &mut Findings) {
    let element = tree.get(channel);
    for (name, help) in [
        ("title", "name the feed, as the site is named"),
        ("link", "give the address of the site that the feed belongs to"),
        ("description", "say in a sentence what the feed is about"),
    ] {
        if tree.first(channel, Space::None, name).is_none() {
            missing(element, name, help, findings);
        }
    }
}

fn meanings(tree: &Tree, channel: Index, findings: &mut Findings) {
    for (own, space, other, shown) in [
        ("managingEditor", Space::Dc, "creator", "dc:creator"),
        ("webMaster", Space::Dc, "publisher", "dc:publisher"),
        ("language", Space::Dc, "language", "dc:language"),
        ("copyright", Space::Dc, "rights", "dc:rights"),
        ("category", Space::Dc, "subject", "dc:subject"),
        ("pubDate", Space::Dc, "date", "dc:date"),
        ("lastBuildDate", Space::DcTerms, "modified", "dcterms:modified"),
    ] {
        if let (Some(first), Some(second)) = (tree.first(channel, Space::None, own), tree.first(channel, space, other))
        {
            same_meaning(first, second, (own, shown), findings);
        }
    }
}

/// Says so when an element about the feed stands behind an item.
fn order(child: &Element, items: &Items, findings: &mut Findings) {
    let Some(first) = items.first.clone().filter(|first| first.start < child.tag.start) else { return };
    let name = child.name.as_str();
    findings.tell(
        Code::ItemsBeforeMetadata,
        "",
        child.tag.clone(),
        || format!("`{name}` stands behind the first item"),
        |finding| finding.also(first, "the first item").help("put all items at the end of the channel"),
    );
}

fn image(tree: &Tree, index: Index, findings: &mut Findings) {
    structure::check(tree, index, &IMAGE, &VOCABULARY, findings);
    let element = tree.get(index);
    let source = findings.text();
    for (name, help) in [
        ("url", "give the address of the picture"),
        ("title", "repeat the channel's title"),
        ("link", "repeat the channel's link"),
    ] {
        let Some(child) = tree.first(index, Space::None, name) else {
            missing(element, name, help, findings);
            continue;
        };
        let text = child.text(&source.text);
        if name != "title" {
            addresses::check(&text, Wanted::Uri, &format!("`{name}` of `image`"), child.tag.clone(), findings);
        }
        let channel =
            element.parent.and_then(|channel| tree.first(channel, Space::None, name)).filter(|_| name != "url");
        if let Some(channel) = channel {
            let expected = channel.text(&source.text);
            if expected.trimmed() != text.trimmed() {
                findings.tell(
                    Code::ImageMismatch,
                    name,
                    text.place_or(&child.tag),
                    || format!("the image has another `{name}` than the channel"),
                    |finding| finding.also(channel.tag.clone(), "the channel's").help(help),
                );
            }
        }
    }
    for (name, most, usual) in [("width", 144, 88), ("height", 400, 31)] {
        let Some(child) = tree.first(index, Space::None, name) else { continue };
        let text = child.text(&source.text);
        if !text.trimmed().parse::<u32>().is_ok_and(|size| (1..=most).contains(&size)) {
            findings.tell(
                Code::InvalidImageSize,
                name,
                text.place_or(&child.tag),
                || format!("`{}` is no {name} of a channel's image", text.trimmed()),
                |finding| {
                    finding.help(format!("write a number from 1 to {most}, or leave `{name}` out, which means {usual}"))
                },
            );
        }
    }
}

/// The hours that readers are told to skip.
fn skipped_hours(tree: &Tree, channel: Index, findings: &mut Findings) -> BTreeSet<u32> {
    let mut hours = BTreeSet::new();
    let source = findings.text();
    let Some((index, element)) = tree.children(channel).find(|(_, child)| child.is(Space::None, "skipHours")) else {
        return hours;
    };
    structure::check(tree, index, &[many_with("hour", &[])], &VOCABULARY, findings);
    for child in tree.all(index, Space::None, "hour") {
        let text = child.text(&source.text);
        let value = text.trimmed();
        let at = text.place_or(&child.tag);
        let hour = value.parse::<u32>().ok().filter(|hour| *hour <= 24);
        let Some(hour) = hour else {
            findings.tell(
                Code::InvalidHour,
                "",
                at,
                || format!("`{value}` is no hour"),
                |finding| finding.help("write the hour of GMT, from 0 to 23"),
            );
            continue;
        };
        if hour == 24 {
            findings.tell(
                Code::ZeroForMidnight,
                "",
                at.clone(),
                || "midnight is written as 24".to_owned(),
                |finding| finding.help("RSS 2.0 calls it 0").mend(&text, text.trimmed_part(), "0"),
            );
        }
        if !hours.insert(hour % 24) {
            repeated(value, at, findings);
        }
    }
    if hours.len() == 24 {
        always(element, "hours", findings);
    }
    hours
}

fn skipped_days(tree: &Tree, channel: Index, findings: &mut Findings) {
    let source = findings.text();
    let Some((index, element)) = tree.children(channel).find(|(_, child)| child.is(Space::None, "skipDays")) else {
        return;
    };
    structure::check(tree, index, &[many_with("day", &[])], &VOCABULARY, findings);
    let mut days = BTreeSet::new();
    for child in tree.all(index, Space::None, "day") {
        let text = child.text(&source.text);
        let value = text.trimmed();
        let at = text.place_or(&child.tag);
        if !DAYS.contains(&value) {
            findings.tell(
                Code::InvalidDay,
                "",
                at,
                || format!("`{value}` is no day of the week"),
                |finding| {
                    let short = DAYS.into_iter().find(|day| value.len() == 3 && day[..3].eq_ignore_ascii_case(value));
                    match short.or_else(|| nearest(value, DAYS)) {
                        Some(day) => finding.help("write its English name").mend(&text, text.trimmed_part(), day),
                        None => finding.help("write `Monday` to `Sunday`"),
                    }
                },
            );
        } else if !days.insert(value.to_owned()) {
            repeated(value, at, findings);
        }
    }
    if days.len() == DAYS.len() {
        always(element, "days", findings);
    }
}

fn repeated(value: &str, at: Range<usize>, findings: &mut Findings) {
    findings.tell(
        Code::DuplicateHour,
        "",
        at,
        || format!("`{value}` is skipped already"),
        |finding| finding.help("take it out"),
    );
}

fn always(element: &Element, what: &str, findings: &mut Findings) {
    findings.tell(
        Code::AlwaysSkipped,
        what,
        element.tag.clone(),
        || format!("all {what} are skipped: a reader that obeys never asks"),
        |finding| finding.help("leave out those in which something new may appear"),
    );
}

/// Says so when several of the newest items came out while readers stay away.
fn late(skipped: &BTreeSet<u32>, items: &Items, findings: &mut Findings) {
    let mut newest: Vec<&(Moment, Range<usize>)> = items.dates.iter().collect();
    newest.sort_by_key(|item| Reverse(item.0));
    newest.truncate(NEWEST);
    let all = newest.len();
    let late: Vec<_> = newest.into_iter().filter(|(moment, _)| skipped.contains(&moment.to_utc().hour())).collect();
    let Some((_, at)) = late.first().filter(|_| late.len() >= IN_SKIPPED_HOURS && skipped.len() < 24) else { return };
    findings.tell(
        Code::SkippedHours,
        "",
        at.clone(),
        || format!("{} of the {all} newest items came out in hours that the feed tells readers to skip", late.len()),
        |finding| finding.label("one of them").help("take these hours out of `skipHours`; mind that they are GMT's"),
    );
}
