//! Xen's side of event channels: what each port of a domain is connected to (`xen/common/event_channel.c`).
//!
//! ```text
//!                 alloc_unbound              bind_interdomain by the remote
//!   free ────────────────────────> unbound ─────────────────────────────────> interdomain
//!    ^                                │  ^                                      │      │
//!    └────────────── close ───────────┘  └────── close by the other end ────────┘      │
//!    └──────────────────────────────── close ──────────────────────────────────────────┘
//! ```
//!
//! The bits themselves are in the shared page, [`crate::hypervisor::shared_info`].
//!
//! A port may be the hypervisor's own use of a domain's table: an HVM guest's vCPU that waits for its device model has such
//! a port, and an event at it wakes the vCPU instead of setting a bit (`alloc_unbound_xen_event_channel`).
//!
//! Not modelled: virtual interrupts (VIRQ), interrupts between vCPUs (IPI), and the FIFO form of the bits.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::pirqs::PirqId;
use crate::hypervisor::shared_info::PORTS;
use crate::words::ids::{DomId, Port, VcpuId};

/// What a port is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Nothing; the port may be given out.
    Free,
    /// Never given out: port 0, so that 0 can mean "none".
    Reserved,
    /// Nothing yet; `remote` may bind to it.
    Unbound {
        /// Who may.
        remote: DomId,
    },
    /// A port of a domain, perhaps of the same one.
    Interdomain {
        /// The domain at the other end.
        remote: DomId,
        /// Its port.
        remote_port: Port,
    },
    /// One of the machine's interrupts, which Xen has routed to the domain.
    Pirq {
        /// Its number in the domain.
        irq: PirqId,
    },
}

/// One port of a domain.
#[derive(Clone, Copy, Debug)]
struct End {
    channel: Channel,
    /// The vCPU that its events are for.
    vcpu: VcpuId,
    consumer: Consumer,
}

/// Who takes the events of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// The domain whose port it is.
    Guest,
    /// Xen itself (`consumer_is_xen`).
    Xen,
}

/// All ports of a domain.
#[derive(Clone, Debug)]
pub struct EventChannels {
    ends: Vec<End>,
}

impl EventChannels {
    /// No port but the reserved one.
    pub fn new() -> EventChannels {
        EventChannels { ends: vec![End { channel: Channel::Reserved, vcpu: VcpuId(0), consumer: Consumer::Guest }] }
    }

    /// What the port is connected to.
    #[inline]
    pub fn channel(&self, port: Port) -> Channel {
        self.ends.get(port.0 as usize).map_or(Channel::Free, |end| end.channel)
    }

    /// How many ports were ever given out, the reserved one included; those after them are free.
    pub fn ports(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The vCPU that the port's events are for.
    #[inline]
    pub fn vcpu(&self, port: Port) -> VcpuId {
        self.ends.get(port.0 as usize).map_or(VcpuId(0), |end| end.vcpu)
    }

    /// Who takes the port's events.
    #[inline]
    pub fn consumer(&self, port: Port) -> Consumer {
        self.ends.get(port.0 as usize).map_or(Consumer::Guest, |end| end.consumer)
    }

    /// Connects the lowest free port, with its events for vCPU 0; nothing if all are in use (`get_free_port`).
    pub fn allocate(&mut self, channel: Channel) -> Option<Port> {
        let free = self.ends.iter().position(|end| end.channel == Channel::Free);
        let port = Port(free.unwrap_or(self.ends.len()) as u32);
        if port.0 >= PORTS {
            return None;
        }
        let end = End { channel, vcpu: VcpuId(0), consumer: Consumer::Guest };
        if free.is_some() {
            self.ends[port.0 as usize] = end;
        } else {
            self.ends.push(end);
        }
        Some(port)
    }

    /// Connects a port that is in use to something else.
    ///
    /// # Panics
    /// If the port was never given out.
    pub fn reconnect(&mut self, port: Port, channel: Channel) {
        self.ends[port.0 as usize].channel = channel;
    }

    /// Makes Xen itself the one who takes the port's events.
    ///
    /// # Panics
    /// If the port was never given out.
    pub(crate) fn give_to_xen(&mut self, port: Port, vcpu: VcpuId) {
        let end = &mut self.ends[port.0 as usize];
        (end.consumer, end.vcpu) = (Consumer::Xen, vcpu);
    }

    /// Sends the port's events to another vCPU.
    ///
    /// # Panics
    /// If the port was never given out.
    pub fn direct(&mut self, port: Port, vcpu: VcpuId) {
        self.ends[port.0 as usize].vcpu = vcpu;
    }
}

impl Default for EventChannels {
    fn default() -> EventChannels {
        EventChannels::new()
    }
}
