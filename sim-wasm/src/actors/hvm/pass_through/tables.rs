//! Which bits of a config space the device model keeps to itself: the tables of 3.3 (`tools/ioemu/hw/pass-through.c`,
//! `pt_emu_reg_header0_tbl` and its like) and of QEMU 4.1 (`hw/xen/xen_pt_config_init.c`, `xen_pt_emu_reg_header0` and its
//! like).
//!
//! An *emulated* bit is the device model's: the guest reads what it wrote, unless the bit is read-only too. All other bits of
//! a listed register are the hardware's; QEMU 4.1 lets no write through to those that are read-only or reserved. What is not
//! listed at all goes through in 3.3 (XSA-131), and nowhere in QEMU 4.1 unless the device is called permissive.
//!
//! Of the command register, 3.3 emulates parity, SERR and fast back-to-back only: decoding of ports and memory and the
//! interrupt's disable bit are the guest's. A guest that turns decoding off and then touches its BAR makes the machine answer
//! an unsupported request, which may stop the host (XSA-126). QEMU 4.1 keeps both decode bits.
//!
//! Not modelled: registers that few devices have (power management's data, link control, the second set of device control),
//! and capabilities that are hidden from the guest's list.

use crate::actors::hvm::release::Release;
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::msi::{MsiShape, PCI_MSI_ADDRESS_HI, PCI_MSI_ADDRESS_LO, PCI_MSI_FLAGS};
use crate::protocols::pci::msix::PCI_MSIX_FLAGS;
use crate::protocols::pci::registers::{
    PCI_CACHE_LINE_SIZE, PCI_CAP_ID_EXP, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_CAP_ID_PM, PCI_CAP_ID_VNDR,
    PCI_CAP_ID_VPD, PCI_CAPABILITY_LIST, PCI_COMMAND, PCI_DEVICE_ID, PCI_EXP_DEVCAP, PCI_EXP_DEVCTL,
    PCI_EXP_DEVCTL_INIT, PCI_HEADER_TYPE, PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN, PCI_LATENCY_TIMER, PCI_PM_CTRL,
    PCI_PM_PMC, PCI_STATUS, PCI_VENDOR_ID,
};

/// AGP, `PCI_CAP_ID_AGP`.
const PCI_CAP_ID_AGP: u8 = 0x02;
/// Slot identification, `PCI_CAP_ID_SLOTID`.
const PCI_CAP_ID_SLOTID: u8 = 0x04;
/// PCI-X, `PCI_CAP_ID_PCIX`.
const PCI_CAP_ID_PCIX: u8 = 0x07;
/// Hot-plug controller, `PCI_CAP_ID_SHPC`.
const PCI_CAP_ID_SHPC: u8 = 0x0C;
/// Subsystem IDs of a bridge, `PCI_CAP_ID_SSVID`.
const PCI_CAP_ID_SSVID: u8 = 0x0D;
/// AGP 8x, `PCI_CAP_ID_AGP3`.
const PCI_CAP_ID_AGP3: u8 = 0x0E;

/// What a register's shadow begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// This.
    Value(u32),
    /// What hardware has.
    Hardware,
    /// What hardware has of these bits.
    HardwareBits(u32),
    /// What hardware has, with these bits set.
    HardwareWith(u32),
    /// INTA if the function has an interrupt pin.
    Inta,
}

/// One register that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// From the group's beginning.
    pub offset: u16,
    /// How wide.
    pub width: Width,
    /// Bits that are the device model's.
    pub emulated: u32,
    /// Bits that the guest cannot change.
    pub read_only: u32,
    /// Bits that mean nothing, of which no write goes through unless the device is permissive.
    pub reserved: u32,
    /// What the shadow begins with.
    pub init: Init,
}

/// A stretch of config space that is treated as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Where it begins.
    pub at: u16,
    /// Its bytes.
    pub size: u16,
    /// Whether it reads as zeros and takes no write.
    pub hardwired: bool,
}

