//! Time travel in long runs: any place of a run is a copy made earlier, and the few steps from there.
//!
//! A run is a function of its machine's beginning and of what was done to it on the way. Doing it all again brings any
//! place back, but a run of a million steps takes its time; so a [`Timeline`] keeps copies of the machine on the way, never
//! more than [`MOST_COPIES`], and the farther the run goes the farther they lie apart.
//!
//! ```text
//!  step 0        s        2s        3s          the present
//!    ●───────────●─────────●─────────●──────────────◆─ ─ ─
//!                          └── seek: copy, and so many steps ──┘
//! ```
//!
//! Not modelled: nothing is undone step by step, since no step can be.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::words::time::Time;

/// Copies that a timeline keeps at most, the beginning among them.
pub const MOST_COPIES: usize = 64;

/// Steps between two copies while a run is short.
const FIRST_SPACING: u64 = 256;

/// A machine that goes on step by step and can be copied.
pub trait Machine: Clone {
    /// What can be done to it from outside.
    type Action: Clone;

    /// When its next step is; nothing when none is left.
    fn due(&self) -> Option<Time>;

    /// Does the next step, if there is one.
    fn step(&mut self);

    /// Does something to it between two steps.
    fn act(&mut self, action: &Self::Action);

    /// A copy to go on from. What only grows and decides nothing, such as a log, may be left out of it.
    fn copy(&mut self) -> Self {
        self.clone()
    }
}

/// A run, as far as it was made, and a place in it.
#[derive(Clone, Debug)]
pub struct Timeline<M: Machine> {
    present: M,
    /// Steps done at present.
    at: u64,
    /// What is done after so many steps, in order.
    actions: Vec<(u64, M::Action)>,
    /// Copies and the steps done before each, in order; actions after that many steps are done in them. The first is the
    /// beginning, with none done.
    copies: Vec<(u64, Arc<M>)>,
    /// Steps between two copies.
    spacing: u64,
}

impl<M: Machine> Timeline<M> {
    /// The timeline that begins with this machine.
    #[must_use]
    pub fn new(machine: M) -> Timeline<M> {
        Timeline::with_spacing(machine, FIRST_SPACING)
    }

    /// The same with so many steps between copies at first; at least 1.
    #[must_use]
    pub fn with_spacing(mut machine: M, spacing: u64) -> Timeline<M> {
        let copies = vec![(0, Arc::new(machine.copy()))];
        Timeline { present: machine, at: 0, actions: Vec::new(), copies, spacing: spacing.max(1) }
    }

    /// The machine at present.
    #[must_use]
    pub fn machine(&self) -> &M {
        &self.present
    }

    /// Steps done at present.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Copies kept, and the steps between two of them.
    #[must_use]
    pub fn copies(&self) -> (usize, u64) {
        (self.copies.len(), self.spacing)
    }

    /// One step on; `false` at the run's end.
    pub fn step(&mut self) -> bool {
        if self.present.due().is_none() {
            return false;
        }
        self.present.step();
        self.at += 1;
        self.redo();
        self.keep_copy();
        true
    }

    /// To the place after so many steps, or to the run's end; `false` if that comes earlier.
    pub fn seek(&mut self, steps: u64) -> bool {
        self.go_near(self.copies.partition_point(|(at, _)| *at <= steps), self.at <= steps);
        while self.at < steps && self.step() {}
        self.at == steps
    }

    /// To the place where all is done that is due at this time or earlier.
    pub fn seek_time(&mut self, time: Time) {
        let is_before = |machine: &M| machine.due().is_some_and(|due| due <= time);
        let copies = self.copies.partition_point(|(_, copy)| is_before(copy));
        self.go_near(copies.max(1), is_before(&self.present));
        while is_before(&self.present) && self.step() {}
    }

    /// Does something to the machine at present. What came after it in this timeline is no more; a [`fork`](Timeline::fork)
    /// made before has it still.
    pub fn act(&mut self, action: M::Action) {
        self.actions.retain(|(at, _)| *at <= self.at);
        // A copy of this very place was made before the action.
        self.copies.retain(|(at, _)| *at < self.at || *at == 0);
        self.present.act(&action);
        self.actions.push((self.at, action));
    }

    /// A second timeline that shares the past with this one.
    #[must_use]
    pub fn fork(&self) -> Timeline<M> {
        self.clone()
    }

    /// Goes back to the last of so many copies, unless the present lies before the goal and behind that copy.
    fn go_near(&mut self, copies: usize, before_goal: bool) {
        let (steps, copy) = &self.copies[copies - 1];
        if before_goal && self.at >= *steps {
            return;
        }
        self.present = M::clone(copy);
        self.at = *steps;
        if self.at == 0 {
            self.redo();
        }
    }

    /// Does what was done at this place.
    fn redo(&mut self) {
        let first = self.actions.partition_point(|(at, _)| *at < self.at);
        for (_, action) in self.actions[first..].iter().take_while(|(at, _)| *at == self.at) {
            self.present.act(action);
        }
    }

    /// Keeps a copy of the present if it is time for one, and every second one only when there are too many.
    fn keep_copy(&mut self) {
        let last = self.copies.last().map_or(0, |(at, _)| *at);
        if self.at < last + self.spacing {
            return;
        }
        self.copies.push((self.at, Arc::new(self.present.copy())));
        if self.copies.len() == MOST_COPIES {
            let mut position = 0;
            self.copies.retain(|_| {
                position += 1;
                position % 2 == 1
            });
            self.spacing *= 2;
        }
    }
}
