//! What an author's own history says about when readers should ask.
//!
//! Looked at are the posts of the five years before the newest one, so the answer changes when a post comes out and never by itself.
//! Each post stands for its own hour, the one before and the one after: an author is not a clock, and summer time moves an hour.
//!
//! - Quiet hours are those of the site's zone that no post stands for. Posts whose date has no time (midnight to the second) say nothing.
//! - Quiet days are those of Greenwich's week that no post stands for. A post without a time stands for all of its day.
//! - Minutes between two questions are a tenth of the median time between two posts, in whole hours, from one to a day.

use chrono::{DateTime, Datelike, Duration, Months, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use crate::files::config::{Day, SkipHours};

/// Months that are looked at.
const MONTHS: Months = Months::new(60);

/// Posts that hours want. With fewer, hours would be quiet by chance too often: of posts that fall on all hours alike, fifty leave three
/// in a row empty once in 36 times, seventy-five once in 956 times.
const FOR_HOURS: usize = 75;

/// Posts that days want: fifty that fall on all days alike miss one once in 317 times, and once in 639 if they have a time.
const FOR_DAYS: usize = 50;

/// Posts that a median wants.
const FOR_MINUTES: usize = 10;

/// How much of the time between two posts a reader may be late.
const SHARE: i64 = 10;

/// Too few posts to say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFew {
    /// How many there are.
    pub found: usize,
    /// How many there should be.
    pub wanted: usize,
}

/// When an author's recent posts came out, the newest first.
#[derive(Debug, Clone)]
pub struct History {
    dates: Vec<DateTime<Tz>>,
}

impl History {
    /// The recent ones of all posts, whose dates are in the site's zone with the newest first.
    pub fn new(dates: impl IntoIterator<Item = DateTime<Tz>>) -> Self {
        let mut dates: Vec<DateTime<Tz>> = dates.into_iter().collect();
        if let Some(since) = dates.first().and_then(|newest| newest.checked_sub_months(MONTHS)) {
            dates.retain(|date| *date >= since);
        }
        Self { dates }
    }

    /// Hours of `zone` in which nothing comes out, ascending.
    pub fn quiet_hours(&self, zone: Tz) -> Result<SkipHours, TooFew> {
        let timed: Vec<DateTime<Tz>> =
            self.dates.iter().filter(|date| has_time(date)).map(|date| date.with_timezone(&zone)).collect();
        enough(timed.len(), FOR_HOURS)?;
        let hour = |date: &DateTime<Tz>| u8::try_from(date.hour()).expect("an hour of the day");
        let quiet = |local: &u8| timed.iter().all(|date| (hour(date) + 25 - local) % 24 > 2);
        Ok(SkipHours { timezone: zone, hours: (0..24).filter(quiet).collect() })
    }

    /// Days of Greenwich's week on which nothing comes out, from Monday on.
    pub fn quiet_days(&self) -> Result<Vec<Day>, TooFew> {
        enough(self.dates.len(), FOR_DAYS)?;
        let (margin, day) = (Duration::hours(1), Duration::days(1) - Duration::seconds(1));
        let stands_for = |date: &DateTime<Tz>| {
            let (before, after) = if has_time(date) { (margin, margin) } else { (Duration::zero(), day) };
            let date = date.with_timezone(&Utc);
            [date - before, date + after].map(|date| date.weekday())
        };
        let busy: Vec<Weekday> = self.dates.iter().flat_map(stands_for).collect();
        Ok(Day::ALL.into_iter().filter(|day| !busy.contains(&day.weekday())).collect())
    }

    /// Minutes that a reader may wait before it asks again.
    pub fn minutes(&self) -> Result<u32, TooFew> {
        enough(self.dates.len(), FOR_MINUTES)?;
        let mut between: Vec<i64> = self.dates.windows(2).map(|pair| (pair[0] - pair[1]).num_minutes()).collect();
        between.sort_unstable();
        let hours = (between[between.len() / 2] / SHARE / 60).clamp(1, 24);
        Ok(u32::try_from(hours * 60).expect("at most a day"))
    }
}

fn enough(found: usize, wanted: usize) -> Result<(), TooFew> {
    if found < wanted { Err(TooFew { found, wanted }) } else { Ok(()) }
}

