//! Xen's platform device: how a guest with drivers of its own for Xen sends the emulated devices away
//! (`docs/misc/hvm-emulated-unplug`).
//!
//! ```text
//!   read  16 bits at port 10   49d2: the protocol is there
//!   read   8 bits at port 12   its version
//!   write 16 bits at port 10   mask: 0 disks, not CD drives   1 network cards   2 disks but the first   3 NVMe
//! ```
//!
//! Until then one disk has two ways: the emulated one, whose writes lie in the device model's memory until it flushes them,
//! and the split driver's, which goes to the disk. Who uses both reads what is no longer true and writes over what is newer.
//! So the guest unplugs before its drivers attach, and nothing brings the emulated devices back until it restarts.
//!
//! The device model of 3.3's own tree has the device but not the protocol; it came with the next one.
//!
//! Not modelled: the blacklist of drivers, the log port, and the device's memory.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::log::hvm::Hvm;

/// The ports begin here, `XEN_IOPORT_BASE`.
pub const XEN_IOPORT_BASE: u16 = 0x10;
/// The port of magic and mask.
pub const XEN_IOPORT_MAGIC: u16 = XEN_IOPORT_BASE;
/// The port of the version.
pub const XEN_IOPORT_PROTOVER: u16 = XEN_IOPORT_BASE + 2;
/// What says that the protocol is there, `XEN_IOPORT_MAGIC_VAL`.
pub const XEN_IOPORT_MAGIC_VAL: u16 = 0x49D2;

/// All IDE and SCSI disks, but no CD drive (`UNPLUG_ALL_DISKS`).
pub const UNPLUG_ALL_DISKS: u16 = 1;
/// All network cards (`UNPLUG_ALL_NICS`).
pub const UNPLUG_ALL_NICS: u16 = 2;
/// All IDE disks but the first (`UNPLUG_AUX_IDE_DISKS`).
pub const UNPLUG_AUX_IDE_DISKS: u16 = 4;
/// All NVMe disks (`UNPLUG_NVME_DISKS`).
pub const UNPLUG_NVME_DISKS: u16 = 8;

/// An emulated device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Emulated {
    /// The first IDE disk.
    PrimaryDisk,
    /// Another IDE disk, or a SCSI one.
    OtherDisk,
    /// A CD drive.
    CdDrive,
    /// A network card.
    Nic,
    /// An NVMe disk.
    NvmeDisk,
}

impl Emulated {
    /// All there are.
    pub const ALL: [Emulated; 5] =
        [Emulated::PrimaryDisk, Emulated::OtherDisk, Emulated::CdDrive, Emulated::Nic, Emulated::NvmeDisk];

    /// Whether a mask takes it away.
    #[must_use]
    pub const fn goes_with(self, mask: u16) -> bool {
        let bits = match self {
            Emulated::PrimaryDisk => UNPLUG_ALL_DISKS,
            Emulated::OtherDisk => UNPLUG_ALL_DISKS | UNPLUG_AUX_IDE_DISKS,
            Emulated::CdDrive => 0,
            Emulated::Nic => UNPLUG_ALL_NICS,
            Emulated::NvmeDisk => UNPLUG_NVME_DISKS,
        };
        mask & bits != 0
    }
}

/// The device, and which emulated devices are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    version: u8,
    there: Vec<Emulated>,
}

impl Platform {
    /// A guest with these emulated devices.
    #[must_use]
    pub fn new(there: &[Emulated]) -> Platform {
        Platform { version: 1, there: there.to_vec() }
    }

    /// What is left.
    #[must_use]
    pub fn there(&self) -> &[Emulated] {
        &self.there
    }

    /// Whether a device is still emulated.
    #[must_use]
    pub fn has(&self, device: Emulated) -> bool {
        self.there.contains(&device)
    }

    /// What a guest reads from one of the ports; ones from every other.
    #[must_use]
    pub const fn read(&self, port: u16, size: u32) -> u32 {
        match (port, size) {
            (XEN_IOPORT_MAGIC, 2) => XEN_IOPORT_MAGIC_VAL as u32,
            (XEN_IOPORT_PROTOVER, 1) => self.version as u32,
            (_, 1) => 0xFF,
            (_, 2) => 0xFFFF,
            _ => u32::MAX,
        }
    }

    /// What a guest writes to one of the ports takes away.
    pub fn write(&mut self, host: &mut Host<'_>, port: u16, size: u32, value: u32) -> Vec<Emulated> {
        if (port, size) != (XEN_IOPORT_MAGIC, 2) {
            return Vec::new();
        }
        let mask = value as u16;
        let (gone, left) = self.there.iter().partition::<Vec<Emulated>, _>(|device| device.goes_with(mask));
        self.there = left;
        host.step(Hvm::Unplugged { mask, devices: gone.len() as u8 });
        gone
    }
}

/// By which way a disk is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// The emulated controller.
    Emulated,
    /// The split driver.
    Split,
}

/// A disk that two ways lead to; a sector is one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedDisk {
    /// What lies on it.
    sectors: Vec<u32>,
    /// What the device model has taken and not yet written, or has read and keeps.
    cache: Vec<Option<u32>>,
    dirty: Vec<bool>,
    /// What was written last, by whichever way: what an honest disk would read.
    latest: Vec<u32>,
    emulated: bool,
}

impl SharedDisk {
    /// An empty disk of so many sectors.
    #[must_use]
    pub fn new(sectors: u32) -> SharedDisk {
        let count = sectors as usize;
        SharedDisk {
            sectors: vec![0; count],
            cache: vec![None; count],
            dirty: vec![false; count],
            latest: vec![0; count],
            emulated: true,
        }
    }

    /// Reads a sector; nothing by a way that is gone. An answer that is not what was written last is told.
    ///
    /// # Panics
    /// If the disk has no such sector.
    pub fn read(&mut self, host: &mut Host<'_>, path: Path, sector: u32) -> Option<u32> {
        let at = sector as usize;
        let found = match path {
            Path::Split => self.sectors[at],
            Path::Emulated if !self.emulated => return None,
            Path::Emulated => *self.cache[at].get_or_insert(self.sectors[at]),
        };
        if found != self.latest[at] {
            host.step(Hvm::StaleRead { sector, split: path == Path::Split });
        }
        Some(found)
    }

    /// Writes a sector; false by a way that is gone.
    ///
    /// # Panics
    /// If the disk has no such sector.
    pub fn write(&mut self, path: Path, sector: u32, value: u32) -> bool {
        let at = sector as usize;
        match path {
            Path::Split => self.sectors[at] = value,
            Path::Emulated if !self.emulated => return false,
            Path::Emulated => (self.cache[at], self.dirty[at]) = (Some(value), true),
        }
        self.latest[at] = value;
        true
    }

    /// The device model writes out what it has taken. Sectors where something newer lay by then are told, and lost.
    pub fn flush(&mut self, host: &mut Host<'_>) {
        for at in 0..self.sectors.len() {
            let (Some(value), true) = (self.cache[at], self.dirty[at]) else { continue };
            self.dirty[at] = false;
            self.sectors[at] = value;
            if value != self.latest[at] {
                host.step(Hvm::SectorLost { sector: at as u32 });
                self.latest[at] = value;
            }
        }
    }

    /// The emulated controller goes: what it has taken is written out first.
    pub fn unplug(&mut self, host: &mut Host<'_>) {
        self.flush(host);
        self.cache.fill(None);
        self.emulated = false;
    }
}
