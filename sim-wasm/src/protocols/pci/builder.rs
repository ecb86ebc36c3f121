//! A device's config space from a short description: header, BARs, capabilities in a list.
//!
//! [`Builder`] lays capabilities out from 0x40 on, extended ones from 0x100 on, in the order in which they are asked for, each
//! with the masks that the specifications give its registers.
//!
//! ```
//! use sim_wasm::protocols::pci::bar::{BarKind, BarPlace, probe};
//! use sim_wasm::protocols::pci::builder::Builder;
//!
//! let bar = BarKind::Memory64 { prefetchable: true };
//! let mut nic = Builder::new(0x8086, 0x10FB, 0x020000).bar(0, bar, 0x2_0000, 0xF_8000_0000).flr().build();
//! let sizing = probe(&mut nic, BarPlace::Bar(0)).expect("the card has one");
//! assert_eq!((sizing.kind, sizing.size), (bar, 0x2_0000));
//! assert_eq!(nic.bytes()[0x10..0x18], [0x0C, 0, 0, 0x80, 0x0F, 0, 0, 0]); // as it was before
//! ```
//!
//! Not modelled: capabilities other than those below.

use crate::protocols::pci::bar::{BarKind, BarPlace, PCI_ROM_ADDRESS_ENABLE};
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::msi::{
    MsiShape, PCI_MSI_ADDRESS_HI, PCI_MSI_ADDRESS_LO, PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, PCI_MSI_FLAGS_QSIZE,
};
use crate::protocols::pci::msix::{
    MsixShape, PCI_MSIX_CAP_SIZEOF, PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, PCI_MSIX_FLAGS_MASKALL, PCI_MSIX_PBA,
    PCI_MSIX_TABLE,
};
use crate::protocols::pci::registers::{
    PCI_ACS_CAP, PCI_ACS_CTRL, PCI_AF_CAP, PCI_AF_CAP_FLR, PCI_AF_CAP_TP, PCI_AF_SIZEOF, PCI_ATS_CAP, PCI_ATS_CTRL,
    PCI_BIST, PCI_BIST_CAPABLE, PCI_BIST_START, PCI_BRIDGE_CONTROL, PCI_CACHE_LINE_SIZE, PCI_CAP_ID_AF, PCI_CAP_ID_EXP,
    PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_CAP_ID_PM, PCI_CAP_ID_VNDR, PCI_CAP_ID_VPD, PCI_CAPABILITY_LIST,
    PCI_CFG_SPACE_SIZE, PCI_CLASS_REVISION, PCI_COMMAND, PCI_COMMAND_VGA_PALETTE, PCI_COMMAND_WAIT, PCI_DEVICE_ID,
    PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, PCI_EXP_DEVCTL_INIT, PCI_EXP_DEVSTA,
    PCI_EXP_DEVSTA_ERRORS, PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_SRIOV, PCI_HEADER_TYPE,
    PCI_HEADER_TYPE_BRIDGE, PCI_HEADER_TYPE_MULTIFUNCTION, PCI_INTERRUPT_LINE, PCI_INTERRUPT_PIN, PCI_LATENCY_TIMER,
    PCI_PM_CTRL, PCI_PM_CTRL_DATA_SEL_MASK, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_PME_ENABLE, PCI_PM_CTRL_PME_STATUS,
    PCI_PM_CTRL_STATE_MASK, PCI_PM_PMC, PCI_PM_SIZEOF, PCI_PRIMARY_BUS, PCI_SECONDARY_BUS, PCI_STATUS,
    PCI_STATUS_CAP_LIST, PCI_STATUS_ERRORS, PCI_STD_HEADER_SIZEOF, PCI_SUBORDINATE_BUS, PCI_SUBSYSTEM_VENDOR_ID,
    PCI_VENDOR_ID, PCI_VPD_ADDR,
};
use crate::protocols::pci::sriov::{
    PCI_EXT_CAP_SRIOV_SIZEOF, PCI_SRIOV_BAR, PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_ARI, PCI_SRIOV_CTRL_MSE,
    PCI_SRIOV_CTRL_VFE, PCI_SRIOV_INITIAL_VF, PCI_SRIOV_NUM_VF, PCI_SRIOV_SUP_PGSIZE, PCI_SRIOV_SYS_PGSIZE,
    PCI_SRIOV_TOTAL_VF, PCI_SRIOV_VF_DID, PCI_SRIOV_VF_OFFSET, PCI_SRIOV_VF_STRIDE, SriovShape,
};

