//! The hypercalls about event channels (`EVTCHNOP_*` in `xen/include/public/event_channel.h`).
//!
//! An event channel by hand:
//!
//! ```
//! use sim_wasm::hypervisor::event_calls::Sent;
//! use sim_wasm::hypervisor::shared_info::{self, Raised, UpcallScan};
//! use sim_wasm::hypervisor::xen::Xen;
//! use sim_wasm::words::ids::{DomId, VcpuId};
//!
//! let (dom0, guest, vcpu) = (DomId(0), DomId(1), VcpuId(0));
//! let mut xen = Xen::new(16);
//! xen.create_domain(dom0, 1).expect("16 frames are enough");
//! xen.create_domain(guest, 1).expect("16 frames are enough");
//!
//! // The guest opens a port for dom0, which binds one of its own to it.
//! let front = xen.alloc_unbound(guest, dom0).expect("ports are free");
//! assert_eq!(xen.send(guest, front), Ok(Sent::Dropped));
//! let (back, bound) = xen.bind_interdomain(dom0, guest, front).expect("the port waits for dom0");
//! assert_eq!(bound.upcall(), Some((dom0, vcpu))); // so that nothing is lost at connect
//!
//! // Dom0 takes its upcall: the walk finds the port, and taking the event off it lets the next one in.
//! let mut scan = UpcallScan::new(vcpu);
//! let page = xen.shared_info_mut(dom0);
//! scan.begin(page);
//! assert_eq!(scan.next_port(page), Some(back));
//! shared_info::clear_pending(page, back);
//! assert_eq!(scan.next_port(page), None);
//!
//! // Two sends before the next upcall are one event.
//! assert_eq!(xen.send(guest, front).map(Sent::upcall), Ok(Some((dom0, vcpu))));
//! let again = Sent::Delivered { domain: dom0, port: back, vcpu, raised: Raised::Coalesced };
//! assert_eq!(xen.send(guest, front), Ok(again));
//! assert!(shared_info::is_pending(xen.shared_info(dom0), back));
//! ```
//!
//! Ports for the machine's interrupts are bound by [`pirq_calls`](crate::hypervisor::pirq_calls).
//!
//! Not modelled: virtual interrupts (VIRQ), interrupts between vCPUs (IPI), polling (`SCHEDOP_poll`), and the FIFO form of
//! the bits. An upcall reaches its vCPU when the machine delivers it, not before.

use crate::hypervisor::event_channel::{Channel, Consumer};
use crate::hypervisor::shared_info::{self, Raised};
use crate::hypervisor::xen::{Errno, Xen};
use crate::words::ids::{DomId, Port, VcpuId};

/// Where a notification went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Nowhere: nobody has bound to the port yet.
    Dropped,
    /// To a port of a domain.
    Delivered {
        /// The domain.
        domain: DomId,
        /// Its port.
        port: Port,
        /// The vCPU that the port's events are for.
        vcpu: VcpuId,
        /// How far it got there.
        raised: Raised,
    },
    /// To Xen, whose own use the port is: the vCPU that waits there is to look again.
    Consumed {
        /// The domain.
        domain: DomId,
        /// Its vCPU.
        vcpu: VcpuId,
    },
}

impl Sent {
    /// Who has to be called now, if anybody.
    pub fn upcall(self) -> Option<(DomId, VcpuId)> {
        match self {
            Sent::Delivered { domain, vcpu, raised: Raised::Upcall, .. } => Some((domain, vcpu)),
            Sent::Delivered { .. } | Sent::Dropped | Sent::Consumed { .. } => None,
        }
    }
}

impl Xen {
    /// Opens a port of the caller that `remote` may bind to (`EVTCHNOP_alloc_unbound`).
    pub fn alloc_unbound(&mut self, caller: DomId, remote: DomId) -> Result<Port, Errno> {
        let (_, domain) = self.known_mut(caller);
        domain.channels.allocate(Channel::Unbound { remote }).ok_or(Errno::NoSpace)
    }

    /// Binds a fresh port of the caller to an unbound one of `remote` (`EVTCHNOP_bind_interdomain`).
    ///
    /// The fresh port is set pending once: what the other end sent before was dropped, and might have mattered.
    pub fn bind_interdomain(&mut self, caller: DomId, remote: DomId, remote_port: Port) -> Result<(Port, Sent), Errno> {
        let peer = self.domain(remote).ok_or(Errno::NoSuchDomain)?;
        if peer.channels.channel(remote_port) != (Channel::Unbound { remote: caller }) {
            return Err(Errno::Invalid);
        }
        let (_, domain) = self.known_mut(caller);
        let channel = Channel::Interdomain { remote, remote_port };
        let port = domain.channels.allocate(channel).ok_or(Errno::NoSpace)?;
        let (_, peer) = self.known_mut(remote);
        peer.channels.reconnect(remote_port, Channel::Interdomain { remote: caller, remote_port: port });
        Ok((port, self.raise(caller, port)))
    }

