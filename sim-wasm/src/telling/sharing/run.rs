//! A run of the figure: the whole machine, stepped through stretches of equal length. A step is what netback took in a stretch
//! from each guest, or a moment at which credit, gate or queue change.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::backend::Backend;
use crate::actors::log::summary::Summary;
use crate::actors::log::{Event, Log};
use crate::machine::network::Network;
use crate::telling::drawing::Drawing;
use crate::telling::sharing::frame::{Frame, bytes, packets};
use crate::telling::sharing::picture;
use crate::telling::sharing::plan::{LISTENED, Plan, SENDERS, STOPPED, STRETCHES};
use crate::telling::story::{Answer, Input, Layout, Run, Setup};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// Moments that are steps of their own, at most.
const MOST_TURNS: u32 = 40;

/// Stretches without any packet that are one step, at most.
const SILENCE: u64 = 3;

/// Stretches that the card's rate is taken over.
const RATED: u64 = 3;

/// The letters of what a reader can do.
pub(crate) const LISTEN: char = 't';
pub(crate) const LET_GO: char = 'e';

/// All frames of a run.
pub(crate) struct SharingRun {
    plan: Plan,
    log: Log,
    frames: Vec<Frame>,
}

impl SharingRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let plan = Plan::of(&setup.knobs);
        let network = Network::new(&plan.settings()).expect("the knobs offer what makes a machine");
        let mut teller = Teller {
            plan: &plan,
            frames: vec![Frame::of(&network, Time::ZERO)],
            read: network.log().entries().len(),
            network,
            inputs: &setup.inputs,
            log: Log::new(),
            turns: 0,
            refused: Vec::new(),
        };
        teller.tell();
        Self { log: teller.log, frames: teller.frames, plan }
    }

    fn last(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }
}

fn makes_sense(plan: &Plan, listens: bool, letter: char) -> bool {
    match letter {
        LISTEN => !listens && plan.sends(usize::from(LISTENED.0)),
        LET_GO => listens,
        _ => false,
    }
}

/// A machine that is led to its end, and what there is to tell so far.
struct Teller<'a> {
    plan: &'a Plan,
    network: Network,
    inputs: &'a [Input],
    log: Log,
    frames: Vec<Frame>,
    /// Entries of the machine's own log that were looked at.
    read: usize,
    /// Moments that were steps of their own.
    turns: u32,
    /// Guests whose event has found the gate shut: it is told once, until the gate is open again.
    refused: Vec<VifId>,
}

/// A reader's action that made no sense when its turn came: the run ends before it.
struct Senseless;

impl Teller<'_> {
    fn tell(&mut self) {
        // Where the run ends is in the log; that it ended early is for the player to notice.
        let _ = self.tell_all();
    }

    fn tell_all(&mut self) -> Result<(), Senseless> {
        let stretch = self.plan.stretch;
        let mut ends = vec![self.frames[0].clone()];
        self.act(Time::ZERO)?;
        for number in 1..=STRETCHES {
            let end = Time(stretch * number);
            while let Some(time) = self.network.next()
                && time <= end
            {
                self.network.step();
                if self.tell_turns(time) {
                    self.act(time)?;
                }
            }
            let now = Frame::of(&self.network, end);
            if !now.is_shut(self.plan) {
                self.refused.clear();
            }
            let before = &ends[ends.len() - 1];
            let silent = (0..SENDERS).all(|guest| now.guests[guest].packets == before.guests[guest].packets);
            // A silence is told once in a while.
            if silent && end.since(before.time) < SILENCE * stretch && number < STRETCHES {
                continue;
            }
            tell_stretch(&mut self.log, self.plan, before, &now);
            let recent = ends.iter().find(|frame| end.since(frame.time) <= RATED * stretch);
            let first = recent.unwrap_or(&ends[ends.len() - 1]);
            let rate = (now.sent_bytes - first.sent_bytes) * 8_000 / end.since(first.time);
            // A packet counts when it has left, also for what left of it before.
            self.frames.push(Frame { rate: (rate as u32).min(self.plan.megabits()), silent, ..now.clone() });
            ends.push(now);
            self.act(end)?;
        }
        Ok(())
    }

    /// Tells of credit and gate, if they have just changed.
    fn tell_turns(&mut self, time: Time) -> bool {
        let mut told = false;
        for entry in &self.network.log().entries()[self.read..] {
            if self.turns >= MOST_TURNS || !is_turn(&entry.event) {
                continue;
            }
            if matches!(entry.event, Event::Backend(Backend::PoolGateShut { .. })) {
                if self.refused.contains(&entry.vif) {
                    continue;
                }
                self.refused.push(entry.vif);
            }
            self.log.about(entry.vif);
            if core::mem::replace(&mut told, true) {
                self.log.also(time, entry.event);
            } else {
                self.log.step(time, entry.event);
            }
        }
        self.read = self.network.log().entries().len();
        if told {
            self.turns += 1;
            self.snap(time);
        }
        told
    }

    /// Adds a frame, as the machine stands now.
    fn snap(&mut self, time: Time) {
        let Frame { rate, silent, .. } = self.frames[self.frames.len() - 1];
        self.frames.push(Frame { rate, silent, ..Frame::of(&self.network, time) });
    }

    /// Does what the reader does next, as often as it is the reader's turn.
    fn act(&mut self, time: Time) -> Result<(), Senseless> {
        while let Some(&Input { step, letter }) = self.inputs.first()
            && step == self.log.steps() + 1
        {
            if !makes_sense(self.plan, self.network.is_listened_to(LISTENED), letter) {
                return Err(Senseless);
            }
            self.inputs = &self.inputs[1..];
            self.network.set_listener(time, LISTENED, (letter == LISTEN).then_some(STOPPED));
            // The machine's own entry says the same; what the freed packets lead to is not told one by one.
            let entries = &self.network.log().entries()[self.read..];
            let event = entries.first().map(|entry| entry.event).expect("a socket that is opened or closed says so");
            self.log.about(LISTENED);
            self.log.step(time, event);
            self.read = self.network.log().entries().len();
            self.snap(time);
        }
        Ok(())
    }
}