const fn byte(offset: u16, emulated: u32, read_only: u32, init: Init) -> Register {
    Register { offset, width: Width::Byte, emulated, read_only, reserved: 0, init }
}

const fn word(offset: u16, emulated: u32, read_only: u32, init: Init) -> Register {
    Register { offset, width: Width::Word, emulated, read_only, reserved: 0, init }
}

const fn dword(offset: u16, emulated: u32, read_only: u32, init: Init) -> Register {
    Register { offset, width: Width::Dword, emulated, read_only, reserved: 0, init }
}

const ZERO: Init = Init::Value(0);
const NEXT: Register = byte(1, 0xFF, 0xFF, Init::Hardware);

const HEADER_33: &[Register] = &[
    word(PCI_COMMAND, 0x0340, 0xF880, ZERO),
    byte(PCI_CAPABILITY_LIST, 0xFF, 0xFF, Init::Hardware),
    word(PCI_STATUS, 0x0010, 0x06FF, Init::HardwareBits(0x0010)),
    byte(PCI_CACHE_LINE_SIZE, 0xFF, 0x00, ZERO),
    byte(PCI_LATENCY_TIMER, 0xFF, 0x00, ZERO),
    byte(PCI_HEADER_TYPE, 0x80, 0xFF, ZERO),
    byte(PCI_INTERRUPT_LINE, 0xFF, 0x00, ZERO),
    byte(PCI_INTERRUPT_PIN, 0xFF, 0xFF, Init::Inta),
];

const HEADER_41: &[Register] = &[
    word(PCI_VENDOR_ID, 0xFFFF, 0xFFFF, Init::Hardware),
    word(PCI_DEVICE_ID, 0xFFFF, 0xFFFF, Init::Hardware),
    Register { reserved: 0xF880, ..word(PCI_COMMAND, 0x0743, 0, ZERO) },
    byte(PCI_CAPABILITY_LIST, 0xFF, 0xFF, Init::Hardware),
    Register { reserved: 0x0007, ..word(PCI_STATUS, 0x0010, 0x06F8, Init::HardwareBits(0x0010)) },
    byte(PCI_CACHE_LINE_SIZE, 0xFF, 0x00, ZERO),
    byte(PCI_LATENCY_TIMER, 0xFF, 0x00, ZERO),
    byte(PCI_HEADER_TYPE, 0x00, 0xFF, Init::HardwareWith(0x80)),
    byte(PCI_INTERRUPT_LINE, 0xFF, 0x00, ZERO),
    byte(PCI_INTERRUPT_PIN, 0xFF, 0xFF, Init::Hardware),
];

const PM_33: &[Register] =
    &[NEXT, word(PCI_PM_PMC, 0xFFE8, 0xFFFF, ZERO), word(PCI_PM_CTRL, 0xFF0B, 0x60FC, Init::Value(8))];

const PM_41: &[Register] = &[
    NEXT,
    word(PCI_PM_PMC, 0xF9C8, 0xFFFF, ZERO),
    Register { reserved: 0x00F0, ..word(PCI_PM_CTRL, 0x810B, 0xE10C, Init::Value(8)) },
];

const NEXT_ONLY: &[Register] = &[NEXT];

const EXPRESS_33: &[Register] = &[
    NEXT,
    dword(PCI_EXP_DEVCAP, 0x1000_0000, 0x1FFC_FFFF, ZERO),
    word(PCI_EXP_DEVCTL, 0xFFFF, 0x0000, Init::Value(PCI_EXP_DEVCTL_INIT as u32)),
];

const EXPRESS_41: &[Register] = &[
    NEXT,
    dword(PCI_EXP_DEVCAP, 0x1000_0000, 0xFFFF_FFFF, ZERO),
    word(PCI_EXP_DEVCTL, 0xFFFF, 0x8400, Init::Value(PCI_EXP_DEVCTL_INIT as u32)),
];

