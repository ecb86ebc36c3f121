//! The controller of hot-plug slots that the guest sees, as its ports and bits (`tools/ioemu/hw/piix4acpi.c`), and which
//! device is in which slot.
//!
//! ```text
//!            3.3                                     since 3.4
//!   10c0     slot, from 1, in bits 7:4;              0 added or 3 to be removed
//!            0 added or 3 to be removed in bits 3:0
//!   10c1 …   one byte for each slot                  the slot; the bytes of the slots follow
//!   a slot   0x0f while a device is there; writing 1 ejects it
//!   GPE0     status and enable: bit 3, which raises the SCI while both are set
//! ```
//!
//! 3.3 has two such slots, the PCI slots 6 and 7. A device that finds none free when the guest starts gets an ordinary slot,
//! told as `0x0`: it can never be taken out. Since 3.4 all 32 slots of the bus are such, but for those that emulated devices are
//! in; so many need a byte of their own.
//!
//! Not modelled: the rest of the ACPI block, functions other than 0 of a slot, which 4.0 added, and an emulated device's going.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::release::Release;
use crate::words::ids::Bdf;

/// The port of the event byte, `ACPI_PHP_IO_ADDR`.
pub const ACPI_PHP_IO_ADDR: u16 = 0x10C0;
/// The general-purpose event of hot-plugging, `ACPI_PHP_GPE_BIT`.
pub const ACPI_PHP_GPE_BIT: u8 = 3;

/// The PCI slot of 3.3's first hot-plug slot.
pub const FIRST_SLOT: u8 = 6;
/// Hot-plug slots of 3.3.
pub const SLOTS: u8 = 2;
/// Hot-plug slots since 3.4, from 0.
pub const SLOTS_MODERN: u8 = 32;

/// Slots from 0 that emulated devices are in, where all are hot-plug slots: host bridge, south bridge, graphics, and Xen's
/// platform device. A guest with more emulated devices is another assumption.
pub const EMULATED_SLOTS: u8 = 4;

/// A slot's status while a device is there.
pub const PRESENT: u8 = 0x0F;
/// Written to a slot: take the device out.
pub const EJECT: u8 = 1;
const PHP_EVT_ADD: u8 = 0;
const PHP_EVT_REMOVE: u8 = 3;

/// What a write to the controller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing.
    Nothing,
    /// The device in a PCI slot is to go.
    Eject {
        /// The slot.
        slot: u8,
        /// The device that was there.
        device: Option<Bdf>,
    },
}

/// Why a device got no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot {
    /// All are in use.
    NoneFree,
    /// The one that was wanted is in use, or is no hot-plug slot.
    Unusable,
}

/// The controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotplugSlots {
    /// The PCI slot of the first.
    first: u8,
    /// What the device model keeps in each.
    devices: Vec<Option<Bdf>>,
    /// The bytes that the guest reads.
    status: Vec<u8>,
    event: u8,
    /// The slot of the event, where it has a byte of its own.
    event_slot: Option<u8>,
    gpe_status: u8,
    gpe_enable: u8,
}

impl HotplugSlots {
    /// Empty slots, their event not asked for.
    #[must_use]
    pub fn new(release: Release) -> HotplugSlots {
        let (first, count, event_slot) = match release {
            Release::Xen33 => (FIRST_SLOT, SLOTS, None),
            Release::Today => (0, SLOTS_MODERN, Some(0)),
        };
        let (devices, mut status) = (vec![None; count.into()], vec![0; count.into()]);
        for number in first..EMULATED_SLOTS {
            status[usize::from(number)] = PRESENT;
        }
        HotplugSlots { first, devices, status, event: 0, event_slot, gpe_status: 0, gpe_enable: 0 }
    }

    /// How many slots there are, emulated devices' among them.
    #[must_use]
    pub fn count(&self) -> u8 {
        self.devices.len() as u8
    }

    /// Puts a device into the slot that is wanted, 0 for any (`insert_to_pci_slot`), and tells which. The guest does not know
    /// yet.
    pub fn insert(&mut self, device: Bdf, wanted: u8) -> Result<u8, NoSlot> {
        let place = match wanted {
            0 => (0..self.devices.len()).find(|&place| self.is_free(place)).ok_or(NoSlot::NoneFree)?,
            slot => {
                let place = self.place(slot).ok_or(NoSlot::Unusable)?;
                if !self.is_free(place) {
                    return Err(NoSlot::Unusable);
                }
                place
            }
        };
        self.devices[place] = Some(device);
        Ok(self.first + place as u8)
    }

