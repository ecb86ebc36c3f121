//! What the toolstack lets a guest touch of a device: its BARs' frames and ports, and its interrupt.
//!
//! ```text
//!   memory BAR ──► iomem permission for its frames ──► less those of MSI-X
//!   I/O BAR ─────► ioport permission
//!   line ────────► map_pirq, irq permission
//! ```
//!
//! A page is the least that can be given, and may hold another device's registers. xend in 3.3 refuses such BARs, and takes the
//! frames of table and pending bits away again; today they become readable only, for everybody.
//!
//! Sources: `setupOneDevice` in `tools/python/xen/xend/server/pciif.py` of Xen 3.3; `libxl__device_pci_add` in
//! `tools/libs/light/libxl_pci.c`.
//!
//! Not modelled: ROMs, which no toolstack gives, and permissions of interrupts beyond the mapping.

use crate::hypervisor::io_permissions::IoPermissions;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::pci::bar::{BarKind, BarPlace, Region, region, regions};
use crate::protocols::pci::config::ConfigSpace;
use crate::protocols::pci::msix::{InBar, MsixShape};
use crate::words::ids::{DomId, Mfn};

/// Whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Toolstack {
    /// xend of Xen 3.3.
    Xend33,
    /// libxl of today.
    Libxl,
}

/// Why a device is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceError {
    /// A BAR shares its page with something else (xend: "permission must be page-aligned").
    NotPageAligned(BarPlace),
}

/// Lets a guest use a device's memory and ports.
///
/// # Errors
/// If the toolstack does not give such a device; then nothing was given.
pub fn grant(
    may: &mut IoPermissions,
    config: &ConfigSpace,
    guest: DomId,
    toolstack: Toolstack,
) -> Result<(), ResourceError> {
    let page = PAGE_SIZE as u64;
    let aligned = |region: &Region| region.base.is_multiple_of(page) && region.size.is_multiple_of(page);
    let crooked = given(config).find(|region| region.kind != BarKind::Io && !aligned(region));
    if let Some(region) = crooked.filter(|_| toolstack == Toolstack::Xend33) {
        return Err(ResourceError::NotPageAligned(region.place));
    }
    for region in given(config) {
        let last = region.base + region.size - 1;
        if region.kind == BarKind::Io {
            may.allow_ports(guest, region.base as u16, last as u16);
        } else {
            may.allow_frames(guest, frame(region.base), frame(last));
        }
    }
    let Some(shape) = MsixShape::of(config) else { return Ok(()) };
    for (place, size) in [(shape.table, shape.table_size()), (shape.pba, shape.pba_size())] {
        let Some((first, last)) = frames_of(config, place, size) else { continue };
        match toolstack {
            Toolstack::Xend33 => may.deny_frames(guest, first, last),
            Toolstack::Libxl => may.protect(first, last),
        }
    }
    Ok(())
}

/// Takes a device's memory and ports from a guest.
pub fn revoke(may: &mut IoPermissions, config: &ConfigSpace, guest: DomId) {
    for region in given(config) {
        let last = region.base + region.size - 1;
        if region.kind == BarKind::Io {
            may.deny_ports(guest, region.base as u16, last as u16);
        } else {
            may.deny_frames(guest, frame(region.base), frame(last));
        }
    }
}

fn given(config: &ConfigSpace) -> impl Iterator<Item = Region> {
    regions(config).filter(|region| region.kind != BarKind::Rom && region.base != 0)
}

fn frame(address: u64) -> Mfn {
    Mfn(u32::try_from(address >> 12).expect("a frame's number has 32 bits"))
}

fn frames_of(config: &ConfigSpace, place: InBar, size: u32) -> Option<(Mfn, Mfn)> {
    let first = region(config, BarPlace::Bar(place.bar))?.base + u64::from(place.offset);
    Some((frame(first), frame(first + u64::from(size) - 1)))
}
