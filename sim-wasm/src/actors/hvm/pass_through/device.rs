//! A real function as an HVM guest sees its config space: shadows over hardware (`pt_pci_read_config` and
//! `pt_pci_write_config` in `tools/ioemu/hw/pass-through.c`, `xen_pt_pci_write_config` in QEMU's `hw/xen/xen_pt.c`).
//!
//! ```text
//!   read   hardware's value, with the emulated bits replaced by the shadow's
//!   write  emulated bits that are not read-only go into the shadow;
//!          the rest goes to hardware, together with hardware's own value for what must not change
//! ```
//!
//! 3.3 writes the whole access back, so hardware's value of a shadowed field is rewritten with what was read a moment before;
//! QEMU 4.1 writes those bytes alone of which some bit may change, so that nothing the host keeps there is touched (XSA-128).
//!
//! Not modelled: what is written between the read and the write-back, and 3.3's reading of the command bits off a write to the
//! register's upper byte alone.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::pass_through::mappings::{self, MapCall};
use crate::actors::hvm::pass_through::tables::{self, Group, Init, Register};
use crate::actors::hvm::release::Release;
use crate::actors::log::hvm::Hvm;
use crate::protocols::pci::bar::{BarKind, BarPlace, PCI_ROM_ADDRESS_ENABLE, Region, regions};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::{Function, HardwareWrite};
use crate::protocols::pci::msix::MsixShape;
use crate::protocols::pci::registers::{
    PCI_CAP_ID_MSI, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, PCI_INTERRUPT_PIN,
    PCI_STD_HEADER_SIZEOF,
};

/// The last byte that is shown.
const LAST: u16 = 0xFF;

/// How a device is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PtSettings {
    /// Whose tables.
    pub release: Release,
    /// Whether QEMU 4.1 lets through what is not listed (`permissive=1`).
    pub permissive: bool,
}

/// A listed register with its shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shadow {
    at: u16,
    register: Register,
    data: u32,
}

/// A BAR's shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar {
    region: Region,
    /// What the guest wrote, without type bits; the upper half of 64 bits in `high`.
    low: u32,
    high: u32,
    /// Where it is mapped now.
    mapped: Option<u64>,
}

/// The function as the guest sees it.
#[derive(Clone, Debug)]
pub struct PtDevice {
    settings: PtSettings,
    groups: Vec<Group>,
    shadows: Vec<Shadow>,
    bars: Vec<Bar>,
    /// The command register's decode bits, as the guest wrote them.
    decode: u16,
    table: Option<MsixShape>,
}

impl PtDevice {
    /// Looks at a function and sets up its shadows (`pt_config_init`). QEMU 4.1 turns its decoding on for good.
    #[must_use]
    pub fn new(function: &mut Function, settings: PtSettings, host: &mut Host<'_>) -> PtDevice {
        let config = &function.config;
        let header = Group { at: 0, size: PCI_STD_HEADER_SIZEOF, hardwired: false };
        let mut groups = Vec::from([header]);
        let mut listed: Vec<(u16, Register)> =
            tables::header(settings.release).iter().map(|register| (register.offset, *register)).collect();
        for (at, id) in config.capabilities() {
            let Some((size, hardwired, registers)) = tables::capability(settings.release, config, at, id) else {
                continue;
            };
            groups.push(Group { at, size, hardwired });
            listed.extend(registers.iter().map(|register| (at + register.offset, *register)));
            if id == PCI_CAP_ID_MSI {
                let tail = tables::msi_tail(settings.release, config, at).into_iter().flatten();
                listed.extend(tail.map(|register| (at + register.offset, register)));
            }
        }
        let begin = |at: u16, register: &Register| {
            let hardware = config.read(at, register.width);
            match register.init {
                Init::Value(value) => value,
                Init::Hardware => hardware,
                Init::HardwareBits(bits) => hardware & bits,
                Init::HardwareWith(bits) => hardware | bits,
                Init::Inta => u32::from(config.read_u8(PCI_INTERRUPT_PIN) != 0),
            }
        };
        let shadows =
            listed.iter().map(|(at, register)| Shadow { at: *at, register: *register, data: begin(*at, register) });
        let shadows = shadows.collect();
        let bars: Vec<Bar> = regions(config).map(|region| Bar { region, low: 0, high: 0, mapped: None }).collect();
        let table = MsixShape::of(config);
        if settings.release == Release::Today {
            let bits = |is_io, bit| if bars.iter().any(|bar| bar.region.kind.is_io() == is_io) { bit } else { 0 };
            let decode = bits(true, PCI_COMMAND_IO) | bits(false, PCI_COMMAND_MEMORY);
            let command = function.config.command() | decode;
            function.write(host.now, PCI_COMMAND, Width::Word, u32::from(command));
        }
        PtDevice { settings, groups, shadows, bars, decode: 0, table }
    }

