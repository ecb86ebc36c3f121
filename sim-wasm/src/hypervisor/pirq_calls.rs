//! A card's interrupt becomes an event of the guest that has the card (`EVTCHNOP_bind_pirq` and `PHYSDEVOP_eoi` in
//! `xen/include/public/event_channel.h` and `physdev.h`).
//!
//! ```text
//!   message ─────────────────────► bit of the port ─► guest's handler
//!   line ─► in service from now ─► bit of the port ─► guest's handler ─► PHYSDEVOP_eoi ─► not in service any more
//! ```
//!
//! Which of the machine's interrupts a domain's number stands for, who may have it, and whether a line is in service, is
//! decided in [`pirqs`](crate::hypervisor::pirqs); here is the port.
//!
//! A message needs no end at the card. A line that is level-triggered stays asserted until the driver has asked the card,
//! and so the guest tells Xen by one more hypercall when it has (`XENIRQSTAT_needs_eoi`).
//!
//! Not modelled: the page of bits by which later guests learn what needs an end.

use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::event_channel::Channel;
use crate::hypervisor::pirqs::PirqId;
use crate::hypervisor::xen::{Errno, Xen};
use crate::words::ids::{DomId, Port};

impl Xen {
    /// Binds a fresh port of the caller to one of its numbers for the machine's interrupts (`EVTCHNOP_bind_pirq`).
    ///
    /// # Errors
    /// [`Errno::Exists`] if the caller has bound it already, [`Errno::NoSpace`] without a free port.
    pub fn bind_pirq(&mut self, caller: DomId, irq: PirqId) -> Result<Port, Errno> {
        self.calls.hypercalls += 1;
        if self.port_of_pirq(caller, irq).is_some() {
            return Err(Errno::Exists);
        }
        let (_, domain) = self.known_mut(caller);
        domain.channels.allocate(Channel::Pirq { irq }).ok_or(Errno::NoSpace)
    }

    /// One of the machine's interrupts arrives, and Xen sets the port that a domain has bound to its number of it
    /// (`send_guest_pirq`): no hypercall. Dropped if the port is for something else by now, another number too.
    pub fn send_guest_pirq(&mut self, id: DomId, irq: PirqId, port: Port) -> Sent {
        match self.known(id).channels.channel(port) {
            Channel::Pirq { irq: bound } if bound == irq => self.raise(id, port),
            Channel::Pirq { .. }
            | Channel::Free
            | Channel::Reserved
            | Channel::Unbound { .. }
            | Channel::Interdomain { .. } => Sent::Dropped,
        }
    }

    /// The caller is done with a level-triggered interrupt (`PHYSDEVOP_eoi`).
    ///
    /// # Errors
    /// [`Errno::Invalid`] if it has not bound it.
    pub fn pirq_eoi(&mut self, caller: DomId, irq: PirqId) -> Result<(), Errno> {
        self.calls.hypercalls += 1;
        self.port_of_pirq(caller, irq).map(|_| ()).ok_or(Errno::Invalid)
    }

    /// The port that a domain has bound to its number of an interrupt.
    #[must_use]
    pub fn port_of_pirq(&self, id: DomId, irq: PirqId) -> Option<Port> {
        let channels = &self.domain(id)?.channels;
        (0..channels.ports()).map(Port).find(|port| channels.channel(*port) == Channel::Pirq { irq })
    }
}

#[cfg(test)]
mod tests {
    use crate::hypervisor::event_calls::Sent;
    use crate::hypervisor::pirqs::PirqId;
    use crate::hypervisor::shared_info;
    use crate::hypervisor::xen::{Errno, Xen};
    use crate::words::ids::{DomId, VcpuId};

    #[test]
    fn an_interrupt_is_an_event_of_whoever_bound_it() {
        let (guest, irq) = (DomId(1), PirqId(17));
        let mut xen = Xen::new(16);
        xen.create_domain(guest, 1).expect("16 frames are enough");
        assert_eq!(xen.pirq_eoi(guest, irq), Err(Errno::Invalid));
        let port = xen.bind_pirq(guest, irq).expect("ports are free");
        assert_eq!(xen.bind_pirq(guest, irq), Err(Errno::Exists));
        assert_eq!(xen.send(guest, port), Err(Errno::Invalid));
        let calls = xen.calls;
        assert_eq!(xen.send_guest_pirq(guest, irq, port).upcall(), Some((guest, VcpuId(0))));
        assert!(shared_info::is_pending(xen.shared_info(guest), port));
        assert_eq!(xen.calls, calls, "an interrupt is no hypercall");
        assert_eq!(xen.pirq_eoi(guest, irq), Ok(()));
        assert_eq!(xen.close(guest, port), Ok(()));
        assert_eq!(xen.send_guest_pirq(guest, irq, port), Sent::Dropped);
        // The port is another interrupt's now.
        let other = PirqId(18);
        assert_eq!(xen.bind_pirq(guest, other), Ok(port));
        assert_eq!(xen.send_guest_pirq(guest, irq, port), Sent::Dropped);
        assert!(!shared_info::is_pending(xen.shared_info(guest), port));
        assert!(matches!(xen.send_guest_pirq(guest, other, port), Sent::Delivered { .. }));
        assert!(shared_info::is_pending(xen.shared_info(guest), port));
    }
}
