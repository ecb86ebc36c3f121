//! A guest's accesses to a device's config space become answers and, seldom, accesses to the device.
//!
//! Nothing that a guest writes reaches the device unless a field of the overlay says so, and a write that is dropped is
//! answered with success. Addresses, sizes and interrupts are dom0's and Xen's business:
//!
//! | register | read | write |
//! |---|---|---|
//! | IDs | as dom0 knows them (classic: the device's) | ignored |
//! | command | six bits the device's, the rest what was written (classic: the device's) | has dom0 enable, disable, master; itself only if [permissive](OverlaySettings::permissive), and but for six bits (classic: as it is) |
//! | cache line | the device's | the device's |
//! | latency, pin | the device's | ignored |
//! | line | dom0's interrupt number | ignored |
//! | self test | the device's | a start, or no change beside it |
//! | BARs, ROM | as when it was seized, or a mask after ones | never, but for the same value that the device lost |
//! | power | without wake-up | state through dom0 |
//! | product data | the device's | an address to read |
//! | MSI, MSI-X control | the device's | for a device model's guest: on and off (classic: no field) |
//! | all else | the device's | dropped, and told once; the device's if permissive |
//!
//! An access has 1, 2 or 4 bytes and is aligned. A field that is only partly written is read first. The drivers looked only
//! whether an end of the access lies in a field ([`Overlap::Ends`]), so four bytes at 0c miss the two registers in the middle.
//!
//! # By itself
//!
//! [`Overlay::read`] and [`Overlay::write`] need neither a guest nor a store: this config space, these settings, these accesses
//! give these values, and [`Overlay::take_writes`] says what reached the device. That is meant for comparing with the drivers'
//! own code.
//!
//! ```
//! use sim_wasm::actors::pciback::overlay::{Overlay, OverlaySettings};
//! use sim_wasm::protocols::pci::bar::BarKind;
//! use sim_wasm::protocols::pci::builder::Builder;
//! use sim_wasm::protocols::pci::function::Function;
//! use sim_wasm::words::ids::Bdf;
//! use sim_wasm::words::time::Time;
//!
//! let bar = BarKind::Memory32 { prefetchable: false };
//! let config = Builder::conventional(0x8086, 0x100E, 0x02_0000).bar(0, bar, 0x2_0000, 0xFEBC_0000).interrupt(1, 11).build();
//! let mut card = Function::new(Bdf::new(0, 3, 0), config);
//! let mut overlay = Overlay::seize(&mut card, Time::ZERO, OverlaySettings::MODERN, None, 17);
//! let now = Time::ZERO;
//!
//! // Asking for the size of BAR 0 is answered, and the device hears nothing of it.
//! assert_eq!(overlay.write(&mut card, now, 0x10, 4, 0xFFFF_FFFF).err, 0);
//! assert_eq!(overlay.read(&mut card, now, 0x10, 4).value, 0xFFFE_0000);
//! // Nor can the BAR be moved, though the write succeeds.
//! assert_eq!(overlay.write(&mut card, now, 0x10, 4, 0xA000_0000).err, 0);
//! assert_eq!(overlay.read(&mut card, now, 0x10, 4).value, 0xFEBC_0000);
//! assert_eq!(overlay.take_writes(), []);
//! // The interrupt line is dom0's number. Decoding goes on when the guest turns it off.
//! assert_eq!(overlay.read(&mut card, now, 0x3C, 1).value, 17);
//! overlay.write(&mut card, now, 0x04, 2, 0x0002);
//! overlay.write(&mut card, now, 0x04, 2, 0x0000);
//! assert_eq!((overlay.read(&mut card, now, 0x04, 2).value, card.config.command()), (0, 0x0002));
//! ```
//!
//! Sources: `conf_space.c` of `drivers/xen/pciback` in linux-2.6.18-xen and of `drivers/xen/xen-pciback` in mainline Linux.
//!
//! Not modelled: quirk lists by device (a [quirk](Overlay::add_quirk) is one field), `verbose_request`, and a device's own ways
//! round all this, such as its config space once more among its registers, which nobody can filter (XSA-124).

