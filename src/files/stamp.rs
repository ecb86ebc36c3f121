//! Whether a file is the one that was read before, told by its entry in the file system, without reading it.
//!
//! A file that is written to gets a new time of change, which no program can set back. The clock behind it ticks, though: a file
//! that is written twice within a tick looks the same after both. So a [`Stamp`] stands for bytes only when it was already
//! older than a tick at the [`Moment`] before they were read ([`Stamp::is_settled`]); git calls the others "racily clean".

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Nanoseconds that a time is older than before it is settled, where times are written down in whole seconds, or in two: what old
/// file systems do.
const COARSE: i64 = 2_000_000_000;

/// The same where times have digits below a microsecond: no kernel's clock behind such times ticks less than a hundred times a
/// second, and this is ten ticks.
const FINE: i64 = 100_000_000;

/// The same for the program itself on another file system than the site's: their clocks are taken to be within an hour of each other.
const ELSEWHERE: i64 = 3_600_000_000_000;

/// What a file system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
pub struct Stamp {
    device: u64,
    inode: u64,
    /// Bytes.
    length: u64,
    /// When its bytes last changed, as its owner says, in nanoseconds since 1970.
    modified: i64,
    /// When anything about it last changed, as the file system says, in nanoseconds since 1970.
    changed: i64,
}

/// A stamp as it is remembered: without names, since there are thousands.
type Row = (u64, u64, u64, i64, i64);

impl From<Row> for Stamp {
    fn from((device, inode, length, modified, changed): Row) -> Self {
        Self { device, inode, length, modified, changed }
    }
}

impl From<Stamp> for Row {
    fn from(stamp: Stamp) -> Self {
        (stamp.device, stamp.inode, stamp.length, stamp.modified, stamp.changed)
    }
}

impl Stamp {
    /// The stamp of a file; `None` where the system knows no time of change, so that bytes have to be read there.
    #[cfg(unix)]
    #[must_use]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec())?,
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec())?,
        })
    }

    /// The stamp of a file; `None` where the system knows no time of change, so that bytes have to be read there.
    #[cfg(not(unix))]
    #[must_use]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// How many bytes the file has.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether every later change of the file, after `moment`, gives it another stamp. Only the time that nobody can set counts.
    #[must_use]
    pub fn is_settled(&self, moment: Moment) -> bool {
        let tick = if self.changed % 1000 == 0 { COARSE } else { FINE };
        let ticked = self.changed.checked_add(tick).is_some_and(|settled| settled < moment.at);
        ticked && self.device == moment.device
    }
}

/// A time as one number; `None` when it is centuries away.
#[cfg(unix)]
fn nanoseconds(seconds: i64, nanoseconds: i64) -> Option<i64> {
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

/// A time by the clock that stamps of one file system are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    device: u64,
    at: i64,
}

impl Moment {
    /// A moment that has surely been on the file system of the program's own file, which nobody changes behind its back: this one where it
    /// is the same file system, and an hour before it elsewhere.
    #[must_use]
    pub fn where_program_is(self, program: Stamp) -> Self {
        if program.device == self.device {
            return self;
        }
        Self { device: program.device, at: self.at.saturating_sub(ELSEWHERE) }
    }

    /// This moment. A file is written in `folder` to see it: a file system on another machine has a clock of its own.
    pub fn of(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join("clock");
        std::fs::write(&file, b"what time it is\n")?;
        let stamp = Stamp::of(&File::open(&file)?.metadata()?);
        // Without stamps nothing is ever settled.
        Ok(stamp.map_or(Self { device: 0, at: i64::MIN }, |stamp| Self { device: stamp.device, at: stamp.changed }))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn stamp(changed: i64) -> Stamp {
        Stamp { device: 1, inode: 2, length: 3, modified: 4, changed }
    }

    #[test]
    fn a_time_is_settled_when_the_clock_has_ticked_since() {
        let second = 1_000_000_000;
        for (changed, moment, settled) in [
            (5 * second, 7 * second, false),
            (5 * second, 7 * second + 1, true),
            (5 * second + 1, 5 * second + FINE + 1, false),
            (5 * second + 1, 5 * second + FINE + 2, true),
            // The clock was set back.
            (9 * second + 1, 5 * second, false),
            (i64::MAX, i64::MAX, false),
        ] {
            assert_eq!(stamp(changed).is_settled(Moment { device: 1, at: moment }), settled, "{changed} at {moment}");
        }
        // Another file system has a clock of its own; of the program's it is taken to be no more than an hour away.
        let elsewhere = |at| Moment { device: 2, at };
        assert!(!stamp(5 * second).is_settled(elsewhere(9000 * second)));
        let of_program = |at| stamp(5 * second).is_settled(elsewhere(at).where_program_is(stamp(5 * second)));
        assert!(!of_program(3607 * second) && of_program(3607 * second + 1));
        let here = Moment { device: 1, at: 7 * second + 1 };
        assert_eq!(here.where_program_is(stamp(5 * second)), here);
    }

    #[test]
    fn the_moment_comes_after_every_file_that_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a");
        std::fs::write(&file, "a").expect("writable");
        let stamp = Stamp::of(&file.metadata().expect("there")).expect("a time of this century");
        let moment = Moment::of(folder.path()).expect("writable");
        assert!(moment.at >= stamp.changed && !stamp.is_settled(moment));
    }
}
