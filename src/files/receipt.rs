//! What the last build was made of and what it said: when nothing of it has changed, the next one has nothing to do.
//!
//! A site is a function of the program, its sources, its configuration, what was asked for, and of the moment as far as posts come
//! and go with it. A [`Receipt`] holds a hash of the former and the span of the latter; beside it stands the manifest, and every
//! output is looked at all the same.

use blake3::Hash;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::files::hash_bytes;

/// What a build that ended was made of, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Stands for everything that the site is a function of, but for the moment.
    #[serde(with = "hash_bytes")]
    pub inputs: Hash,
    /// Stands for the manifest that it left.
    #[serde(with = "hash_bytes")]
    pub manifest: Hash,
    /// The first moment at which the same posts are chosen; the last is before [`Said::due`].
    pub from: DateTime<Utc>,
    /// What it said.
    pub said: Said,
}

/// What a build said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Warnings as a person at a terminal reads them, without colours and with them.
    pub warnings: [String; 2],
    /// Warnings as JSON.
    pub json: String,
    /// Warnings as SARIF.
    pub sarif: String,
    /// How much there is: `3 pages, 2 posts, 0 photos`.
    pub amounts: String,
    /// When the next post comes or goes, although nobody edits anything.
    pub due: Option<DateTime<Utc>>,
}

impl Receipt {
    /// Whether a build of these inputs at `now` would be the same one.
    #[must_use]
    pub fn holds(&self, inputs: Hash, now: DateTime<Utc>) -> bool {
        self.inputs == inputs && self.from <= now && self.said.due.is_none_or(|due| now < due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_holds_for_the_same_inputs_until_a_post_comes_or_goes() {
        let moment = |seconds| DateTime::from_timestamp(seconds, 0).expect("in range");
        let inputs = blake3::hash(b"inputs");
        let receipt = |due: Option<i64>| Receipt {
            inputs,
            manifest: blake3::hash(b""),
            from: moment(5),
            said: Said { due: due.map(moment), ..Said::default() },
        };
        for (due, now, holds) in [(None, 5, true), (None, 4, false), (Some(9), 8, true), (Some(9), 9, false)] {
            assert_eq!(receipt(due).holds(inputs, moment(now)), holds, "{due:?} at {now}");
        }
        assert!(!receipt(None).holds(blake3::hash(b"others"), moment(5)));
    }
}
