//! The order in which an album shows its pictures.

use std::cmp::Ordering;

use crate::parsing::album::Photo;
use crate::words::natural::natural;
use crate::words::nearest::did_you_mean;
use crate::words::table::Reader;

/// The order of an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    by: By,
    reverse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// As the entries stand; the others after them, by the time they were taken.
    Hand,
    /// By the time they were taken; those of which it is not known come last, by name.
    Taken,
    /// By file name, numbers by their values.
    Name,
}

const NAMES: [(&str, By); 3] = [("taken", By::Taken), ("name", By::Name), ("hand", By::Hand)];

/// Reads the keys `order` and `reverse`. An album that describes pictures one by one has them in that order unless it says
/// otherwise, and any other has them in the order in which they were taken.
pub(super) fn order_key(reader: &mut Reader<'_>, has_entries: bool) -> Order {
    let reverse = reader.boolean("reverse").is_some_and(|reverse| reverse.value);
    let usual = if has_entries { By::Hand } else { By::Taken };
    let Some(written) = reader.filled_text("order") else { return Order { by: usual, reverse } };
    let known = NAMES.iter().find(|(name, _)| *name == written.value).map(|(_, by)| *by);
    if known.is_none() {
        let help = did_you_mean(&written.value, NAMES.iter().map(|(name, _)| *name)).unwrap_or_default();
        reader.bad_value(&written.span, format!("there is no order `{}`", written.value), help);
    }
    Order { by: known.unwrap_or(usual), reverse }
}

impl Order {
    /// Sorts `photos`, of which the first `described` have entries and stand in their order.
    pub(super) fn sort(self, photos: &mut [Photo], described: usize) {
        match self.by {
            By::Hand => photos.get_mut(described..).unwrap_or_default().sort_by(by_time),
            By::Taken => photos.sort_by(by_time),
            By::Name => photos.sort_by(by_name),
        }
        if self.reverse {
            photos.reverse();
        }
    }
}

fn by_time(a: &Photo, b: &Photo) -> Ordering {
    let times = match (a.taken, b.taken) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    times.then_with(|| by_name(a, b))
}

fn by_name(a: &Photo, b: &Photo) -> Ordering {
    natural(&a.path, &b.path)
}