/// What an express function is, the device/port type of its capability (`PCI_EXP_TYPE_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExpressType {
    /// A device.
    Endpoint = 0x0,
    /// A device that still needs I/O ports.
    LegacyEndpoint = 0x1,
    /// A port of the root complex.
    RootPort = 0x4,
    /// A switch's port towards the root.
    Upstream = 0x5,
    /// A switch's port towards a device.
    Downstream = 0x6,
    /// A bridge to a conventional bus.
    PcieToPci = 0x7,
    /// A device inside the root complex.
    IntegratedEndpoint = 0x9,
}

/// A config space under construction.
#[derive(Clone, Debug)]
pub struct Builder {
    config: ConfigSpace,
    /// Where the next capability goes, and where the pointer to it is.
    next: u16,
    link: u16,
    /// The same for extended ones; 0 before the first.
    extended_next: u16,
    extended_link: Option<u16>,
}

impl Builder {
    /// An express function with a type-0 header, whose class code is base class, subclass and interface in one number. It has
    /// 4096 bytes.
    #[must_use]
    pub fn new(vendor: u16, device: u16, class: u32) -> Builder {
        Builder::begin(true, vendor, device, class)
    }

    /// A function of a conventional bus, with 256 bytes and a latency timer.
    #[must_use]
    pub fn conventional(vendor: u16, device: u16, class: u32) -> Builder {
        let mut builder = Builder::begin(false, vendor, device, class);
        builder.define(PCI_LATENCY_TIMER, Width::Byte, 0, 0xF8);
        builder
    }

    fn begin(is_express: bool, vendor: u16, device: u16, class: u32) -> Builder {
        let config = ConfigSpace::blank(is_express);
        let (next, link) = (PCI_STD_HEADER_SIZEOF, PCI_CAPABILITY_LIST);
        let mut builder = Builder { config, next, link, extended_next: PCI_CFG_SPACE_SIZE, extended_link: None };
        builder.define(PCI_VENDOR_ID, Width::Word, vendor.into(), 0);
        builder.define(PCI_DEVICE_ID, Width::Word, device.into(), 0);
        // Palette snooping and stepping are hardwired in all but ancient devices.
        let command = 0x7FF & !(PCI_COMMAND_VGA_PALETTE | PCI_COMMAND_WAIT);
        builder.define(PCI_COMMAND, Width::Word, 0, command.into());
        builder.config.define(PCI_STATUS, Width::Word, 0, 0, PCI_STATUS_ERRORS.into());
        builder.define(PCI_CLASS_REVISION, Width::Dword, class << 8, 0);
        builder.define(PCI_CACHE_LINE_SIZE, Width::Byte, 0, 0xFF);
        builder.define(PCI_INTERRUPT_LINE, Width::Byte, 0, 0xFF);
        builder
    }

    /// The revision, the class code's lowest neighbour.
    #[must_use]
    pub fn revision(mut self, revision: u8) -> Builder {
        self.define(PCI_CLASS_REVISION, Width::Byte, revision.into(), 0);
        self
    }

    /// Subsystem vendor and subsystem.
    #[must_use]
    pub fn subsystem(mut self, vendor: u16, id: u16) -> Builder {
        self.define(PCI_SUBSYSTEM_VENDOR_ID, Width::Dword, u32::from(id) << 16 | u32::from(vendor), 0);
        self
    }

    /// The device has more functions than one.
    #[must_use]
    pub fn multifunction(mut self) -> Builder {
        let kind = self.config.read_u8(PCI_HEADER_TYPE) | PCI_HEADER_TYPE_MULTIFUNCTION;
        self.define(PCI_HEADER_TYPE, Width::Byte, kind.into(), 0);
        self
    }

