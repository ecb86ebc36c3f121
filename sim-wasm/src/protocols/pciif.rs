//! The page that pcifront and pciback share (`xen/include/public/io/pciif.h`): one request at a time, and no ring.
//!
//! ```text
//!     0  flags: 0 request of the front, 1 the front handles errors, 2 request of the back
//!     4  op:  4 cmd, 8 err, 12 domain, 16 bus, 20 devfn, 24 offset, 28 size, 32 value, 36 info,
//!             40 .. 552  128 entries of two bytes vector and two bytes entry
//!   552  aer_op:  552 cmd, 556 err, 560 domain, 564 bus, 568 devfn
//!   572  nothing more
//! ```
//!
//! The front writes its request, sets bit 0 and notifies; the back carries it out, writes error and value where the request
//! was, clears bit 0 and notifies. Reports of errors go the other way with bit 2, by the same event channel.
//! [`crate::protocols::pciif_model`] explores both halves step by step.
//!
//! In Xen 3.3 only bit 0 and the first six commands exist.
//!
//! Not modelled: what `info` is for, which nobody uses.

use crate::hypervisor::page::Page;
use crate::words::ids::Bdf;

/// What the front writes into the store so that both mean the same page (`XEN_PCI_MAGIC`).
pub const XEN_PCI_MAGIC: &str = "7";

/// Flag: a request of the front's is under way.
pub const XEN_PCIF_ACTIVE: u32 = 1 << 0;
/// Flag: the front handles errors that the back reports.
pub const XEN_PCIB_AERHANDLER: u32 = 1 << 1;
/// Flag: a request of the back's is under way.
pub const XEN_PCIB_ACTIVE: u32 = 1 << 2;

/// Where the flags lie.
pub const FLAGS: usize = 0;
/// Where the request lies.
pub const OP: usize = 4;
/// Where the command lies.
pub const OP_CMD: usize = OP;
/// Where the error lies.
pub const OP_ERR: usize = OP + 4;
/// Where the domain of the bus lies.
pub const OP_DOMAIN: usize = OP + 8;
/// Where the bus lies.
pub const OP_BUS: usize = OP + 12;
/// Where device and function lie.
pub const OP_DEVFN: usize = OP + 16;
/// Where the offset lies.
pub const OP_OFFSET: usize = OP + 20;
/// Where the size lies.
pub const OP_SIZE: usize = OP + 24;
/// Where the value lies.
pub const OP_VALUE: usize = OP + 28;
/// Where what nobody uses lies.
pub const OP_INFO: usize = OP + 32;
/// Where the entries for MSI-X lie.
pub const OP_MSIX_ENTRIES: usize = OP + 36;
/// How many entries there are (`SH_INFO_MAX_VEC`).
pub const SH_INFO_MAX_VEC: u32 = 128;
/// Bytes of an entry.
pub const MSIX_ENTRY_SIZE: usize = 4;
/// Where the report of an error lies.
pub const AER_OP: usize = OP_MSIX_ENTRIES + MSIX_ENTRY_SIZE * SH_INFO_MAX_VEC as usize;
/// Bytes that are used in all.
pub const SHARED_SIZE: usize = AER_OP + 20;

/// What is asked for (`XEN_PCI_OP_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum PciCmd {
    /// Read the config space.
    ConfRead = 0,
    /// Write the config space.
    ConfWrite = 1,
    /// Turn MSI on.
    EnableMsi = 2,
    /// Turn MSI off.
    DisableMsi = 3,
    /// Turn MSI-X on.
    EnableMsix = 4,
    /// Turn MSI-X off.
    DisableMsix = 5,
    /// The back: an error was found.
    AerDetected = 6,
    /// The back: go on.
    AerResume = 7,
    /// The back: memory space answers again.
    AerMmio = 8,
    /// The back: the slot was reset.
    AerSlotReset = 9,
    /// Turn MSI on with several vectors.
    EnableMultiMsi = 10,
}

impl PciCmd {
    /// All commands, by number.
    pub const ALL: [PciCmd; 11] = [
        PciCmd::ConfRead,
        PciCmd::ConfWrite,
        PciCmd::EnableMsi,
        PciCmd::DisableMsi,
        PciCmd::EnableMsix,
        PciCmd::DisableMsix,
        PciCmd::AerDetected,
        PciCmd::AerResume,
        PciCmd::AerMmio,
        PciCmd::AerSlotReset,
        PciCmd::EnableMultiMsi,
    ];

    /// The command of a number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<PciCmd> {
        PciCmd::ALL.get(number as usize).copied()
    }
}

