//! Which machine frames of devices and which ports a domain may use.
//!
//! A PV guest maps a device's registers by their machine frame, and then touches them without Xen's help; whether it may, Xen
//! asks once. Ports trap each time. A page is the smallest unit, so a BAR smaller than that shares its page with others.
//!
//! A page with a table of MSI-X is special: whoever writes it chooses where interrupts go. xend in 3.3 took it out of the guest's
//! permissions again; today the frame is in `mmio_ro_ranges`, and everybody may only read it.
//!
//! Sources: `XEN_DOMCTL_iomem_permission`, `XEN_DOMCTL_ioport_permission` of `xen/include/public/domctl.h`,
//! `xen/arch/x86/mm.c`.
//!
//! Not modelled: frames beyond 44 bits of address, and cache attributes.

use alloc::vec::Vec;

use crate::words::ids::{DomId, Mfn};

/// How a frame may be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MmioAccess {
    /// Not at all.
    None,
    /// For reading.
    ReadOnly,
    /// For reading and writing.
    ReadWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Range {
    domain: DomId,
    first: u32,
    last: u32,
}

impl Range {
    const fn has(&self, domain: DomId, number: u32) -> bool {
        self.domain.0 == domain.0 && self.first <= number && number <= self.last
    }
}

/// All domains' permissions. dom0 may use everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IoPermissions {
    iomem: Vec<Range>,
    ioports: Vec<Range>,
    read_only: Vec<(u32, u32)>,
}

impl IoPermissions {
    /// Nobody but dom0 may use anything.
    #[must_use]
    pub const fn new() -> IoPermissions {
        IoPermissions { iomem: Vec::new(), ioports: Vec::new(), read_only: Vec::new() }
    }

    /// Lets a domain map frames, `first` to `last`.
    pub fn allow_frames(&mut self, domain: DomId, first: Mfn, last: Mfn) {
        self.iomem.push(Range { domain, first: first.0, last: last.0 });
    }

    /// Takes frames from a domain again.
    pub fn deny_frames(&mut self, domain: DomId, first: Mfn, last: Mfn) {
        remove(&mut self.iomem, domain, first.0, last.0);
    }

    /// Lets a domain use ports, `first` to `last`.
    pub fn allow_ports(&mut self, domain: DomId, first: u16, last: u16) {
        self.ioports.push(Range { domain, first: first.into(), last: last.into() });
    }

    /// Takes ports from a domain again.
    pub fn deny_ports(&mut self, domain: DomId, first: u16, last: u16) {
        remove(&mut self.ioports, domain, first.into(), last.into());
    }

    /// Makes frames readable only, for everybody.
    pub fn protect(&mut self, first: Mfn, last: Mfn) {
        self.read_only.push((first.0, last.0));
    }

    /// Undoes one [`IoPermissions::protect`] of the same frames.
    pub fn unprotect(&mut self, first: Mfn, last: Mfn) {
        if let Some(place) = self.read_only.iter().position(|&range| range == (first.0, last.0)) {
            self.read_only.swap_remove(place);
        }
    }

    /// How a domain may map a frame.
    #[must_use]
    pub fn frame(&self, domain: DomId, frame: Mfn) -> MmioAccess {
        let allowed = domain == DomId::DOM0 || self.iomem.iter().any(|range| range.has(domain, frame.0));
        let protected = self.read_only.iter().any(|&(first, last)| first <= frame.0 && frame.0 <= last);
        match (allowed, protected) {
            (false, _) => MmioAccess::None,
            (true, true) => MmioAccess::ReadOnly,
            (true, false) => MmioAccess::ReadWrite,
        }
    }

    /// Whether a domain may use `count` ports from one on.
    #[must_use]
    pub fn ports(&self, domain: DomId, first: u16, count: u16) -> bool {
        let has = |port: u32| self.ioports.iter().any(|range| range.has(domain, port));
        domain == DomId::DOM0 || (u32::from(first)..u32::from(first) + u32::from(count)).all(has)
    }
}

/// Takes `first` to `last` out of a domain's ranges, which may leave a piece on either side.
fn remove(ranges: &mut Vec<Range>, domain: DomId, first: u32, last: u32) {
    let mut left = Vec::new();
    ranges.retain(|range| {
        if range.domain != domain || range.last < first || last < range.first {
            return true;
        }
        if range.first < first {
            left.push(Range { last: first - 1, ..*range });
        }
        if last < range.last {
            left.push(Range { first: last + 1, ..*range });
        }
        false
    });
    ranges.extend(left);
}

#[cfg(test)]
mod tests {
    use super::{IoPermissions, MmioAccess};
    use crate::words::ids::{DomId, Mfn};

    #[test]
    fn what_is_taken_leaves_a_hole() {
        let mut may = IoPermissions::new();
        may.allow_frames(DomId(1), Mfn(0x100), Mfn(0x103));
        may.deny_frames(DomId(1), Mfn(0x101), Mfn(0x101));
        let found = (0xFF..0x105).map(|frame| may.frame(DomId(1), Mfn(frame)));
        let (no, yes) = (MmioAccess::None, MmioAccess::ReadWrite);
        assert_eq!(found.collect::<Vec<_>>(), [no, yes, no, yes, yes, no]);
        may.protect(Mfn(0x102), Mfn(0x102));
        assert_eq!(may.frame(DomId(1), Mfn(0x102)), MmioAccess::ReadOnly);
        assert_eq!(may.frame(DomId(2), Mfn(0x102)), MmioAccess::None);
        assert_eq!(may.frame(DomId::DOM0, Mfn(0x102)), MmioAccess::ReadOnly);
        may.protect(Mfn(0x102), Mfn(0x102));
        may.unprotect(Mfn(0x102), Mfn(0x102));
        assert_eq!(may.frame(DomId(1), Mfn(0x102)), MmioAccess::ReadOnly);
        may.unprotect(Mfn(0x102), Mfn(0x102));
        assert_eq!(may.frame(DomId(1), Mfn(0x102)), MmioAccess::ReadWrite);
    }

    #[test]
    fn ports_are_asked_for_one_by_one() {
        let mut may = IoPermissions::new();
        may.allow_ports(DomId(1), 0xE000, 0xE01F);
        assert!(may.ports(DomId(1), 0xE01C, 4) && !may.ports(DomId(1), 0xE01D, 4) && may.ports(DomId::DOM0, 0, 9));
        may.deny_ports(DomId(1), 0xE010, 0xFFFF);
        assert!(may.ports(DomId(1), 0xE00C, 4) && !may.ports(DomId(1), 0xE010, 1));
    }
}
