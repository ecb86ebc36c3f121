//! What other people's servers answered when `genblog check` asked for the addresses that texts lead to: `.genblog/links`.
//!
//! Good answers only, each for some days: whatever is wrong is asked again. The file can be lost at any time; then everybody is
//! asked once more than need be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::files::cache::{FOLDER, PROGRAM, read_sealed, write_sealed};

/// The file in [`FOLDER`].
pub(super) const FILE: &str = "links";

/// The form of the file.
const FORM: u32 = 1;

/// How long an answer is believed.
const BELIEVED: TimeDelta = TimeDelta::days(7);

/// A good answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// Where the server says that it is for good, when that is another address.
    pub moved: Option<String>,
    /// Places of the page that were looked for, and are there as far as can be told.
    pub places: BTreeSet<String>,
}

/// All good answers.
#[derive(Debug)]
pub struct Answers {
    file: PathBuf,
    /// The command's moment.
    now: DateTime<Utc>,
    /// By address without a fragment.
    known: BTreeMap<String, Dated>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Dated {
    asked: DateTime<Utc>,
    answer: Good,
}

#[derive(Serialize, Deserialize)]
struct Remembered<T> {
    form: u32,
    program: String,
    answers: T,
}

impl Answers {
    /// What is remembered of the site in `root`, and believed at `now`.
    #[must_use]
    pub fn read(root: &Path, now: DateTime<Utc>) -> Self {
        let file = root.join(FOLDER).join(FILE);
        let remembered = read_sealed::<Remembered<BTreeMap<String, Dated>>>(&file);
        let sound = remembered.filter(|remembered| remembered.form == FORM && remembered.program == PROGRAM);
        let mut known = sound.map(|remembered| remembered.answers).unwrap_or_default();
        // A clock that was put back believes no answer of its future.
        known.retain(|_, dated| dated.asked <= now && now < dated.asked + BELIEVED);
        Self { file, now, known }
    }

    /// The answer for `url`, if all of `places` were looked for then.
    #[must_use]
    pub fn get(&self, url: &str, places: &BTreeSet<String>) -> Option<&Good> {
        let answer = &self.known.get(url)?.answer;
        places.is_subset(&answer.places).then_some(answer)
    }

    /// Takes down an answer.
    pub fn remember(&mut self, url: &str, answer: Good) {
        self.known.insert(url.to_owned(), Dated { asked: self.now, answer });
    }

    /// Takes down that there is no good answer.
    pub fn forget(&mut self, url: &str) {
        self.known.remove(url);
    }

    /// Writes the file. Nothing is lost but time when that cannot be done.
    pub fn write(&self) {
        let remembered = Remembered { form: FORM, program: PROGRAM.to_owned(), answers: &self.known };
        let _ = write_sealed(&self.file, &remembered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://example.org/";

    fn moment(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(days * 86_400, 0).expect("in range")
    }

    #[test]
    fn good_answers_are_believed_for_a_week() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let places = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let mut answers = Answers::read(root.path(), moment(10));
        answers.remember(URL, Good { moved: None, places: places(&["a", "b"]) });
        answers.write();
        for (day, wanted, known) in
            [(10, &["a"][..], true), (16, &[], true), (16, &["a", "c"], false), (17, &[], false), (9, &[], false)]
        {
            let answers = Answers::read(root.path(), moment(day));
            assert_eq!(answers.get(URL, &places(wanted)).is_some(), known, "{wanted:?} on day {day}");
        }
    }

    #[test]
    fn a_damaged_file_knows_nothing() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let mut answers = Answers::read(root.path(), moment(10));
        answers.remember(URL, Good::default());
        answers.write();
        let file = root.path().join(FOLDER).join(FILE);
        let mut bytes = std::fs::read(&file).expect("written");
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        std::fs::write(&file, bytes).expect("writable");
        assert_eq!(Answers::read(root.path(), moment(10)).get(URL, &BTreeSet::new()), None);
    }
}
