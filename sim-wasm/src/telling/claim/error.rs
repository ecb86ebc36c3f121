//! Why an expression has no value: where, what, and which names would do.
//!
//! Not modelled: several faults of one expression; the first is told.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimError {
    /// The word at fault, in bytes of the expression.
    pub at: Range<usize>,
    /// What is wrong with it, without capital and full stop.
    pub what: String,
    /// The names that could stand there; empty where it is not about a name.
    pub known: Vec<String>,
}

impl ClaimError {
    pub(super) fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), known: Vec::new() }
    }

    pub(super) fn knowing<T: Into<String>>(mut self, known: impl IntoIterator<Item = T>) -> Self {
        self.known = known.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl core::error::Error for ClaimError {}