/// Whether a date was written with a time; a post at midnight to the second is rare enough.
pub(super) fn has_time(date: &DateTime<Tz>) -> bool {
    date.time() != NaiveTime::MIN
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    /// As many posts as asked for, every `step` days before a Friday evening in Sydney, at these hours in turn.
    fn history(posts: u64, step: i64, hours: &[u32]) -> History {
        let day = |back: i64| {
            let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day") - Duration::days(back);
            let hour = hours[usize::try_from(back / step).expect("small") % hours.len()];
            Tz::Australia__Sydney.from_local_datetime(&date.and_hms_opt(hour, 30, 0).expect("a time")).earliest()
        };
        History::new((0..i64::try_from(posts).expect("few")).filter_map(|index| day(index * step)))
    }

    #[test]
    fn quiet_hours_lie_between_the_posts_with_an_hour_to_spare() {
        let hours = history(90, 7, &[9, 12, 22]).quiet_hours(Tz::Australia__Sydney).expect("enough");
        let expected: Vec<u8> = (0..=7).chain(14..=20).collect();
        assert_eq!((hours.hours, hours.timezone), (expected, Tz::Australia__Sydney));
        // Over midnight, both ways.
        let late = history(90, 7, &[23]).quiet_hours(Tz::Australia__Sydney).expect("enough");
        assert_eq!(late.hours, (1..=21).collect::<Vec<u8>>());
        let all: Vec<u32> = (0..24).collect();
        assert_eq!(history(96, 7, &all).quiet_hours(Tz::Australia__Sydney).map(|hours| hours.hours), Ok(Vec::new()));
    }

    #[test]
    fn quiet_days_are_those_of_greenwich() {
        let names = |history: &History| -> Vec<&str> {
            history.quiet_days().expect("enough").iter().map(|day| day.name()).collect()
        };
        // Friday evening in Sydney is Friday in Greenwich.
        assert_eq!(names(&history(60, 7, &[22])), ["Monday", "Tuesday", "Wednesday", "Thursday", "Saturday", "Sunday"]);
        // Friday morning is Thursday there, and within an hour of Friday in one half of the year.
        assert_eq!(names(&history(60, 7, &[9])), ["Monday", "Tuesday", "Wednesday", "Saturday", "Sunday"]);
        assert_eq!(names(&history(60, 1, &[9])), Vec::<&str>::new());
    }

    #[test]
    fn minutes_are_a_tenth_of_the_median_in_whole_hours() {
        for (step, expected) in [(1, 120), (3, 420), (7, 960), (30, 1440)] {
            assert_eq!(history(20, step, &[9]).minutes(), Ok(expected), "every {step} days");
        }
        let now = Tz::UTC.with_ymd_and_hms(2026, 11, 20, 9, 0, 0).single().expect("not ambiguous");
        assert_eq!(History::new((0..20).map(|index| now - Duration::minutes(index))).minutes(), Ok(60));
    }

    #[test]
    fn few_posts_say_nothing_and_neither_do_old_ones() {
        assert_eq!(history(49, 7, &[9]).quiet_days(), Err(TooFew { found: 49, wanted: 50 }));
        assert_eq!(history(9, 7, &[9]).minutes(), Err(TooFew { found: 9, wanted: 10 }));
        assert_eq!(history(74, 7, &[9]).quiet_hours(Tz::UTC), Err(TooFew { found: 74, wanted: 75 }));
        // One post in two months: thirty in five years.
        let old = history(100, 61, &[9]).quiet_hours(Tz::UTC);
        assert_eq!(old, Err(TooFew { found: 30, wanted: 75 }));
        let midnight = |history: &History| History {
            dates: history
                .dates
                .iter()
                .map(|date| date.with_time(NaiveTime::MIN).earliest().expect("a day begins"))
                .collect(),
        };
        let dated = midnight(&history(60, 7, &[9]));
        assert_eq!(dated.quiet_hours(Tz::Australia__Sydney), Err(TooFew { found: 0, wanted: 75 }));
        // A Friday in Sydney begins on Greenwich's Thursday.
        assert_eq!(dated.quiet_days().map(|days| days.len()), Ok(5));
    }

    /// How likely `posts` that fall on `places` alike hit so many of them: the probability for each number.
    fn hit(posts: usize, places: usize) -> Vec<f64> {
        let mut chances = vec![0.0; places + 1];
        chances[0] = 1.0;
        for _ in 0..posts {
            for hit in (0..=places).rev() {
                let new = if hit == 0 { 0.0 } else { chances[hit - 1] * (places + 1 - hit) as f64 };
                chances[hit] = (chances[hit] * hit as f64 + new) / places as f64;
            }
        }
        chances
    }

    /// In how many ways so many of 24 hours in a circle leave no three others in a row, for each number; all sets are counted.
    fn without_quiet_hours() -> [u32; 25] {
        let mut ways = [0; 25];
        (1..1 << 24).filter(|hit| quiet_among(*hit) == 0).for_each(|hit: u32| ways[hit.count_ones() as usize] += 1);
        ways
    }

    fn choose(all: usize, some: usize) -> f64 {
        (0..some).map(|index| (all - index) as f64 / (index + 1) as f64).product()
    }

    /// The chance that so many posts, which fall on all hours alike, leave some hour quiet.
    fn quiet_hours_by_chance(posts: usize, ways: &[u32; 25]) -> f64 {
        let busy = |(hit, chance): (usize, f64)| chance * f64::from(ways[hit]) / choose(24, hit);
        1.0 - hit(posts, 24).into_iter().enumerate().skip(1).map(busy).sum::<f64>()
    }

    /// Sunday to Saturday in Greenwich, as bits: those for which a post so long after a Sunday's midnight stands.
    fn busy_days(after: Duration) -> usize {
        let sunday = Tz::UTC.with_ymd_and_hms(2026, 11, 15, 0, 0, 0).single().expect("not ambiguous");
        let quiet = History { dates: vec![sunday + after; FOR_DAYS] }.quiet_days().expect("enough");
        quiet.iter().fold((1 << 7) - 1, |busy, day| busy & !(1 << day.weekday().num_days_from_sunday()))
    }

    /// The chance that so many posts leave some day quiet, if each stands for one of these sets of days, all of them alike.
    fn quiet_days_by_chance(posts: usize, sets: &[usize]) -> f64 {
        let mut chances = [0.0; 1 << 7];
        chances[0] = 1.0;
        for _ in 0..posts {
            let before = std::mem::replace(&mut chances, [0.0; 1 << 7]);
            for (busy, chance) in before.into_iter().enumerate() {
                sets.iter().for_each(|set| chances[busy | set] += chance / sets.len() as f64);
            }
        }
        chances[..(1 << 7) - 1].iter().sum()
    }

    #[test]
    fn chance_seldom_makes_an_hour_or_a_day_quiet() {
        let once_in = |chance: f64| (1.0 / chance) as u32;
        let ways = without_quiet_hours();
        assert_eq!(once_in(quiet_hours_by_chance(50, &ways)), 36);
        assert_eq!(once_in(quiet_hours_by_chance(FOR_HOURS, &ways)), 956);
        assert!(quiet_hours_by_chance(10, &ways) > 0.999);
        let timed: Vec<usize> = (0..168).map(|hour| busy_days(Duration::hours(hour) + Duration::minutes(30))).collect();
        let dated: Vec<usize> = (0..7).map(|day| busy_days(Duration::days(day))).collect();
        let days = [dated, timed].map(|sets| once_in(quiet_days_by_chance(FOR_DAYS, &sets)));
        assert_eq!(days, [317, 639]);
    }

    /// Hours as bits: those that no hit hour has at either side.
    fn quiet_among(hit: u32) -> u32 {
        let turned = |by: u32| (hit << by | hit >> (24 - by)) & ((1 << 24) - 1);
        !(hit | turned(1) | turned(23)) & ((1 << 24) - 1)
    }

    proptest! {
        #[test]
        fn an_hour_is_quiet_when_neither_it_nor_a_neighbour_is_hit(hit in 1_u32..1 << 24) {
            let hours: Vec<u32> = (0..24).filter(|hour| hit >> hour & 1 == 1).collect();
            let date = |hour: &u32| Tz::UTC.with_ymd_and_hms(2026, 11, 20, *hour, 30, 0).single();
            let dates = hours.iter().cycle().filter_map(date).take(FOR_HOURS).collect();
            let quiet = History { dates }.quiet_hours(Tz::UTC).expect("enough").hours;
            prop_assert_eq!(quiet.iter().fold(0, |bits, hour| bits | 1 << hour), quiet_among(hit));
        }
    }
}
