//! Ways through a run: by step, by event, by turn, by time.
//!
//! Not modelled: nothing of a machine; a run is only walked and read here.

use crate::actors::log::{Entry, Who};
use crate::telling::link::Place;
use crate::telling::player::Player;
use crate::words::time::Time;

impl Player {
    /// The frame, from 0.
    #[must_use]
    pub fn at(&self) -> u32 {
        self.at.frame
    }

    /// Which event of the step that led here is told, from 1; nothing for all of them.
    #[must_use]
    pub fn event(&self) -> Option<u32> {
        self.at.event
    }

    /// The last frame.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.run.log().steps()
    }

    /// One frame on; `false` at the end.
    pub fn step(&mut self) -> bool {
        let more = self.at.frame < self.steps();
        if more {
            self.seek(self.at.frame + 1);
        }
        more
    }

    /// One frame back; `false` at the start.
    pub fn back(&mut self) -> bool {
        let more = self.at.frame > 0;
        if more {
            self.seek(self.at.frame - 1);
        }
        more
    }

    /// To a frame, or to the last one when there are fewer.
    pub fn seek(&mut self, frame: u32) {
        self.at = Place { frame: frame.min(self.steps()), event: None };
    }

    /// One event on, within the step or into the next one; `false` at the end.
    pub fn step_event(&mut self) -> bool {
        let events = self.run.log().of_step(self.at.frame).len() as u32;
        match self.at.event {
            Some(event) if event < events => self.at.event = Some(event + 1),
            Some(_) | None => {
                if !self.step() {
                    return false;
                }
                self.at.event = Some(1);
            }
        }
        true
    }

    /// One event back: from a whole step to its last but one event; `false` at the start.
    pub fn back_event(&mut self) -> bool {
        let event = self.at.event.unwrap_or(self.run.log().of_step(self.at.frame).len() as u32);
        if event > 1 {
            self.at.event = Some(event - 1);
            return true;
        }
        let more = self.back();
        if self.at.frame > 0 {
            self.at.event = Some(self.run.log().of_step(self.at.frame).len() as u32);
        }
        more
    }

    /// To the end of the next party's turn: all steps that it begins one after the other; `false` at the end.
    pub fn step_turn(&mut self) -> bool {
        let more = self.step();
        let who = self.who(self.at.frame);
        while self.at.frame < self.steps() && self.who(self.at.frame + 1) == who {
            self.step();
        }
        more
    }

    /// To the end of the turn before; `false` at the start.
    pub fn back_turn(&mut self) -> bool {
        let who = self.who(self.at.frame);
        let more = self.back();
        while self.at.frame > 0 && self.who(self.at.frame) == who {
            self.back();
        }
        more
    }

    /// To the end of the instant in which the next step lies; `false` at the end.
    pub fn step_time(&mut self) -> bool {
        let more = self.step();
        self.seek_time(self.now());
        more
    }

    /// To the end of the instant before; `false` at the start.
    pub fn back_time(&mut self) -> bool {
        let now = self.now();
        let more = self.back();
        while self.at.frame > 0 && self.now() == now {
            self.back();
        }
        more
    }

    /// To the last frame that is not after this time.
    pub fn seek_time(&mut self, time: Time) {
        let entries = self.entries();
        let last = entries[..entries.partition_point(|entry| entry.time <= time)].last();
        // A step may reach into a later instant; then it is not done yet.
        let frame = last.map_or(0, |entry| entry.step);
        let done = self.time_of(frame) <= time;
        self.seek(if done { frame } else { frame.saturating_sub(1) });
    }

    /// The time of the present frame.
    #[must_use]
    pub fn now(&self) -> Time {
        self.time_of(self.at.frame)
    }

    /// The entries that the present place tells.
    #[must_use]
    pub fn told(&self) -> &[Entry] {
        let of_step = self.run.log().of_step(self.at.frame);
        match self.at.event {
            None => of_step,
            Some(event) => of_step.get(event as usize - 1..event as usize).unwrap_or_default(),
        }
    }

    fn time_of(&self, frame: u32) -> Time {
        self.run.log().of_step(frame).last().map_or(Time::ZERO, |entry| entry.time)
    }

    /// Who begins a step.
    fn who(&self, frame: u32) -> Option<Who> {
        self.run.log().of_step(frame).first().map(|entry| entry.event.who())
    }
}
