//! Dates: those of RFC 822 in RSS, those of RFC 3339 elsewhere. Whatever is meant is also read, so that other rules can use it.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::text::Text;
use crate::foreign::offset::{digits, is_possible, named, offset};
use crate::words::calendar::DAYS;

/// A moment, with the offset that it was told in.
pub(super) type Moment = DateTime<FixedOffset>;

/// How RSS writes a moment.
const RFC_822: &str = "%a, %d %b %Y %H:%M:%S %z";

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Before this year nobody published on the Web.
const FIRST_YEAR: i32 = 1990;

/// What is wrong with a date.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// The grammar does not allow it.
    Wrong(String),
    /// The grammar allows it, but readers differ.
    Odd(&'static str),
    /// The day of the week is not the first, but the second, counted from Monday.
    Day(usize, usize),
}

/// Looks at a date of RFC 822.
pub(super) fn rfc_822(text: &Text, element: &str, findings: &mut Findings) -> Option<Moment> {
    let (moment, fault) = read_rfc_822(text.trimmed());
    if let Some(fault) = fault {
        let mend = moment.map(|moment| moment.format(RFC_822).to_string());
        let (code, message) = match fault {
            Fault::Wrong(why) => (Code::InvalidDate, format!("`{element}` is no date of RFC 822: {why}")),
            Fault::Odd(why) => (Code::ProblematicDate, format!("`{element}` {why}")),
            Fault::Day(said, is) => (Code::IncorrectDow, format!("this day is a {}, not a {}", DAYS[is], DAYS[said])),
        };
        findings.tell(
            code,
            element,
            place(text),
            || message,
            |finding| match mend {
                Some(mend) => finding.help("written as readers expect it").mend(text, text.trimmed_part(), &mend),
                None => finding.help("write it like `Fri, 20 Nov 2026 09:30:00 +0900`"),
            },
        );
    }
    plausible(moment, text, element, findings);
    moment
}

/// Looks at a date of RFC 3339.
pub(super) fn rfc_3339(text: &Text, element: &str, findings: &mut Findings) -> Option<Moment> {
    let value = text.trimmed();
    let moment = DateTime::parse_from_rfc3339(value).ok();
    let is_near = moment.is_none_or(|moment| is_possible(*moment.offset()));
    let has_shape = is_near && value.as_bytes().get(10) == Some(&b'T') && !value.contains('z') && text.value == value;
    if moment.is_some() && has_shape {
        plausible(moment, text, element, findings);
        return moment;
    }
    let moment = moment.or_else(|| read_rfc_822(value).0).or_else(|| without_zone(value));
    let why = if value.is_empty() {
        "it is empty"
    } else if text.value != value {
        "blanks stand around it"
    } else if without_zone(value).is_some() {
        "it does not say in which zone"
    } else if value.len() == 10 && NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok() {
        "the time is missing"
    } else if !is_near {
        "no zone is so far from Greenwich"
    } else if DateTime::parse_from_rfc3339(value).is_ok() {
        "`T` and `Z` are capitals"
    } else if moment.is_some() {
        "this is how RSS writes dates"
    } else {
        "no such moment can be read from it"
    };
    // Without a zone it is no moment that could be compared.
    let moment = moment.filter(|_| is_near && without_zone(value).is_none());
    findings.tell(
        Code::InvalidRfc3339Date,
        element,
        place(text),
        || format!("`{element}` is no date of RFC 3339: {why}"),
        |finding| match moment {
            Some(moment) => {
                let finding = finding.help("written as readers expect it");
                // Blanks around it would stay.
                if text.value == value { finding.mend(text, 0..value.len(), &moment.to_rfc3339()) } else { finding }
            }
            None => finding.help("write it like `2026-11-20T09:30:00+09:00`"),
        },
    );
    moment
}

/// Where a date stands, or where it is missing.
fn place(text: &Text) -> std::ops::Range<usize> {
    if text.trimmed().is_empty() { text.locate(0..text.value.len()) } else { text.place() }
}

fn without_zone(value: &str) -> Option<Moment> {
    DateTime::parse_from_rfc3339(&format!("{value}Z")).ok().filter(|_| !value.ends_with(['Z', 'z']))
}

/// Says so when a date is long before the Web or in the future.
fn plausible(moment: Option<Moment>, text: &Text, element: &str, findings: &mut Findings) {
    let Some(moment) = moment else { return };
    let future = |now: DateTime<Utc>| moment.signed_duration_since(now) > TimeDelta::days(1);
    let what = if moment.with_timezone(&Utc) == DateTime::UNIX_EPOCH {
        "says 1970: a clock that was never set"
    } else if moment.year() < FIRST_YEAR {
        "is from before the Web"
    } else if findings.now.is_some_and(future) {
        "is in the future"
    } else {
        return;
    };
    findings.tell(
        Code::ImplausibleDate,
        element,
        place(text),
        || format!("`{element}` {what}"),
        |finding| finding.help("see whether the year is the one that is meant, and whether the item should be out yet"),
    );
}

