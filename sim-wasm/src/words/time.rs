//! The clock of a run, and the [`Agenda`] of what is going to happen.
//!
//! Not modelled: wall clocks, and clocks that differ between domains.

use alloc::vec::Vec;
use core::ops::{Add, AddAssign};

/// An instant: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// The beginning of the run.
    pub const ZERO: Time = Time(0);

    /// The instant so many microseconds after the beginning.
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros * 1_000)
    }

    /// The instant so many milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> Time {
        Time(millis * 1_000_000)
    }

    /// Nanoseconds from `earlier` to this instant, 0 if `earlier` is in fact later.
    pub const fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Time {
    type Output = Time;

    /// The instant `nanos` nanoseconds later.
    fn add(self, nanos: u64) -> Time {
        Time(self.0 + nanos)
    }
}

impl AddAssign<u64> for Time {
    fn add_assign(&mut self, nanos: u64) {
        *self = *self + nanos;
    }
}

/// Names one appointment in an [`Agenda`], so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgendaKey {
    time: Time,
    sequence: u64,
}

impl AgendaKey {
    /// When the appointment is due.
    pub fn time(self) -> Time {
        self.time
    }
}

/// How many of the next appointments are compared one by one, which is faster than halving as long as the place is among
/// them.
const NEXT_FEW: usize = 12;

/// Appointments in the order of (time, sequence): what was put down first happens first among equals.
///
/// A run has tens of them at a time, so they lie in one vector, the next one last. Most are put down for soon, among the
/// next few: then nothing behind them moves, and far timers cost nothing however many they are.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    appointments: Vec<(AgendaKey, T)>,
    next_sequence: u64,
}

impl<T> Agenda<T> {
    /// An agenda without appointments.
    pub const fn new() -> Agenda<T> {
        Agenda { appointments: Vec::new(), next_sequence: 0 }
    }

    /// Puts `item` down for `time`, after everything that is down for the same time.
    #[inline]
    pub fn push(&mut self, time: Time, item: T) -> AgendaKey {
        let key = AgendaKey { time, sequence: self.next_sequence };
        self.next_sequence += 1;
        let place = self.place(time);
        self.appointments.insert(place, (key, item));
        key
    }

    /// Where an appointment for `time` belongs: looked for among the next few one by one, beyond them by halving.
    #[inline]
    fn place(&self, time: Time) -> usize {
        let all = self.appointments.len();
        let few = all.saturating_sub(NEXT_FEW);
        match self.appointments[few..].iter().rposition(|(other, _)| other.time > time) {
            Some(later) => few + later + 1,
            None => self.appointments[..few].partition_point(|(other, _)| other.time > time),
        }
    }

    /// Takes the next appointment.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, T)> {
        let (key, item) = self.appointments.pop()?;
        Some((key.time, item))
    }

    /// When the next appointment is due.
    #[inline]
    pub fn peek_time(&self) -> Option<Time> {
        self.appointments.last().map(|(key, _)| key.time)
    }

    /// Takes an appointment out before it is due; nothing if it is past or was cancelled already.
    pub fn cancel(&mut self, key: AgendaKey) -> Option<T> {
        let place = self.appointments.binary_search_by(|(other, _)| key.cmp(other)).ok()?;
        Some(self.appointments.remove(place).1)
    }

    /// How many appointments are still to come.
    pub fn len(&self) -> u32 {
        self.appointments.len() as u32
    }

    /// Whether nothing is going to happen any more.
    pub fn is_empty(&self) -> bool {
        self.appointments.is_empty()
    }

    /// The appointments to come, next one first.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &T)> {
        self.appointments.iter().rev().map(|(key, item)| (key.time, item))
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Agenda<T> {
        Agenda::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Agenda, Time};

    #[test]
    fn equal_times_keep_their_order() {
        let mut agenda = Agenda::new();
        agenda.push(Time(5), 'b');
        agenda.push(Time(5), 'c');
        agenda.push(Time(1), 'a');
        assert_eq!(agenda.peek_time(), Some(Time(1)));
        let order: Vec<char> = core::iter::from_fn(|| agenda.pop()).map(|(_, item)| item).collect();
        assert_eq!(order, ['a', 'b', 'c']);
    }

    #[test]
    fn a_key_cancels_once() {
        let mut agenda = Agenda::new();
        let key = agenda.push(Time(2), 'x');
        agenda.push(Time(2), 'y');
        assert_eq!(key.time(), Time(2));
        assert_eq!(agenda.cancel(key), Some('x'));
        assert_eq!(agenda.cancel(key), None);
        assert_eq!(agenda.pop(), Some((Time(2), 'y')));
        assert!(agenda.is_empty());
    }

    #[test]
    fn time_never_runs_backwards() {
        assert_eq!((Time::from_millis(1) + 5).since(Time::from_micros(999)), 1_005);
        assert_eq!(Time(3).since(Time(4)), 0);
    }

    proptest! {
        /// Pushes and cancellations against a list that is sorted afterwards.
        #[test]
        fn an_agenda_is_a_stable_sort(steps in proptest::collection::vec((0_u64..20, any::<bool>()), 0..60)) {
            let mut agenda = Agenda::new();
            let mut model = Vec::new();
            for (number, (time, cancel)) in steps.into_iter().enumerate() {
                let key = agenda.push(Time(time), number);
                if cancel {
                    prop_assert_eq!(agenda.cancel(key), Some(number));
                } else {
                    model.push((Time(time), number));
                }
            }
            model.sort_by_key(|(time, _)| *time);
            let seen: Vec<(Time, usize)> = agenda.iter().map(|(time, item)| (time, *item)).collect();
            prop_assert_eq!(&seen, &model);
            let popped: Vec<(Time, usize)> = core::iter::from_fn(|| agenda.pop()).collect();
            prop_assert_eq!(popped, model);
        }
    }
}
