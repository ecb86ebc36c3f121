//! Where a guest sees its devices: the virtual topology.
//!
//! | | place of a device | roots |
//! |---|---|---|
//! | [virtual PCI](SlotPolicy::VirtualPci), the default | one bus 0 of domain 0; functions of one real device stay together with their numbers, everything else gets the first empty slot of 32 | 0000:00 |
//! | [pass-through](SlotPolicy::PassThrough) | its real place | each bus whose bridges are not the guest's |
//! | [slot](SlotPolicy::Slot), classic only | function 0 of the first empty slot of two buses | 0000:00 |
//!
//! A virtual function's real number says nothing to a guest that cannot see its physical function, so it gets function 0 of a
//! slot of its own. That is what its key in the store says; asked for by an access, the device still answers to the real number,
//! since both drivers compare that. Likewise the slot policy publishes no second root, and writes bus 0 into every key, so that
//! whatever it puts onto bus 1 is there for who asks, and nobody does. Bridges are
//! refused except in pass-through, since who holds a bridge holds everything behind it. The drivers mean to, but shift the class
//! code by 24 bits of 24 and never find one; here they do.
//!
//! Sources: `vpci.c`, `passthrough.c` and, in linux-2.6.18-xen, `slot.c` of pciback.
//!
//! Not modelled: the classic `controller` policy, which keeps the slots of one controller on one bus (ia64), and domains of
//! buses other than 0.

use alloc::vec::Vec;

use crate::protocols::pci::topology::Topology;
use crate::words::ids::Bdf;

/// Slots on a bus (`PCI_SLOT_MAX`).
const PCI_SLOT_MAX: u8 = 32;
/// Buses of the classic slot policy (`PCI_BUS_NBR` of `slot.c`).
const SLOT_BUSES: u8 = 2;

/// How places are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SlotPolicy {
    /// A bus of the guest's own.
    #[default]
    VirtualPci,
    /// The real places.
    PassThrough,
    /// A slot for each function.
    Slot,
}

/// What a device is to the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A function of its own.
    Function,
    /// A virtual function.
    VirtualFunction,
    /// A bridge.
    Bridge,
}

/// Why a device got no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoSlot {
    /// It is a bridge, `-EFAULT`.
    Bridge = -14,
    /// Everything is full, `-ENOMEM`.
    Full = -12,
    /// It has a place already, `-EEXIST`. The drivers would list it twice; whoever seizes devices does not ask twice.
    Exists = -17,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    real: Bdf,
    /// What its key says.
    shown: Bdf,
    /// Where it answers.
    answers: Bdf,
}

/// The places of one guest's devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    policy: SlotPolicy,
    entries: Vec<Entry>,
}

impl Slots {
    /// No device yet.
    #[must_use]
    pub const fn new(policy: SlotPolicy) -> Slots {
        Slots { policy, entries: Vec::new() }
    }

    /// Gives a device a place (`pciback_add_pci_dev`).
    ///
    /// # Errors
    /// If it cannot have one.
    pub fn add(&mut self, real: Bdf, kind: DeviceKind) -> Result<Bdf, NoSlot> {
        if self.shown(real).is_some() {
            return Err(NoSlot::Exists);
        }
        if kind == DeviceKind::Bridge && self.policy != SlotPolicy::PassThrough {
            return Err(NoSlot::Bridge);
        }
        let place = match self.policy {
            SlotPolicy::PassThrough => Some((real, real)),
            SlotPolicy::VirtualPci => {
                let function = if kind == DeviceKind::VirtualFunction { 0 } else { real.function() };
                let slot = self.with_siblings(real, kind).or_else(|| self.first_empty(0));
                slot.map(|slot| (Bdf::new(0, slot, function), Bdf::new(0, slot, real.function())))
            }
            SlotPolicy::Slot => (0..SLOT_BUSES).find_map(|bus| {
                let slot = self.first_empty(bus)?;
                Some((Bdf::new(0, slot, 0), Bdf::new(bus, slot, 0)))
            }),
        };
        let (shown, answers) = place.ok_or(NoSlot::Full)?;
        self.entries.push(Entry { real, shown, answers });
        Ok(shown)
    }

