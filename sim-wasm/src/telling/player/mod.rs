//! A [`Player`] shows a run: step, back, seek, act, and all of it as one short text.
//!
//! There is no history to keep: a run is a function of its setup, so acting in the past makes another run, and the text of
//! [`Player::state`] is enough to bring any frame back.
//!
//! Not modelled: time that passes by itself; whoever shows a player calls its clock.

mod moves;

mod shown;

mod numbers;

#[cfg(not(target_arch = "wasm32"))]
mod entities;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::log::Entry;
use crate::actors::parts;
use crate::telling::catalogue;
use crate::telling::link::{self, Link, LinkError, MOST_INPUTS, Place};
use crate::telling::story::{FigureSpec, Input, Run, Setup};
use crate::words::hash::Fnv1a;

/// A mark on the scrubber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// An event channel rang.
    Notification,
    /// Something was refused, dropped or attacked.
    Failure,
    /// The reader did it.
    Action,
}

/// A figure at one frame of one run.
pub struct Player {
    spec: &'static FigureSpec,
    setup: Setup,
    run: Box<dyn Run>,
    at: Place,
    /// Whether the run is about more than one interface, so that sentences must say which.
    several: bool,
    /// What the reader left by acting in its past.
    left: Option<Left>,
}

/// A run that the reader left, as it was left.
struct Left {
    setup: Setup,
    run: Box<dyn Run>,
    at: Place,
}

impl core::fmt::Debug for Player {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_tuple("Player").field(&self.state()).finish()
    }
}

impl Player {
    /// The first frame of a preset.
    ///
    /// # Panics
    /// When the figure has no such preset.
    #[must_use]
    pub fn new(spec: &'static FigureSpec, preset: usize) -> Self {
        let setup = Setup::new(preset, spec.presets[preset].knobs.to_vec());
        Self::of(spec, setup)
    }

    fn of(spec: &'static FigureSpec, setup: Setup) -> Self {
        let run = (spec.run)(&setup);
        let several = is_about_several(&*run);
        Self { spec, run, setup, at: Place::default(), several, left: None }
    }