/// Done.
pub const XEN_PCI_ERR_SUCCESS: i32 = 0;
/// There is no such device.
pub const XEN_PCI_ERR_DEV_NOT_FOUND: i32 = -1;
/// There is no such access.
pub const XEN_PCI_ERR_INVALID_OFFSET: i32 = -2;
/// It may not be done.
pub const XEN_PCI_ERR_ACCESS_DENIED: i32 = -3;
/// The back does not know the command.
pub const XEN_PCI_ERR_NOT_IMPLEMENTED: i32 = -4;
/// It went wrong.
pub const XEN_PCI_ERR_OP_FAILED: i32 = -5;

/// Linux's own, which pciback answers besides: there is no such address, or the device is in no state for it.
pub const ENXIO: i32 = -6;
/// Linux: there is no such device.
pub const ENODEV: i32 = -19;
/// Linux: the request makes no sense.
pub const EINVAL: i32 = -22;
/// Linux: it is done already.
pub const EALREADY: i32 = -114;

/// Where a device is for a guest: the domain of the bus, the bus, device and function. Two domains of one machine can have
/// the same bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The domain of the bus, which has nothing to do with Xen's domains.
    pub domain: u32,
    /// Bus, device and function.
    pub bdf: Bdf,
}

impl Place {
    /// A place in the first domain.
    #[must_use]
    pub const fn new(bdf: Bdf) -> Place {
        Place { domain: 0, bdf }
    }

    /// The place that three numbers name; nothing if one is too large for any.
    #[must_use]
    pub fn from_numbers(domain: u32, bus: u32, devfn: u32) -> Option<Place> {
        let (bus, devfn) = (u8::try_from(bus).ok()?, u8::try_from(devfn).ok()?);
        Some(Place { domain, bdf: Bdf(u16::from(bus) << 8 | u16::from(devfn)) })
    }
}

/// A request without its entries for MSI-X (`struct xen_pci_op`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PciOp {
    /// A [`PciCmd`], or whatever the front wrote.
    pub cmd: u32,
    /// The answer's error, `XEN_PCI_ERR_*` or a negative error number of Linux.
    pub err: i32,
    /// The domain of the bus.
    pub domain: u32,
    /// The bus.
    pub bus: u32,
    /// Device and function.
    pub devfn: u32,
    /// Where in the config space.
    pub offset: i32,
    /// How many bytes.
    pub size: i32,
    /// What to write, what was read, how many vectors.
    pub value: u32,
}

impl PciOp {
    /// A request for a device, with everything else zero.
    #[must_use]
    pub fn new(cmd: PciCmd, place: Place) -> PciOp {
        let Place { domain, bdf } = place;
        let (bus, devfn) = (bdf.bus().into(), bdf.devfn().into());
        PciOp { cmd: cmd as u32, err: 0, domain, bus, devfn, offset: 0, size: 0, value: 0 }
    }

    /// A read of the config space.
    #[must_use]
    pub fn conf_read(place: Place, offset: i32, size: i32) -> PciOp {
        PciOp { offset, size, ..PciOp::new(PciCmd::ConfRead, place) }
    }

    /// A write of the config space.
    #[must_use]
    pub fn conf_write(place: Place, offset: i32, size: i32, value: u32) -> PciOp {
        PciOp { offset, size, value, ..PciOp::new(PciCmd::ConfWrite, place) }
    }

    /// The device that it is about.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        Place::from_numbers(self.domain, self.bus, self.devfn)
    }

    /// Copies the request out of the page.
    #[must_use]
    pub fn load(page: &Page) -> PciOp {
        PciOp {
            cmd: page.read_u32(OP_CMD),
            err: page.read_u32(OP_ERR) as i32,
            domain: page.read_u32(OP_DOMAIN),
            bus: page.read_u32(OP_BUS),
            devfn: page.read_u32(OP_DEVFN),
            offset: page.read_u32(OP_OFFSET) as i32,
            size: page.read_u32(OP_SIZE) as i32,
            value: page.read_u32(OP_VALUE),
        }
    }

    /// Copies the request into the page.
    pub fn store(&self, page: &mut Page) {
        let PciOp { cmd, err, domain, bus, devfn, offset, size, value } = *self;
        let words = [cmd, err as u32, domain, bus, devfn, offset as u32, size as u32, value];
        for (place, word) in words.into_iter().enumerate() {
            page.write_u32(OP + 4 * place, word);
        }
    }
}

/// One vector that MSI-X is to have (`struct xen_msix_entry`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MsixEntry {
    /// The answer: the physical interrupt.
    pub vector: u16,
    /// Which entry of the device's table.
    pub entry: u16,
}

