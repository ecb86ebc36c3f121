//! A run of the figure: a guest boots, the attempt of the preset, and what the reader tries after it, told step by step.
//!
//! The [`Handshake`] makes each attempt to its end; here its log becomes steps that tell one thing each. Looks that find
//! nothing are one step with their count.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::hotplug::qemu_dm::Libpci;
use crate::actors::hotplug::xend::{PciDevice, TestAssign};
use crate::actors::log::hotplug::{Hotplug, Outcome};
use crate::actors::log::{Event, Log};
use crate::machine::hotplug::{Attempt, Change, GuestSystem, Handshake, Settings, device};
use crate::telling::drawing::Drawing;
use crate::telling::hotplug::frame::{Frame, Line, Row, Wait, begins_step, line, row};
use crate::telling::hotplug::picture;
use crate::telling::story::{Answer, Enacted, Layout, Run, Setup};
use crate::words::ids::Bdf;

const BUILT: usize = 0;
const IOMMU: usize = 1;
const WHEN: usize = 2;
const CARDS: usize = 3;

/// The letters of what a reader can do.
pub(crate) const AGAIN: char = 'g';
pub(crate) const ANOTHER: char = 'a';
pub(crate) const DETACH: char = 'd';

/// What a preset does whose card comes later.
const SCRIPT: &str = "a";

/// Cards that the machine has.
const MACHINE_CARDS: u8 = 4;

/// A guest with its tools, and all frames so far.
pub(crate) struct HotplugRun {
    talk: Handshake,
    pub(crate) libpci: Libpci,
    /// Entries of the talk's log that were told.
    told: usize,
    /// Cards that somebody wanted the guest to have, by number.
    asked: u8,
    /// Whether the preset's attempt is made at a running guest.
    pub(crate) later: bool,
    /// Whether the guest's system knows ACPI's hot-plugging.
    pub(crate) guest: GuestSystem,
    /// How Xen answers when it is asked for a card.
    pub(crate) test: TestAssign,
    /// The card that the preset's attempt is about.
    pub(crate) wanted: Bdf,
    /// A frame before the first step, and one after each.
    pub(crate) frames: Vec<Frame>,
    /// One for each step.
    pub(crate) rows: Vec<Row>,
    pub(crate) lines: Vec<Line>,
    pub(crate) waits: Vec<Wait>,
    /// The step of the reader's next action: nothing else may take it.
    until: u32,
    log: Log,
}

impl HotplugRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let libpci = if setup.knobs[BUILT] == 0 { Libpci::Found } else { Libpci::Missing };
        let test = match setup.knobs[IOMMU] {
            0 => TestAssign::Assignable,
            1 => TestAssign::NoIommu,
            _ => TestAssign::Unavailable,
        };
        let (later, cards) = (setup.knobs[WHEN] > 0, setup.knobs[CARDS] as u8);
        let guest = if setup.knobs[WHEN] == 2 { GuestSystem::Deaf } else { GuestSystem::Cooperates };
        // Of several cards the last is the one that comes later.
        let boots_with = if later { cards - 1 } else { cards };
        let settings = Settings { libpci, test, guest, ..Settings::new(Attempt::Boot { devices: boots_with }) };
        let mut run = Self {
            talk: Handshake::boot(&settings, boots_with),
            libpci,
            told: 0,
            asked: boots_with,
            later,
            guest,
            test,
            wanted: device(cards - 1),
            frames: alloc::vec![Frame::default()],
            rows: Vec::new(),
            lines: Vec::new(),
            waits: Vec::new(),
            until: setup.inputs.first().map_or(u32::MAX, |input| input.step),
            log: Log::new(),
        };
        run.tell();
        run.enact(if later { SCRIPT } else { "" }, &setup.inputs);
        run
    }

    /// The card that was wanted last, of those that xend counts as the guest's if there are any.
    fn latest(&self) -> Bdf {
        self.talk.xend().devices().last().map_or(device(self.asked - 1), |known| known.device)
    }

    /// Tells what has happened since it was told last.
    fn tell(&mut self) {
        let fresh: Vec<_> = self.talk.log().entries().iter().skip(self.told).copied().collect();
        self.told += fresh.len();
        for entry in fresh {
            let Event::Hotplug(event) = entry.event else { continue };
            if begins_step(&event) {
                if self.log.steps() + 1 >= self.until {
                    return;
                }
                self.log.step(entry.time, entry.event);
                let last = &self.frames[self.frames.len() - 1];
                self.rows.push(row(entry.time, &event, &last.shown));
                self.frames.push(last.next());
            } else {
                self.log.also(entry.time, entry.event);
            }
            self.note(&event);
            let known = self.talk.xend().devices().len() as u32;
            let frame = self.frames.last_mut().expect("there is one before the first step");
            frame.take(entry.time, &event);
            frame.known = if matches!(event, Hotplug::Ended { .. }) { known } else { frame.known };
        }
        let asked = self.asked;
        let frame = self.frames.last_mut().expect("there is one before the first step");
        (frame.rests, frame.asked) = (true, asked);
    }

    /// Lines of logs, and where waits begin and end.
    fn note(&mut self, event: &Hotplug) {
        let step = self.log.steps();
        self.lines.extend(line(step, event));
        if let Hotplug::PollBegan { .. } = event {
            self.waits.push(Wait { first: step, last: u32::MAX, found: false });
        }
        if let Hotplug::PollEnded { found, .. } = *event {
            let wait = self.waits.last_mut().expect("what ends has begun");
            (wait.last, wait.found) = (step, found);
        }
    }
}