    /// The frame that a text names, as [`Player::state`] wrote it, or why it names none.
    pub fn open(state: &str) -> Result<Self, LinkError<'_>> {
        Self::open_among(catalogue(), state)
    }

    /// The same where there are fewer figures: a browser module has its own.
    pub fn open_among<'a>(figures: &[&'static FigureSpec], state: &'a str) -> Result<Self, LinkError<'a>> {
        let Link { spec, setup, place } = link::read(figures, state)?;
        let script = spec.presets[setup.preset].script;
        // Steps of a figure with a script are actions, and nothing else.
        if !script.is_empty()
            && let Some((input, empty)) = setup.gap(script)
        {
            return Err(LinkError::Gap { step: input.step, empty });
        }
        let mut player = Self::of(spec, setup);
        player.check_inputs()?;
        player.place(place)?;
        Ok(player)
    }

    /// A letter that made no sense when its turn came ended the run before the inputs did.
    fn check_inputs(&self) -> Result<(), LinkError<'static>> {
        let steps = self.steps();
        let late = self.setup.inputs.partition_point(|input| input.step <= steps);
        match self.setup.inputs.get(late) {
            None => Ok(()),
            Some(&Input { step, letter }) if step == steps + 1 => Err(LinkError::Senseless { letter, step }),
            Some(&Input { step, letter }) => Err(LinkError::AfterEnd { letter, step, steps }),
        }
    }

    fn place(&mut self, place: Place) -> Result<(), LinkError<'static>> {
        let Place { frame, event } = place;
        let steps = self.steps();
        if frame > steps {
            return Err(LinkError::NoFrame { frame, steps });
        }
        let events = self.run.log().of_step(frame).len() as u32;
        match event {
            Some(event) if event == 0 || event > events => Err(LinkError::NoEvent { frame, event, events }),
            Some(_) | None => {
                self.at = place;
                Ok(())
            }
        }
    }

    /// The present frame as a text: figure, version, preset, knobs that were turned, what the reader did, frame.
    #[must_use]
    pub fn state(&self) -> String {
        link::write(self.spec, &self.setup, self.at).into_string()
    }

    /// The figure.
    #[must_use]
    pub fn spec(&self) -> &'static FigureSpec {
        self.spec
    }

    /// The preset's index.
    #[must_use]
    pub fn preset(&self) -> usize {
        self.setup.preset
    }

    /// A knob's value; 0 when there is no such knob.
    #[must_use]
    pub fn knob(&self, index: usize) -> u32 {
        self.setup.knobs.get(index).copied().unwrap_or(0)
    }

    /// Whether the reader's action makes sense now.
    #[must_use]
    pub fn can(&self, letter: char) -> bool {
        let kept = self.setup.inputs.partition_point(|input| input.step <= self.at.frame);
        kept < MOST_INPUTS && self.run.can(self.at.frame, letter)
    }

    /// Does what the reader wants, as the next step. What stood after the present frame is left behind, until
    /// [`Player::undo_fork`]. `false`, and nothing changes, when the action makes no sense now.
    pub fn act(&mut self, letter: char) -> bool {
        if !self.can(letter) {
            return false;
        }
        let (setup, at) = (self.setup.clone(), self.at);
        let cuts = at.frame < self.steps();
        let step = at.frame + 1;
        self.setup.inputs.retain(|input| input.step < step);
        // The script up to here becomes part of the run by standing before the first input.
        self.setup.inputs.push(Input { step, letter });
        let run = core::mem::replace(&mut self.run, (self.spec.run)(&self.setup));
        self.several = is_about_several(&*self.run);
        self.seek(step);
        if cuts {
            self.left = Some(Left { setup, run, at });
        }
        true
    }

    /// Whether there is a run that the reader left by acting in its past.
    #[must_use]
    pub fn forked(&self) -> bool {
        self.left.is_some()
    }

    /// Gives up the run that the reader left.
    pub fn forget_left(&mut self) {
        self.left = None;
    }

    /// Goes back to the run that the reader left; `false` when there is none.
    pub fn undo_fork(&mut self) -> bool {
        let Some(left) = self.left.take() else { return false };
        (self.setup, self.run, self.at) = (left.setup, left.run, left.at);
        self.several = is_about_several(&*self.run);
        true
    }

    /// A second player at the same place of the same run, to be led elsewhere beside this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        let again = |left: &Left| Left { setup: left.setup.clone(), run: (self.spec.run)(&left.setup), at: left.at };
        let left = self.left.as_ref().map(again);
        Self { at: self.at, left, ..Self::of(self.spec, self.setup.clone()) }
    }

    /// Runs the whole run again, from its setup alone.
    pub fn replay(&mut self) {
        self.run = (self.spec.run)(&self.setup);
    }

    /// Starts a preset afresh; nothing happens when there is no such preset.
    pub fn set_preset(&mut self, preset: usize) {
        if preset < self.spec.presets.len() {
            *self = Self::new(self.spec, preset);
        }
    }

    /// Turns a knob and starts the preset afresh; nothing happens when the knob has no such position.
    pub fn set_knob(&mut self, index: usize, value: u32) {
        if self.spec.knobs.get(index).is_some_and(|knob| knob.offers(value)) {
            self.setup.knobs[index] = value;
            self.setup.inputs.clear();
            *self = Self::of(self.spec, self.setup.clone());
        }
    }

    /// The order in which the figure's [`Sequence`](crate::telling::knobs::Sequence) is done; empty where it has none.
    #[must_use]
    pub fn order(&self) -> String {
        if parts::ORDERS { self.run.order().into_iter().collect() } else { String::new() }
    }

    /// Puts the figure's sequence in an order and starts the preset afresh; nothing happens when it is none of these actions,
    /// each once.
    pub fn set_order(&mut self, letters: &str) {
        if !parts::ORDERS {
            return;
        }
        let order: Vec<char> = letters.chars().collect();
        if self.spec.order.is_some_and(|sequence| sequence.is_order(&order)) {
            let setup = Setup { order, inputs: Vec::new(), ..self.setup.clone() };
            *self = Self::of(self.spec, setup);
        }
    }

    /// A fingerprint of everything that happens in the run.
    #[must_use]
    pub fn log_hash(&self) -> u64 {
        self.run.log().hash()
    }

    /// A fingerprint of the present place: of the setup, the frame, and all that happened up to it.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write(self.state().as_bytes());
        hash.write_u64(self.run.log().hash_until(self.at.frame));
        hash.finish()
    }

    /// Everything that happens in the run.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.run.log().entries()
    }
}

fn is_about_several(run: &dyn Run) -> bool {
    let entries = run.log().entries();
    entries.windows(2).any(|pair| pair[0].vif != pair[1].vif)
}
