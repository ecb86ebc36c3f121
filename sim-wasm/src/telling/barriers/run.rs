//! A run of the figure: states of the notification model, one step after the other, as the letters say.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::interleaving::Interleaving;
use crate::actors::log::{Event, Log};
use crate::protocols::futures::{Counted, Futures};
use crate::protocols::notification_model::{End, Protocol, State};
use crate::telling::barriers::play::{REQUEST, choices, event, protocol, start};
use crate::telling::barriers::{FIGURE, picture};
use crate::telling::drawing::Drawing;
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::time::Time;

/// The states that were passed, and what lies ahead of each.
pub(crate) struct BarrierRun {
    pub(crate) protocol: Protocol,
    /// One for each frame.
    pub(crate) states: Vec<State>,
    pub(crate) counted: Counted,
    log: Log,
}

impl BarrierRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let protocol = protocol(setup);
        let start = start(&protocol);
        let mut run = Self { protocol, states: vec![start], counted: Counted::from(&protocol, start), log: Log::new() };
        for letter in setup.letters(FIGURE.presets[setup.preset].script) {
            if !run.perform(letter) {
                break;
            }
        }
        run
    }

    /// Takes the step of a letter; `false` if there is none.
    fn perform(&mut self, letter: char) -> bool {
        let state = self.states[self.states.len() - 1];
        let mut possible = choices(&self.protocol, &state).into_iter();
        let Some((_, step, next)) = possible.find(|(choice, ..)| *choice == letter) else { return false };
        self.log.step(Time::ZERO, Event::Interleaving(event(step, &next)));
        if next.is_lost_wakeup(&self.protocol) {
            let index = self.protocol.base.plus(REQUEST.into()).0;
            self.log.also(Time::ZERO, Event::Interleaving(Interleaving::Forgotten { index }));
        }
        self.states.push(next);
        true
    }

    /// What lies ahead of a frame. A false request that was taken stays taken.
    pub(crate) fn futures(&self, step: u32) -> Futures {
        let ahead = self.counted.of(&self.states[step as usize]);
        let spoiled = self.log.until(step).iter().any(|entry| is_stale(&entry.event));
        if spoiled { Futures { stale: ahead.all, ..ahead } } else { ahead }
    }
}

/// Whether a request was taken that nobody made.
pub(crate) const fn is_stale(event: &Event) -> bool {
    matches!(event, Event::Interleaving(Interleaving::EntryTaken { stale: true, .. }))
}

impl Run for BarrierRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self, step, layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        choices(&self.protocol, &self.states[step as usize]).iter().any(|(choice, ..)| *choice == letter)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let state = &self.states[step as usize];
        match quantity {
            0 => self.futures(step).all,
            1 => self.futures(step).lost,
            2 => self.futures(step).stale,
            3 => self.counted.states(),
            4 => [End::Front, End::Back].iter().map(|end| state.waiting(&self.protocol, *end).len() as u64).sum(),
            5 => u64::from(state.req_prod(&self.protocol).0),
            6 => u64::from(state.req_event(&self.protocol).0),
            _ => u64::from(state.taken()),
        }
    }

    fn answer(&self) -> Option<Answer> {
        let Futures { lost, stale, .. } = self.futures(0);
        let (value, why) = match (lost > 0, stale > 0) {
            (false, false) => (0, "Every order was tried: each side's store is visible before its own last look."),
            (true, false) => (1, "In some orders each side looks before the other's store is visible."),
            (false, true) => (2, "In some orders the slot is read before the request is in it."),
            (true, true) => (3, "With barriers missing on both accounts, some orders do the one and some the other."),
        };
        Some(Answer { value, why })
    }
}
