//! What dom0's kernel does to a device on a guest's behalf: its PCI core's functions, as accesses to the hardware.
//!
//! pciback keeps most registers from the guest, but a guest that writes its command register has dom0 call
//! `pci_enable_device` and its like. What those write is what reaches the device.
//!
//! Sources: `drivers/pci/pci.c` of Linux, in both its ages; `arch/i386/pci/i386.c` of linux-2.6.18-xen.
//!
//! Not modelled: conflicts of resources, routing of interrupts, D3cold, and the delay of a change of power, which counts as
//! over when the call is.

use alloc::vec::Vec;

use crate::actors::pciback::overlay::Generation;
use crate::protocols::pci::bar::{self, BarKind, BarPlace, Region};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::function::{D3HOT_NANOS, Function, HardwareWrite, ResetCause};
use crate::protocols::pci::registers::{
    PCI_CACHE_LINE_SIZE, PCI_CAP_ID_EXP, PCI_CAP_ID_PM, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, PCI_COMMAND_INVALIDATE,
    PCI_COMMAND_IO, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY, PCI_INTERRUPT_PIN, PCI_LATENCY_TIMER, PCI_PM_CTRL,
    PCI_PM_CTRL_STATE_MASK, PCI_PM_PMC,
};
use crate::words::time::Time;

/// The cache line of dom0's processor in units of four bytes (`pci_cache_line_size`).
const CACHE_LINE: u8 = 16;
/// What a latency timer is set to that is shorter than 16 (`pcibios_set_master`).
const LATENCY: u8 = 64;

/// A device under dom0's hands for one call.
#[derive(Debug)]
pub(super) struct Hardware<'call> {
    pub(super) function: &'call mut Function,
    pub(super) now: Time,
    pub(super) writes: &'call mut Vec<HardwareWrite>,
}

impl Hardware<'_> {
    pub(super) fn read(&self, offset: u16, width: Width) -> u32 {
        self.function.read(self.now, offset, width)
    }

    pub(super) fn read_u16(&self, offset: u16) -> u16 {
        self.read(offset, Width::Word) as u16
    }

    pub(super) fn write(&mut self, offset: u16, width: Width, value: u32) -> Option<ResetCause> {
        let value = value & width.ones();
        self.writes.push(HardwareWrite { offset, width, value });
        self.function.write(self.now, offset, width, value)
    }

    pub(super) fn write_u16(&mut self, offset: u16, value: u16) -> Option<ResetCause> {
        self.write(offset, Width::Word, value.into())
    }

    /// Sets and clears bits of the command register, if that changes it.
    fn change_command(&mut self, set: u16, clear: u16) {
        let command = self.read_u16(PCI_COMMAND);
        let changed = (command | set) & !clear;
        if changed != command {
            self.write_u16(PCI_COMMAND, changed);
        }
    }
}

/// What dom0's kernel remembers of a device (`struct pci_dev`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostDevice {
    generation: Generation,
    /// IDs as they were found, for a virtual function made up.
    pub(super) ids: (u16, u16),
    /// The interrupt's number in dom0.
    pub(super) irq: u8,
    pub(super) is_enabled: bool,
    pub(super) is_busmaster: bool,
    power: u16,
    /// What its BARs were when it was found.
    regions: Vec<Region>,
}

impl HostDevice {
    pub(super) fn new(generation: Generation, function: &Function, ids: (u16, u16), irq: u8) -> HostDevice {
        let regions = bar::regions(&function.config).collect();
        let power = function.power_state().into();
        HostDevice { generation, ids, irq, is_enabled: false, is_busmaster: false, power, regions }
    }

    /// Its regions as they were when it was found.
    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The region of a BAR.
    pub(super) fn region(&self, place: BarPlace) -> Option<&Region> {
        self.regions.iter().find(|region| region.place == place)
    }

