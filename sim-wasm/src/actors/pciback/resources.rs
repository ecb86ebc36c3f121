//! What the toolstack lets a guest touch of a device: its BARs' frames and ports, and its interrupt.
//!
//! ```text
//!   memory BAR ──► iomem permission for its frames ──► less those of MSI-X
//!   I/O BAR ─────► ioport permission
//!   line ────────► map_pirq, irq permission
//! ```
//!
//! A page is the least that can be given, and may hold another device's registers. xend in 3.3 refuses such BARs, and takes the
//! frames of table and pending bits away again; today they become readable only, for everybody. libxl gives such BARs, and which
//! functions then share a page is for [`sharing`](crate::protocols::pci::sharing) to say.
//!
//! Sources: `setupOneDevice` in `tools/python/xen/xend/server/pciif.py` of Xen 3.3; `libxl__device_pci_add` in
//! `tools/libs/light/libxl_pci.c`.
//!
//! Not modelled: ROMs, which no toolstack gives, and permissions of interrupts beyond the mapping.

use alloc::vec::Vec;

use crate::hypervisor::io_permissions::IoPermissions;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::pci::bar::{BarKind, BarPlace, Region, regions};
use crate::protocols::pci::config::ConfigSpace;
use crate::protocols::pci::msix::MsixShape;
use crate::words::ids::{DomId, Mfn};

/// Whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Toolstack {
    /// xend of Xen 3.3.
    Xend33,
    /// libxl of today.
    Libxl,
}

/// What was repaired in the taking back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceRepairs {
    /// Addresses have 64 bits (XSA-476). Without it, those of a BAR above 4 GiB are cut off, and the guest keeps the BAR.
    pub whole_addresses: bool,
}

impl ResourceRepairs {
    /// All that was repaired.
    pub const ALL: ResourceRepairs = ResourceRepairs { whole_addresses: true };

    /// None of it.
    pub const NONE: ResourceRepairs = ResourceRepairs { whole_addresses: false };
}

/// Why a device is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceError {
    /// A BAR shares its page with something else (xend: "permission must be page-aligned").
    NotPageAligned(BarPlace),
}

/// What of a device can be given. It is noted once, before any guest has the device: a guest may have the device forget its
/// BARs, and whoever reads them again then takes nothing back, or takes another's (XSA-337).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    regions: Vec<Region>,
    msix: Option<MsixShape>,
}

impl Resources {
    /// What a device has, by its registers as they stand.
    #[must_use]
    pub fn of(config: &ConfigSpace) -> Resources {
        Resources::noted(regions(config), config)
    }

    /// What a device has, by regions that were noted. Only the place of MSI-X is read, which no write changes.
    #[must_use]
    pub fn noted(regions: impl IntoIterator<Item = Region>, config: &ConfigSpace) -> Resources {
        let given = |region: &Region| region.kind != BarKind::Rom && region.base != 0;
        Resources { regions: regions.into_iter().filter(given).collect(), msix: MsixShape::of(config) }
    }

    /// Lets a guest use them.
    ///
    /// # Errors
    /// If the toolstack does not give such a device; then nothing was given.
    pub fn grant(&self, may: &mut IoPermissions, guest: DomId, toolstack: Toolstack) -> Result<(), ResourceError> {
        let page = PAGE_SIZE as u64;
        let aligned = |region: &Region| region.base.is_multiple_of(page) && region.size.is_multiple_of(page);
        let crooked = self.regions.iter().find(|region| region.kind != BarKind::Io && !aligned(region));
        if let Some(region) = crooked.filter(|_| toolstack == Toolstack::Xend33) {
            return Err(ResourceError::NotPageAligned(region.place));
        }
        for region in &self.regions {
            let last = region.base + region.size - 1;
            if region.kind == BarKind::Io {
                may.allow_ports(guest, region.base as u16, last as u16);
            } else {
                may.allow_frames(guest, frame(region.base), frame(last));
            }
        }
        for (first, last) in self.message_frames() {
            match toolstack {
                Toolstack::Xend33 => may.deny_frames(guest, first, last),
                Toolstack::Libxl => may.protect(first, last),
            }
        }
        Ok(())
    }

    /// Takes them from a guest.
    pub fn revoke(&self, may: &mut IoPermissions, guest: DomId) {
        self.revoke_as(may, guest, ResourceRepairs::ALL);
    }

    /// The same by a toolstack with these repairs.
    pub fn revoke_as(&self, may: &mut IoPermissions, guest: DomId, repairs: ResourceRepairs) {
        for region in &self.regions {
            let base = if repairs.whole_addresses { region.base } else { u64::from(region.base as u32) };
            let last = base + region.size - 1;
            if region.kind == BarKind::Io {
                may.deny_ports(guest, base as u16, last as u16);
            } else {
                may.deny_frames(guest, frame(base), frame(last));
            }
        }
        for (first, last) in self.message_frames() {
            may.unprotect(first, last);
        }
    }

    /// The frames of MSI-X's table and of its pending bits.
    fn message_frames(&self) -> impl Iterator<Item = (Mfn, Mfn)> {
        let places = self.msix.map(|shape| [(shape.table, shape.table_size()), (shape.pba, shape.pba_size())]);
        places.into_iter().flatten().filter_map(|(place, size)| {
            let bar = self.regions.iter().find(|region| region.place == BarPlace::Bar(place.bar))?;
            let first = bar.base + u64::from(place.offset);
            Some((frame(first), frame(first + u64::from(size) - 1)))
        })
    }
}

fn frame(address: u64) -> Mfn {
    Mfn(u32::try_from(address >> 12).expect("a frame's number has 32 bits"))
}
