//! A feed as a whole: how large it is, and whether its date is that of what it holds.

use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::dates::Moment;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::text::Text;
use crate::foreign::lint::tree::Element;
use crate::words::feed_limits::MOST_BYTES;

/// More items than that nobody reads.
const MANY: usize = 100;

/// Looks at the size of a feed. An archive is fetched once and may be as large as it likes.
pub(super) fn check(count: usize, noun: &str, is_archive: bool, at: Range<usize>, findings: &mut Findings) {
    if is_archive {
        return;
    }
    let bytes = findings.source.text.len();
    if bytes > MOST_BYTES {
        findings.tell(
            Code::LargeFeed,
            "",
            at.clone(),
            || format!("the feed has {} kB", bytes >> 10),
            |finding| finding.help("hold fewer items; a summary in place of the whole text helps as well"),
        );
    }
    if count > MANY {
        let plural = noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"));
        findings.tell(
            Code::ManyItems,
            "",
            at,
            || format!("the feed has {count} {plural}"),
            |finding| finding.help("keep the newest 20, and put older ones into archives"),
        );
    }
}

/// Says so when the feed claims to be older than what is in it. `read` also says what is wrong with the date itself.
pub(super) fn stale(
    changed: Option<(&Element, &str)>,
    newest: Option<&(Moment, Range<usize>)>,
    read: impl FnOnce(&Text, &mut Findings) -> Option<Moment>,
    findings: &mut Findings,
) {
    let Some((element, name)) = changed else { return };
    let source = findings.text();
    let text = element.text(&source.text).or_at(element.tag.clone());
    let Some(moment) = read(&text, findings) else { return };
    let Some((newest, at)) = newest.filter(|(newest, _)| *newest > moment) else { return };
    findings.tell(
        Code::StaleBuildDate,
        "",
        text.place(),
        || format!("`{name}` is older than the newest item"),
        |finding| {
            finding
                .also(at.clone(), format!("newer: {}", newest.to_rfc3339()))
                .help("give the feed the date of its newest item or change")
        },
    );
}
