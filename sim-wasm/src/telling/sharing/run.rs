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
use crate::telling::sharing::plan::{Plan, SENDERS, STRETCHES};
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// Moments that are steps of their own, at most.
const MOST_TURNS: u32 = 40;

/// Stretches without any packet that are one step, at most.
const SILENCE: u64 = 3;

/// Stretches that the card's rate is taken over.
const RATED: u64 = 3;

/// All frames of a run.
pub(crate) struct SharingRun {
    plan: Plan,
    log: Log,
    frames: Vec<Frame>,
}

impl SharingRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let plan = Plan::of(&setup.knobs);
        let mut network = Network::new(&plan.settings()).expect("the knobs offer what makes a machine");
        let mut frames = vec![Frame::of(&network, Time::ZERO)];
        let (mut log, mut read, mut turns) = (Log::new(), 0, 0);
        // Guests whose event has found the gate shut: it is told once, until the gate is open again.
        let mut refused: Vec<VifId> = Vec::new();
        let mut ends = vec![frames[0].clone()];
        for stretch in 1..=STRETCHES {
            let end = Time(plan.stretch * stretch);
            while let Some(time) = network.next()
                && time <= end
            {
                network.step();
                let entries = &network.log().entries()[read..];
                let mut told = false;
                for entry in entries.iter().filter(|entry| turns < MOST_TURNS && is_turn(&entry.event)) {
                    if matches!(entry.event, Event::Backend(Backend::PoolGateShut { .. })) {
                        if refused.contains(&entry.vif) {
                            continue;
                        }
                        refused.push(entry.vif);
                    }
                    log.about(entry.vif);
                    if core::mem::replace(&mut told, true) {
                        log.also(time, entry.event);
                    } else {
                        log.step(time, entry.event);
                    }
                }
                read = network.log().entries().len();
                if told {
                    turns += 1;
                    let Frame { rate, silent, .. } = frames[frames.len() - 1];
                    frames.push(Frame { rate, silent, ..Frame::of(&network, time) });
                }
            }
            let now = Frame::of(&network, end);
            if !now.is_shut(&plan) {
                refused.clear();
            }
            let before = &ends[ends.len() - 1];
            let silent = (0..SENDERS).all(|guest| now.guests[guest].packets == before.guests[guest].packets);
            // A silence is told once in a while.
            if silent && end.since(before.time) < SILENCE * plan.stretch && stretch < STRETCHES {
                continue;
            }
            tell_stretch(&mut log, &plan, before, &now);
            let recent = ends.iter().find(|frame| end.since(frame.time) <= RATED * plan.stretch);
            let first = recent.unwrap_or(&ends[ends.len() - 1]);
            let rate = (now.sent_bytes - first.sent_bytes) * 8_000 / end.since(first.time);
            // A packet counts when it has left, also for what left of it before.
            frames.push(Frame { rate: (rate as u32).min(plan.megabits()), silent, ..now.clone() });
            ends.push(now);
        }
        Self { plan, log, frames }
    }

    fn last(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
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

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
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
