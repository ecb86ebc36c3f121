//! What a picture is drawn from: who said what to whom, the keys of the store, each process's log, and the guest's cards.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::hotplug::keys;
use crate::actors::hotplug::messages::push_message;
use crate::actors::log::hotplug::{Hotplug, Key, Message, Outcome, Process, Value};
use crate::telling::drawing::Tone;
use crate::words::ids::Bdf;
use crate::words::text::Text;
use crate::words::time::Time;

/// Who takes part, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Xend,
    Store,
    Model,
    Xen,
    Guest,
}

impl Lane {
    pub(crate) const ALL: [Lane; 5] = [Lane::Xend, Lane::Store, Lane::Model, Lane::Xen, Lane::Guest];

    pub(crate) const fn of(process: Process) -> Lane {
        match process {
            Process::Xend => Lane::Xend,
            Process::QemuDm => Lane::Model,
            Process::Guest => Lane::Guest,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Lane::Xend => "xend",
            Lane::Store => "xenstore",
            Lane::Model => "qemu-dm",
            Lane::Xen => "Xen",
            Lane::Guest => "guest",
        }
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Lane::Xend | Lane::Store | Lane::Model => Tone::Dom0,
            Lane::Xen => Tone::Xen,
            Lane::Guest => Tone::Domu,
        }
    }

    pub(crate) const fn place(self) -> i32 {
        match self {
            Lane::Xend => 0,
            Lane::Store => 1,
            Lane::Model => 2,
            Lane::Xen => 3,
            Lane::Guest => 4,
        }
    }
}

/// What one step is about: a message from one to another, or something that one does alone.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) time: Time,
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) label: Text,
    pub(crate) fails: bool,
}

/// A line in a process's log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) by: Process,
    pub(crate) step: u32,
    pub(crate) fails: bool,
    pub(crate) text: Text,
}

/// A wait of xend's, from the step in which it begins to the one in which it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) found: bool,
}

/// A card as the device model shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) device: Bdf,
    /// Its hot-plug slot, 0 for an ordinary one.
    pub(crate) slot: u8,
}

/// Sums from the run's start on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Looks of xend's at a key, counted when it stops looking.
    pub(crate) looks: u32,
    /// How long those took, in milliseconds.
    pub(crate) waited: u64,
    /// Values written to the store.
    pub(crate) messages: u32,
    /// Cards that Xen has made the guest's.
    pub(crate) assigned: u32,
    pub(crate) xend_lines: u32,
    pub(crate) model_lines: u32,
    /// Errors that the administrator gets.
    pub(crate) errors: u32,
}

/// The state after one step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// What stands in each key, in the order of [`KEYS`].
    pub(crate) keys: [Text; KEYS.len()],
    /// The key that this step writes.
    pub(crate) changed: Option<usize>,
    /// Cards that the device model shows.
    pub(crate) shown: Vec<Card>,
    /// Those that the guest has found.
    pub(crate) seen: Vec<Card>,
    /// How many xend counts as the guest's.
    pub(crate) known: u32,
    /// Whether the guest runs.
    pub(crate) runs: bool,
    /// Whether an attempt has failed so that the administrator gets an error.
    pub(crate) failed: bool,
    /// Whether nothing is under way, so that the reader may do something.
    pub(crate) rests: bool,
    /// How many cards were wanted for the guest by then, if nothing is under way.
    pub(crate) asked: u8,
    pub(crate) counts: Counts,
    /// When xend's present wait began.
    began: Time,
}

/// The keys as the picture lists them.
pub(crate) const KEYS: [(Key, &str); 4] =
    [(Key::State, "state"), (Key::Command, "command"), (Key::Parameter, "parameter"), (Key::Vslots, "vslots")];

impl Frame {
    /// The hot-plug slots in use.
    pub(crate) fn slots(&self) -> u32 {
        self.shown.iter().filter(|card| card.slot != 0).count() as u32
    }

    /// The frame that follows, before anything happened in it.
    pub(crate) fn next(&self) -> Frame {
        Frame { changed: None, rests: false, failed: false, ..self.clone() }
    }