impl MsixEntry {
    /// Reads an entry of the page, in the array or behind it: the number is the front's to choose.
    ///
    /// # Panics
    /// If it lies beyond the page.
    #[must_use]
    pub fn load(page: &Page, number: u32) -> MsixEntry {
        let at = OP_MSIX_ENTRIES + MSIX_ENTRY_SIZE * number as usize;
        MsixEntry { vector: page.read_u16(at), entry: page.read_u16(at + 2) }
    }

    /// Writes an entry of the page.
    ///
    /// # Panics
    /// If it lies beyond the page.
    pub fn store(self, page: &mut Page, number: u32) {
        let at = OP_MSIX_ENTRIES + MSIX_ENTRY_SIZE * number as usize;
        page.write_u16(at, self.vector);
        page.write_u16(at + 2, self.entry);
    }
}

/// A report of an error (`struct xen_pcie_aer_op`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AerOp {
    /// A [`PciCmd`] of the back's.
    pub cmd: u32,
    /// The state of the channel, and in the answer what the driver says (`pci_ers_result_t`).
    pub err: i32,
    /// The domain of the bus.
    pub domain: u32,
    /// The bus.
    pub bus: u32,
    /// Device and function.
    pub devfn: u32,
}

impl AerOp {
    /// Copies the report out of the page.
    #[must_use]
    pub fn load(page: &Page) -> AerOp {
        let word = |place: usize| page.read_u32(AER_OP + 4 * place);
        AerOp { cmd: word(0), err: word(1) as i32, domain: word(2), bus: word(3), devfn: word(4) }
    }

    /// Copies the report into the page.
    pub fn store(&self, page: &mut Page) {
        let words = [self.cmd, self.err as u32, self.domain, self.bus, self.devfn];
        for (place, word) in words.into_iter().enumerate() {
            page.write_u32(AER_OP + 4 * place, word);
        }
    }
}

/// Whether a flag is set.
#[must_use]
pub fn is_set(page: &Page, flag: u32) -> bool {
    page.read_u32(FLAGS) & flag != 0
}

/// Sets a flag.
pub fn set(page: &mut Page, flag: u32) {
    page.write_u32(FLAGS, page.read_u32(FLAGS) | flag);
}

/// Clears a flag.
pub fn clear(page: &mut Page, flag: u32) {
    page.write_u32(FLAGS, page.read_u32(FLAGS) & !flag);
}

#[cfg(test)]
mod tests {
    use super::{AER_OP, AerOp, MsixEntry, OP_INFO, OP_MSIX_ENTRIES, PciCmd, PciOp, Place, SHARED_SIZE, set};
    use crate::hypervisor::page::Page;
    use crate::words::ids::Bdf;

    #[test]
    fn everything_lies_where_the_header_has_it() {
        assert_eq!((OP_INFO, OP_MSIX_ENTRIES, AER_OP, SHARED_SIZE), (36, 40, 552, 572));
        let mut page = Page::zeroed();
        PciOp { err: -3, ..PciOp::conf_write(Place::new(Bdf::new(2, 3, 1)), 0x10, 4, 0xAABB_CCDD) }.store(&mut page);
        assert_eq!(page.bytes()[4..12], [1, 0, 0, 0, 0xFD, 0xFF, 0xFF, 0xFF]);
        assert_eq!([16, 20, 24, 28, 32].map(|at| page.read_u32(at)), [2, 0x19, 0x10, 4, 0xAABB_CCDD]);
        MsixEntry { vector: 7, entry: 127 }.store(&mut page, 127);
        assert_eq!(page.bytes()[548..552], [7, 0, 127, 0]);
        AerOp { cmd: 9, err: -1, domain: 0, bus: 2, devfn: 0x19 }.store(&mut page);
        assert_eq!(page.bytes()[568..576], [0x19, 0, 0, 0, 0, 0, 0, 0]);
        set(&mut page, 4);
        assert_eq!(page.read_u32(0), 4);
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let mut page = Page::zeroed();
        let op = PciOp { err: -5, ..PciOp::conf_read(Place { domain: 1, bdf: Bdf(0xFFFF) }, -4, 4) };
        let aer = AerOp { cmd: 6, err: 2, domain: 1, bus: 3, devfn: 4 };
        op.store(&mut page);
        aer.store(&mut page);
        assert_eq!((PciOp::load(&page), AerOp::load(&page)), (op, aer));
        assert_eq!(op.place(), Some(Place { domain: 1, bdf: Bdf(0xFFFF) }));
        assert_eq!(PciOp { bus: 256, ..op }.place(), None);
        assert_eq!((PciCmd::from_number(10), PciCmd::from_number(11)), (Some(PciCmd::EnableMultiMsi), None));
    }
}
