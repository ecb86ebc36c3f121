//! The hypercalls about event channels (`EVTCHNOP_*` in `xen/include/public/event_channel.h`).

use crate::hypervisor::event_channel::Channel;
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
}

impl Sent {
    /// Who has to be called now, if anybody.
    pub fn upcall(self) -> Option<(DomId, VcpuId)> {
        match self {
            Sent::Delivered { domain, vcpu, raised: Raised::Upcall, .. } => Some((domain, vcpu)),
            Sent::Delivered { .. } | Sent::Dropped => None,
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
    pub fn send(&mut self, caller: DomId, port: Port) -> Result<Sent, Errno> {
        match self.known(caller).channels.channel(port) {
            Channel::Interdomain { remote, remote_port } => Ok(self.raise(remote, remote_port)),
            Channel::Unbound { .. } => Ok(Sent::Dropped),
            Channel::Free | Channel::Reserved => Err(Errno::Invalid),
        }
    }

    /// Closes the caller's port; the other end, if there is one, becomes unbound again (`EVTCHNOP_close`).
    pub fn close(&mut self, caller: DomId, port: Port) -> Result<(), Errno> {
        match self.known(caller).channels.channel(port) {
            Channel::Free | Channel::Reserved => return Err(Errno::Invalid),
            Channel::Unbound { .. } => {}
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

    /// Sends the events of the caller's port to another of its vCPUs (`EVTCHNOP_bind_vcpu`).
    pub fn bind_vcpu(&mut self, caller: DomId, port: Port, vcpu: VcpuId) -> Result<(), Errno> {
        let (_, domain) = self.known_mut(caller);
        match domain.channels.channel(port) {
            Channel::Free | Channel::Reserved => Err(Errno::Invalid),
            Channel::Unbound { .. } | Channel::Interdomain { .. } if !domain.has_vcpu(vcpu) => Err(Errno::Invalid),
            Channel::Unbound { .. } | Channel::Interdomain { .. } => {
                domain.channels.direct(port, vcpu);
                Ok(())
            }
        }
    }

    fn raise(&mut self, id: DomId, port: Port) -> Sent {
        let (memory, domain) = self.known_mut(id);
        let vcpu = domain.channels.vcpu(port);
        let raised = shared_info::set_pending(memory.xen_page_mut(domain.shared_info), port, vcpu);
        Sent::Delivered { domain: id, port, vcpu, raised }
    }
}