    /// Takes a device's place away; false if it had none.
    pub fn remove(&mut self, real: Bdf) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.real != real);
        self.entries.len() < before
    }

    /// The device that answers a guest's access to a place (`pciback_get_pci_dev`).
    #[must_use]
    pub fn real(&self, place: Bdf) -> Option<Bdf> {
        self.entries.iter().find(|entry| entry.answers == place).map(|entry| entry.real)
    }

    /// The device whose key says this place; of several the first.
    #[must_use]
    pub fn published(&self, shown: Bdf) -> Option<Bdf> {
        self.entries.iter().find(|entry| entry.shown == shown).map(|entry| entry.real)
    }

    /// Where a guest is told that a device is.
    #[must_use]
    pub fn shown(&self, real: Bdf) -> Option<Bdf> {
        self.entries.iter().find(|entry| entry.real == real).map(|entry| entry.shown)
    }

    /// The real places of all devices, in the order in which they came.
    pub fn devices(&self) -> impl Iterator<Item = Bdf> {
        self.entries.iter().map(|entry| entry.real)
    }

    /// The buses that the guest is to scan (`pciback_publish_pci_roots`).
    #[must_use]
    pub fn roots(&self, topology: &Topology) -> Vec<u8> {
        let mut roots = Vec::new();
        match self.policy {
            SlotPolicy::VirtualPci | SlotPolicy::Slot => roots.push(0),
            SlotPolicy::PassThrough => {
                for entry in &self.entries {
                    let behind_own = topology.path(entry.real).any(|bridge| self.shown(bridge.bdf).is_some());
                    if !behind_own && !roots.contains(&entry.real.bus()) {
                        roots.push(entry.real.bus());
                    }
                }
            }
        }
        roots
    }

    /// The slot where functions of the same real device are. Only the first of a slot is looked at.
    fn with_siblings(&self, real: Bdf, kind: DeviceKind) -> Option<u8> {
        if kind == DeviceKind::VirtualFunction {
            return None;
        }
        (0..PCI_SLOT_MAX).find(|&slot| {
            let first = self.entries.iter().find(|entry| entry.answers.device() == slot);
            first.is_some_and(|first| first.real.bus() == real.bus() && first.real.device() == real.device())
        })
    }

    fn first_empty(&self, bus: u8) -> Option<u8> {
        let taken =
            |slot: u8| self.entries.iter().any(|entry| entry.answers.bus() == bus && entry.answers.device() == slot);
        (0..PCI_SLOT_MAX).find(|&slot| !taken(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceKind, NoSlot, SlotPolicy, Slots};
    use crate::protocols::pci::topology::{NodeKind, Topology};
    use crate::words::ids::Bdf;

    const FUNCTION: DeviceKind = DeviceKind::Function;

    #[test]
    fn siblings_share_a_virtual_slot() {
        let mut slots = Slots::new(SlotPolicy::VirtualPci);
        let at = |bus, device, function| Bdf::new(bus, device, function);
        assert_eq!(slots.add(at(3, 5, 0), FUNCTION), Ok(at(0, 0, 0)));
        assert_eq!(slots.add(at(2, 0x1A, 1), FUNCTION), Ok(at(0, 1, 1)));
        assert_eq!(slots.add(at(3, 5, 2), FUNCTION), Ok(at(0, 0, 2)));
        assert_eq!(slots.add(at(4, 0x10, 3), DeviceKind::VirtualFunction), Ok(at(0, 2, 0)));
        assert_eq!(slots.add(at(4, 0x10, 5), DeviceKind::VirtualFunction), Ok(at(0, 3, 0)));
        assert_eq!(slots.add(at(0, 3, 0), DeviceKind::Bridge), Err(NoSlot::Bridge));
        let virtual_function = Some(at(4, 0x10, 5));
        assert_eq!((slots.published(at(0, 3, 0)), slots.shown(at(3, 5, 2))), (virtual_function, Some(at(0, 0, 2))));
        assert_eq!((slots.real(at(0, 3, 0)), slots.real(at(0, 3, 5))), (None, virtual_function));
        assert!(slots.remove(at(2, 0x1A, 1)) && !slots.remove(at(2, 0x1A, 1)));
        assert_eq!(slots.add(at(9, 0, 0), FUNCTION), Ok(at(0, 1, 0)));
        assert_eq!(slots.roots(&Topology::new()), [0]);
    }

    #[test]
    fn a_bus_has_32_slots() {
        for (policy, room) in [(SlotPolicy::VirtualPci, 32_u8), (SlotPolicy::Slot, 64)] {
            let mut slots = Slots::new(policy);
            for bus in 0..room {
                assert!(slots.add(Bdf::new(bus, 0, 0), FUNCTION).is_ok());
            }
            assert_eq!(slots.add(Bdf::new(room, 0, 0), FUNCTION), Err(NoSlot::Full));
            assert_eq!(slots.roots(&Topology::new()), [0]);
            let last = Bdf::new(room - 1, 0, 0);
            assert_eq!(slots.shown(last), Some(Bdf::new(0, 31, 0)), "two devices have this key if there are two buses");
            assert_eq!(slots.real(Bdf::new(room / 32 - 1, 31, 0)), Some(last));
        }
    }

    #[test]
    fn a_bus_behind_an_exported_bridge_is_no_root() {
        let mut all = Topology::new();
        let bridge = Bdf::new(0, 3, 0);
        all.add_bridge(bridge, NodeKind::PcieToPci, 1, 1);
        let mut slots = Slots::new(SlotPolicy::PassThrough);
        assert_eq!(slots.add(Bdf::new(1, 2, 3), FUNCTION), Ok(Bdf::new(1, 2, 3)));
        assert_eq!(slots.roots(&all), [1]);
        assert_eq!(slots.add(bridge, DeviceKind::Bridge), Ok(bridge));
        assert_eq!(slots.roots(&all), [0]);
    }
}