const MSI_33: &[Register] = &[
    NEXT,
    word(PCI_MSI_FLAGS, 0xFFFE, 0x018E, Init::HardwareBits(0x018E)),
    dword(PCI_MSI_ADDRESS_LO, 0xFFFF_FFFF, 0x0000_0FF0, ZERO),
];

/// Per-vector masks are no longer offered (XSA-129): the capability's bit 8 reads 0.
const MSI_41: &[Register] = &[
    NEXT,
    Register { reserved: 0xFE00, ..word(PCI_MSI_FLAGS, 0x017E, 0x018E, ZERO) },
    dword(PCI_MSI_ADDRESS_LO, 0xFFFF_FFFF, 0, ZERO),
];

const MSIX_33: &[Register] = &[NEXT, word(PCI_MSIX_FLAGS, 0x0000, 0x3FFF, Init::Hardware)];

const MSIX_41: &[Register] =
    &[NEXT, Register { reserved: 0x3800, ..word(PCI_MSIX_FLAGS, 0x0000, 0x07FF, Init::Hardware) }];

/// The registers of the header, but for its BARs.
#[must_use]
pub const fn header(release: Release) -> &'static [Register] {
    match release {
        Release::Xen33 => HEADER_33,
        Release::Today => HEADER_41,
    }
}

/// A capability: its size, whether it is shown at all, and its registers. Nothing for one that is not listed.
#[must_use]
pub fn capability(release: Release, config: &ConfigSpace, at: u16, id: u8) -> Option<(u16, bool, &'static [Register])> {
    let old = matches!(release, Release::Xen33);
    let shown = |size, older, newer| Some((size, false, if old { older } else { newer }));
    match id {
        PCI_CAP_ID_PM => shown(8, PM_33, PM_41),
        PCI_CAP_ID_VPD => shown(8, NEXT_ONLY, NEXT_ONLY),
        PCI_CAP_ID_VNDR => shown(u16::from(config.read_u8(at + 2)), NEXT_ONLY, NEXT_ONLY),
        PCI_CAP_ID_MSI => shown(msi_shape(config, at).size(), MSI_33, MSI_41),
        PCI_CAP_ID_EXP => shown(0x3C, EXPRESS_33, EXPRESS_41),
        PCI_CAP_ID_MSIX => shown(0x0C, MSIX_33, MSIX_41),
        PCI_CAP_ID_AGP | PCI_CAP_ID_AGP3 => Some((0x30, true, &[])),
        PCI_CAP_ID_SLOTID => Some((0x04, true, &[])),
        PCI_CAP_ID_PCIX => Some((0x18, true, &[])),
        PCI_CAP_ID_SHPC | PCI_CAP_ID_SSVID => Some((0x08, true, &[])),
        _ => None,
    }
}

/// The registers of an MSI capability whose place depends on its shape: the upper half of the address, the data, and in QEMU
/// 4.1 the mask and pending bits, which 3.3 does not list and so lets through (XSA-129).
#[must_use]
pub fn msi_tail(release: Release, config: &ConfigSpace, at: u16) -> [Option<Register>; 4] {
    let shape = msi_shape(config, at);
    let read_only = if matches!(release, Release::Xen33) { 0x3800 } else { 0 };
    let masks = shape.mask().filter(|_| matches!(release, Release::Today));
    [
        shape.is_64.then(|| dword(PCI_MSI_ADDRESS_HI, 0xFFFF_FFFF, 0, ZERO)),
        Some(word(shape.data(), 0xFFFF, read_only, ZERO)),
        masks.map(|mask| dword(mask, 0xFFFF_FFFF, 0xFFFF_FFFF, ZERO)),
        masks.map(|mask| dword(mask + 4, 0xFFFF_FFFF, 0, ZERO)),
    ]
}

fn msi_shape(config: &ConfigSpace, at: u16) -> MsiShape {
    MsiShape::of(config.read_u16(at + PCI_MSI_FLAGS))
}
