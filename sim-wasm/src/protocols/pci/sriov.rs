//! SR-IOV: what a physical function's capability makes of its virtual functions.
//!
//! ```text
//!   +08 control: 0 VFs exist, 3 VFs answer in memory space, 4 ARI    +0c initial   +0e total   +10 number of VFs
//!   +14 first offset   +16 stride   +1a device ID   +1c / +20 page sizes   +24 .. +38 the VFs' six BARs
//! ```
//!
//! The nth virtual function has the requester ID `PF + first offset + n * stride`, so it may stand on another bus than its
//! physical function, and its nth share of each BAR. Its own config space says neither who made it nor where it is: vendor
//! and device read ffff, BARs read 0, and there is neither INTx nor I/O.
//!
//! Sources: `include/uapi/linux/pci_regs.h` for the layout; the rules follow the SR-IOV specification.
//!
//! Not modelled: migration of virtual functions, function dependency links, and page sizes other than 4096 bytes.

use crate::protocols::pci::bar::{BarKind, BarPlace, Region, region_among};
use crate::protocols::pci::builder::Builder;
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_MASTER, PCI_EXT_CAP_ID_SRIOV, PCI_INTERRUPT_LINE};
use crate::words::ids::Bdf;

/// Control, two bytes.
pub const PCI_SRIOV_CTRL: u16 = 0x08;
/// Control: the virtual functions exist.
pub const PCI_SRIOV_CTRL_VFE: u16 = 1 << 0;
/// Control: the virtual functions answer in memory space.
pub const PCI_SRIOV_CTRL_MSE: u16 = 1 << 3;
/// Control: functions beyond the eighth may be used.
pub const PCI_SRIOV_CTRL_ARI: u16 = 1 << 4;
/// Virtual functions at first, two bytes.
pub const PCI_SRIOV_INITIAL_VF: u16 = 0x0C;
/// Virtual functions at most, two bytes.
pub const PCI_SRIOV_TOTAL_VF: u16 = 0x0E;
/// Virtual functions that are to exist, two bytes; it stays as it is while they do.
pub const PCI_SRIOV_NUM_VF: u16 = 0x10;
/// From the physical to the first virtual function, two bytes.
pub const PCI_SRIOV_VF_OFFSET: u16 = 0x14;
/// From one virtual function to the next, two bytes.
pub const PCI_SRIOV_VF_STRIDE: u16 = 0x16;
/// The device ID of the virtual functions, two bytes.
pub const PCI_SRIOV_VF_DID: u16 = 0x1A;
/// Page sizes that it can, four bytes.
pub const PCI_SRIOV_SUP_PGSIZE: u16 = 0x1C;
/// The page size in use, four bytes.
pub const PCI_SRIOV_SYS_PGSIZE: u16 = 0x20;
/// The first of the virtual functions' six BARs.
pub const PCI_SRIOV_BAR: u16 = 0x24;
/// Bytes of the capability.
pub const PCI_EXT_CAP_SRIOV_SIZEOF: u16 = 0x40;

/// A BAR of all virtual functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VfBar {
    /// Which, from 0.
    pub index: u8,
    /// Memory of 32 or 64 bits.
    pub kind: BarKind,
    /// Bytes for each virtual function.
    pub size: u64,
    /// Where that of the first one begins.
    pub address: u64,
}

/// What a physical function's capability looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SriovShape {
    /// Virtual functions at most.
    pub total: u16,
    /// From the physical to the first virtual function.
    pub first_offset: u16,
    /// From one virtual function to the next.
    pub stride: u16,
    /// The device ID of the virtual functions.
    pub device: u16,
    /// Their BARs.
    pub bars: [Option<VfBar>; 6],
}

/// A physical function's capability as its registers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sriov {
    /// Where the capability lies.
    pub at: u16,
    /// Whether the virtual functions exist.
    pub enabled: bool,
    /// Whether they answer in memory space.
    pub decodes_memory: bool,
    /// Virtual functions at most.
    pub total: u16,
    /// Virtual functions that are to exist.
    pub number: u16,
    /// From the physical to the first virtual function.
    pub first_offset: u16,
    /// From one virtual function to the next.
    pub stride: u16,
}

impl Sriov {
    /// Reads the capability; nothing if there is none.
    #[must_use]
    pub fn of(config: &ConfigSpace) -> Option<Sriov> {
        let at = config.find_extended_capability(PCI_EXT_CAP_ID_SRIOV)?;
        let control = config.read_u16(at + PCI_SRIOV_CTRL);
        Some(Sriov {
            at,
            enabled: control & PCI_SRIOV_CTRL_VFE != 0,
            decodes_memory: control & PCI_SRIOV_CTRL_MSE != 0,
            total: config.read_u16(at + PCI_SRIOV_TOTAL_VF),
            number: config.read_u16(at + PCI_SRIOV_NUM_VF),
            first_offset: config.read_u16(at + PCI_SRIOV_VF_OFFSET),
            stride: config.read_u16(at + PCI_SRIOV_VF_STRIDE),
        })
    }

    /// How many virtual functions exist now.
    #[must_use]
    pub const fn existing(&self) -> u16 {
        if self.enabled { if self.number < self.total { self.number } else { self.total } } else { 0 }
    }

    /// The requester ID of the nth virtual function, from 0; nothing if it does not exist or bus 255 is passed.
    #[must_use]
    pub fn rid(&self, physical: Bdf, n: u16) -> Option<Bdf> {
        if n >= self.existing() {
            return None;
        }
        let rid = u32::from(physical.0) + u32::from(self.first_offset) + u32::from(n) * u32::from(self.stride);
        u16::try_from(rid).ok().map(Bdf)
    }

    /// What a BAR of the nth virtual function stands for, whether or not it answers there.
    #[must_use]
    pub fn region(&self, config: &ConfigSpace, n: u16, index: u8) -> Option<Region> {
        if n >= self.existing() || index > 5 {
            return None;
        }
        let first = region_among(config, self.at + PCI_SRIOV_BAR, BarPlace::Bar(index))?;
        Some(Region { base: first.base + u64::from(n) * first.size, ..first })
    }
}

/// Makes so many virtual functions exist and answer, as a physical function's driver does; `NumVFs` first, for it stays
/// while they exist.
pub fn enable(config: &mut ConfigSpace, number: u16) {
    let Some(Sriov { at, .. }) = Sriov::of(config) else { return };
    config.write(at + PCI_SRIOV_CTRL, Width::Word, 0);
    config.write(at + PCI_SRIOV_NUM_VF, Width::Word, number.into());
    config.write(at + PCI_SRIOV_CTRL, Width::Word, (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE).into());
}

/// A builder for a virtual function's config space: IDs of ones, no BARs, no interrupt line or pin, and of the command
/// register nothing but bus mastering.
#[must_use]
pub fn virtual_function(class: u32) -> Builder {
    let mut config = Builder::new(0xFFFF, 0xFFFF, class);
    config.restrict(PCI_COMMAND, Width::Word, PCI_COMMAND_MASTER.into());
    config.restrict(PCI_INTERRUPT_LINE, Width::Byte, 0);
    config
}