/// The moment that is meant, as far as it can be told, and what is wrong with how it is written.
fn read_rfc_822(written: &str) -> (Option<Moment>, Option<Fault>) {
    let wrong = |why: &str| (None, Some(Fault::Wrong(why.to_owned())));
    if written.is_empty() {
        return wrong("it is empty");
    }
    if let Some(moment) = DateTime::parse_from_rfc3339(written).ok().or_else(|| without_zone(written)) {
        return (Some(moment), Some(Fault::Wrong("this is how Atom writes dates".to_owned())));
    }
    let mut odd = None;
    let mut faults = Vec::new();
    let spaced = written.replace(',', ", ");
    let mut words = spaced.split_whitespace().peekable();
    let day_name = words.next_if(|word| word.starts_with(char::is_alphabetic)).map(|word| word.trim_end_matches(','));
    if words.peek() == Some(&",") {
        words.next();
    }
    if day_name.is_some() != written.contains(',') {
        faults.push("a comma stands after the day of the week".to_owned());
    }
    let Some(day) = words.next().and_then(|word| number(word, 1..=2)) else {
        return wrong("it starts with the day of the month, or of the week and a comma");
    };
    let Some((month, is_strict)) = words.next().and_then(month) else {
        return wrong("the month is one of `Jan` to `Dec`");
    };
    if !is_strict {
        faults.push("months are `Jan` to `Dec`".to_owned());
    }
    let Some(year) = words.next() else { return wrong("the year is missing") };
    let year = match (year.len(), number(year, 2..=4)) {
        (4, Some(year)) => year,
        (2, Some(year)) => {
            odd = Some("has a year of two digits");
            if year < 50 { 2000 + year } else { 1900 + year }
        }
        _ => return wrong("the year has four digits"),
    };
    let Some(time) = words.next() else { return wrong("the time is missing") };
    let Some(time) = clock(time, &mut faults) else { return wrong("the time is `hh:mm:ss`, up to `23:59:59`") };
    let zone = words.collect::<Vec<_>>().join(" ");
    let Some(offset) = zone_offset(&zone, &mut odd, &mut faults) else {
        let why = if zone.is_empty() {
            "the zone is missing".to_owned()
        } else {
            format!("`{zone}` is no zone; write `+hhmm` or `GMT`")
        };
        return (None, Some(Fault::Wrong(why)));
    };
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    let Some(date) = date else { return wrong(&format!("{} has no day {day}", MONTHS[month as usize - 1])) };
    let local = date.and_time(time).and_local_timezone(offset).single();
    let Some(moment) = local else { return wrong("no such moment can be read from it") };
    let is = date.weekday().num_days_from_monday() as usize;
    let is_name = |name: &str, day: &str| name.get(..3).is_some_and(|name| day[..3].eq_ignore_ascii_case(name));
    let known = day_name.and_then(|name| DAYS.iter().position(|day| is_name(name, day)));
    match (day_name, known) {
        (Some(name), None) => faults.push(format!("`{name}` is no day of the week; they are `Mon` to `Sun`")),
        (Some(name), Some(known)) if name.len() > 3 => {
            faults.push(format!("the day is written `{}`", &DAYS[known][..3]));
        }
        _ => {}
    }
    let fault = if !faults.is_empty() {
        Some(Fault::Wrong(faults.swap_remove(0)))
    } else if let Some(said) = known.filter(|known| *known != is) {
        Some(Fault::Day(said, is))
    } else {
        odd.or_else(|| (!is_tidy(written, date, time, day_name)).then_some("is not written as readers expect it"))
            .map(Fault::Odd)
    };
    (Some(moment), fault)
}

/// Whether a date is written with single spaces and the capitals of the grammar.
fn is_tidy(written: &str, date: NaiveDate, time: NaiveTime, day_name: Option<&str>) -> bool {
    let seconds = if written.matches(':').count() == 2 { format!(":{:02}", time.second()) } else { String::new() };
    let month = MONTHS[date.month0() as usize];
    let day_of_week =
        day_name.map_or(String::new(), |_| format!("{}, ", &DAYS[date.weekday().num_days_from_monday() as usize][..3]));
    let rest = format!("{month} {:04} {:02}:{:02}{seconds} ", date.year(), time.hour(), time.minute());
    let day = date.day();
    [format!("{day_of_week}{day} {rest}"), format!("{day_of_week}{day:02} {rest}")]
        .iter()
        .any(|start| written.strip_prefix(start.as_str()).is_some_and(|zone| !zone.contains(char::is_whitespace)))
}

/// A number of so many digits.
fn number(word: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let is_number = digits.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| word.parse().ok()).flatten()
}

