//! Spans of days in words.

use chrono::{DateTime, Datelike, TimeZone};

use crate::graph::site::Album;

/// When an album was made, or when its pictures were taken; empty when nobody knows.
#[must_use]
pub fn of_album(album: &Album) -> String {
    match (album.date, album.taken) {
        (Some(date), _) => between(&date, &date),
        (None, Some((first, last))) => between(&first, &last),
        (None, None) => String::new(),
    }
}

/// `12 June 2008`, `12–14 June 2008`, `30 May – 2 June 2008`, `31 December 2008 – 1 January 2009`: days as clocks showed them, the
/// earlier first, since who flies to the west may take a later picture on an earlier day.
fn between<Z: TimeZone>(one: &DateTime<Z>, other: &DateTime<Z>) -> String {
    let (one, other) = (one.naive_local().date(), other.naive_local().date());
    let (first, last) = (one.min(other), one.max(other));
    let end = last.format("%-d %B %Y");
    match (first.year() == last.year(), first.month() == last.month(), first.day() == last.day()) {
        (true, true, true) => end.to_string(),
        (true, true, false) => format!("{}–{end}", first.format("%-d")),
        (true, false, _) => format!("{} – {end}", first.format("%-d %B")),
        (false, ..) => format!("{} – {end}", first.format("%-d %B %Y")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_once() {
        for (first, last, expected) in [
            ("2008-06-12T09:00:00+10:00", "2008-06-12T23:00:00+10:00", "12 June 2008"),
            ("2008-06-12T09:00:00+10:00", "2008-06-14T09:00:00+10:00", "12–14 June 2008"),
            ("2008-05-30T09:00:00+10:00", "2008-06-02T09:00:00+10:00", "30 May – 2 June 2008"),
            ("2008-06-14T00:30:00+09:00", "2008-06-13T13:00:00-10:00", "13–14 June 2008"),
            ("2008-12-31T09:00:00+10:00", "2009-12-31T09:00:00+10:00", "31 December 2008 – 31 December 2009"),
        ] {
            let [first, last] = [first, last].map(|date| DateTime::parse_from_rfc3339(date).expect("a date"));
            assert_eq!(between(&first, &last), expected);
        }
    }
}