use alloc::vec::Vec;

use crate::actors::pciback::field::{Bar, Field, FieldCall, FieldKind};
use crate::actors::pciback::host::{Hardware, HostDevice};
use crate::protocols::pci::bar::{
    BarKind, BarPlace, PCI_BASE_ADDRESS_IO_MASK, PCI_BASE_ADDRESS_MEM_MASK, PCI_ROM_ADDRESS_ENABLE,
    PCI_ROM_ADDRESS_MASK, Region, is_upper_half,
};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::{Function, HardwareWrite};
use crate::protocols::pci::msi::{Msi, PCI_MSI_FLAGS};
use crate::protocols::pci::msix::{self, PCI_MSIX_FLAGS};
use crate::protocols::pci::registers::{
    PCI_BIST, PCI_CACHE_LINE_SIZE, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_CAP_ID_PM, PCI_CAP_ID_VPD,
    PCI_CFG_SPACE_EXP_SIZE, PCI_COMMAND, PCI_DEVICE_ID, PCI_HEADER_TYPE, PCI_HEADER_TYPE_BRIDGE,
    PCI_HEADER_TYPE_MULTIFUNCTION, PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN, PCI_LATENCY_TIMER, PCI_PM_CTRL,
    PCI_PM_CTRL_PME_ENABLE, PCI_PM_PMC, PCI_VENDOR_ID, PCI_VPD_ADDR, PCI_VPD_DATA,
};
use crate::protocols::pciif::{EINVAL, XEN_PCI_ERR_INVALID_OFFSET};
use crate::words::time::Time;

/// A type-1 header has its ROM here (`PCI_ROM_ADDRESS1`).
const PCI_ROM_ADDRESS1: u16 = 0x38;

/// Which code it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Generation {
    /// linux-2.6.18-xen: the guest's command goes to the device, requests are worked on where they lie.
    #[default]
    Classic,
    /// Mainline: the command register is a shadow, requests are copied first.
    Modern,
}

/// When an access is about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// When the access begins or ends in the field, as both drivers have it: a field inside a larger access is missed.
    Ends,
    /// When they have a byte in common.
    Proper,
}

/// What a BAR reads after ones were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeMask {
    /// What the hardware answered when the device was seized, as in linux-2.6.18-xen.
    Probed,
    /// The size itself, as mainline had it at first, without the type bits. A guest that looks for the lowest bit, as Linux
    /// does, finds the size all the same. The upper half of 64 bits reads that of the region's end.
    Size,
    /// The mask made from the size, as in Linux since.
    Computed,
}

/// How the overlay behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlaySettings {
    /// Which code it is.
    pub generation: Generation,
    /// When an access is about a field.
    pub overlap: Overlap,
    /// What a BAR reads after ones were written.
    pub size_mask: SizeMask,
    /// The administrator lets the guest write what no field keeps from it.
    pub permissive: bool,
    /// The guest runs a device model, which may turn kinds of interrupts on and off.
    pub allow_interrupt_control: bool,
}

impl OverlaySettings {
    /// linux-2.6.18-xen as it is.
    pub const CLASSIC: OverlaySettings = OverlaySettings {
        generation: Generation::Classic,
        overlap: Overlap::Ends,
        size_mask: SizeMask::Probed,
        permissive: false,
        allow_interrupt_control: false,
    };
    /// Mainline of today as it is.
    pub const MODERN: OverlaySettings =
        OverlaySettings { generation: Generation::Modern, size_mask: SizeMask::Computed, ..OverlaySettings::CLASSIC };
}

/// The answer to an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `XEN_PCI_ERR_*`, or a negative error number of Linux.
    pub err: i32,
    /// What was read. Bits above the access's width are whatever the last field had there: whoever asked cuts them off.
    pub value: u32,
    /// What became of a write.
    pub fate: Fate,
}

/// What became of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It was refused.
    Refused,
    /// A field was asked.
    Handled,
    /// No field was asked, and the device was.
    Passed,
    /// No field was asked and the write was dropped; this is the first such.
    DroppedFirst,
    /// No field was asked and the write was dropped.
    Dropped,
}