/// The month of a name, and whether it is the short English one.
fn month(word: &str) -> Option<(u32, bool)> {
    let name = word.trim_end_matches('.');
    let index = MONTHS.iter().position(|month| name.get(..3).is_some_and(|start| month.eq_ignore_ascii_case(start)))?;
    Some((u32::try_from(index).ok()? + 1, word.len() == 3))
}

fn clock(word: &str, faults: &mut Vec<String>) -> Option<NaiveTime> {
    let parts: Vec<&str> = word.split(':').collect();
    if parts.len() < 2 || parts.len() > 3 {
        return None;
    }
    let numbers: Vec<u32> = parts.iter().filter_map(|part| number(part, 1..=2)).collect();
    if numbers.len() < parts.len() {
        return None;
    }
    if parts.iter().any(|part| part.len() < 2) {
        faults.push("hours, minutes and seconds have two digits".to_owned());
    }
    // A leap second is the next one for everybody who reads it.
    let second = numbers.get(2).copied().unwrap_or(0).min(59);
    if numbers.get(2).is_some_and(|second| *second > 60) {
        return None;
    }
    NaiveTime::from_hms_opt(numbers[0], numbers[1], second)
}

fn zone_offset(zone: &str, odd: &mut Option<&'static str>, faults: &mut Vec<String>) -> Option<FixedOffset> {
    if let Some(known) = named(zone) {
        if !known.is_standard {
            faults.push(format!(
                "`{}` is no zone of RFC 822; write `{}`",
                zone.to_ascii_uppercase(),
                digits(known.offset)
            ));
        }
        return Some(known.offset);
    }
    if zone.len() == 1 && zone.bytes().all(|byte| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'j')) {
        *odd = Some("has a military zone, whose sign RFC 822 itself got wrong");
        return offset(0);
    }
    let (sign, written) = zone.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    let plain = written.replace(':', "");
    let value = i32::try_from(number(&plain, 4..=4)?).ok()?;
    if written.contains(':') {
        faults.push(format!("the zone has no colon: `{sign}{plain}`"));
    }
    offset(if sign == "-" { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_rfc_822_are_read_and_judged() {
        let wrong = |why: &str| Some(Fault::Wrong(why.to_owned()));
        let some = "2008-12-12T17:35:11+11:00";
        for (written, moment, fault) in [
            ("Fri, 12 Dec 2008 17:35:11 +1100", Some(some), None),
            ("12 Dec 2008 17:35 +1100", Some("2008-12-12T17:35:00+11:00"), None),
            ("Sat, 2 Feb 2008 00:00:00 GMT", Some("2008-02-02T00:00:00+00:00"), None),
            ("Thu, 12 Dec 2008 17:35:11 +1100", Some(some), Some(Fault::Day(3, 4))),
            ("Fri, 12 Dec 08 17:35:11 +1100", Some(some), Some(Fault::Odd("has a year of two digits"))),
            ("fri, 12 dec 2008 17:35:11 +1100", Some(some), Some(Fault::Odd("is not written as readers expect it"))),
            ("Fri,  12 Dec 2008 17:35:11 +1100", Some(some), Some(Fault::Odd("is not written as readers expect it"))),
            ("Fri, 12 Dec 2008 17:35:11 +11:00", Some(some), wrong("the zone has no colon: `+1100`")),
            ("Fri, 12 Dec 2008 17:35:11 AEDT", Some(some), wrong("`AEDT` is no zone of RFC 822; write `+1100`")),
            (
                "Fri, 12 Dec 2008 17:35:11 nst",
                Some("2008-12-12T17:35:11-03:30"),
                wrong("`NST` is no zone of RFC 822; write `-0330`"),
            ),
            ("Fri, 12 Dec 2008 17:35:11 +1500", None, wrong("`+1500` is no zone; write `+hhmm` or `GMT`")),
            ("Friday, 12 Dec 2008 17:35:11 +1100", Some(some), wrong("the day is written `Fri`")),
            ("Fri 12 Dec 2008 17:35:11 +1100", Some(some), wrong("a comma stands after the day of the week")),
            ("Fri, 12 December 2008 17:35:11 +1100", Some(some), wrong("months are `Jan` to `Dec`")),
            ("2008-12-12T17:35:11+11:00", Some(some), wrong("this is how Atom writes dates")),
            ("Fri, 31 Feb 2008 17:35:11 +1100", None, wrong("Feb has no day 31")),
            ("Fri, 12 Dec 2008 25:35:11 +1100", None, wrong("the time is `hh:mm:ss`, up to `23:59:59`")),
            ("Fri, 12 Dec 2008 17:35:11", None, wrong("the zone is missing")),
            ("yesterday", None, wrong("it starts with the day of the month, or of the week and a comma")),
            ("", None, wrong("it is empty")),
        ] {
            let (read, found) = read_rfc_822(written);
            assert_eq!((read.map(|moment| moment.to_rfc3339()).as_deref(), found), (moment, fault), "{written}");
        }
    }
}