/// Whether the reader's action makes sense after a frame; `asked` is how many cards were wanted by then.
const fn makes_sense(frame: &Frame, letter: char, asked: u8) -> bool {
    frame.rests
        && frame.runs
        && match letter {
            AGAIN | DETACH => asked > 0,
            ANOTHER => asked < MACHINE_CARDS,
            _ => false,
        }
}

impl Enacted for HotplugRun {
    fn steps(&self) -> u32 {
        self.log.steps()
    }

    fn leave_room_from(&mut self, step: u32) {
        self.until = step;
    }

    /// Does what a letter says; `false` if it makes no sense.
    fn perform(&mut self, letter: char) -> bool {
        let last = &self.frames[self.frames.len() - 1];
        if !makes_sense(last, letter, self.asked) {
            return false;
        }
        if letter == ANOTHER {
            self.asked += 1;
        }
        let change = match letter {
            DETACH => Change::Detach(self.latest()),
            _ => Change::Attach(PciDevice { device: device(self.asked - 1), vslot: 0 }),
        };
        self.talk.attempt(change);
        self.tell();
        true
    }
}

impl Run for HotplugRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self, step, layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let frame = &self.frames[step as usize];
        makes_sense(frame, letter, frame.asked)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        let counts = &frame.counts;
        u64::from(match quantity {
            0 => counts.looks,
            1 => return counts.waited,
            2 => counts.messages,
            3 => frame.slots(),
            4 => frame.seen.len() as u32,
            5 => frame.known,
            6 => counts.assigned,
            7 => counts.xend_lines,
            8 => counts.model_lines,
            _ => counts.errors,
        })
    }

    fn answer(&self) -> Option<Answer> {
        let ends = self.log.entries().iter().filter_map(|entry| match entry.event {
            Event::Hotplug(Hotplug::Ended { outcome }) => Some((outcome, entry.step)),
            _ => None,
        });
        // Booting without the card that comes later is no attempt, unless it fails.
        let booted = |end: &(Outcome, u32)| self.later && end.0 != Outcome::Failed;
        let mut ends = ends.peekable();
        ends.next_if(booted);
        let (outcome, step) = ends.next()?;
        let waited = self.frames[step as usize].counts.waited;
        let (value, why) = match outcome {
            Outcome::Done if self.guest == GuestSystem::Deaf => {
                (3, "The device model answers before the guest has heard of the card, and this one does not listen.")
            }
            Outcome::Done => (0, "Xen and the device model did what they were asked, and the answer was in the store."),
            Outcome::Failed if waited < 5_000 => (1, "xend asks Xen first, and Xen can say no."),
            Outcome::Failed => (2, "After Xen's yes, nobody in this talk can say no: only time passes."),
            Outcome::Without => (3, "xend writes one line into its log and starts the guest all the same."),
        };
        Some(Answer { value, why })
    }
}