    /// A type-1 header with these buses, in place of BARs beyond the second. The buses stay as the firmware set them up, but a
    /// reset forgets them as all does.
    #[must_use]
    pub fn bridge(mut self, primary: u8, secondary: u8, subordinate: u8) -> Builder {
        self.define(PCI_HEADER_TYPE, Width::Byte, PCI_HEADER_TYPE_BRIDGE.into(), 0);
        let buses = [(PCI_PRIMARY_BUS, primary), (PCI_SECONDARY_BUS, secondary), (PCI_SUBORDINATE_BUS, subordinate)];
        for (offset, bus) in buses {
            self.define(offset, Width::Byte, 0, 0xFF);
            self.config.set(offset, Width::Byte, bus.into());
        }
        self.define(PCI_BRIDGE_CONTROL, Width::Word, 0, 0x0FFF);
        self
    }

    /// The interrupt pin, 1 for INTA to 4 for INTD, and the line that the firmware noted.
    #[must_use]
    pub fn interrupt(mut self, pin: u8, line: u8) -> Builder {
        self.define(PCI_INTERRUPT_PIN, Width::Byte, pin.into(), 0);
        self.config.set(PCI_INTERRUPT_LINE, Width::Byte, line.into());
        self
    }

    /// The function can test itself.
    #[must_use]
    pub fn self_test(mut self) -> Builder {
        self.define(PCI_BIST, Width::Byte, PCI_BIST_CAPABLE.into(), PCI_BIST_START.into());
        self
    }

    /// A BAR of a size and at an address that the firmware chose; one of 64 bits takes the next register as well. After a
    /// reset the address is 0.
    ///
    /// # Panics
    /// If the size is no power of two or leaves no room for the low bits, if the address is no multiple of it, or if an upper
    /// half has no register.
    #[must_use]
    pub fn bar(mut self, index: u8, kind: BarKind, size: u64, address: u64) -> Builder {
        assert!(index < 6 && !(kind.is_64() && index == 5), "there are six registers");
        assert!(kind != BarKind::Rom, "the ROM has a register of its own");
        let offset = BarPlace::Bar(index).offset();
        self.base_address(offset, kind, size, address);
        self
    }

    /// An expansion ROM, disabled.
    ///
    /// # Panics
    /// As [`Builder::bar`].
    #[must_use]
    pub fn rom(mut self, size: u64, address: u64) -> Builder {
        self.base_address(BarPlace::Rom.offset(), BarKind::Rom, size, address);
        self
    }

    fn base_address(&mut self, offset: u16, kind: BarKind, size: u64, address: u64) {
        assert!(size.is_power_of_two() && size >= kind.least_size(), "a size is a power of two above the low bits");
        assert!(kind.is_64() || size <= 1 << 31, "half of all addresses is the most that 32 bits can size");
        assert!(address.is_multiple_of(size), "a BAR's address is a multiple of its size");
        let mask = (size - 1) ^ u64::MAX;
        let enable = if kind == BarKind::Rom { PCI_ROM_ADDRESS_ENABLE } else { 0 };
        self.define(offset, Width::Dword, kind.type_bits(), mask as u32 & !kind.low_bits() | enable);
        self.config.set(offset, Width::Dword, address as u32 | kind.type_bits());
        if kind.is_64() {
            self.define(offset + 4, Width::Dword, 0, (mask >> 32) as u32);
            self.config.set(offset + 4, Width::Dword, (address >> 32) as u32);
        }
    }

    /// A capability of the vendor's own: its length, then these bytes.
    #[must_use]
    pub fn vendor(mut self, body: &[u8]) -> Builder {
        let at = self.place(PCI_CAP_ID_VNDR, 3 + body.len() as u16);
        self.define(at + 2, Width::Byte, 3 + body.len() as u32, 0);
        for (place, &byte) in (at + 3..).zip(body) {
            self.define(place, Width::Byte, byte.into(), 0);
        }
        self
    }

    /// Power management with D0 and D3hot; `pme_support` is the five-bit field of states that can wake the system.
    #[must_use]
    pub fn power_management(mut self, pme_support: u8, no_soft_reset: bool) -> Builder {
        let at = self.place(PCI_CAP_ID_PM, PCI_PM_SIZEOF);
        let version = 3;
        self.define(at + PCI_PM_PMC, Width::Word, u32::from(pme_support) << 11 | version, 0);
        let value = if no_soft_reset { PCI_PM_CTRL_NO_SOFT_RESET } else { 0 };
        let writable = PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_DATA_SEL_MASK;
        let status = u32::from(PCI_PM_CTRL_PME_STATUS);
        self.config.define(at + PCI_PM_CTRL, Width::Word, value.into(), writable.into(), status);
        self
    }

