//! A run of the figure: the steps that a preset or a reader wants, one after the other, and a frame for each and for every
//! round of copying.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::migration::{Interface, Migration, Refusal, Step};
use crate::actors::log::{Entry, Event, Log};
use crate::actors::migration::{Migrating, MigrationSettings, Place};
use crate::telling::drawing::Drawing;
use crate::telling::migration::frame::{Frame, Round, Taken};
use crate::telling::migration::orders::Orders;
use crate::telling::migration::picture;
use crate::telling::story::{Answer, Enacted, Layout, Run, Setup};

const MEMORY: usize = 0;
const WRITES: usize = 1;
const LINK: usize = 2;
const PACKETS: usize = 3;

/// Pages of a MiB.
const PAGES_OF_MIB: u64 = 256;
/// Pages that a megabit a second carries in a second, what goes with them included.
const PAGES_OF_MEGABIT: u64 = 30;
/// The part of its memory that the guest writes to again and again: a 32nd.
const WORKING_SET_PART: u64 = 32;

const MILLISECOND: u64 = 1_000_000;

/// The letter of a step.
pub(crate) const fn letter(step: Step) -> char {
    match step {
        Step::FailOver => 'f',
        Step::Unplug => 'u',
        Step::Copy => 'c',
        Step::Switch => 's',
        Step::Plug => 'p',
        Step::FailBack => 'b',
    }
}

/// What each preset does, one letter after the other, until a reader lays another order or does something else. A copy is
/// several steps of the run.
const SCRIPTS: [&str; 5] = ["fucspb", "ucspb", "fcsucspb", "fucpspb", "fucspb"];

/// The six steps as each preset comes to them: where a reader begins to lay another order.
const ORDERS: [&str; 5] = ["fucspb", "ufcspb", "fcsupb", "fucpsb", "fucspb"];

/// A guest, and all frames so far.
pub(crate) struct MigrationRun {
    pub(crate) settings: MigrationSettings,
    /// The guest at first, and after each step that somebody wanted.
    guests: Vec<Migrating>,
    /// The order of the six steps.
    order: String,
    /// The steps that somebody wanted.
    pub(crate) taken: Vec<Taken>,
    /// The rounds of copying, as [`Frame::rounds`] counts them.
    pub(crate) rounds: Vec<Round>,
    frames: Vec<Frame>,
    /// The step of the reader's next action: nothing else may take it.
    until: u32,
    log: Log,
}

impl MigrationRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let settings = settings(setup);
        let laid: String = setup.order.iter().collect();
        let (script, order) = if laid.is_empty() {
            (SCRIPTS[setup.preset], ORDERS[setup.preset])
        } else {
            (laid.as_str(), laid.as_str())
        };
        let mut run = Self {
            settings,
            guests: vec![Migrating::new(settings)],
            order: String::from(order),
            taken: Vec::new(),
            rounds: Vec::new(),
            frames: vec![Frame::first(settings.pages)],
            until: u32::MAX,
            log: Log::new(),
        };
        run.enact(script, &setup.inputs);
        run
    }

    /// The step that a letter stands for, unless something is under way, or it is so already and there is nothing to do.
    fn wanted(&self, frame: &Frame, wish: char) -> Option<Step> {
        let step = Step::ALL.into_iter().find(|step| letter(*step) == wish)?;
        let refusal = self.guests[frame.taken].refusal(step);
        (frame.rests && refusal != Some(Refusal::AlreadyThere)).then_some(step)
    }

    /// Takes a step to its end, whether it is refused or not.
    fn take(&mut self, step: Step) {
        let last = self.frames[self.frames.len() - 1];
        let (mut guest, mut happened) = (self.guests[last.taken].clone(), Log::new());
        let refused = guest.step(&mut happened, step).err();
        let rounds = if step == Step::Copy && refused.is_none() { happened.steps() } else { 0 };
        self.taken.push(Taken { step, refused, lost: guest.lost() - last.lost, rounds });
        self.guests.push(guest);
        for number in 1..=happened.steps() {
            if self.log.steps() + 1 >= self.until {
                break;
            }
            self.keep(happened.of_step(number), number == happened.steps());
        }
    }

    /// What the steps that are left come to, in any order: those that were not taken, or were refused.
    pub(crate) fn orders(&self, frame: &Frame) -> Orders {
        let done = |step: &Step| self.taken[..frame.taken].iter().any(|it| it.step == *step && !it.is_refused());
        let left = Step::ALL.into_iter().filter(|step| !done(step));
        Orders::of(&self.guests[frame.taken], &left.collect::<Vec<_>>(), frame.outage)
    }

    /// Takes one step over into the run.
    fn keep(&mut self, happened: &[Entry], rests: bool) {
        let mut frame = self.frames[self.frames.len() - 1];
        for (place, entry) in happened.iter().enumerate() {
            if place == 0 {
                self.log.step(entry.time, entry.event);
            } else {
                self.log.also(entry.time, entry.event);
            }
            frame = frame.after(&entry.event);
            if let Event::Migration(Migration::RoundCopied { round, sent, .. }) = entry.event {
                self.rounds.push(Round { number: round, sent });
            }
        }
        (frame.taken, frame.rests) = (self.taken.len(), rests);
        if rests {
            let guest = &self.guests[frame.taken];
            debug_assert_eq!(
                (frame.place, frame.active, frame.missing, (frame.lost, frame.longest, frame.silent)),
                (guest.place(), guest.active(), guest.missing(), (guest.lost(), guest.silence().0, guest.silence().1)),
                "what is told is what happened"
            );
        }
        self.frames.push(frame);
    }
}