    /// The slot of a device, if it is in one of these.
    #[must_use]
    pub fn slot_of(&self, device: Bdf) -> Option<u8> {
        let place = self.devices.iter().position(|other| *other == Some(device))?;
        Some(self.first + place as u8)
    }

    /// The devices in slots.
    pub fn devices(&self) -> impl Iterator<Item = (u8, Bdf)> {
        let numbered = (self.first..).zip(&self.devices);
        numbered.filter_map(|(slot, device)| device.map(|device| (slot, device)))
    }

    /// Devices that were there from the start count as present (`php_slots_init`).
    pub fn settle(&mut self) {
        for (number, (status, device)) in (self.first..).zip(self.status.iter_mut().zip(&self.devices)) {
            *status = if device.is_some() || number < EMULATED_SLOTS { PRESENT } else { 0 };
        }
    }

    /// Announces a device that was put into a slot (`acpi_php_add`); whether the interrupt is raised.
    ///
    /// # Panics
    /// If it is no such slot.
    pub fn announce_added(&mut self, slot: u8) -> bool {
        let place = self.place(slot).expect("the slot was chosen among these");
        self.status[place] = PRESENT;
        self.raise(place, PHP_EVT_ADD)
    }

    /// Asks the guest to let go of the device in a slot (`acpi_php_del`); whether the interrupt is raised.
    ///
    /// # Panics
    /// If it is no such slot.
    pub fn announce_removal(&mut self, slot: u8) -> bool {
        let place = self.place(slot).expect("the device is in one of these");
        self.raise(place, PHP_EVT_REMOVE)
    }

    /// The event byte as it stands.
    #[must_use]
    pub const fn event(&self) -> u8 {
        self.event
    }

    /// What the guest reads from a port; nothing if it is not the controller's.
    #[must_use]
    pub fn read(&self, port: u16) -> Option<u8> {
        match port.checked_sub(ACPI_PHP_IO_ADDR)? {
            0 => Some(self.event),
            1 if self.event_slot.is_some() => self.event_slot,
            _ => self.status.get(usize::from(port.checked_sub(self.first_port())?)).copied(),
        }
    }

    /// What the guest writes to a port asks for. An emulated device stays.
    pub fn write(&mut self, port: u16, value: u8) -> Asked {
        let Some(number) = port.checked_sub(self.first_port()) else { return Asked::Nothing };
        let place = usize::from(number);
        if value != EJECT || place >= self.devices.len() || self.is_emulated(place) {
            return Asked::Nothing;
        }
        self.status[place] = 0;
        self.event = 0;
        self.event_slot = self.event_slot.map(|_| 0);
        Asked::Eject { slot: self.first + place as u8, device: self.devices[place].take() }
    }

    /// The guest's system asks for the event, or no longer.
    pub fn enable_event(&mut self, enable: bool) {
        self.gpe_enable = if enable { 1 << ACPI_PHP_GPE_BIT } else { 0 };
    }

    /// Whether the event holds the interrupt raised: it has come, was asked for, and was not taken yet.
    #[must_use]
    pub const fn holds_sci(&self) -> bool {
        self.gpe_status & self.gpe_enable & 1 << ACPI_PHP_GPE_BIT != 0
    }

    /// The guest's system has taken the event.
    pub fn acknowledge_event(&mut self) {
        self.gpe_status = 0;
    }

    /// What the guest learns of an event byte, and of the slot's beside it: a slot, and whether a device came.
    #[must_use]
    pub const fn decode(&self, event: u8) -> Option<(u8, bool)> {
        let added = event & 0xF == PHP_EVT_ADD;
        match (self.event_slot, event >> 4) {
            (Some(0), _) | (None, 0) => None,
            (Some(slot), _) => Some((slot, added)),
            (None, number) => Some((self.first + number - 1, added)),
        }
    }

    /// The port of a slot.
    #[must_use]
    pub fn port_of(&self, slot: u8) -> Option<u16> {
        self.place(slot).map(|place| self.first_port() + place as u16)
    }

    /// The port of the first slot.
    const fn first_port(&self) -> u16 {
        ACPI_PHP_IO_ADDR + if self.event_slot.is_some() { 2 } else { 1 }
    }

    const fn is_emulated(&self, place: usize) -> bool {
        (self.first as usize) + place < EMULATED_SLOTS as usize
    }

    fn is_free(&self, place: usize) -> bool {
        self.devices[place].is_none() && !self.is_emulated(place)
    }

