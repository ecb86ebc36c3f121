//! Dates as programs and people write them.
//!
//! RFC 822 and 3339, and what is found in their place: names of months in full, years of two digits, missing seconds, zones
//! by name, with a colon, missing or made up, weekdays that are wrong.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::foreign::offset::{Named, digits, named, offset};

/// A date as it was written, and what of it had to be guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What the clock showed.
    pub local: NaiveDateTime,
    /// How far that clock was ahead of Greenwich, if anything says so.
    pub offset: Option<FixedOffset>,
    /// What is wrong with it, to complete "the date …".
    pub remark: Option<String>,
}

impl Written {
    /// The local time without an offset.
    #[must_use]
    pub fn local(local: NaiveDateTime) -> Self {
        Self { local, offset: None, remark: None }
    }

    /// The moment, for a clock in `zone` where nothing else is known.
    #[must_use]
    pub fn moment(&self, zone: Tz) -> DateTime<Utc> {
        match self.offset {
            Some(offset) => (self.local - offset).and_utc(),
            None => zone.from_local_datetime(&self.local).earliest().map_or(self.local.and_utc(), |date| date.to_utc()),
        }
    }

    /// As front matter in a site of that zone has it: local time, and the offset only where that would not say the same.
    #[must_use]
    pub fn in_zone(&self, zone: Tz) -> String {
        let Some(offset) = self.offset else { return self.local.format("%Y-%m-%dT%H:%M:%S%.f").to_string() };
        let moment = self.moment(zone);
        let there = moment.with_timezone(&zone).naive_local();
        let plain = zone.from_local_datetime(&there).single().is_some();
        if plain {
            there.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
        } else {
            let date = moment.with_timezone(&offset);
            date.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
        }
    }
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Understands a date; nothing when it is none.
#[must_use]
pub fn written(text: &str) -> Option<Written> {
    let text = text.trim();
    let read = iso(text).or_else(|| words(text))?;
    (0..=9999).contains(&read.local.year()).then_some(read)
}

/// `2026-11-20`, with or without time and offset, in all the ways that ISO 8601 and YAML have.
fn iso(text: &str) -> Option<Written> {
    let (date, rest) = text.split_at_checked(10)?;
    let date =
        NaiveDate::parse_from_str(date, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(date, "%Y/%m/%d")).ok()?;
    let rest = rest.trim_start_matches(['T', 't', ' ']);
    if rest.is_empty() {
        return Some(Written::local(date.and_time(NaiveTime::MIN)));
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let local = date.and_time(self::time(time)?);
    zoned(local, zone.trim(), None)
}

/// `Fri, 12 Dec 2008 17:35:11 +1100`, `December 12, 2008`, `12 Dec 08 17:35 AEDT`.
fn words(text: &str) -> Option<Written> {
    let (mut weekday, mut month, mut numbers, mut clock, mut zone) = (None, None, Vec::new(), None, None);
    let mut evening = None;
    for word in text.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty()) {
        let lower = word.trim_end_matches('.').to_lowercase();
        let dashed: Vec<&str> = word.split('-').collect();
        if let ([day, name, year], true) = (&dashed[..], dashed.len() == 3)
            && let Some(number) = month_number(&name.to_lowercase())
        {
            // RFC 850: `12-Dec-08`.
            month = Some(number);
            numbers.extend([*day, *year].map(str::to_owned));
        } else if word.contains(':') && clock.is_none() && word.starts_with(|c: char| c.is_ascii_digit()) {
            let end = word.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(word.len());
            clock = Some(time(&word[..end])?);
            if end < word.len() {
                zone = Some(word[end..].to_owned());
            }
        } else if lower == "am" || lower == "pm" {
            evening = Some(lower == "pm");
        } else if let Some(number) = month_number(&lower) {
            month = Some(number);
        } else if let Ok(day) = lower.parse::<Weekday>() {
            weekday = Some(day);
        } else if clock.is_none() && numbers.len() < 2 && lower.starts_with(|c: char| c.is_ascii_digit()) {
            numbers.push(lower.trim_end_matches(|c: char| c.is_ascii_alphabetic()).to_owned());
        } else if clock.is_some() {
            // Of `-0500 (EST)` the first counts; a year may stand at the end, as `ctime` puts it.
            match lower.parse::<i32>() {
                Ok(year) if numbers.len() < 2 && lower.len() == 4 && !lower.starts_with(['+', '-']) => {
                    numbers.push(year.to_string());
                }
                _ => zone = zone.or(Some(lower)),
            }
        } else {
            return None;
        }
    }
    let [day, year] = numbers.as_slice() else { return None };
    let year = match (year.len(), year.parse::<i32>().ok()?) {
        (2, year @ 0..=49) => 2000 + year,
        (2, year) => 1900 + year,
        (_, year) => year,
    };
    let date = NaiveDate::from_ymd_opt(year, month?, day.parse().ok()?)?;
    let mut clock = clock.unwrap_or(NaiveTime::MIN);
    if let Some(evening) = evening {
        clock =
            chrono::Timelike::with_hour(&clock, chrono::Timelike::hour(&clock) % 12 + if evening { 12 } else { 0 })?;
    }
    let wrong_day = weekday.filter(|weekday| *weekday != date.weekday());
    let remark = wrong_day.map(|wrong| format!("says {wrong} and is a {}", date.weekday()));
    zoned(date.and_time(clock), zone.as_deref().unwrap_or_default().trim_matches(['(', ')']), remark)
}

fn month_number(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|month| word.starts_with(month))?;
    let known = word.len() == 3
        || word == "sept"
        || chrono::Month::try_from(u8::try_from(at + 1).ok()?).ok()?.name().to_lowercase() == word;
    known.then(|| u32::try_from(at + 1).unwrap_or_default())
}

