//! Physical interrupts as domains know them: a number in the domain's own space, mapped to a line or to a device's message, and
//! bound to an event channel.
//!
//! ```text
//!   map (dom0, for a domain) ──► bind (the domain) ──► device interrupts ──► each domain's port is to be set
//!                                                          line: in service, and sets none, until every one has ended it
//! ```
//!
//! Here is which numbers and ports are meant; the port itself is in [`pirq_calls`](crate::hypervisor::pirq_calls).
//!
//! A message is mapped only for the domain that owns the device, and once (XSA-237). A guest never learns address or data.
//! Before that, a device model that its guest had taken over could map any device's message. And one that was on already was
//! mapped as if it were not: where that failed later, tearing down took the first mapping's message with it.
//!
//! Sources: `map_domain_pirq` of `xen/arch/x86/irq.c`, `physdev_map_pirq` of `xen/arch/x86/physdev.c`,
//! `xen/include/public/physdev.h`.
//!
//! Not modelled: vectors and their processors, the choice of dom0's numbers by ACPI, EOI by shared page, and, before XSA-237, a
//! second mapping that would have succeeded: here each fails later.

use alloc::vec::Vec;

use crate::words::ids::{Bdf, DomId, Port};

/// Numbers of a domain, of which those for messages are given from above.
const PIRQS: u16 = 256;

/// A physical interrupt's number in a domain's space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PirqId(pub u16);

/// Where an interrupt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IrqSource {
    /// A line of the I/O APIC's; several devices, and several domains, may share it.
    Gsi(u16),
    /// A message of a device: its entry of MSI-X, or 0 for MSI.
    Message(Bdf, u16),
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PirqError {
    /// The device is another domain's, `-ENODEV`.
    NoDevice = -19,
    /// It is mapped or bound already, `-EEXIST`.
    Exists = -17,
    /// There is no such interrupt, `-EINVAL`.
    Invalid = -22,
    /// All numbers are in use, `-ENOSPC`.
    NoSpace = -28,
}

/// What XSA-237 repaired in the mapping of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PirqRepairs {
    /// It is looked whether the device is the domain's.
    pub checks_owner: bool,
    /// A message that is mapped is refused at once, and stays as it is.
    pub refuses_twice: bool,
}

impl PirqRepairs {
    /// Both.
    pub const ALL: PirqRepairs = PirqRepairs { checks_owner: true, refuses_twice: true };

    /// Neither.
    pub const NONE: PirqRepairs = PirqRepairs { checks_owner: false, refuses_twice: false };
}

impl Default for PirqRepairs {
    fn default() -> PirqRepairs {
        PirqRepairs::ALL
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pirq {
    domain: DomId,
    number: PirqId,
    source: IrqSource,
    port: Option<Port>,
    /// The line was raised and this domain has not ended it.
    in_service: bool,
    /// The message was torn down under the mapping.
    torn: bool,
}

/// All domains' physical interrupts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pirqs {
    pirqs: Vec<Pirq>,
    repairs: PirqRepairs,
}

impl Pirqs {
    /// None.
    #[must_use]
    pub const fn new() -> Pirqs {
        Pirqs { pirqs: Vec::new(), repairs: PirqRepairs::ALL }
    }

    /// The same with other repairs.
    #[must_use]
    pub fn with_repairs(self, repairs: PirqRepairs) -> Pirqs {
        Pirqs { repairs, ..self }
    }

    /// Maps a line for a domain; its number there is the line's.
    ///
    /// # Errors
    /// If it is mapped already.
    pub fn map_gsi(&mut self, domain: DomId, gsi: u16) -> Result<PirqId, PirqError> {
        let number = PirqId(gsi);
        if self.find(domain, number).is_some() {
            return Err(PirqError::Exists);
        }
        self.add(domain, number, IrqSource::Gsi(gsi));
        Ok(number)
    }

    /// Maps a device's message for a domain; `owner` is whose the device is.
    ///
    /// # Errors
    /// If the device is not that domain's, the message is mapped already, or no number is left.
    pub fn map_message(
        &mut self,
        domain: DomId,
        owner: Option<DomId>,
        bdf: Bdf,
        entry: u16,
    ) -> Result<PirqId, PirqError> {
        let source = IrqSource::Message(bdf, entry);
        if owner.is_none() || (owner != Some(domain) && self.repairs.checks_owner) {
            return Err(PirqError::NoDevice);
        }
        if let Some(mapped) = self.pirqs.iter_mut().find(|pirq| pirq.source == source) {
            mapped.torn |= !self.repairs.refuses_twice;
            return Err(PirqError::Exists);
        }
        let free = (0..PIRQS).rev().map(PirqId).find(|&number| self.find(domain, number).is_none());
        let number = free.ok_or(PirqError::NoSpace)?;
        self.add(domain, number, source);
        Ok(number)
    }

    /// Unmaps a number, whether or not it is bound.
    ///
    /// # Errors
    /// If it is not mapped.
    pub fn unmap(&mut self, domain: DomId, number: PirqId) -> Result<(), PirqError> {
        let place = self.find(domain, number).ok_or(PirqError::Invalid)?;
        self.pirqs.remove(place);
        Ok(())
    }

    /// Unmaps all messages of a device, as its release does.
    pub fn unmap_device(&mut self, bdf: Bdf) {
        self.pirqs.retain(|pirq| !matches!(pirq.source, IrqSource::Message(of, _) if of == bdf));
    }