/// One device's overlay.
#[derive(Clone, Debug)]
pub struct Overlay {
    settings: OverlaySettings,
    pub(super) host: HostDevice,
    fields: Vec<Field>,
    command: u16,
    warned: bool,
    writes: Vec<HardwareWrite>,
}

impl Overlay {
    /// pciback takes the device: it notes IDs and BARs and turns wake-up off. A virtual function's `ids` are its physical
    /// function's business, so they are given; `irq` is the number of its interrupt in dom0.
    pub fn seize(
        function: &mut Function,
        now: Time,
        settings: OverlaySettings,
        ids: Option<(u16, u16)>,
        irq: u8,
    ) -> Overlay {
        let ids = ids.unwrap_or_else(|| function.config.ids());
        let host = HostDevice::new(settings.generation, function, ids, irq);
        let command = function.config.command();
        let (fields, writes) = (Vec::new(), Vec::new());
        let mut overlay = Overlay { settings, host, fields, command, warned: false, writes };
        overlay.add_header_fields(function);
        overlay.add_capability_fields(function, now);
        overlay.writes.clear();
        overlay
    }

    /// The administrator has one more register passed through (the `quirks` file in sysfs). One that is known already stays
    /// as it is.
    pub fn add_quirk(&mut self, offset: u16, width: Width) {
        self.add(offset, width, FieldKind::Direct);
    }

    /// A guest reads. A read that fails gives 0.
    pub fn read(&mut self, function: &mut Function, now: Time, offset: i32, size: i32) -> Answer {
        let (start, width) = match valid_request(offset, size) {
            Ok(valid) => valid,
            Err((err, value)) => return Answer { err, value, fate: Fate::Refused },
        };
        let mut value = function.read(now, start, width);
        let mut fate = Fate::Passed;
        for number in 0..self.fields.len() {
            let field = self.fields[number];
            if self.is_about(&field, start, width) {
                let found = field.read(&mut self.call(function, now));
                let shift = i32::from(field.offset) - i32::from(start);
                value = merge_value(value, found, field.width.ones(), shift);
                fate = Fate::Handled;
            }
        }
        Answer { err: 0, value, fate }
    }

    /// A guest writes.
    pub fn write(&mut self, function: &mut Function, now: Time, offset: i32, size: i32, value: u32) -> Answer {
        let answer = |err, fate| Answer { err, value: 0, fate };
        let (start, width) = match valid_request(offset, size) {
            Ok(valid) => valid,
            Err((err, _)) => return answer(err, Fate::Refused),
        };
        let mut handled = None;
        for number in 0..self.fields.len() {
            let mut field = self.fields[number];
            if !self.is_about(&field, start, width) {
                continue;
            }
            let before = self.read(function, now, field.offset.into(), field.width.bytes().into());
            let shift = i32::from(start) - i32::from(field.offset);
            let merged = merge_value(before.value, value, width.ones(), shift) & field.width.ones();
            let err = field.write(&mut self.call(function, now), merged);
            self.fields[number] = field;
            handled = Some(err);
        }
        // Of several fields the last one's error is the answer.
        if let Some(err) = handled {
            return answer(err, if err == 0 { Fate::Handled } else { Fate::Refused });
        }
        if self.settings.permissive {
            self.call(function, now).hardware.write(start, width, value);
            return answer(0, Fate::Passed);
        }
        let first = !core::mem::replace(&mut self.warned, true);
        answer(0, if first { Fate::DroppedFirst } else { Fate::Dropped })
    }

    /// The device is turned off and ready for another guest (`pciback_reset_device`, `pciback_config_reset_dev`).
    pub fn reset_device(&mut self, function: &mut Function, now: Time) {
        if self.settings.generation == Generation::Modern {
            msix::enable(&mut function.config, false);
            Msi::enable(&mut function.config, false);
        }
        let is_enabled = self.host.is_enabled;
        let FieldCall { mut hardware, host, .. } = self.call(function, now);
        if is_enabled {
            host.disable(&mut hardware);
        }
        hardware.write_u16(PCI_COMMAND, 0);
        host.is_busmaster = false;
        for field in &mut self.fields {
            if let FieldKind::Bar(bar) = &mut field.kind {
                bar.which = false;
            }
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &OverlaySettings {
        &self.settings
    }

    /// The device's regions as they were when it was seized.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        self.host.regions()
    }

    /// Whether dom0 has the device enabled.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.host.is_enabled
    }