    /// `pci_enable_device`: D0, decoding of whatever BARs there are, and its interrupt line is let loose.
    pub(super) fn enable(&mut self, hardware: &mut Hardware<'_>) {
        self.is_enabled = true;
        // A device that cannot change its power is in D0 anyway.
        let _ = self.set_power_state(hardware, 0);
        let decodes = |kind: BarKind| match kind {
            BarKind::Io => PCI_COMMAND_IO,
            BarKind::Memory32 { .. } | BarKind::Memory64 { .. } => PCI_COMMAND_MEMORY,
            BarKind::Rom => 0,
        };
        let set = self.regions.iter().fold(0, |bits, region| bits | decodes(region.kind));
        hardware.change_command(set, 0);
        if self.generation == Generation::Modern && hardware.read(PCI_INTERRUPT_PIN, Width::Byte) != 0 {
            hardware.change_command(0, PCI_COMMAND_INTX_DISABLE);
        }
    }

    /// `pci_disable_device`: the device is no longer bus master. It goes on answering.
    pub(super) fn disable(&mut self, hardware: &mut Hardware<'_>) {
        self.is_enabled = false;
        self.clear_master(hardware);
    }

    /// `pci_set_master`.
    pub(super) fn set_master(&mut self, hardware: &mut Hardware<'_>) {
        hardware.change_command(PCI_COMMAND_MASTER, 0);
        self.is_busmaster = true;
        let express = hardware.function.config.find_capability(PCI_CAP_ID_EXP).is_some();
        if !(express && self.generation == Generation::Modern) && hardware.read(PCI_LATENCY_TIMER, Width::Byte) < 16 {
            hardware.write(PCI_LATENCY_TIMER, Width::Byte, LATENCY.into());
        }
    }

    /// `pci_clear_master`.
    pub(super) fn clear_master(&mut self, hardware: &mut Hardware<'_>) {
        hardware.change_command(0, PCI_COMMAND_MASTER);
        self.is_busmaster = false;
    }

    /// `pci_set_mwi`: false if the device does not take the size of a cache line.
    pub(super) fn set_mwi(&self, hardware: &mut Hardware<'_>) -> bool {
        let fits = |size: u8| size >= CACHE_LINE && size.is_multiple_of(CACHE_LINE);
        let size = |hardware: &Hardware<'_>| hardware.read(PCI_CACHE_LINE_SIZE, Width::Byte) as u8;
        if !fits(size(hardware)) {
            hardware.write(PCI_CACHE_LINE_SIZE, Width::Byte, CACHE_LINE.into());
            if size(hardware) != CACHE_LINE {
                return false;
            }
        }
        hardware.change_command(PCI_COMMAND_INVALIDATE, 0);
        true
    }

    /// `pci_clear_mwi`.
    pub(super) fn clear_mwi(&self, hardware: &mut Hardware<'_>) {
        hardware.change_command(0, PCI_COMMAND_INVALIDATE);
    }

    /// `pci_intx`.
    pub(super) fn intx(&self, hardware: &mut Hardware<'_>, enable: bool) {
        let bit = PCI_COMMAND_INTX_DISABLE;
        if enable { hardware.change_command(0, bit) } else { hardware.change_command(bit, 0) }
    }

    /// `pci_set_power_state`; false if the device cannot. One that comes back from D3hot without its registers gets its BARs
    /// again (`pci_restore_bars`).
    pub(super) fn set_power_state(&mut self, hardware: &mut Hardware<'_>, state: u16) -> bool {
        if state == self.power {
            return true;
        }
        let Some(at) = hardware.function.config.find_capability(PCI_CAP_ID_PM) else { return false };
        let pmc = hardware.read_u16(at + PCI_PM_PMC);
        // D1 and D2 are optional, and only D0 lies on the way up.
        let offered = state != 1 && state != 2 || pmc & (1 << (8 + state)) != 0;
        if !offered || (state != 0 && state < self.power) {
            return false;
        }
        let control = hardware.read_u16(at + PCI_PM_CTRL) & !PCI_PM_CTRL_STATE_MASK;
        let reset = hardware.write_u16(at + PCI_PM_CTRL, control | state);
        self.power = state;
        if reset.is_some() {
            hardware.now += D3HOT_NANOS;
            self.restore_bars(hardware);
        }
        true
    }

    fn restore_bars(&self, hardware: &mut Hardware<'_>) {
        for region in &self.regions {
            let offset = region.place.offset();
            hardware.write(offset, Width::Dword, region.base as u32 | region.kind.type_bits());
            if region.kind.is_64() {
                hardware.write(offset + 4, Width::Dword, (region.base >> 32) as u32);
            }
        }
    }
}