fn settings(setup: &Setup) -> MigrationSettings {
    let knob = |place: usize| u64::from(setup.knobs[place]);
    let pages = knob(MEMORY) * PAGES_OF_MIB;
    MigrationSettings {
        pages,
        pages_per_second: knob(LINK) * PAGES_OF_MEGABIT,
        dirty_per_second: knob(WRITES),
        working_set: pages / WORKING_SET_PART,
        packets_per_second: knob(PACKETS),
        ..MigrationSettings::default()
    }
}

impl Enacted for MigrationRun {
    fn steps(&self) -> u32 {
        self.log.steps()
    }

    fn leave_room_from(&mut self, step: u32) {
        self.until = step;
    }

    /// Does what a letter says, whether it is refused or not; `false` if it makes no sense.
    fn perform(&mut self, letter: char) -> bool {
        let wanted = self.wanted(&self.frames[self.frames.len() - 1], letter);
        if let Some(step) = wanted {
            self.take(step);
        }
        wanted.is_some()
    }

    /// In an order that was laid beforehand a step's turn comes also when there is nothing left for it to do.
    fn follow(&mut self, letter: char) -> bool {
        let rests = self.frames[self.frames.len() - 1].rests;
        let step = Step::ALL.into_iter().find(|step| self::letter(*step) == letter).filter(|_| rests);
        if let Some(step) = step {
            self.take(step);
        }
        step.is_some()
    }
}

impl Run for MigrationRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self, &self.frames[step as usize], layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        self.wanted(&self.frames[step as usize], letter).is_some()
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        match quantity {
            0 => frame.missing,
            1 => stations(frame),
            2 => frame.lost,
            3 => frame.silent,
            4 => frame.longest,
            5 => u64::from(frame.rounds),
            6 => frame.sent,
            7 => u64::from(frame.refused),
            8 => u64::from(frame.place == Place::Target),
            9 => u64::from(frame.is_home()),
            10 => self.orders(frame).all,
            11 => self.orders(frame).work,
            _ => self.orders(frame).late,
        }
    }

    fn order(&self) -> Vec<char> {
        self.order.chars().collect()
    }

    fn answer(&self) -> Option<Answer> {
        let last = self.frames.last().filter(|last| last.silent > 0)?;
        let silences = self.log.entries().iter().filter_map(|entry| match entry.event {
            Event::Migration(Migration::Lost { nanos, .. }) => Some((entry.step, nanos)),
            _ => None,
        });
        let (step, _) = silences.into_iter().find(|(_, nanos)| *nanos == last.longest)?;
        let why = match self.frames[step as usize].taken.checked_sub(1).map(|place| self.taken[place].step)? {
            Step::Unplug => "The bond looks for its card only every 100 ms, and until then sends to nobody.",
            Step::Switch => "The guest stands still while its last pages go over, and for 50 ms in any case.",
            Step::FailOver | Step::FailBack | Step::Copy | Step::Plug => "A bond that is told changes within 2 ms.",
        };
        Some(Answer { value: (last.longest / MILLISECOND) as u32, why })
    }
}

/// Domains that handle each packet: the guest, and dom0 on the way through netfront.
const fn stations(frame: &Frame) -> u64 {
    match frame.active {
        Interface::Card => 1,
        Interface::Split => 2,
    }
}