    /// Something happens in the step.
    pub(crate) fn take(&mut self, time: Time, event: &Hotplug) {
        match *event {
            Hotplug::ModelStarted { devices, .. } => self.known = u32::from(devices),
            Hotplug::Written { key, value, .. } => {
                let place = KEYS.iter().position(|known| known.0 == key);
                if let Some(text) = place.and_then(|place| self.keys.get_mut(place)) {
                    text.clear();
                    push_value(text, value, &self.shown);
                }
                self.changed = place;
                self.counts.messages += 1;
            }
            Hotplug::PollBegan { .. } => self.began = time,
            Hotplug::PollEnded { times, .. } => {
                self.counts.looks += u32::from(times);
                self.counts.waited += time.since(self.began) / 1_000_000;
            }
            Hotplug::Logged { by, .. } => match by {
                Process::Xend => self.counts.xend_lines += 1,
                Process::QemuDm => self.counts.model_lines += 1,
                Process::Guest => {}
            },
            Hotplug::Assigned { done, .. } => self.counts.assigned += u32::from(done),
            Hotplug::Deassigned { .. } => self.counts.assigned -= 1,
            Hotplug::SlotFilled { device, slot, .. } => self.shown.push(Card { device, slot }),
            Hotplug::EventSeen { slot, added: true } => {
                self.seen.extend(self.shown.iter().filter(|card| card.slot == slot));
            }
            Hotplug::SlotEjected { slot } => {
                self.shown.retain(|card| card.slot != slot);
                self.seen.retain(|card| card.slot != slot);
            }
            Hotplug::Booted { .. } => (self.runs, self.seen) = (true, self.shown.clone()),
            Hotplug::Ended { outcome } => {
                self.failed = outcome == Outcome::Failed;
                self.counts.errors += u32::from(self.failed);
            }
            Hotplug::Tested { .. }
            | Hotplug::Read { .. }
            | Hotplug::EventRaised { .. }
            | Hotplug::EventSeen { added: false, .. } => {}
        }
    }
}

/// Whether an event is told in a step of its own; the others belong to what came before them.
pub(crate) const fn begins_step(event: &Hotplug) -> bool {
    match event {
        Hotplug::ModelStarted { .. }
        | Hotplug::Written { .. }
        | Hotplug::PollBegan { .. }
        | Hotplug::PollEnded { .. }
        | Hotplug::Tested { .. }
        | Hotplug::Assigned { .. }
        | Hotplug::Deassigned { .. }
        | Hotplug::SlotFilled { .. }
        | Hotplug::EventRaised { .. }
        | Hotplug::EventSeen { .. }
        | Hotplug::SlotEjected { .. }
        | Hotplug::Booted { .. } => true,
        Hotplug::Read { by, key, .. } => matches!((by, key), (Process::QemuDm, Key::Command)),
        Hotplug::Logged { message, .. } => match message {
            Message::StateRestored
            | Message::HotInsert
            | Message::HotRemove
            | Message::SciGenerated
            | Message::NoLiveMigration
            | Message::AssignFailed => false,
            Message::NoVslots
            | Message::SlotsMismatch
            | Message::NoVtd
            | Message::NotAssignable(_)
            | Message::TimedOut
            | Message::SlotTaken(_)
            | Message::AlreadyInserted
            | Message::NotConnected(_)
            | Message::UnknownCommand(_)
            | Message::NoSuchDevice
            | Message::SlotExceeds(_) => true,
        },
        Hotplug::Ended { .. } => false,
    }
}

