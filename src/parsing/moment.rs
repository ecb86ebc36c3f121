//! Dates as authors write them become moments in the site's zone.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::{Located, Span};

/// Ways to write date and time; a date alone is the start of that day.
const FORMS: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// Understands a written date: `2026-11-20`, `2026-11-20 09:30`, `2026-11-20T09:30:00`, or RFC 3339 with an offset.
///
/// Without an offset it is local time in `zone`, and a date without a time is 00:00 of that day. With one it is that moment,
/// shown as the clocks of `zone` show it.
pub(crate) fn moment(
    written: &Located<String>,
    zone: Tz,
) -> Result<(DateTime<Tz>, Option<Diagnostic>), Box<Diagnostic>> {
    let text = written.value.trim();
    let (moment, warning) = match (with_offset(text), without_offset(text)) {
        (Some(moment), _) => (moment.with_timezone(&zone), None),
        (None, Some(local)) => in_zone(local, zone, &written.span),
        (None, None) => {
            let diagnostic =
                Diagnostic::error("bad-date", format!("`{text}` is not a date")).at(written.span.clone(), "");
            return Err(Box::new(
                diagnostic.help("write `2026-11-20`, `2026-11-20 09:30` or `2026-11-20T09:30:00+01:00`"),
            ));
        }
    };
    if !(0..=9999).contains(&chrono::Datelike::year(&moment)) {
        let diagnostic = Diagnostic::error("bad-date", format!("`{text}` lies outside the years 0 to 9999"));
        return Err(Box::new(diagnostic.at(written.span.clone(), "no feed can say this date")));
    }
    Ok((moment, warning))
}

fn with_offset(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let without_seconds = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z");
    DateTime::parse_from_rfc3339(text).or_else(|_| without_seconds()).ok()
}

fn without_offset(text: &str) -> Option<NaiveDateTime> {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN);
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(midnight);
    FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).or_else(date)
}

/// Local time as a moment, with a warning where [`moment_in`] had to decide.
pub(crate) fn in_zone(local: NaiveDateTime, zone: Tz, span: &Span) -> (DateTime<Tz>, Option<Diagnostic>) {
    let (moment, how_often) = moment_in(local, zone);
    let warning = how_often.map(|how_often| {
        let message = format!("in {zone} clocks showed {local} {how_often} that day");
        let diagnostic = Diagnostic::warning("local-time", message);
        diagnostic
            .at(span.clone(), "taken by the clock before the change")
            .help("give the offset too, for example `+01:00`")
    });
    (moment, warning)
}

/// Local time as a moment. Where clocks were turned, one reading has no moment or two: then the clock that was right before the
/// turn decides, and how often clocks showed it is told.
pub(crate) fn moment_in(local: NaiveDateTime, zone: Tz) -> (DateTime<Tz>, Option<&'static str>) {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) => (moment, None),
        LocalResult::Ambiguous(earlier, _) => (earlier, Some("twice")),
        LocalResult::None => (before_the_gap(local, zone), Some("not at all")),
    }
}

fn before_the_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Tz> {
    // No zone ever skipped more than a day and a bit (Samoa, Kwajalein: a whole date).
    let earlier = (1..=200).filter_map(|quarters| local.checked_sub_signed(Duration::minutes(15 * quarters)));
    let offset = earlier.filter_map(|local| zone.offset_from_local_datetime(&local).earliest()).next();
    let seconds = offset.map_or(0, |offset| offset.fix().local_minus_utc());
    zone.from_utc_datetime(&(local - Duration::seconds(i64::from(seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::source_text::SourceText;

    fn read(text: &str, zone: Tz) -> Result<(String, bool), &'static str> {
        let source = SourceText::new("a.md", text);
        let written = Located { value: text.to_owned(), span: Span::new(&source, 0..text.len()) };
        let read = moment(&written, zone);
        read.map(|(moment, warning)| (moment.to_rfc3339(), warning.is_some())).map_err(|diagnostic| diagnostic.code)
    }

    #[test]
    fn dates_are_read_in_every_form() {
        for (text, expected) in [
            ("2026-11-20", "2026-11-20T00:00:00+01:00"),
            ("2026-07-05 09:08", "2026-07-05T09:08:00+02:00"),
            ("2026-07-05T09:08", "2026-07-05T09:08:00+02:00"),
            ("2026-07-05 09:08:07", "2026-07-05T09:08:07+02:00"),
            ("2026-07-05T09:08:07Z", "2026-07-05T11:08:07+02:00"),
            ("2026-07-05T09:08+09:00", "2026-07-05T02:08:00+02:00"),
            ("2026-07-05 09:08:07+09:00", "2026-07-05T02:08:07+02:00"),
        ] {
            assert_eq!(read(text, Tz::Europe__Berlin), Ok((expected.to_owned(), false)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_an_error() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "20261120",
            "12026-01-01",
            "-0001-01-01",
            "9999-12-31T23:59:00-12:00",
        ] {
            assert_eq!(read(text, Tz::UTC), Err("bad-date"), "{text}");
        }
    }

    #[test]
    fn turned_clocks_are_read_as_before_the_turn() {
        for (text, expected) in
            [("2026-03-29 02:30", "2026-03-29T03:30:00+02:00"), ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00")]
        {
            assert_eq!(read(text, Tz::Europe__Berlin), Ok((expected.to_owned(), true)), "{text}");
        }
    }
}