    /// What the guest reads.
    ///
    /// # Panics
    /// If the access is not aligned: the device model refuses it before.
    #[must_use]
    pub fn read(&self, host: &Host<'_>, function: &Function, offset: u16, width: Width) -> u32 {
        if offset >= LAST {
            return width.ones();
        }
        if self.group(offset).is_some_and(|group| group.hardwired) {
            return 0;
        }
        let mut value = function.read(host.now, offset, width);
        for shadow in &self.shadows {
            let (emulated, data) = (shadow.register.emulated, shadow.data);
            let Some(part) = Part::of(offset, width, shadow.at, shadow.register.width) else { continue };
            value = value & !part.shown(emulated) | part.shown(data & emulated);
        }
        for (at, emulated, data) in self.bar_registers() {
            let Some(part) = Part::of(offset, width, at, Width::Dword) else { continue };
            value = value & !part.shown(emulated) | part.shown(data & emulated);
        }
        value
    }

    /// What the guest writes: what reached hardware, and what is to be mapped or taken out.
    ///
    /// # Panics
    /// If the access is not aligned: the device model refuses it before.
    pub fn write(
        &mut self,
        host: &mut Host<'_>,
        function: &mut Function,
        offset: u16,
        width: Width,
        value: u32,
    ) -> (Vec<HardwareWrite>, Vec<MapCall>) {
        let nothing = (Vec::new(), Vec::new());
        if offset >= LAST || self.group(offset).is_some_and(|group| group.hardwired) {
            host.step(Hvm::ConfigWritten { offset, value, passed: 0 });
            return nothing;
        }
        let hardware = function.read(host.now, offset, width);
        let old = self.settings.release == Release::Xen33;
        let unlisted = if old || self.settings.permissive { width.ones() } else { 0 };
        // Of which bits the written value goes to hardware.
        let mut through = unlisted;
        for shadow in &mut self.shadows {
            let Some(part) = Part::of(offset, width, shadow.at, shadow.register.width) else { continue };
            let Register { emulated, read_only, reserved, .. } = shadow.register;
            let writable = emulated & !read_only & part.mask();
            shadow.data = shadow.data & !writable | part.written(value) & writable;
            let mut kept = emulated;
            if !old {
                kept |= read_only | if self.settings.permissive { 0 } else { reserved };
                if shadow.at == PCI_COMMAND {
                    kept &= !u32::from(PCI_COMMAND_INTX_DISABLE);
                }
            }
            through = through & !part.shown(u32::MAX) | part.shown(!kept);
        }
        let moved = self.write_bars(offset, width, value, &mut through);
        let writes = self.to_hardware(host, function, (offset, width), (value, hardware), through);
        host.step(Hvm::ConfigWritten { offset, value, passed: through });
        let command = Part::of(offset, Width::Byte, PCI_COMMAND, Width::Byte).is_some();
        if command {
            self.decode = value as u16 & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        }
        let calls = if command || moved && !old { self.remap(host) } else { Vec::new() };
        (writes, calls)
    }

    /// Takes everything out of the guest, before the device goes (`pt_unregister_regions`).
    pub fn unmap_all(&mut self, host: &mut Host<'_>) -> Vec<MapCall> {
        self.decode = 0;
        self.remap(host)
    }

    /// Where a BAR is mapped in the guest now.
    #[must_use]
    pub fn mapped(&self, place: BarPlace) -> Option<u64> {
        self.bars.iter().find(|bar| bar.region.place == place)?.mapped
    }

    /// The guest touches its memory BAR: whether anybody answers. An access that nobody answers ends as an unsupported request,
    /// which many a host takes for a reason to stop.
    pub fn touch(&self, host: &mut Host<'_>, function: &Function, place: BarPlace) -> bool {
        let bar = self.bars.iter().find(|bar| bar.region.place == place);
        let Some(base) = bar.filter(|bar| bar.mapped.is_some()).map(|bar| bar.region.base) else { return true };
        let answered = function.answers(host.now, base).is_some();
        if !answered {
            host.step(Hvm::UnsupportedRequest);
        }
        answered
    }

    /// Each BAR's registers: where, which bits are the device model's, and their shadow.
    fn bar_registers(&self) -> impl Iterator<Item = (u16, u32, u32)> {
        self.bars.iter().flat_map(|bar| {
            let at = bar.region.place.offset();
            let low = (at, !bar.region.kind.low_bits(), bar.low);
            let high = bar.region.kind.is_64().then_some((at + 4, u32::MAX, bar.high));
            core::iter::once(low).chain(high)
        })
    }