/// The row of a step that begins with this event. Events that begin none are a process's own.
pub(crate) fn row(time: Time, event: &Hotplug, shown: &[Card]) -> Row {
    let mut label = Text::new();
    let (from, to) = match *event {
        Hotplug::ModelStarted { devices, .. } => {
            label.push_str("starts it, ");
            push_count(&mut label, u32::from(devices));
            label.push_str(" in pci=");
            (Lane::Xend, Lane::Model)
        }
        Hotplug::Written { by, key, value } => {
            label.push_str(key.name()).push_str(" = ");
            push_value(&mut label, value, shown);
            (Lane::of(by), Lane::Store)
        }
        Hotplug::Read { by, key, value } => {
            label.push_str(key.name()).push_str(": ");
            push_value(&mut label, value, shown);
            (Lane::Store, Lane::of(by))
        }
        Hotplug::PollBegan { key, .. } => {
            label.push_str(key.name()).push_str("? every 0.1 s");
            (Lane::Xend, Lane::Store)
        }
        Hotplug::PollEnded { times, found, .. } => {
            label.push_u32(u32::from(times)).push_str(if times == 1 { " look" } else { " looks" });
            label.push_str(if found { ": there it is" } else { ": no answer" });
            (Lane::Store, Lane::Xend)
        }
        Hotplug::Logged { by, message } => {
            let raises = matches!(by, Process::Xend) && !matches!(message, Message::NoVslots | Message::SlotsMismatch);
            label.push_str(if raises { "an error: " } else { "a line in its log: " });
            label.push_str(in_short(message));
            (Lane::of(by), Lane::of(by))
        }
        Hotplug::Tested { device, assignable } => {
            device.push(&mut label);
            label.push_str(if assignable { " for this guest? Yes" } else { " for this guest? No" });
            (Lane::Xend, Lane::Xen)
        }
        Hotplug::Assigned { device, done, .. } => {
            label.push_str("assign ");
            device.push(&mut label);
            label.push_str(if done { "" } else { ": no" });
            (Lane::Model, Lane::Xen)
        }
        Hotplug::Deassigned { device, .. } => {
            label.push_str("take ");
            device.push(&mut label);
            label.push_str(" back");
            (Lane::Model, Lane::Xen)
        }
        Hotplug::SlotFilled { device, slot, removable } => {
            device.push(&mut label);
            if removable {
                label.push_str(" into slot ").push_u32(u32::from(slot));
            } else {
                label.push_str(" into an ordinary slot");
            }
            (Lane::Model, Lane::Model)
        }
        Hotplug::EventRaised { byte, sci } => {
            label.push_str("event 0x").push_hex(u64::from(byte), 2).push_str(if sci { ", SCI" } else { ", no SCI" });
            (Lane::Model, Lane::Guest)
        }
        Hotplug::EventSeen { slot, added } => {
            label.push_str("reads 0x10c0: slot ").push_u32(u32::from(slot));
            label.push_str(if added { " is new" } else { " is to go" });
            (Lane::Guest, Lane::Model)
        }
        Hotplug::SlotEjected { slot } => {
            label.push_str("ejects slot ").push_u32(u32::from(slot));
            (Lane::Guest, Lane::Model)
        }
        Hotplug::Booted { cards } => {
            label.push_str("boots, finds ");
            push_count(&mut label, u32::from(cards));
            (Lane::Guest, Lane::Guest)
        }
        Hotplug::Ended { .. } => (Lane::Xend, Lane::Xend),
    };
    let fails = event.fails() || matches!(*event, Hotplug::Booted { cards: 0 } if !shown.is_empty());
    Row { time, from, to, label, fails }
}

/// The line that a process writes, if it does.
pub(crate) fn line(step: u32, event: &Hotplug) -> Option<Line> {
    let Hotplug::Logged { by, message } = *event else { return None };
    let mut text = Text::new();
    push_message(&mut text, message);
    Some(Line { by, step, fails: event.fails(), text })
}

/// `no card`, `1 card`, `3 cards`.
pub(crate) fn push_count(out: &mut Text, cards: u32) {
    match cards {
        0 => out.push_str("no card"),
        1 => out.push_str("1 card"),
        many => out.push_u32(many).push_str(" cards"),
    };
}

fn push_value(out: &mut Text, value: Value, shown: &[Card]) {
    if let Value::Slots(..) = value {
        for card in shown {
            out.push_str("0x").push_hex(u64::from(card.slot), 1).push_char(';');
        }
    }
    keys::push_value(out, value);
}

/// A line of a log in few words, for the chart.
const fn in_short(message: Message) -> &'static str {
    match message {
        Message::NoVslots => "no vslots told",
        Message::SlotsMismatch => "not as many slots as cards",
        Message::NoVtd => "no VT-d?",
        Message::NotAssignable(_) => "already assigned?",
        Message::TimedOut => "timed out",
        Message::SlotTaken(_) => "the slot is taken",
        Message::AlreadyInserted => "already inserted",
        Message::NotConnected(_) => "not connected",
        Message::UnknownCommand(_) => "unknown command",
        Message::NoSuchDevice => "no such card",
        Message::SlotExceeds(_) => "no slot",
        Message::StateRestored
        | Message::HotInsert
        | Message::HotRemove
        | Message::NoLiveMigration
        | Message::AssignFailed
        | Message::SciGenerated => "noted",
    }
}
