//! The keys of the talk and what stands in them as text.
//!
//! Not modelled: the domain part of a device's address, which is 0 here.

use alloc::string::String;

use crate::actors::log::hotplug::{Key, Value};
use crate::actors::xenbus::store::{Caller, Xenstore};
use crate::words::ids::{Bdf, DomId};
use crate::words::text::Text;

/// Both speak as dom0.
pub(super) const DOM0: Caller = Caller::of(DomId::DOM0);

/// Where a key lies in the store.
#[must_use]
pub fn path(guest: DomId, key: Key) -> String {
    let mut path = Text::new();
    let (before, after) = match key {
        Key::State | Key::Command | Key::Parameter => ("/local/domain/0/device-model/", "/"),
        Key::Vslots => ("/local/domain/0/backend/pci/", "/0/"),
    };
    path.push_str(before).push_u32(u32::from(guest.0)).push_str(after).push_str(key.name());
    path.into_string()
}

/// Writes a value as it stands in its key; nothing for a list of slots and for what has no name.
pub fn push_value(out: &mut Text, value: Value) {
    match value {
        Value::Running => out.push_str("running"),
        Value::PciIns => out.push_str("pci-ins"),
        Value::PciRem => out.push_str("pci-rem"),
        Value::PciInserted => out.push_str("pci-inserted"),
        Value::PciRemoved => out.push_str("pci-removed"),
        Value::NoFreeSlots => out.push_str("no free hotplug slots"),
        Value::WrongSlot => out.push_str("wrong bdf or vslot"),
        Value::Slot(slot) => out.push_str("0x").push_hex(u64::from(slot), 1),
        Value::Device(device, slot) => device.push_with_domain(out).push_str("@0x").push_hex(u64::from(slot), 1),
        Value::Leaving(device) => device.push_with_domain(out),
        Value::Slots(..) | Value::Other => out,
    };
}

/// The text of a value, but for lists of slots.
pub(super) fn text(value: Value) -> String {
    let mut out = Text::new();
    push_value(&mut out, value);
    out.into_string()
}

/// What a key's text means.
pub(super) fn value(key: Key, text: &str) -> Value {
    match text {
        "running" => Value::Running,
        "pci-ins" => Value::PciIns,
        "pci-rem" => Value::PciRem,
        "pci-inserted" => Value::PciInserted,
        "pci-removed" => Value::PciRemoved,
        "no free hotplug slots" => Value::NoFreeSlots,
        "wrong bdf or vslot" => Value::WrongSlot,
        text => match key {
            Key::Vslots => {
                let slots = parse_slots(text);
                Value::Slots(slots.len() as u8, slots.iter().filter(|slot| **slot != 0).count() as u8)
            }
            Key::Parameter => parse_device(text)
                .map(|(device, slot)| match slot {
                    Some(slot) => Value::Device(device, slot),
                    None => Value::Leaving(device),
                })
                .or_else(|| number(text).map(Value::Slot))
                .unwrap_or(Value::Other),
            Key::State | Key::Command => Value::Other,
        },
    }
}

/// The slots of a list such as `0x6;0x7;0x0;`.
pub(super) fn parse_slots(text: &str) -> alloc::vec::Vec<u8> {
    text.split(';').filter(|slot| !slot.is_empty()).map(|slot| number(slot).unwrap_or(0)).collect()
}

/// A device, and the slot that is wanted for it if it is to come.
pub(super) fn parse_device(text: &str) -> Option<(Bdf, Option<u8>)> {
    let (address, slot) = match text.split_once('@') {
        Some((address, slot)) => (address, Some(number(slot)?)),
        None => (text, None),
    };
    Bdf::parse(address).map(|device| (device, slot))
}

/// Reads a key.
pub(super) fn read(store: &mut Xenstore, guest: DomId, key: Key) -> Option<String> {
    let bytes = store.read(DOM0, &path(guest, key)).ok()?;
    core::str::from_utf8(bytes).ok().map(String::from)
}

/// Writes a key.
pub(super) fn write(store: &mut Xenstore, guest: DomId, key: Key, text: &str) {
    store.write(DOM0, &path(guest, key), text.as_bytes()).expect("dom0 may write everywhere");
}

fn number(text: &str) -> Option<u8> {
    u8::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        let device = Bdf::new(3, 0x1F, 7);
        for (key, is) in [
            (Key::State, Value::PciInserted),
            (Key::Command, Value::PciRem),
            (Key::Parameter, Value::Device(device, 7)),
            (Key::Parameter, Value::Leaving(device)),
            (Key::Parameter, Value::Slot(6)),
            (Key::Parameter, Value::NoFreeSlots),
        ] {
            assert_eq!(value(key, &text(is)), is);
        }
        assert_eq!(text(Value::Device(device, 7)), "0000:03:1f.7@0x7");
        assert_eq!(parse_device("0000:03:1f.7"), Some((device, None)));
        assert_eq!(value(Key::Vslots, "0x6;0x7;0x0;"), Value::Slots(3, 2));
        assert_eq!(path(DomId(5), Key::Vslots), "/local/domain/0/backend/pci/5/0/vslots");
    }
}
