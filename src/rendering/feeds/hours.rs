//! Hours and days in which readers need not ask: from the author's zone to Greenwich, where RSS wants them, and whether the author
//! posts in them all the same.

use chrono::{DateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

use crate::files::config::SkipHours;

/// The hours in GMT, as the specification wants them, in the author's order.
///
/// The offset is the zone's at `date`, the newest post's. Where it is not a whole number of hours, an hour there touches two of
/// Greenwich's; both are given, since the author asked for quiet in all of it.
#[must_use]
pub fn greenwich_hours<Z: TimeZone>(skip: &SkipHours, date: &DateTime<Z>) -> Vec<u8> {
    const HOUR: i32 = 3600;
    let offset = skip.timezone.offset_from_utc_datetime(&date.naive_utc()).fix().local_minus_utc();
    let mut hours: Vec<u8> = Vec::new();
    for local in &skip.hours {
        let start = i32::from(*local) * HOUR - offset;
        let last_second = start + HOUR - 1;
        for hour in [start, last_second].map(|second| second.div_euclid(HOUR).rem_euclid(24)) {
            let hour = u8::try_from(hour).expect("a remainder of 24");
            if !hours.contains(&hour) {
                hours.push(hour);
            }
        }
    }
    hours
}

/// Whether a moment lies in one of the hours that readers skip, as the feed of that moment would say.
#[must_use]
pub fn is_skipped(skip: &SkipHours, date: &DateTime<Tz>) -> bool {
    greenwich_hours(skip, date).contains(&u8::try_from(date.to_utc().hour()).expect("an hour of the day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_hours(zone: Tz, local: &[u8], newest: (i32, u32, u32), expect: &[u8]) {
        let date = chrono_tz::Australia::Sydney
            .with_ymd_and_hms(newest.0, newest.1, newest.2, 17, 35, 11)
            .single()
            .expect("not ambiguous");
        let skip = SkipHours { timezone: zone, hours: local.to_vec() };
        assert_eq!(greenwich_hours(&skip, &date), expect);
    }

    const IN_2008: [u8; 13] = [15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 13, 14];

    #[test]
    fn skipped_hours_keep_their_order() {
        let tokyo: Vec<u8> = (0..=10).chain([22, 23]).collect();
        let sydney: Vec<u8> = (2..=12).chain([0, 1]).collect();
        check_hours(chrono_tz::Asia::Tokyo, &tokyo, (2008, 12, 12), &IN_2008);
        check_hours(chrono_tz::Australia::Sydney, &sydney, (2008, 12, 12), &IN_2008);
        check_hours(chrono_tz::UTC, &IN_2008, (2008, 12, 12), &IN_2008);
    }

    #[test]
    fn the_offset_is_the_one_of_the_newest_post() {
        let tokyo: Vec<u8> = (0..=10).chain([22, 23]).collect();
        let sydney: Vec<u8> = (2..=12).chain([0, 1]).collect();
        let winter = [16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 14, 15];
        check_hours(chrono_tz::Asia::Tokyo, &tokyo, (2008, 7, 19), &IN_2008);
        check_hours(chrono_tz::Australia::Sydney, &sydney, (2008, 7, 19), &winter);
        check_hours(chrono_tz::UTC, &IN_2008, (2008, 7, 19), &IN_2008);
    }

    #[test]
    fn an_hour_of_a_half_hour_zone_covers_two() {
        check_hours(chrono_tz::Asia::Kolkata, &[0, 1, 12], (2008, 12, 12), &[18, 19, 20, 6, 7]);
        let all: Vec<u8> = (0..24).collect();
        let skip = SkipHours { timezone: chrono_tz::Asia::Kathmandu, hours: all };
        let date = chrono_tz::UTC.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().expect("not ambiguous");
        assert_eq!(greenwich_hours(&skip, &date).len(), 24);
    }
}
