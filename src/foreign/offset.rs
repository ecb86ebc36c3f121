//! How far clocks are ahead of Greenwich: by the names that dates have for zones, and by numbers.

use chrono::FixedOffset;

/// Zones by name: RFC 822's own, then those that feeds have in spite of it. Hours and minutes ahead of Greenwich, as digits: 530
/// is 5:30.
const ZONES: [(&str, i32); 38] = [
    ("gmt", 0),
    ("ut", 0),
    ("z", 0),
    ("est", -500),
    ("edt", -400),
    ("cst", -600),
    ("cdt", -500),
    ("mst", -700),
    ("mdt", -600),
    ("pst", -800),
    ("pdt", -700),
    ("utc", 0),
    ("akst", -900),
    ("akdt", -800),
    ("hst", -1000),
    ("ast", -400),
    ("adt", -300),
    ("nst", -330),
    ("ndt", -230),
    ("brt", -300),
    ("wet", 0),
    ("west", 100),
    ("bst", 100),
    ("cet", 100),
    ("cest", 200),
    ("eet", 200),
    ("eest", 300),
    ("msk", 300),
    ("ist", 530),
    ("jst", 900),
    ("kst", 900),
    ("aest", 1000),
    ("aedt", 1100),
    ("acst", 930),
    ("acdt", 1030),
    ("awst", 800),
    ("nzst", 1200),
    ("nzdt", 1300),
];

/// How many of them RFC 822 has.
const OF_RFC_822: usize = 11;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    /// What the clocks show there.
    pub(crate) offset: FixedOffset,
    /// Whether RFC 822 has the name.
    pub(crate) is_standard: bool,
}

/// The zone of a name, whatever its case.
pub(crate) fn named(name: &str) -> Option<Named> {
    let at = ZONES.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(Named { offset: offset(ZONES[at].1)?, is_standard: at < OF_RFC_822 })
}

/// 1100 as eleven hours.
pub(crate) fn offset(digits: i32) -> Option<FixedOffset> {
    let (hours, minutes) = (digits / 100, digits % 100);
    let offset = FixedOffset::east_opt(hours.checked_mul(3600)? + minutes * 60)?;
    (minutes.abs() < 60 && is_possible(offset)).then_some(offset)
}

/// Whether there is or was such a zone since clocks have been set by zones: 14 hours ahead of Greenwich are the most, and 12 behind.
pub(crate) fn is_possible(offset: FixedOffset) -> bool {
    (-12 * 3600..=14 * 3600).contains(&offset.local_minus_utc())
}

/// Eleven hours as `+1100`.
pub(crate) fn digits(offset: FixedOffset) -> String {
    let minutes = offset.local_minus_utc() / 60;
    format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_and_digits() {
        for (name, expect) in [
            ("GMT", Some(("+0000", true))),
            ("EST", Some(("-0500", true))),
            ("utc", Some(("+0000", false))),
            ("NST", Some(("-0330", false))),
            ("Nzdt", Some(("+1300", false))),
            ("XYZ", None),
        ] {
            let found = named(name).map(|zone| (digits(zone.offset), zone.is_standard));
            assert_eq!(found.as_ref().map(|(digits, is_standard)| (&**digits, *is_standard)), expect, "{name}");
        }
        for (number, expect) in [
            (1400, Some("+1400")),
            (-1200, Some("-1200")),
            (545, Some("+0545")),
            (1401, None),
            (-1230, None),
            (160, None),
        ] {
            assert_eq!(offset(number).map(digits).as_deref(), expect, "{number}");
        }
        assert_eq!(offset(i32::MAX), None);
    }
}