    /// The domain binds a number to a port of its own (`EVTCHNOP_bind_pirq`).
    ///
    /// # Errors
    /// If it is not mapped, or bound already.
    pub fn bind(&mut self, domain: DomId, number: PirqId, port: Port) -> Result<(), PirqError> {
        let place = self.find(domain, number).ok_or(PirqError::Invalid)?;
        match &mut self.pirqs[place].port {
            Some(_) => Err(PirqError::Exists),
            empty => {
                *empty = Some(port);
                Ok(())
            }
        }
    }

    /// A device interrupts: the domains that are to be told, each with its number and the port that it bound. A line that is
    /// still in service somewhere tells nobody.
    pub fn raise(&mut self, source: IrqSource) -> Vec<(DomId, PirqId, Port)> {
        let level = matches!(source, IrqSource::Gsi(_));
        if level && self.is_in_service(source) {
            return Vec::new();
        }
        let mut raised = Vec::new();
        for pirq in self.pirqs.iter_mut().filter(|pirq| pirq.source == source && !pirq.torn) {
            if let Some(port) = pirq.port {
                pirq.in_service = level;
                raised.push((pirq.domain, pirq.number, port));
            }
        }
        raised
    }

    /// The domain has ended a line's interrupt (`PHYSDEVOP_eoi`); whether it was the last, so that the line is free again.
    ///
    /// # Errors
    /// If it is not mapped.
    pub fn end(&mut self, domain: DomId, number: PirqId) -> Result<bool, PirqError> {
        let place = self.find(domain, number).ok_or(PirqError::Invalid)?;
        let was = core::mem::replace(&mut self.pirqs[place].in_service, false);
        Ok(was && !self.is_in_service(self.pirqs[place].source))
    }

    /// Where a domain's number leads.
    #[must_use]
    pub fn source(&self, domain: DomId, number: PirqId) -> Option<IrqSource> {
        self.find(domain, number).map(|place| self.pirqs[place].source)
    }

    /// All messages that are mapped: for whom, by which number, and of which device which.
    pub fn messages(&self) -> impl Iterator<Item = (DomId, PirqId, Bdf, u16)> {
        self.pirqs.iter().filter_map(|pirq| match pirq.source {
            IrqSource::Message(bdf, entry) => Some((pirq.domain, pirq.number, bdf, entry)),
            IrqSource::Gsi(_) => None,
        })
    }

    /// Unmaps all that a domain has, as its end does (`free_domain_pirqs`).
    pub fn unmap_domain(&mut self, domain: DomId) {
        self.pirqs.retain(|pirq| pirq.domain != domain);
    }

    fn is_in_service(&self, source: IrqSource) -> bool {
        self.pirqs.iter().any(|pirq| pirq.source == source && pirq.in_service)
    }

    fn find(&self, domain: DomId, number: PirqId) -> Option<usize> {
        self.pirqs.iter().position(|pirq| pirq.domain == domain && pirq.number == number)
    }

    fn add(&mut self, domain: DomId, number: PirqId, source: IrqSource) {
        self.pirqs.push(Pirq { domain, number, source, port: None, in_service: false, torn: false });
    }
}

#[cfg(test)]
mod tests {
    use super::{IrqSource, PirqError, PirqId, Pirqs};
    use crate::words::ids::{Bdf, DomId, Port};

    const CARD: Bdf = Bdf::new(1, 0, 0);

    #[test]
    fn a_message_is_mapped_for_the_owner_once() {
        let mut pirqs = Pirqs::new();
        assert_eq!(pirqs.map_message(DomId(2), Some(DomId(1)), CARD, 0), Err(PirqError::NoDevice));
        assert_eq!(pirqs.map_message(DomId(1), None, CARD, 0), Err(PirqError::NoDevice));
        assert_eq!(pirqs.map_message(DomId(1), Some(DomId(1)), CARD, 0), Ok(PirqId(255)));
        assert_eq!(pirqs.map_message(DomId(1), Some(DomId(1)), CARD, 0), Err(PirqError::Exists));
        assert_eq!(pirqs.map_message(DomId(1), Some(DomId(1)), CARD, 1), Ok(PirqId(254)));
        assert_eq!(pirqs.raise(IrqSource::Message(CARD, 1)), []);
        assert_eq!(pirqs.bind(DomId(1), PirqId(254), Port(7)), Ok(()));
        assert_eq!(pirqs.bind(DomId(1), PirqId(254), Port(8)), Err(PirqError::Exists));
        assert_eq!(pirqs.raise(IrqSource::Message(CARD, 1)), [(DomId(1), PirqId(254), Port(7))]);
        pirqs.unmap_device(CARD);
        assert_eq!(pirqs.unmap(DomId(1), PirqId(255)), Err(PirqError::Invalid));
    }

    #[test]
    fn a_line_waits_until_every_domain_has_ended_it() {
        let mut pirqs = Pirqs::new();
        for (domain, port) in [(DomId(0), Port(3)), (DomId(4), Port(9))] {
            assert_eq!(pirqs.map_gsi(domain, 17), Ok(PirqId(17)));
            assert_eq!(pirqs.bind(domain, PirqId(17), port), Ok(()));
        }
        let line = IrqSource::Gsi(17);
        let both = [(DomId(0), PirqId(17), Port(3)), (DomId(4), PirqId(17), Port(9))];
        assert_eq!(pirqs.raise(line), both);
        assert_eq!(pirqs.raise(line), []);
        assert_eq!((pirqs.end(DomId(4), PirqId(17)), pirqs.end(DomId(4), PirqId(17))), (Ok(false), Ok(false)));
        assert_eq!((pirqs.end(DomId(0), PirqId(17)), pirqs.raise(line).len()), (Ok(true), 2));
    }
}