    fn raise(&mut self, place: usize, event: u8) -> bool {
        match &mut self.event_slot {
            Some(slot) => (self.event, *slot) = (event, self.first + place as u8),
            // The field has room for 15 slots.
            None => self.event = (place as u8 + 1) << 4 | event,
        }
        let bit = 1 << ACPI_PHP_GPE_BIT;
        let raises = self.gpe_status & bit == 0 && self.gpe_enable & bit != 0;
        if raises {
            self.gpe_status |= bit;
        }
        raises
    }

    fn place(&self, slot: u8) -> Option<usize> {
        slot.checked_sub(self.first).map(usize::from).filter(|place| *place < self.devices.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIC: Bdf = Bdf::new(3, 0, 0);

    #[test]
    fn the_old_controller_has_slots_6_and_7() {
        let mut slots = HotplugSlots::new(Release::Xen33);
        slots.enable_event(true);
        assert_eq!(slots.insert(NIC, 7), Ok(7));
        assert_eq!(slots.insert(NIC, 7), Err(NoSlot::Unusable));
        assert_eq!((slots.insert(NIC, 5), slots.insert(NIC, 8)), (Err(NoSlot::Unusable), Err(NoSlot::Unusable)));
        assert!(slots.announce_added(7));
        assert_eq!((slots.read(0x10C0), slots.read(0x10C1), slots.read(0x10C2)), (Some(0x20), Some(0), Some(0x0F)));
        assert_eq!(
            (slots.decode(0x20), slots.decode(0x13), slots.decode(0)),
            (Some((7, true)), Some((6, false)), None)
        );
        assert_eq!((slots.insert(Bdf(1), 0), slots.insert(Bdf(2), 0)), (Ok(6), Err(NoSlot::NoneFree)));
        assert!(!slots.announce_removal(7) && slots.holds_sci(), "the last event was not taken yet");
        slots.acknowledge_event();
        assert!(!slots.holds_sci() && slots.announce_removal(7) && slots.holds_sci());
        assert_eq!(slots.event(), 0x23);
        assert_eq!(slots.write(0x10C2, 2), Asked::Nothing);
        assert_eq!(slots.write(0x10C2, EJECT), Asked::Eject { slot: 7, device: Some(NIC) });
        assert_eq!((slots.read(0x10C0), slots.read(0x10C2), slots.slot_of(NIC)), (Some(0), Some(0), None));
        assert_eq!((slots.read(0x10C3), slots.read(0x10BF)), (None, None));
    }

    #[test]
    fn the_later_one_has_32_and_a_byte_that_says_which() {
        let mut slots = HotplugSlots::new(Release::Today);
        slots.enable_event(true);
        assert_eq!((slots.count(), slots.insert(NIC, 31)), (32, Ok(31)));
        assert_eq!(slots.decode(slots.event()), None);
        assert!(slots.announce_added(31));
        assert_eq!(
            [0x10C0, 0x10C1, 0x10E1, 0x10E2].map(|port| slots.read(port)),
            [Some(0), Some(31), Some(0x0F), None]
        );
        assert_eq!((slots.decode(slots.event()), slots.port_of(31)), (Some((31, true)), Some(0x10E1)));
        slots.acknowledge_event();
        assert!(slots.announce_removal(31));
        assert_eq!((slots.event(), slots.decode(3)), (3, Some((31, false))));
        assert_eq!((slots.write(0x10C0, EJECT), slots.write(0x10C1, EJECT)), (Asked::Nothing, Asked::Nothing));
        assert_eq!(slots.write(0x10E1, EJECT), Asked::Eject { slot: 31, device: Some(NIC) });
        assert_eq!((slots.read(0x10C1), slots.read(0x10E1)), (Some(0), Some(0)));
        // Emulated devices are where they are.
        assert_eq!((slots.insert(NIC, 2), slots.insert(NIC, 0)), (Err(NoSlot::Unusable), Ok(4)));
        slots.settle();
        assert_eq!([0x10C2, 0x10C5, 0x10C6, 0x10C7].map(|port| slots.read(port)), [0x0F, 0x0F, 0x0F, 0].map(Some));
        assert_eq!((slots.write(0x10C4, EJECT), slots.read(0x10C4)), (Asked::Nothing, Some(0x0F)));
        assert_eq!((1..28).filter(|number| slots.insert(Bdf(*number), 0).is_ok()).count(), 27);
        assert_eq!(slots.insert(Bdf(99), 0), Err(NoSlot::NoneFree));
    }
}
