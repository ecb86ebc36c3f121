//! The toolstack, the device model and the guest over a PCI device that comes or goes.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::hotplug::keys;
use crate::actors::hotplug::messages::push_message;
use crate::actors::log::hotplug::{Hotplug, Outcome, Process, Value};
use crate::telling::narration::phrases::count_of;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Hotplug) {
    match *event {
        Hotplug::ModelStarted { devices, heeded } => {
            out.push_str("xend starts the device model with ");
            count_of(out, u32::from(devices), "device");
            out.push_str(" in its argument");
            out.push_str(match (devices, heeded) {
                (_, true) => ".",
                (0, false) => ". It was built without the headers of libpci.",
                (_, false) => ". It was built without the headers of libpci: it takes the argument and forgets it.",
            });
        }
        Hotplug::Written { by, key, value } => {
            out.push_str(subject(by)).push_str(" writes ").push_str(key.name()).push_str(": ");
            push_value(out, value);
            out.push_char('.');
        }
        Hotplug::Read { by, key, value } => {
            out.push_str(subject(by)).push_str(" reads ").push_str(key.name()).push_str(": ");
            push_value(out, value);
            out.push_char('.');
        }
        Hotplug::PollBegan { key, most } => {
            out.push_str("xend begins to look at ").push_str(key.name());
            out.push_str(" every 0.1 s, ").push_u32(u32::from(most)).push_str(" times at most.");
        }
        Hotplug::PollEnded { key, times, found } => {
            out.push_str("xend has looked at ").push_str(key.name()).push_char(' ');
            count_of(out, u32::from(times), "time");
            out.push_str(if found { ", and the answer was there." } else { ". Nobody has answered." });
        }
        Hotplug::Logged { by, message } => {
            out.push_str(subject(by)).push_str(" logs: “");
            push_message(out, message);
            out.push_str("”.");
        }
        Hotplug::Tested { device, assignable } => {
            out.push_str("Xen is asked whether the guest could have ");
            device.push_with_domain(out);
            out.push_str(if assignable { ", and says yes." } else { ", and says no." });
        }
        Hotplug::Assigned { by, device, done } => {
            out.push_str(subject(by)).push_str(" asks Xen to make ");
            device.push_with_domain(out);
            out.push_str(if done { " the guest's, and Xen does." } else { " the guest's, and Xen refuses." });
        }
        Hotplug::Deassigned { by, device } => {
            out.push_str(subject(by)).push_str(" asks Xen to take ");
            device.push_with_domain(out);
            out.push_str(" back.");
        }
        Hotplug::SlotFilled { device, slot, removable } => {
            out.push_str("The device model puts ");
            device.push_with_domain(out);
            if removable {
                out.push_str(" into virtual slot ").push_u32(u32::from(slot)).push_char('.');
            } else {
                out.push_str(" into an ordinary slot, told as 0x0: it can never be taken out.");
            }
        }
        Hotplug::EventRaised { byte, sci } => {
            out.push_str("The device model sets the event byte at port 0x10c0 to 0x").push_hex(u64::from(byte), 2);
            out.push_str(if sci {
                " and raises the SCI."
            } else {
                ". The guest has not asked for the event, or has not taken the last one: no interrupt."
            });
        }
        Hotplug::EventSeen { slot, added } => {
            out.push_str("The guest reads the event byte: slot ").push_u32(u32::from(slot));
            out.push_str(if added { " has a new device." } else { " is to be emptied." });
        }
        Hotplug::SlotEjected { slot } => {
            out.push_str("The guest lets its driver go and ejects slot ").push_u32(u32::from(slot)).push_char('.');
        }
        Hotplug::Booted { cards } => {
            out.push_str("The guest boots and finds ");
            if cards == 0 {
                out.push_str("no real card");
            } else {
                count_of(out, u32::from(cards), "real card");
            }
            out.push_str(" on its PCI bus.");
        }
        Hotplug::Ended { outcome } => {
            out.push_str(match outcome {
                Outcome::Done => "xend has done what it was told.",
                Outcome::Without => "xend goes on all the same, and lets the guest start.",
                Outcome::Failed => "xend gives up, and the administrator gets the error.",
            });
        }
    }
}

const fn subject(by: Process) -> &'static str {
    match by {
        Process::Xend => "xend",
        Process::QemuDm => "The device model",
        Process::Guest => "The guest",
    }
}

fn push_value(out: &mut Text, value: Value) {
    match value {
        Value::Slots(all, removable) => {
            out.push_str("slots of ");
            count_of(out, u32::from(all), "device");
            out.push_str(", ").push_u32(u32::from(removable)).push_str(" of them for hot-plugging");
        }
        Value::Other => {
            out.push_str("something else");
        }
        named => keys::push_value(out, named),
    }
}