/// `17:35:11`, `17:35`, `9:5`; the 24th hour is midnight, and a leap second the one before.
fn time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.split(':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next().unwrap_or("0").parse().ok()?;
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second: u32 = seconds.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    NaiveTime::from_hms_nano_opt(hour % 24, minute, second.min(59), digits.parse().ok()?).filter(|_| hour <= 24)
}

/// Adds the zone.
fn zoned(local: NaiveDateTime, zone: &str, remark: Option<String>) -> Option<Written> {
    let zone = zone.trim_start_matches('(').to_lowercase();
    let (offset, odd) = if zone.is_empty() {
        (None, None)
    } else if let Some(digits) = zone.strip_prefix(['+', '-', '\u{2212}']) {
        let number: String = digits.chars().filter(char::is_ascii_digit).collect();
        let number: i32 = if number.len() <= 2 { number.parse::<i32>().ok()? * 100 } else { number.parse().ok()? };
        let offset = offset(if zone.starts_with('+') { number } else { -number });
        (offset, offset.is_none().then(|| format!("has the impossible zone `{zone}`")))
    } else {
        match named(&zone) {
            Some(Named { offset, is_standard }) => {
                // Everybody knows `UTC`.
                let odd = !is_standard && zone != "utc";
                let remark = || format!("names the zone `{}`, read as {}", zone.to_uppercase(), digits(offset));
                (Some(offset), odd.then(remark))
            }
            None => (None, Some(format!("names an unknown zone `{}`", zone.to_uppercase()))),
        }
    };
    Some(Written { local, offset, remark: remark.or(odd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<i32>, bool)>) {
        let read = written(text);
        let read = read.as_ref().map(|read| {
            let minutes = read.offset.map(|offset| offset.local_minus_utc() / 60);
            (read.local.to_string(), minutes, read.remark.is_some())
        });
        assert_eq!(read, expected.map(|(local, offset, remark)| (local.to_owned(), offset, remark)), "{text}");
    }

    #[test]
    fn dates_are_read_in_every_form() {
        let evening = "2008-12-12 17:35:11";
        check("Fri, 12 Dec 2008 17:35:11 +1100", Some((evening, Some(660), false)));
        check("Mon, 12 Dec 2008 17:35:11 +1100", Some((evening, Some(660), true)));
        check("12 December 08 17:35:11 AEDT", Some((evening, Some(660), true)));
        check("Friday, 12-Dec-08 17:35:11 GMT", Some((evening, Some(0), false)));
        check("Fri Dec 12 17:35:11 2008", Some((evening, None, false)));
        check("Fri, 12 Dec 2008 17:35:11", Some((evening, None, false)));
        check("Fri, 12 Dec 2008 17:35:11 +11:00", Some((evening, Some(660), false)));
        check("Fri, 12 Dec 2008 17:35:11 -0500 (EST)", Some((evening, Some(-300), false)));
        check("Fri, 12 Dec 2008 17:35:11 Neverland", Some((evening, None, true)));
        check("Fri, 12 Dec 2008 17:35:11 +9900", Some((evening, None, true)));
        check("December 12th, 2008 5:35:11 PM", Some((evening, None, false)));
        check("2008-12-12T17:35:11Z", Some((evening, Some(0), false)));
        check("2008-12-12 17:35:11 +0530", Some((evening, Some(330), false)));
        check("2008-12-12T17:35:11.000+05:30", Some((evening, Some(330), false)));
        check("2008-12-12", Some(("2008-12-12 00:00:00", None, false)));
        check("2008/12/12 9:05", Some(("2008-12-12 09:05:00", None, false)));
        check("12 Dec 2008", Some(("2008-12-12 00:00:00", None, false)));
        for nonsense in ["", "yesterday", "31 Feb 2008", "12/12/2008", "2008-13-01", "Fri, 12 Dec", "99999-01-01"] {
            check(nonsense, None);
        }
    }

    #[test]
    fn a_date_is_local_time_unless_that_could_mean_two_moments() {
        for (text, expected) in [
            ("2008-12-12T17:35:11+11:00", "2008-12-12T17:35:11"),
            ("2008-12-12T06:35:11Z", "2008-12-12T17:35:11"),
            ("2008-12-12T17:35:11", "2008-12-12T17:35:11"),
            ("2008-04-06T02:30:00+11:00", "2008-04-06T02:30:00+11:00"),
        ] {
            assert_eq!(written(text).expect("a date").in_zone(Tz::Australia__Sydney), expected, "{text}");
        }
    }
}