    /// Vital product data; address and data can be written, as the specification has it.
    #[must_use]
    pub fn vital_product_data(mut self) -> Builder {
        let at = self.place(PCI_CAP_ID_VPD, 8);
        self.define(at + PCI_VPD_ADDR, Width::Word, 0, 0xFFFF);
        self.define(at + 4, Width::Dword, 0, u32::MAX);
        self
    }

    /// Message signalled interrupts.
    ///
    /// # Panics
    /// If it asks for more than 32 vectors, 2 to the power of 5.
    #[must_use]
    pub fn msi(mut self, shape: MsiShape) -> Builder {
        assert!(shape.vectors_log2 <= 5, "MSI has at most 32 vectors");
        let at = self.place(PCI_CAP_ID_MSI, shape.size());
        let writable = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE;
        self.define(at + PCI_MSI_FLAGS, Width::Word, shape.flags().into(), writable.into());
        self.define(at + PCI_MSI_ADDRESS_LO, Width::Dword, 0, !3);
        if shape.is_64 {
            self.define(at + PCI_MSI_ADDRESS_HI, Width::Dword, 0, u32::MAX);
        }
        self.define(at + shape.data(), Width::Word, 0, 0xFFFF);
        if let Some(mask) = shape.mask() {
            let vectors = u32::MAX >> (32 - (1_u32 << shape.vectors_log2));
            self.define(at + mask, Width::Dword, 0, vectors);
        }
        self
    }

    /// Message signalled interrupts with a table in a BAR.
    ///
    /// # Panics
    /// If the table has no entry or more than 2048, or an offset is no multiple of eight.
    #[must_use]
    pub fn msix(mut self, shape: MsixShape) -> Builder {
        assert!((1..=2048).contains(&shape.entries), "MSI-X has 1 to 2048 entries");
        assert!((shape.table.offset | shape.pba.offset) & 7 == 0, "the BAR's number lies in the offset's low bits");
        let at = self.place(PCI_CAP_ID_MSIX, PCI_MSIX_CAP_SIZEOF);
        let writable = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;
        self.define(at + PCI_MSIX_FLAGS, Width::Word, u32::from(shape.entries) - 1, writable.into());
        self.define(at + PCI_MSIX_TABLE, Width::Dword, shape.table.offset | u32::from(shape.table.bar), 0);
        self.define(at + PCI_MSIX_PBA, Width::Dword, shape.pba.offset | u32::from(shape.pba.bar), 0);
        self
    }

    /// PCI Express, of a kind and with device capabilities such as [`PCI_EXP_DEVCAP_FLR`].
    #[must_use]
    pub fn express(mut self, kind: ExpressType, devcap: u32) -> Builder {
        /// Version 2 of the capability, whose registers of links, slots and roots are zeros here.
        const SIZE: u16 = 60;
        let at = self.place(PCI_CAP_ID_EXP, SIZE);
        let version = 2;
        self.define(at + 2, Width::Word, (kind as u32) << 4 | version, 0);
        self.define(at + PCI_EXP_DEVCAP, Width::Dword, devcap, 0);
        let writable = !PCI_EXP_DEVCTL_BCR_FLR;
        self.define(at + PCI_EXP_DEVCTL, Width::Word, PCI_EXP_DEVCTL_INIT.into(), writable.into());
        self.config.define(at + PCI_EXP_DEVSTA, Width::Word, 0, 0, PCI_EXP_DEVSTA_ERRORS.into());
        self
    }

    /// PCI Express endpoint with function level reset.
    #[must_use]
    pub fn flr(self) -> Builder {
        self.express(ExpressType::Endpoint, PCI_EXP_DEVCAP_FLR)
    }

    /// Express features of a conventional function, with or without function level reset.
    #[must_use]
    pub fn advanced_features(mut self, flr: bool) -> Builder {
        let at = self.place(PCI_CAP_ID_AF, PCI_AF_SIZEOF);
        self.define(at + 2, Width::Byte, PCI_AF_SIZEOF.into(), 0);
        let cap = if flr { PCI_AF_CAP_FLR | PCI_AF_CAP_TP } else { 0 };
        self.define(at + PCI_AF_CAP, Width::Byte, cap.into(), 0);
        self
    }

