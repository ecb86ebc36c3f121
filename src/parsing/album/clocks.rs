//! Clocks of cameras: when a picture was taken, although one of them went wrong or was set to the time at home.
//!
//! ```toml
//! [[clocks]]
//! camera = "Canon EOS 40D"
//! ahead = "0:03:20"             # or `behind`; hours, minutes and perhaps seconds, or days before them: "365d 0:00"
//! timezone = "Europe/Berlin"    # where its clock was right, if that is not the album's zone
//! ```

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta};
use chrono_tz::Tz;
use imaging::{Camera, Taken};

use crate::parsing::moment::moment_in;
use crate::words::diagnostic::Diagnostic;
use crate::words::nearest::did_you_mean;
use crate::words::source_text::Located;
use crate::words::table::{Reader, Table};
use crate::words::zone::zone_key;

/// The clocks of an album.
pub(super) struct Clocks {
    /// Where clocks are right of which nothing else is said, and in which times are shown.
    zone: Tz,
    clocks: Vec<Clock>,
}

struct Clock {
    camera: Located<String>,
    /// By how much it was ahead of the right time.
    ahead: TimeDelta,
    zone: Option<Tz>,
}

impl Clocks {
    /// Reads the key `clocks`; `zone` is the album's.
    pub(super) fn read(reader: &mut Reader<'_>, zone: Tz) -> Self {
        let mut clocks: Vec<Clock> = Vec::new();
        for table in reader.tables("clocks") {
            let Some(clock) = clock(reader, table) else { continue };
            if clocks.iter().any(|other| same_name(&other.camera.value, &clock.camera.value)) {
                let message = format!("`{}` has two clocks", clock.camera.value);
                reader.bad_value(&clock.camera.span, message, "say everything about a camera's clock in one table");
            } else {
                clocks.push(clock);
            }
        }
        Self { zone, clocks }
    }

    /// When a picture was taken, as clocks showed it there; `None` when nobody knows.
    pub(super) fn taken(&self, camera: &Camera) -> Option<DateTime<FixedOffset>> {
        let Taken { local, offset } = camera.taken?;
        let clock = self.clocks.iter().find(|clock| clock.is_of(camera));
        let local = local.checked_sub_signed(clock.map_or(TimeDelta::zero(), |clock| clock.ahead))?;
        if !(1..=9999).contains(&local.year()) {
            return None;
        }
        match offset {
            Some(offset) => local.and_local_timezone(offset).single(),
            None => {
                let zone = clock.and_then(|clock| clock.zone).unwrap_or(self.zone);
                // A picture that was taken while clocks were turned is an hour off at worst, and nobody could say better.
                let (moment, _) = moment_in(local, zone);
                Some(moment.with_timezone(&self.zone).fixed_offset())
            }
        }
    }

    /// Reports clocks of cameras that took none of the pictures.
    pub(super) fn check(&self, reader: &mut Reader<'_>, cameras: &[&Camera]) {
        for clock in &self.clocks {
            if cameras.iter().any(|camera| clock.is_of(camera)) {
                continue;
            }
            let mut names: Vec<String> = cameras.iter().filter_map(|camera| camera.name()).collect();
            names.sort();
            names.dedup();
            let message = format!("no picture of this album was taken with `{}`", clock.camera.value);
            let diagnostic = Diagnostic::error("bad-value", message).at(clock.camera.span.clone(), "");
            let help = did_you_mean(&clock.camera.value, names.iter().map(String::as_str));
            let none = "a camera's name is what its pictures say: this album's say none";
            reader.report(diagnostic.help(help.unwrap_or_else(|| none.to_owned())));
        }
    }
}

impl Clock {
    fn is_of(&self, camera: &Camera) -> bool {
        let names = [camera.name(), camera.model.clone()];
        names.iter().flatten().any(|name| same_name(name, &self.camera.value))
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn clock(reader: &mut Reader<'_>, table: &Table) -> Option<Clock> {
    let mut keys = Reader::new(table, "a clock");
    let camera = keys.filled_text("camera");
    if camera.is_none() {
        keys.missing("camera", "name the camera: `camera = \"Canon EOS 40D\"`");
    }
    let (ahead, behind) = (keys.filled_text("ahead"), keys.filled_text("behind"));
    let zone = zone_key(&mut keys);
    if let (Some(_), Some(behind)) = (&ahead, &behind) {
        keys.bad_value(&behind.span, "a clock cannot be both ahead and behind", "keep one of the two");
    }
    let ahead = ahead.and_then(|written| span_of_time(&mut keys, &written));
    let behind = behind.and_then(|written| span_of_time(&mut keys, &written));
    for diagnostic in keys.finish() {
        reader.report(diagnostic);
    }
    let ahead = ahead.or(behind.map(|behind| -behind)).unwrap_or_default();
    Some(Clock { camera: camera?, ahead, zone })
}

/// `H:MM`, `H:MM:SS`, or days before it: `3d 0:00`.
fn span_of_time(reader: &mut Reader<'_>, written: &Located<String>) -> Option<TimeDelta> {
    let read = read_span(written.value.trim());
    if read.is_none() {
        let message = format!("`{}` is not a span of time", written.value);
        reader.bad_value(
            &written.span,
            message,
            "write hours and minutes, `\"1:00\"`, and seconds or days if need be: `\"2d 1:00:30\"`",
        );
    }
    read
}

fn read_span(text: &str) -> Option<TimeDelta> {
    let number = |text: &str, most: u32| text.parse::<u32>().ok().filter(|&number| number <= most).map(i64::from);
    let (days, clock) = match text.split_once('d') {
        Some((days, clock)) => (number(days.trim(), 40_000)?, clock.trim()),
        None => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 999)?, number(parts.next()?, 59)?);
    let seconds = parts.next().map_or(Some(0), |seconds| number(seconds, 59))?;
    let whole = parts.next().is_none();
    whole.then(|| TimeDelta::seconds(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read() {
        for (text, expected) in [
            ("0:03", Some(180)),
            ("1:00:30", Some(3_630)),
            ("2d 0:00", Some(172_800)),
            ("365d 23:59:59", Some(365 * 86_400 + 86_399)),
            ("26:00", Some(93_600)),
            ("1", None),
            ("1:60", None),
            ("1:00:00:00", None),
            ("-1:00", None),
            ("", None),
            ("99999999999:00", None),
        ] {
            assert_eq!(read_span(text).map(|span| span.num_seconds()), expected, "{text}");
        }
    }
}