    /// What reached the device since this was last asked.
    pub fn take_writes(&mut self) -> Vec<HardwareWrite> {
        core::mem::take(&mut self.writes)
    }

    fn call<'call>(&'call mut self, function: &'call mut Function, now: Time) -> FieldCall<'call> {
        let Overlay { settings, host, command, writes, .. } = self;
        FieldCall { hardware: Hardware { function, now, writes }, host, settings, command }
    }

    fn is_about(&self, field: &Field, start: u16, width: Width) -> bool {
        let (end, field_end) = (start + width.bytes(), field.offset + field.width.bytes());
        match self.settings.overlap {
            Overlap::Ends => (field.offset..field_end).contains(&start) || field.offset < end && end <= field_end,
            Overlap::Proper => start < field_end && field.offset < end,
        }
    }

    fn add(&mut self, offset: u16, width: Width, kind: FieldKind) {
        if self.fields.iter().all(|field| field.offset != offset) {
            self.fields.push(Field { offset, width, kind });
        }
    }

    fn add_header_fields(&mut self, function: &mut Function) {
        if self.settings.generation == Generation::Modern {
            self.add(PCI_VENDOR_ID, Width::Word, FieldKind::Vendor);
            self.add(PCI_DEVICE_ID, Width::Word, FieldKind::Device);
        }
        self.add(PCI_COMMAND, Width::Word, FieldKind::Command);
        self.add(PCI_INTERRUPT_LINE, Width::Byte, FieldKind::IrqLine);
        self.add(PCI_INTERRUPT_PIN, Width::Byte, FieldKind::ReadOnly);
        self.add(PCI_CACHE_LINE_SIZE, Width::Byte, FieldKind::Direct);
        self.add(PCI_LATENCY_TIMER, Width::Byte, FieldKind::ReadOnly);
        self.add(PCI_BIST, Width::Byte, FieldKind::Bist);
        let header = function.config.read_u8(PCI_HEADER_TYPE) & !PCI_HEADER_TYPE_MULTIFUNCTION;
        let (bars, rom) =
            if header == PCI_HEADER_TYPE_BRIDGE { (2, PCI_ROM_ADDRESS1) } else { (6, BarPlace::Rom.offset()) };
        for index in 0..bars {
            let place = BarPlace::Bar(index);
            let bar = self.bar_init(function, place, place.offset());
            self.add(place.offset(), Width::Dword, FieldKind::Bar(bar));
        }
        let bar = self.bar_init(function, BarPlace::Rom, rom);
        self.add(rom, Width::Dword, FieldKind::Bar(bar));
    }

    /// `bar_init`, `rom_init`.
    fn bar_init(&self, function: &mut Function, place: BarPlace, offset: u16) -> Bar {
        let ones = if place == BarPlace::Rom { !PCI_ROM_ADDRESS_ENABLE } else { u32::MAX };
        let upper = is_upper_half(&function.config, place);
        let owner = match place {
            BarPlace::Bar(index) if upper => self.host.region(BarPlace::Bar(index - 1)),
            BarPlace::Bar(_) | BarPlace::Rom => self.host.region(place),
        };
        let shape = |val, len_val, low_bits| Bar { val, len_val, low_bits, ones, which: false };
        // The classic driver compares with all ones exactly.
        let low_bits = match owner.map(|region| region.kind) {
            _ if self.settings.size_mask != SizeMask::Computed || upper => 0,
            _ if place == BarPlace::Rom => !PCI_ROM_ADDRESS_MASK,
            Some(BarKind::Io) => !PCI_BASE_ADDRESS_IO_MASK,
            Some(BarKind::Memory32 { .. } | BarKind::Memory64 { .. } | BarKind::Rom) | None => {
                !PCI_BASE_ADDRESS_MEM_MASK
            }
        };
        if self.settings.size_mask == SizeMask::Probed {
            let config = &mut function.config;
            let val = config.read_u32(offset);
            config.write(offset, Width::Dword, ones);
            let len_val = config.read_u32(offset);
            config.write(offset, Width::Dword, val);
            return shape(val, len_val, low_bits);
        }
        let Some(region) = owner else { return shape(0, 0, low_bits) };
        let flags = region.kind.type_bits();
        let end = region.base + (region.size - 1);
        match self.settings.size_mask {
            SizeMask::Size if upper => shape((region.base >> 32) as u32, (end >> 32) as u32, low_bits),
            SizeMask::Size => shape(region.base as u32 | flags, region.size as u32, low_bits),
            SizeMask::Probed | SizeMask::Computed if upper => {
                shape((region.base >> 32) as u32, (region.size.wrapping_neg() >> 32) as u32, low_bits)
            }
            SizeMask::Probed | SizeMask::Computed => {
                shape(region.base as u32 | flags, region.size.wrapping_neg() as u32 | flags, low_bits)
            }
        }
    }

