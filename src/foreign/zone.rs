//! Which zone an author's clock was in, from the offsets of the dates.

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::foreign::moment::Written;

/// Zones that many people live in, those first that stand for others when nothing else tells them apart.
const USUAL: [Tz; 34] = [
    Tz::UTC,
    Tz::Europe__London,
    Tz::Europe__Berlin,
    Tz::Europe__Athens,
    Tz::Europe__Moscow,
    Tz::America__New_York,
    Tz::America__Chicago,
    Tz::America__Denver,
    Tz::America__Los_Angeles,
    Tz::America__Phoenix,
    Tz::America__Halifax,
    Tz::America__St_Johns,
    Tz::America__Anchorage,
    Tz::Pacific__Honolulu,
    Tz::America__Sao_Paulo,
    Tz::America__Mexico_City,
    Tz::America__Bogota,
    Tz::America__Santiago,
    Tz::Africa__Lagos,
    Tz::Africa__Johannesburg,
    Tz::Africa__Nairobi,
    Tz::Asia__Dubai,
    Tz::Asia__Karachi,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Asia__Dhaka,
    Tz::Asia__Bangkok,
    Tz::Asia__Shanghai,
    Tz::Asia__Tokyo,
    Tz::Australia__Brisbane,
    Tz::Australia__Sydney,
    Tz::Australia__Adelaide,
    Tz::Australia__Perth,
    Tz::Pacific__Auckland,
];

/// A zone for a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The zone.
    pub zone: Tz,
    /// How many zones would have done as well.
    pub others: usize,
    /// How many dates it does not fit.
    pub misfits: usize,
}

/// A zone whose clocks had the offset of every date on that day; the one that fits most dates when none fits all. `None`
/// when no date has an offset.
#[must_use]
pub fn fit<'a>(dates: impl IntoIterator<Item = &'a Written>) -> Option<Fit> {
    let mut dates: Vec<(chrono::NaiveDateTime, i32)> = dates
        .into_iter()
        .filter_map(|date| date.offset.map(|offset| (date.local - offset, offset.local_minus_utc())))
        .collect();
    dates.sort_unstable();
    // On one day a zone has one offset, so a date a day tells as much as all of them.
    dates.dedup_by_key(|(moment, offset)| (moment.date(), *offset));
    if dates.is_empty() {
        return None;
    }
    let misfits = |zone: &Tz, most: usize| {
        let wrong = |(moment, offset): &&(chrono::NaiveDateTime, i32)| {
            zone.offset_from_utc_datetime(moment).fix().local_minus_utc() != *offset
        };
        dates.iter().filter(wrong).take(most).count()
    };
    let (mut best, mut least, mut equal) = (Tz::UTC, usize::MAX, 0);
    for zone in USUAL.iter().chain(TZ_VARIANTS.iter().filter(|zone| !USUAL.contains(zone))) {
        let wrong = misfits(zone, least.saturating_add(1));
        if wrong < least {
            (best, least, equal) = (*zone, wrong, 0);
        } else if wrong == least {
            equal += 1;
        }
    }
    Some(Fit { zone: best, others: equal, misfits: least })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::moment::written;

    #[track_caller]
    fn check(dates: &[&str], expected: Option<(Tz, usize)>) {
        let dates: Vec<Written> = dates.iter().map(|date| written(date).expect("a date")).collect();
        assert_eq!(fit(&dates).map(|fit| (fit.zone, fit.misfits)), expected);
    }

    #[test]
    fn a_zone_fits_the_offset_of_every_date() {
        let (winter, summer) = ("2008-07-19T11:04:38+10:00", "2008-10-05T13:20:59+11:00");
        check(&[winter, summer], Some((Tz::Australia__Sydney, 0)));
        check(&[winter], Some((Tz::Australia__Brisbane, 0)));
        check(&["2008-07-19T11:04:38+02:00", "2008-12-19T11:04:38+01:00"], Some((Tz::Europe__Berlin, 0)));
        check(&["2008-07-19T11:04:38Z", "2008-12-19T11:04:38Z"], Some((Tz::UTC, 0)));
        check(&["2008-07-19T11:04:38+05:45"], Some((Tz::Asia__Kathmandu, 0)));
        check(
            &[winter, winter, "2008-07-20T11:04:38+10:00", "2008-07-21T11:04:38-07:00"],
            Some((Tz::Australia__Brisbane, 1)),
        );
        check(&["2008-07-19T11:04:38"], None);
        check(&[], None);
    }
}
