//! A run of the figure: the whole machine, stepped through stretches of equal length. A step is a stretch's sum, or a moment
//! at which something stops or goes on.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::summary::{Place, Summary};
use crate::actors::log::{Event, Log};
use crate::machine::network::Network;
use crate::telling::drawing::Drawing;
use crate::telling::flow::frame::{Counts, Frame, megabits};
use crate::telling::flow::picture;
use crate::telling::flow::plan::{Plan, STRETCHES, Twist};
use crate::telling::story::{Answer, Input, Layout, Run, Setup};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// The letters of what a reader can do.
pub(crate) const STALL: char = 's';
pub(crate) const RESUME: char = 'w';

/// Moments at which the guest's queue stops or runs again that are steps of their own; more are counted in their stretch.
const MOST_TURNS: u32 = 34;

/// All frames of a run.
pub(crate) struct FlowRun {
    plan: Plan,
    log: Log,
    frames: Vec<Frame>,
}

impl FlowRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let plan = Plan::of(&setup.knobs);
        let network = Network::new(&plan.settings()).expect("the knobs offer what makes a machine");
        let mut teller = Teller {
            frames: vec![Frame::of(&network, Time::ZERO)],
            network,
            inputs: &setup.inputs,
            log: Log::new(),
            read: 0,
            turns: 0,
            alternated: 0,
            stops: 0,
            stopped_at: 0,
            to_restart: 0,
        };
        teller.tell(&plan);
        Self { log: teller.log, frames: teller.frames, plan }
    }

    fn last(&self) -> &Counts {
        &self.frames[self.frames.len() - 1].counts
    }
}

impl Run for FlowRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(&self.plan, &self.frames, step as usize, layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let frame = &self.frames[step as usize];
        frame.time < Time(self.plan.stretch * STRETCHES) && makes_sense(frame.stalled, letter)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        self.frames[step as usize].value(quantity, &self.plan)
    }

    fn answer(&self) -> Option<Answer> {
        let last = self.last();
        let places = [
            (last.lost_in_guest, "The ring lets the guest put no more than dom0 gives back, so its own queue fills."),
            (last.lost_in_dom0(), "Slots go back before packets leave, so nothing tells the guest to wait."),
            (last.filtered, "What a filter drops is freed at once, and its slot goes back sooner than ever."),
        ];
        let most = places.iter().map(|(lost, _)| *lost).max().unwrap_or(0);
        let nowhere = Answer { value: places.len() as u32, why: "Each queue on the way empties as fast as it fills." };
        if most == 0 {
            return Some(nowhere);
        }
        let value = places.iter().position(|(lost, _)| *lost == most)?;
        Some(Answer { value: value as u32, why: places[value].1 })
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        self.plan.drivers()
    }
}

fn makes_sense(stalled: bool, letter: char) -> bool {
    match letter {
        STALL => !stalled,
        RESUME => stalled,
        _ => false,
    }
}

/// A machine that is led to its end, and what there is to tell so far.
struct Teller<'a> {
    network: Network,
    inputs: &'a [Input],
    log: Log,
    frames: Vec<Frame>,
    /// Entries of the machine's own log that were looked at.
    read: usize,
    /// Stops and restarts that were steps of their own.
    turns: u32,
    /// Restarts in the present stretch that were not.
    alternated: u32,
    /// How often the guest's queue stopped.
    stops: u32,
    /// Slots that were in use when it stopped last.
    stopped_at: u32,
    /// Answers that were read between a stop and the queue's running again, last.
    to_restart: u32,
}

/// A reader's action that made no sense when its turn came: the run ends before it.
struct Senseless;