/// Whether a moment is told by itself: what a guest's own queue does is not this figure's matter.
const fn is_turn(event: &Event) -> bool {
    matches!(
        event,
        Event::Backend(Backend::PoolGateShut { .. } | Backend::CreditExhausted { .. } | Backend::CreditGranted { .. })
    )
}

/// Tells what netback took of each guest since the last time.
fn tell_stretch(log: &mut Log, plan: &Plan, before: &Frame, now: &Frame) {
    let mut told = false;
    for guest in (0..SENDERS).filter(|guest| plan.sends(*guest)) {
        let (new, old) = (&now.guests[guest], &before.guests[guest]);
        let taken = Summary::Taken {
            nanos: now.time.since(before.time) as u32,
            packets: (new.packets - old.packets) as u32,
            bytes: (new.bytes - old.bytes) as u32,
        };
        log.about(VifId(guest as u16));
        if core::mem::replace(&mut told, true) {
            log.also(now.time, Event::Summary(taken));
        } else {
            log.step(now.time, Event::Summary(taken));
        }
    }
}

impl Run for SharingRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(&self.plan, &self.frames[step as usize], layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let frame = &self.frames[step as usize];
        frame.time < Time(self.plan.stretch * STRETCHES) && makes_sense(&self.plan, frame.listens, letter)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        let guest = &frame.guests[quantity % SENDERS];
        // Three of a kind, one for each guest, and then what belongs to none.
        match quantity / SENDERS {
            0 => u64::from(guest.outstanding),
            1 => guest.packets,
            2 => guest.bytes,
            3 => u64::from(guest.held),
            4 => guest.lost,
            5 => frame.share(quantity % SENDERS, packets),
            6 => frame.share(quantity % SENDERS, bytes),
            _ => match quantity - 7 * SENDERS {
                0 => u64::from(frame.held),
                1 => u64::from(frame.rate),
                2 => u64::from(frame.is_shut(&self.plan)),
                3 => frame.guests[0].credit.unwrap_or(0),
                _ => u64::from(frame.kept),
            },
        }
    }

    fn answer(&self) -> Option<Answer> {
        let [first, second, _] = self.last().guests;
        let both = first.bytes + second.bytes;
        let value = (first.bytes * 100 + both / 2).checked_div(both)? as u32;
        let by_turns = first.packets.abs_diff(second.packets) * 10 < second.packets;
        let [long, short, _] = self.plan.bytes;
        let why = if by_turns && long == short {
            "Each turn is one packet, and their packets are of one length."
        } else if by_turns {
            "Each turn is one packet, whatever its length: who sends longer packets gets more bytes."
        } else if self.plan.limit.is_some() {
            "domU 1 is held to its credit; what it may not send waits on its own ring."
        } else {
            "A packet of 64 bytes is copied whole and its slot answered at once, so the card does not hold it back."
        };
        Some(Answer { value, why })
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        self.plan.drivers
    }
}