    /// Access control services that a port offers (`PCI_ACS_*`); none is on.
    #[must_use]
    pub fn access_control(mut self, offered: u16) -> Builder {
        let at = self.place_extended(PCI_EXT_CAP_ID_ACS, 8);
        self.define(at + PCI_ACS_CAP, Width::Word, offered.into(), 0);
        self.define(at + PCI_ACS_CTRL, Width::Word, 0, (offered & 0x7F).into());
        self
    }

    /// Address translation services with a queue of so many invalidations, 0 for 32.
    #[must_use]
    pub fn address_translation(mut self, queue_depth: u8) -> Builder {
        let at = self.place_extended(PCI_EXT_CAP_ID_ATS, 8);
        self.define(at + PCI_ATS_CAP, Width::Word, u32::from(queue_depth & 0x1F), 0);
        self.define(at + PCI_ATS_CTRL, Width::Word, 0, 0x801F);
        self
    }

    /// Virtual functions, none of them enabled.
    ///
    /// # Panics
    /// If a BAR's size is none.
    #[must_use]
    pub fn virtual_functions(mut self, shape: &SriovShape) -> Builder {
        let at = self.place_extended(PCI_EXT_CAP_ID_SRIOV, PCI_EXT_CAP_SRIOV_SIZEOF);
        let control = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI;
        self.define(at + PCI_SRIOV_CTRL, Width::Word, 0, control.into());
        self.define(at + PCI_SRIOV_INITIAL_VF, Width::Word, shape.total.into(), 0);
        self.define(at + PCI_SRIOV_TOTAL_VF, Width::Word, shape.total.into(), 0);
        self.define(at + PCI_SRIOV_NUM_VF, Width::Word, 0, 0xFFFF);
        self.define(at + PCI_SRIOV_VF_OFFSET, Width::Word, shape.first_offset.into(), 0);
        self.define(at + PCI_SRIOV_VF_STRIDE, Width::Word, shape.stride.into(), 0);
        self.define(at + PCI_SRIOV_VF_DID, Width::Word, shape.device.into(), 0);
        self.define(at + PCI_SRIOV_SUP_PGSIZE, Width::Dword, 1, 0);
        self.define(at + PCI_SRIOV_SYS_PGSIZE, Width::Dword, 1, 1);
        for bar in shape.bars.iter().flatten() {
            assert!(bar.kind != BarKind::Io && bar.kind != BarKind::Rom, "virtual functions have memory BARs only");
            self.base_address(at + PCI_SRIOV_BAR + 4 * u16::from(bar.index), bar.kind, bar.size, bar.address);
        }
        self
    }

    /// Fewer bits of a register can be written than usual.
    pub fn restrict(&mut self, offset: u16, width: Width, writable: u32) {
        self.define(offset, width, self.config.read(offset, width), writable);
    }

    /// The finished config space.
    #[must_use]
    pub fn build(self) -> ConfigSpace {
        self.config
    }

    fn define(&mut self, offset: u16, width: Width, value: u32, writable: u32) {
        self.config.define(offset, width, value, writable, 0);
    }

    fn place(&mut self, id: u8, size: u16) -> u16 {
        let at = self.next;
        self.next = (at + size).next_multiple_of(4);
        assert!(self.next <= PCI_CFG_SPACE_SIZE, "256 bytes hold all capabilities");
        self.define(self.link, Width::Byte, at.into(), 0);
        self.link = at + 1;
        self.define(at, Width::Byte, id.into(), 0);
        self.config.define(PCI_STATUS, Width::Word, PCI_STATUS_CAP_LIST.into(), 0, PCI_STATUS_ERRORS.into());
        at
    }

    fn place_extended(&mut self, id: u16, size: u16) -> u16 {
        assert!(self.config.size() > PCI_CFG_SPACE_SIZE, "a conventional function has no extended capability");
        let (at, version) = (self.extended_next, 1);
        self.extended_next = (at + size).next_multiple_of(4);
        if let Some(link) = self.extended_link {
            let header = self.config.read_u32(link) | u32::from(at) << 20;
            self.define(link, Width::Dword, header, 0);
        }
        self.extended_link = Some(at);
        self.define(at, Width::Dword, u32::from(id) | version << 16, 0);
        at
    }
}
