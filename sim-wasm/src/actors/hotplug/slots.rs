//! The controller of hot-plug slots that the guest sees, as its ports and bits (`tools/ioemu/hw/piix4acpi.c`), and which
//! device is in which slot.
//!
//! ```text
//!   10c0       event byte: slot, from 1, in bits 7:4; 0 added or 3 to be removed in bits 3:0
//!   10c1 …     one byte for each slot: 0x0f while a device is there; writing 1 ejects it
//!   GPE0       status and enable: bit 3, which raises the SCI while both are set
//! ```
//!
//! 3.3 has two such slots, the PCI slots 6 and 7. A device that finds none free when the guest starts gets an ordinary slot,
//! told as `0x0`: it can never be taken out. Since 3.4 there are 32.
//!
//! Not modelled: the split event byte of 3.4 and later, the rest of the ACPI block, and functions other than 0 of a slot.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::release::Release;
use crate::words::ids::Bdf;

/// The port of the event byte, `ACPI_PHP_IO_ADDR`.
pub const ACPI_PHP_IO_ADDR: u16 = 0x10C0;
/// The general-purpose event of hot-plugging, `ACPI_PHP_GPE_BIT`.
pub const ACPI_PHP_GPE_BIT: u8 = 3;

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
    gpe_status: u8,
    gpe_enable: u8,
}

impl HotplugSlots {
    /// Empty slots, their event not asked for.
    #[must_use]
    pub fn new(release: Release) -> HotplugSlots {
        let (first, count) = match release {
            Release::Xen33 => (6, 2),
            Release::Today => (0, 32),
        };
        let (devices, status) = (vec![None; count], vec![0; count]);
        HotplugSlots { first, devices, status, event: 0, gpe_status: 0, gpe_enable: 0 }
    }

    /// How many slots there are.
    #[must_use]
    pub fn count(&self) -> u8 {
        self.devices.len() as u8
    }

    /// Puts a device into the slot that is wanted, 0 for any (`insert_to_pci_slot`), and tells which. The guest does not know
    /// yet.
    pub fn insert(&mut self, device: Bdf, wanted: u8) -> Result<u8, NoSlot> {
        let place = match wanted {
            0 => self.devices.iter().position(Option::is_none).ok_or(NoSlot::NoneFree)?,
            slot => {
                let place = self.place(slot).ok_or(NoSlot::Unusable)?;
                if self.devices[place].is_some() {
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
        for (status, device) in self.status.iter_mut().zip(&self.devices) {
            *status = if device.is_some() { PRESENT } else { 0 };
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
            number => self.status.get(usize::from(number) - 1).copied(),
        }
    }

    /// What the guest writes to a port asks for.
    pub fn write(&mut self, port: u16, value: u8) -> Asked {
        let Some(number) = port.checked_sub(ACPI_PHP_IO_ADDR + 1) else { return Asked::Nothing };
        let place = usize::from(number);
        if value != EJECT || place >= self.devices.len() {
            return Asked::Nothing;
        }
        self.status[place] = 0;
        self.event = 0;
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

    /// What an event byte says: a slot, and whether it was added.
    #[must_use]
    pub const fn decode(&self, event: u8) -> Option<(u8, bool)> {
        match event >> 4 {
            0 => None,
            number => Some((self.first + number - 1, event & 0xF == PHP_EVT_ADD)),
        }
    }

    /// The port of a slot.
    #[must_use]
    pub fn port_of(&self, slot: u8) -> Option<u16> {
        self.place(slot).map(|place| ACPI_PHP_IO_ADDR + 1 + place as u16)
    }

    fn raise(&mut self, place: usize, event: u8) -> bool {
        // The field has room for 15 slots: one more reason why it was split later.
        self.event = (place as u8 + 1) << 4 | event;
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
    fn the_later_one_has_32() {
        let mut slots = HotplugSlots::new(Release::Today);
        assert_eq!((slots.count(), slots.insert(NIC, 31)), (32, Ok(31)));
    }
}
