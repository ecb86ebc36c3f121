//! A bus of the guest's is scanned: requests go out one after another, and devices with their BARs come of it.
//!
//! ```text
//!   for each place: IDs ──absent: next place
//!                    └──► header, class, interrupt ──► each BAR: read, ones, read, write back ──► claimed as it is
//! ```
//!
//! Today's driver looks at all 256 places of a root. The classic kernel looks at function 0 of each slot first, and at the others
//! only if it says that there are more: a function that has no function 0 beside it is not found when the guest boots, and is
//! found by a rescan.
//!
//! Decoding is switched off around the sizing, which pciback keeps to itself. BARs are never moved: they are machine addresses.
//!
//! Sources: `pci_scan_single_device`, `__pci_read_base` of `drivers/pci/probe.c`; `pcifront_scan_bus` and
//! `pcifront_claim_resource` of `drivers/pci/xen-pcifront.c`.
//!
//! Not modelled: capabilities that a guest's PCI layer reads besides, and retries of a device that is not ready.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::actors::log::pciif::Pciif;
use crate::actors::log::{Event, Log};
use crate::actors::pcifront::read_result;
use crate::protocols::pci::bar::{BarKind, BarPlace, PCI_ROM_ADDRESS_ENABLE, Region, Sizing};
use crate::protocols::pci::registers::{
    PCI_CLASS_REVISION, PCI_COMMAND, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, PCI_HEADER_TYPE,
    PCI_HEADER_TYPE_MULTIFUNCTION, PCI_INTERRUPT_LINE, PCI_VENDOR_ID,
};
use crate::protocols::pciif::{PciOp, Place, XEN_PCI_ERR_SUCCESS};
use crate::words::ids::Bdf;
use crate::words::time::Time;

/// A device that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub place: Bdf,
    /// Vendor and device ID.
    pub ids: (u16, u16),
    /// Its class code and revision.
    pub class: u32,
    /// The interrupt line's number and the pin.
    pub interrupt: (u8, u8),
    /// Its BARs.
    pub regions: Vec<Region>,
}

/// Which places are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Places {
    /// All 256.
    All,
    /// Function 0 of each slot, and the others if it says so.
    Slots,
}

/// The next question about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Ids,
    Header,
    Class,
    Interrupt,
    Command,
    Quiet,
    Bar(BarPlace, Probe),
    Restore,
}

/// How far a BAR's sizing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    Read,
    Ones,
    Mask,
    Back,
}

const FIRST: BarPlace = BarPlace::Bar(0);

/// The scan of one bus.
#[derive(Clone, Debug)]
pub struct Scan {
    bus: u8,
    places: Places,
    known: BTreeSet<Bdf>,
    devfn: u16,
    question: Question,
    multifunction: bool,
    command: u16,
    present: Option<Found>,
    /// Value and mask of the BAR at work and of the one before it.
    bar: (u32, u32),
    lower: Option<(BarPlace, u32, u32)>,
    found: Vec<Found>,
}

impl Scan {
    /// A scan that leaves out the places that are `known` already.
    #[must_use]
    pub fn new(bus: u8, places: Places, known: impl IntoIterator<Item = Bdf>) -> Scan {
        let mut scan = Scan {
            bus,
            places,
            known: known.into_iter().collect(),
            devfn: 0,
            question: Question::Ids,
            multifunction: false,
            command: 0,
            present: None,
            bar: (0, 0),
            lower: None,
            found: Vec::new(),
        };
        scan.skip_known();
        scan
    }

    /// The next request, until the scan is over.
    #[must_use]
    pub fn next_op(&self) -> Option<PciOp> {
        if self.devfn > 0xFF {
            return None;
        }
        let at = Place::new(self.place());
        let read = |offset: u16, size| PciOp::conf_read(at, offset.into(), size);
        let write = |offset: u16, size, value| PciOp::conf_write(at, offset.into(), size, value);
        Some(match self.question {
            Question::Ids => read(PCI_VENDOR_ID, 4),
            Question::Header => read(PCI_HEADER_TYPE, 1),
            Question::Class => read(PCI_CLASS_REVISION, 4),
            Question::Interrupt => read(PCI_INTERRUPT_LINE, 2),
            Question::Command => read(PCI_COMMAND, 2),
            Question::Quiet => write(PCI_COMMAND, 2, u32::from(self.command & !(PCI_COMMAND_IO | PCI_COMMAND_MEMORY))),
            Question::Bar(bar, Probe::Read | Probe::Mask) => read(bar.offset(), 4),
            Question::Bar(BarPlace::Rom, Probe::Ones) => write(BarPlace::Rom.offset(), 4, !PCI_ROM_ADDRESS_ENABLE),
            Question::Bar(bar, Probe::Ones) => write(bar.offset(), 4, u32::MAX),
            Question::Bar(bar, Probe::Back) => write(bar.offset(), 4, self.bar.0),
            Question::Restore => write(PCI_COMMAND, 2, self.command.into()),
        })
    }

