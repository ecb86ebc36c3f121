//! JSON Feed 1.1, and 1.0, which differs in one key: the feed. Source: <https://www.jsonfeed.org/version/1.1/>.

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::json_item::{Items, Shape, Wants, elements, required, shape};
use crate::foreign::lint::json_text::walk;
use crate::foreign::lint::json_values::{Index, Kind, Values, inner, string};
use crate::foreign::lint::size;

const FEED: Shape = Shape {
    name: "feed",
    keys: &[
        ("version", Wants::Text),
        ("title", Wants::Plain),
        ("home_page_url", Wants::Address),
        ("feed_url", Wants::Address),
        ("description", Wants::Plain),
        ("user_comment", Wants::Text),
        ("next_url", Wants::Address),
        ("icon", Wants::Address),
        ("favicon", Wants::Address),
        ("author", Wants::Author),
        ("authors", Wants::Authors),
        ("language", Wants::Language),
        ("expired", Wants::Boolean),
        ("hubs", Wants::Array),
        ("items", Wants::Array),
    ],
    synonyms: &[
        ("link", "home_page_url"),
        ("url", "home_page_url"),
        ("self", "feed_url"),
        ("entries", "items"),
        ("lang", "language"),
    ],
};

const HUB: Shape = Shape { name: "hub", keys: &[("type", Wants::Text), ("url", Wants::Address)], synonyms: &[] };

/// Looks at a text that is meant to be JSON.
pub(super) fn check(findings: &mut Findings) {
    let source = findings.text();
    let mut items = Items::default();
    let values = walk(&source.text, findings, |values, item, findings| items.check(values, item, findings));
    let feed = values.get(0);
    if feed.kind != Kind::Object || (values.member(0, "version").is_none() && values.member(0, "items").is_none()) {
        findings.tell(
            Code::NotAFeed,
            "",
            feed.at.start..feed.at.start + 1,
            || "this is JSON, but no feed".to_owned(),
            |finding| finding.help("a JSON Feed is an object with `version`, `title` and `items`"),
        );
        return;
    }
    version(&values, findings);
    shape(&values, 0, &FEED, findings);
    for name in ["version", "title", "items"] {
        required(&values, 0, "feed", name, findings);
    }
    if let Some(hubs) = values.member(0, "hubs") {
        for hub in elements(&values, hubs, "hubs", Kind::Object, findings) {
            shape(&values, hub, &HUB, findings);
            required(&values, hub, "hub", "type", findings);
            required(&values, hub, "hub", "url", findings);
        }
    }
    addresses(&values, findings);
    size::check(items.count, "item", false, feed.at.start..feed.at.start + 1, findings);
}

fn version(values: &Values, findings: &mut Findings) {
    let source = findings.text();
    let Some(version) =
        values.member(0, "version").map(|index| values.get(index)).filter(|value| value.kind == Kind::Text)
    else {
        return;
    };
    let text = string(&source.text, version.at.clone());
    let inner = inner(&source.text, version.at.clone());
    let bare = text
        .value
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("www.")
        .trim_end_matches('/');
    match bare {
        "jsonfeed.org/version/1.1" => {}
        "jsonfeed.org/version/1" => findings.tell(
            Code::ObsoleteVersion,
            "",
            inner,
            || "this is JSON Feed 1.0".to_owned(),
            |finding| {
                finding
                    .help("1.1 has `authors` in place of `author`, and `language`")
                    .suggest("https://jsonfeed.org/version/1.1")
            },
        ),
        _ => findings.tell(
            Code::UnknownVersion,
            "",
            inner,
            || format!("there is no JSON Feed version `{}`", text.value),
            |finding| finding.help("the version is an address").suggest("https://jsonfeed.org/version/1.1"),
        ),
    }
}

/// Looks at the feed's own address and those of its hub and pages.
fn addresses(values: &Values, findings: &mut Findings) {
    let source = findings.text();
    let start = values.get(0).at.start;
    let of = |name: &str| -> Option<(Index, String)> {
        let index = values.member(0, name)?;
        Some((index, string(&source.text, values.get(index).at.clone()).value))
    };
    let (own, next, hubs) = (of("feed_url"), of("next_url"), values.member(0, "hubs"));
    match (&own, hubs) {
        (None, Some(hubs)) => findings.tell(
            Code::HubWithoutSelf,
            "",
            values.get(hubs).at.start..values.get(hubs).at.start + 1,
            || "the feed names a hub, but not itself".to_owned(),
            |finding| finding.help("add `feed_url` with the feed's own address"),
        ),
        (None, None) => findings.tell(
            Code::MissingSelf,
            "",
            start..start + 1,
            || "the feed does not say where it is".to_owned(),
            |finding| finding.help("add `feed_url` with the feed's own address"),
        ),
        (Some((_, own)), _) => {
            if let Some((index, _)) = next.filter(|(_, next)| next == own) {
                findings.tell(
                    Code::ContradictoryArchive,
                    "",
                    values.get(index).at.clone(),
                    || "`next_url` leads to the feed itself".to_owned(),
                    |finding| finding.help("lead to the next page, or take it out on the last one"),
                );
            }
        }
    }
}