    fn add_capability_fields(&mut self, function: &mut Function, now: Time) {
        if let Some(at) = function.config.find_capability(PCI_CAP_ID_VPD) {
            self.add(at, Width::Word, FieldKind::ReadOnly);
            self.add(at + PCI_VPD_ADDR, Width::Word, FieldKind::VpdAddress);
            self.add(at + PCI_VPD_DATA, Width::Dword, FieldKind::ReadOnly);
        }
        if let Some(at) = function.config.find_capability(PCI_CAP_ID_PM) {
            self.add(at, Width::Word, FieldKind::ReadOnly);
            self.add(at + PCI_PM_PMC, Width::Word, FieldKind::PmCaps);
            self.add(at + PCI_PM_CTRL, Width::Word, FieldKind::PmControl);
            self.add(at + 6, Width::Byte, FieldKind::ReadOnly);
            self.add(at + 7, Width::Byte, FieldKind::ReadOnly);
            let control = function.read(now, at + PCI_PM_CTRL, Width::Word);
            if control as u16 & PCI_PM_CTRL_PME_ENABLE != 0 {
                let quiet = control & !u32::from(PCI_PM_CTRL_PME_ENABLE);
                function.write(now, at + PCI_PM_CTRL, Width::Word, quiet);
            }
        }
        if self.settings.generation == Generation::Classic {
            return;
        }
        for (id, offset, kind) in [
            (PCI_CAP_ID_MSI, PCI_MSI_FLAGS, FieldKind::MsiFlags),
            (PCI_CAP_ID_MSIX, PCI_MSIX_FLAGS, FieldKind::MsixFlags),
        ] {
            if let Some(at) = function.config.find_capability(id) {
                self.add(at, Width::Word, FieldKind::ReadOnly);
                self.add(at + offset, Width::Word, kind);
            }
        }
    }
}

/// `valid_request`, and what the PCI core says to an offset that no config space has; else the error with the value that a read
/// gives.
fn valid_request(offset: i32, size: i32) -> Result<(u16, Width), (i32, u32)> {
    let width = u32::try_from(size).ok().and_then(Width::from_bytes);
    let Some(width) = width.filter(|_| offset % size == 0) else { return Err((XEN_PCI_ERR_INVALID_OFFSET, 0)) };
    match u16::try_from(offset) {
        Ok(offset) if offset < PCI_CFG_SPACE_EXP_SIZE => Ok((offset, width)),
        Ok(_) | Err(_) => Err((EINVAL, width.ones())),
    }
}

/// Puts bits into a value, `shift` bytes further up or down (`merge_value`).
fn merge_value(value: u32, new: u32, mask: u32, shift: i32) -> u32 {
    let bits = shift.unsigned_abs() * 8;
    let (new, mask) = if shift >= 0 {
        (new.unbounded_shl(bits), mask.unbounded_shl(bits))
    } else {
        (new.unbounded_shr(bits), mask.unbounded_shr(bits))
    };
    value & !mask | new & mask
}