    /// The answer to that request. Of a write only the error would count, and nobody looks at it.
    pub fn answer(&mut self, now: Time, log: &mut Log, err: i32, value: u32) {
        let read = read_result(err, value);
        self.question = match self.question {
            Question::Ids => {
                if self.devfn & 7 == 0 {
                    // Without function 0 nobody says that there are more.
                    self.multifunction = false;
                }
                let ids = read.ok().filter(|ids| !matches!(*ids as u16, 0 | 0xFFFF) && *ids >> 16 != 0xFFFF);
                let Some(ids) = ids else { return self.next_place() };
                let ids = (ids as u16, (ids >> 16) as u16);
                let found = Found { place: self.place(), ids, class: 0, interrupt: (0, 0), regions: Vec::new() };
                self.present = Some(found);
                Question::Header
            }
            Question::Header => {
                if self.devfn & 7 == 0 {
                    self.multifunction = value as u8 & PCI_HEADER_TYPE_MULTIFUNCTION != 0;
                }
                Question::Class
            }
            Question::Class => {
                self.found().class = value;
                Question::Interrupt
            }
            Question::Interrupt => {
                self.found().interrupt = (value as u8, (value >> 8) as u8);
                Question::Command
            }
            Question::Command => {
                self.command = value as u16;
                let decodes = self.command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY) != 0;
                if decodes { Question::Quiet } else { Question::Bar(FIRST, Probe::Read) }
            }
            Question::Quiet => Question::Bar(FIRST, Probe::Read),
            Question::Bar(bar, Probe::Read) => {
                self.bar.0 = if err == XEN_PCI_ERR_SUCCESS { value } else { 0 };
                Question::Bar(bar, Probe::Ones)
            }
            Question::Bar(bar, Probe::Ones) => Question::Bar(bar, Probe::Mask),
            Question::Bar(bar, Probe::Mask) => {
                self.bar.1 = if err == XEN_PCI_ERR_SUCCESS { value } else { 0 };
                Question::Bar(bar, Probe::Back)
            }
            Question::Bar(bar, Probe::Back) => {
                self.finish_bar(bar);
                match bar {
                    BarPlace::Bar(index) if index < 5 => Question::Bar(BarPlace::Bar(index + 1), Probe::Read),
                    BarPlace::Bar(_) => Question::Bar(BarPlace::Rom, Probe::Read),
                    BarPlace::Rom => Question::Restore,
                }
            }
            Question::Restore => {
                self.claim(now, log);
                return self.next_place();
            }
        };
    }

    /// What was found.
    #[must_use]
    pub fn into_found(self) -> Vec<Found> {
        self.found
    }

    /// A BAR's value and mask are known. A lower half waits for its upper one.
    fn finish_bar(&mut self, bar: BarPlace) {
        let (value, mask) = self.bar;
        if let Some((place, low, low_mask)) = self.lower.take() {
            if let Some(sizing) = Sizing::of(place, low_mask, mask) {
                let base = u64::from(low & !sizing.kind.low_bits()) | u64::from(value) << 32;
                self.found().regions.push(Region { place, kind: sizing.kind, base, size: sizing.size });
            }
            return;
        }
        // The type is read off the value: some backends' masks have none.
        let kind = BarKind::of(bar, value);
        let typed = mask & !kind.low_bits() | value & kind.low_bits();
        if kind.is_64() {
            self.lower = Some((bar, value, typed));
        } else if let Some(sizing) = Sizing::of(bar, typed, 0) {
            let base = u64::from(value & !kind.low_bits());
            self.found().regions.push(Region { place: bar, kind, base, size: sizing.size });
        }
    }

    /// The device's addresses are taken as they are (`pcifront_claim_resource`).
    fn claim(&mut self, now: Time, log: &mut Log) {
        let Some(found) = self.present.take() else { return };
        let (place, (vendor, device)) = (found.place, found.ids);
        log.step(now, Event::Pciif(Pciif::DeviceFound { place, vendor, device }));
        for region in found.regions.iter().filter(|region| region.base != 0) {
            let index = region.place.index();
            log.also(now, Event::Pciif(Pciif::BarClaimed { place, index, base: region.base }));
        }
        self.found.push(found);
    }

    fn found(&mut self) -> &mut Found {
        self.present.as_mut().expect("questions follow IDs")
    }

    fn place(&self) -> Bdf {
        Bdf(u16::from(self.bus) << 8 | self.devfn)
    }

    fn next_place(&mut self) {
        self.lower = None;
        self.question = Question::Ids;
        self.devfn += match self.places {
            Places::Slots if !self.multifunction => 8 - (self.devfn & 7),
            Places::Slots | Places::All => 1,
        };
        self.skip_known();
    }

    fn skip_known(&mut self) {
        while self.devfn <= 0xFF && self.known.contains(&self.place()) {
            self.devfn += 1;
        }
    }
}
