//! What xend 3.3.1 and its device model write into their logs, word for word: these lines are what people searched for
//! (`tools/python/xen/xend/XendDomainInfo.py`, `tools/python/xen/xend/image.py`, `tools/ioemu/xenstore.c`,
//! `tools/ioemu/hw/pass-through.c`, `tools/ioemu/hw/piix4acpi.c`).
//!
//! Not modelled: the time and level in front of a line, and lines that say nothing about the outcome.

use crate::actors::hotplug::keys::text;
use crate::actors::log::hotplug::Message;
use crate::words::text::Text;

/// Writes the line.
pub fn push_message(out: &mut Text, message: Message) {
    match message {
        Message::NoVslots => {
            out.push_str("Device model didn't tell the vslots for PCI device");
        }
        Message::SlotsMismatch => {
            out.push_str("Device model's pci dev num dismatch");
        }
        Message::NoVtd => {
            out.push_str(
                "failed to assign device: maybe the platform doesn't support VT-d, or VT-d isn't enabled properly?",
            );
        }
        Message::NotAssignable(device) => {
            out.push_str("fail to assign device(").push_hex(u64::from(device.bus()), 1).push_char(':');
            out.push_hex(u64::from(device.device()), 1).push_char('.').push_hex(u64::from(device.function()), 1);
            out.push_str("): maybe it has already been assigned to other domain, or maybe it doesn't exist.");
        }
        Message::TimedOut => {
            out.push_str("Timed out waiting for device model action");
        }
        Message::SlotTaken(slot) => {
            out.push_str("vslot 0x").push_hex(u64::from(slot), 1).push_str(" already have a device.");
        }
        Message::AlreadyInserted => {
            out.push_str("device is already inserted");
        }
        Message::NotConnected(device) => {
            out.push_str("Device ");
            device.push_with_domain(out);
            out.push_str(" is not connected");
        }
        Message::StateRestored => {
            out.push_str("signalDeviceModel:restore dm state to running");
        }
        Message::HotInsert => {
            out.push_str("dm-command: hot insert pass-through pci dev");
        }
        Message::HotRemove => {
            out.push_str("dm-command: hot remove pass-through pci dev");
        }
        Message::UnknownCommand(command) => {
            out.push_str("dm-command: unknown command\"").push_str(&text(command)).push_char('"');
        }
        Message::NoLiveMigration => {
            out.push_str("Error: no free virtual PCI hot plug slot, thus no live migration.");
        }
        Message::NoSuchDevice => {
            out.push_str("Error: couldn't locate device in libpci structures");
        }
        Message::AssignFailed => {
            out.push_str("Error: xc_assign_device error -1");
        }
        Message::SlotExceeds(slot) => {
            out.push_str("hot add pci slot ").push_i32(i32::from(slot)).push_str(" exceed.");
        }
        Message::SciGenerated => {
            out.push_str("generate a sci for PHP.");
        }
    }
}