    /// The part of a write that concerns BARs; whether one moved.
    fn write_bars(&mut self, offset: u16, width: Width, value: u32, through: &mut u32) -> bool {
        let mut moved = false;
        for bar in &mut self.bars {
            let at = bar.region.place.offset();
            let size = mappings::emulated_size(&bar.region);
            let mask = !(size - 1);
            let (low_bits, before) = (bar.region.kind.low_bits(), (bar.low, bar.high));
            if let Some(part) = Part::of(offset, width, at, Width::Dword) {
                let writable = mask as u32 & !low_bits & part.mask();
                bar.low = bar.low & !writable | part.written(value) & writable;
                let enable = if bar.region.kind == BarKind::Rom { PCI_ROM_ADDRESS_ENABLE } else { 0 };
                *through = *through & !part.shown(!low_bits) | part.shown(enable);
            }
            let high = Part::of(offset, width, at + 4, Width::Dword).filter(|_| bar.region.kind.is_64());
            if let Some(part) = high {
                let writable = (mask >> 32) as u32 & part.mask();
                bar.high = bar.high & !writable | part.written(value) & writable;
                *through &= !part.shown(u32::MAX);
            }
            moved |= before != (bar.low, bar.high);
        }
        moved
    }

    /// What goes to hardware of a write.
    fn to_hardware(
        &self,
        host: &Host<'_>,
        function: &mut Function,
        (offset, width): (u16, Width),
        (value, hardware): (u32, u32),
        through: u32,
    ) -> Vec<HardwareWrite> {
        let merged = value & through | hardware & !through;
        let mut writes = Vec::new();
        if self.settings.release == Release::Xen33 {
            writes.push(HardwareWrite { offset, width, value: merged & width.ones() });
        } else {
            for byte in 0..width.bytes() {
                let shift = 8 * u32::from(byte);
                if through >> shift & 0xFF != 0 {
                    let value = merged >> shift & 0xFF;
                    writes.push(HardwareWrite { offset: offset + byte, width: Width::Byte, value });
                }
            }
        }
        for write in &writes {
            function.write(host.now, write.offset, write.width, write.value);
        }
        writes
    }

    /// Brings the mappings to where the shadows have them.
    fn remap(&mut self, host: &mut Host<'_>) -> Vec<MapCall> {
        let mut calls = Vec::new();
        for bar in &mut self.bars {
            let is_io = bar.region.kind.is_io();
            let decoded = self.decode & if is_io { PCI_COMMAND_IO } else { PCI_COMMAND_MEMORY } != 0;
            let address = u64::from(bar.high) << 32 | u64::from(bar.low);
            let ignored = bar.high != 0 && self.settings.release == Release::Xen33;
            let index = bar.region.place.index();
            let fits = !is_io || address + bar.region.size <= 0x1_0000;
            let target = (decoded && address != 0 && fits && !ignored).then_some(address);
            if target == bar.mapped {
                continue;
            }
            if let Some(from) = bar.mapped.take() {
                calls.push(mappings::unmap(&bar.region, from));
                host.also(Hvm::BarUnmapped { bar: index, page: (from >> 12) as u32 });
            }
            if decoded && ignored {
                host.also(Hvm::BarIgnored { bar: index });
            }
            let Some(to) = target else { continue };
            let table = self.table.as_ref().filter(|table| bar.region.place == BarPlace::Bar(table.table.bar));
            calls.extend(mappings::map(&bar.region, to, table));
            bar.mapped = Some(to);
            let (page, frame) = ((to >> 12) as u32, (bar.region.base >> 12) as u32);
            let trapped = mappings::table_pages(table).map_or(0, |(_, pages)| pages as u16);
            host.also(Hvm::BarMapped { bar: index, page, frame, trapped });
        }
        host.costs.hypercalls += calls.len() as u64;
        calls
    }

    fn group(&self, offset: u16) -> Option<&Group> {
        self.groups.iter().find(|group| (group.at..group.at + group.size).contains(&offset))
    }
}

/// The part of an access that lies in a register.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// How many bits the register begins after the access, negative if before.
    shift: i32,
    /// The register's bits that the access reaches, as the register counts them.
    mask: u32,
    /// The same as the access counts them.
    shown: u32,
}

impl Part {
    fn of(offset: u16, width: Width, at: u16, register: Width) -> Option<Part> {
        let shift = 8 * (i32::from(at) - i32::from(offset));
        let (mask, shown) =
            (moved(width.ones(), -shift) & register.ones(), moved(register.ones(), shift) & width.ones());
        (mask != 0).then_some(Part { shift, mask, shown })
    }

    const fn mask(self) -> u32 {
        self.mask
    }

    /// Bits of the register, as the access counts them.
    const fn shown(self, bits: u32) -> u32 {
        moved(bits, self.shift) & self.shown
    }

    /// Bits of the access, as the register counts them.
    const fn written(self, bits: u32) -> u32 {
        moved(bits, -self.shift) & self.mask
    }
}

/// Bits moved up, or down if the shift is negative; what leaves the word is gone.
const fn moved(bits: u32, shift: i32) -> u32 {
    match shift {
        -31..0 => bits >> -shift,
        0..32 => bits << shift,
        _ => 0,
    }
}
