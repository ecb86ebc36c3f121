//! Spans of days in words.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone};

use crate::graph::site::Album;
use crate::words::phrases::Phrases;

/// When an album was made, or when its pictures were taken; empty when nobody knows.
#[must_use]
pub fn of_album(album: &Album, phrases: &Phrases) -> String {
    match (album.date, album.taken) {
        (Some(date), _) => between(&date, &date, phrases),
        (None, Some((first, last))) => between(&first, &last, phrases),
        (None, None) => String::new(),
    }
}

/// `12 June 2008`, `12–14 June 2008`, `30 May – 2 June 2008`, `31 December 2008 – 1 January 2009`: days as clocks showed them, the
/// earlier first, since who flies to the west may take a later picture on an earlier day.
fn between<Z: TimeZone>(one: &DateTime<Z>, other: &DateTime<Z>, phrases: &Phrases) -> String {
    let (one, other) = (one.naive_local().date(), other.naive_local().date());
    let (first, last) = (one.min(other), one.max(other));
    let month = |date: NaiveDate| phrases.name("months", date.month0() as usize);
    let [start, day, year] = [first.day().to_string(), last.day().to_string(), format!("{:04}", last.year())];
    let end = [("day", &*day), ("month", month(last)), ("year", &*year)];
    let say = |key, more: &[(&str, &str)]| phrases.filled(key, &[&end, more].concat());
    match (first.year() == last.year(), first.month() == last.month(), first.day() == last.day()) {
        (true, true, true) => say("date", &[]),
        (true, true, false) => say("days_of_month", &[("first", &start)]),
        (true, false, _) => say("days_of_year", &[("first", &start), ("first_month", month(first))]),
        (false, ..) => {
            let year = format!("{:04}", first.year());
            let first = phrases.filled("date", &[("day", &start), ("month", month(first)), ("year", &year)]);
            phrases.filled("days", &[("first", &first), ("last", &say("date", &[]))])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn days_are_said_once() {
        let phrases = Phrases::new("en", &BTreeMap::new());
        for (first, last, expected) in [
            ("2008-06-12T09:00:00+10:00", "2008-06-12T23:00:00+10:00", "12 June 2008"),
            ("2008-06-12T09:00:00+10:00", "2008-06-14T09:00:00+10:00", "12–14 June 2008"),
            ("2008-05-30T09:00:00+10:00", "2008-06-02T09:00:00+10:00", "30 May – 2 June 2008"),
            ("2008-06-14T00:30:00+09:00", "2008-06-13T13:00:00-10:00", "13–14 June 2008"),
            ("2008-12-31T09:00:00+10:00", "2009-12-31T09:00:00+10:00", "31 December 2008 – 31 December 2009"),
        ] {
            let [first, last] = [first, last].map(|date| DateTime::parse_from_rfc3339(date).expect("a date"));
            assert_eq!(between(&first, &last, &phrases), expected);
        }
    }
}