impl Teller<'_> {
    fn tell(&mut self, plan: &Plan) {
        // Where the run ends is in the log; that it ended early is for the player to notice.
        let _ = self.tell_all(plan);
    }

    fn tell_all(&mut self, plan: &Plan) -> Result<(), Senseless> {
        let mut ends = vec![Counts::default()];
        self.act(Time::ZERO)?;
        for stretch in 1..=STRETCHES {
            let end = Time(plan.stretch * stretch);
            while let Some(time) = self.network.next()
                && time <= end
            {
                self.network.step();
                self.tell_turns(time)?;
            }
            self.tell_stretch(end, plan, &mut ends);
            self.act(end)?;
            if plan.twist == Twist::Stall && stretch == STRETCHES / 4 && !self.network.is_stalled() {
                self.set_stalled(end, true);
                self.act(end)?;
            }
        }
        Ok(())
    }

    fn frame(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }

    /// Adds a frame, as the machine stands now.
    fn snap(&mut self, time: Time) -> &mut Frame {
        let (goodput, stops, to_restart) = (self.frame().goodput, self.stops, self.to_restart);
        self.frames.push(Frame { goodput, stops, to_restart, ..Frame::of(&self.network, time) });
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Does what the reader does next, as often as it is the reader's turn.
    fn act(&mut self, time: Time) -> Result<(), Senseless> {
        while let Some(&Input { step, letter }) = self.inputs.first()
            && step == self.log.steps() + 1
        {
            if !makes_sense(self.network.is_stalled(), letter) {
                return Err(Senseless);
            }
            self.inputs = &self.inputs[1..];
            self.set_stalled(time, letter == STALL);
        }
        Ok(())
    }

    fn set_stalled(&mut self, time: Time, stalled: bool) {
        self.network.set_stalled(time, stalled);
        // The machine's own entry says the same.
        let entries = &self.network.log().entries()[self.read..];
        let event = entries.first().map(|entry| entry.event).expect("a card that is stalled or not says so");
        self.log.step(time, event);
        self.read = self.network.log().entries().len();
        self.snap(time);
    }

    /// Tells of the guest's queue, if it has just stopped, or run again, or both.
    fn tell_turns(&mut self, time: Time) -> Result<(), Senseless> {
        let entries = &self.network.log().entries()[self.read..];
        if entries.is_empty() {
            return Ok(());
        }
        let (mut restarts, mut told) = (0, 0);
        let singly = self.turns < MOST_TURNS;
        for entry in entries {
            match entry.event {
                Event::QueueStopped { outstanding } => {
                    self.stops += 1;
                    self.stopped_at = outstanding;
                }
                Event::QueueWoken { outstanding } => {
                    restarts += 1;
                    self.to_restart = self.stopped_at.saturating_sub(outstanding);
                }
                _ => continue,
            }
            if singly && told == 0 {
                self.log.step(time, entry.event);
            } else if singly {
                self.log.also(time, entry.event);
            }
            told += 1;
        }
        self.read = self.network.log().entries().len();
        if told == 0 {
            return Ok(());
        }
        if singly {
            self.turns += 1;
            self.snap(time);
            return self.act(time);
        }
        self.alternated += restarts;
        Ok(())
    }

    /// Tells what a stretch came to. `ends` are the counts at the ends of those before, beginning with none.
    fn tell_stretch(&mut self, end: Time, plan: &Plan, ends: &mut Vec<Counts>) {
        let frame = self.snap(end);
        let now = frame.counts.clone();
        let first = ends.len().saturating_sub(plan.rated());
        let rate = megabits(now.sent_bytes - ends[first].sent_bytes, plan.stretch * (ends.len() - first) as u64);
        // A packet counts when it has left, also for what left of it in an earlier stretch.
        frame.goodput = (rate as u32).min(plan.megabits);
        let before = &ends[ends.len() - 1];
        let passed = Summary::Passed {
            nanos: plan.stretch as u32,
            offered: (now.offered - before.offered) as u32,
            sent: (now.sent - before.sent) as u32,
        };
        self.log.step(end, Event::Summary(passed));
        for (place, lost) in [
            (Place::GuestQueue, now.lost_in_guest - before.lost_in_guest),
            (Place::Backlog, now.lost_in_backlog - before.lost_in_backlog),
            (Place::Filter, now.filtered - before.filtered),
            (Place::CardQueue, now.lost_at_card - before.lost_at_card),
        ] {
            if lost > 0 {
                self.log.also(end, Event::Summary(Summary::Lost { packets: lost as u32, place }));
            }
        }
        if self.alternated > 0 {
            self.log.also(end, Event::Summary(Summary::Alternated { times: self.alternated }));
            self.alternated = 0;
        }
        ends.push(now);
    }
}