    /// Notifies the other end of the caller's port (`EVTCHNOP_send`).
    #[inline]
    pub fn send(&mut self, caller: DomId, port: Port) -> Result<Sent, Errno> {
        self.calls.hypercalls += 1;
        match self.known(caller).channels.channel(port) {
            Channel::Interdomain { remote, remote_port } => Ok(self.raise(remote, remote_port)),
            Channel::Unbound { .. } => Ok(Sent::Dropped),
            Channel::Free | Channel::Reserved | Channel::Pirq { .. } => Err(Errno::Invalid),
        }
    }

    /// Opens a port of a domain that `remote` may bind to and whose events Xen itself takes, for one of the domain's vCPUs
    /// (`alloc_unbound_xen_event_channel`).
    pub fn alloc_unbound_xen_event_channel(&mut self, id: DomId, vcpu: VcpuId, remote: DomId) -> Result<Port, Errno> {
        let (_, domain) = self.known_mut(id);
        let port = domain.channels.allocate(Channel::Unbound { remote }).ok_or(Errno::NoSpace)?;
        domain.channels.give_to_xen(port, vcpu);
        Ok(port)
    }

    /// Xen itself notifies the other end of a port that it uses (`notify_via_xen_event_channel`): no hypercall.
    pub fn notify_via_xen_event_channel(&mut self, id: DomId, port: Port) -> Sent {
        match self.known(id).channels.channel(port) {
            Channel::Interdomain { remote, remote_port } => self.raise(remote, remote_port),
            Channel::Unbound { .. } | Channel::Free | Channel::Reserved | Channel::Pirq { .. } => Sent::Dropped,
        }
    }

    /// Closes the caller's port; the other end, if there is one, becomes unbound again (`EVTCHNOP_close`).
    pub fn close(&mut self, caller: DomId, port: Port) -> Result<(), Errno> {
        match self.known(caller).channels.channel(port) {
            Channel::Free | Channel::Reserved => return Err(Errno::Invalid),
            Channel::Unbound { .. } | Channel::Pirq { .. } => {}
            Channel::Interdomain { remote, remote_port } => {
                let (_, peer) = self.known_mut(remote);
                peer.channels.reconnect(remote_port, Channel::Unbound { remote: caller });
            }
        }
        let (memory, domain) = self.known_mut(caller);
        domain.channels.reconnect(port, Channel::Free);
        shared_info::clear_pending(memory.xen_page_mut(domain.shared_info), port);
        Ok(())
    }

    /// Closes all ports of the caller (`EVTCHNOP_reset`, and `evtchn_destroy` when a domain ends).
    pub fn reset_channels(&mut self, caller: DomId) {
        for port in (0..self.known(caller).channels.ports()).map(Port) {
            match self.known(caller).channels.channel(port) {
                Channel::Free | Channel::Reserved => {}
                Channel::Unbound { .. } | Channel::Interdomain { .. } | Channel::Pirq { .. } => {
                    self.close(caller, port).expect("the port is open");
                }
            }
        }
    }

    /// Sends the events of the caller's port to another of its vCPUs (`EVTCHNOP_bind_vcpu`).
    pub fn bind_vcpu(&mut self, caller: DomId, port: Port, vcpu: VcpuId) -> Result<(), Errno> {
        let (_, domain) = self.known_mut(caller);
        match domain.channels.channel(port) {
            Channel::Free | Channel::Reserved => Err(Errno::Invalid),
            Channel::Unbound { .. } | Channel::Interdomain { .. } | Channel::Pirq { .. } if !domain.has_vcpu(vcpu) => {
                Err(Errno::Invalid)
            }
            Channel::Unbound { .. } | Channel::Interdomain { .. } | Channel::Pirq { .. } => {
                domain.channels.direct(port, vcpu);
                Ok(())
            }
        }
    }

    #[inline]
    pub(super) fn raise(&mut self, id: DomId, port: Port) -> Sent {
        let (memory, domain) = self.known_mut(id);
        let vcpu = domain.channels.vcpu(port);
        if domain.channels.consumer(port) == Consumer::Xen {
            return Sent::Consumed { domain: id, vcpu };
        }
        let raised = shared_info::set_pending(memory.xen_page_mut(domain.shared_info), port, vcpu);
        Sent::Delivered { domain: id, port, vcpu, raised }
    }
}
