//! One interface of a guest, as its backend sees it (`netif_t` in `drivers/xen/netback/common.h`).
//!
//! Not modelled: the network device that stands for it in dom0, beyond its queue being stopped or not.

use crate::actors::netback::credit::Credit;
use crate::actors::netback::outcome::Counters;
use crate::actors::skb::MAX_SKB_FRAGS;
use crate::hypervisor::page::Page;
use crate::hypervisor::xen::Xen;
use crate::protocols::back_ring::BackRing;
use crate::protocols::ring::{Index, Shared};
use crate::words::ids::{DomId, Handle, Port};

/// Whether an interface takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It does (`netif_schedulable`).
    Connected,
    /// Its frontend wrote garbage, and nothing is taken from it any more; what is held is still answered.
    Disabled,
    /// It is to go when nobody refers to it any more.
    Closing,
}

/// One interface.
#[derive(Clone, Debug)]
pub(super) struct Vif {
    /// The guest.
    pub(super) frontend: DomId,
    /// Whether it takes part.
    pub(super) state: State,
    /// dom0's end of its channel.
    pub(super) port: Port,
    /// The ring of the guest's packets.
    pub(super) tx: BackRing,
    /// By what that ring's page is mapped.
    pub(super) tx_handle: Handle,
    /// The ring of the guest's empty buffers.
    pub(super) rx: BackRing,
    /// By what that ring's page is mapped.
    pub(super) rx_handle: Handle,
    /// Buffers up to here are promised to packets (`rx_req_cons_peek`). At or after `rx.req_cons`.
    pub(super) peek: Index,
    /// Whether it is on the list of interfaces with work.
    pub(super) is_scheduled: bool,
    /// Slots that are held, and packets that wait for delivery: the reasons why it cannot go (`refcnt`).
    pub(super) references: u32,
    /// What it may send.
    pub(super) credit: Credit,
    /// Packets may have several pieces.
    pub(super) sg: bool,
    /// Packets may be longer than what the wire takes.
    pub(super) gso: bool,
    /// Packets are copied into the guest's buffers (`copying_receiver`), not given away.
    pub(super) copies: bool,
    /// The guest notifies when it posts buffers, so that its queue may stop (`can_queue`).
    pub(super) can_queue: bool,
    /// Packets that the queue in front of it takes (`tx_queue_len`).
    pub(super) queue_len: u32,
    /// The queue in front of it is stopped.
    pub(super) is_stopped: bool,
    /// A notification of this batch of deliveries is due (`rx_notify`).
    pub(super) owes_notification: bool,
    /// The pass that last looked at its ring, and how far that pass may take requests.
    pub(super) pass: (u64, Index),
    /// What happened on it.
    pub(super) counters: Counters,
}

impl Vif {
    /// Buffers that must be there before a packet is accepted (`netbk_max_required_rx_slots`): a head, an extra info and
    /// all fragments that a packet may have, or else one. It does not depend on the packet.
    pub(super) const fn slots_required(&self) -> u32 {
        if self.sg || self.gso { MAX_SKB_FRAGS as u32 + 2 } else { 1 }
    }

    /// Whether a packet would be refused (`netbk_queue_full`): too few buffers posted, or too few slots free for answers.
    /// The second keeps a guest with a forged producer within its ring.
    pub(super) fn is_full(&self, rx_page: &Page) -> bool {
        let posted = Shared::ReqProd.load(rx_page).since(self.peek);
        posted < self.slots_required() || self.unpromised() < self.slots_required()
    }

    /// Slots of the receive ring that are not promised to a packet.
    pub(super) const fn unpromised(&self) -> u32 {
        self.rx.rsp_prod_pvt.plus(self.rx.layout.entries()).since(self.peek)
    }

    /// The page of the transmit ring.
    pub(super) fn tx_page<'xen>(&self, xen: &'xen Xen, domain: DomId) -> &'xen Page {
        xen.mapped_page(domain, self.tx_handle).expect("a connected ring is mapped")
    }

    /// The page of the transmit ring, to write.
    pub(super) fn tx_page_mut<'xen>(&self, xen: &'xen mut Xen, domain: DomId) -> &'xen mut Page {
        xen.mapped_page_mut(domain, self.tx_handle).expect("a connected ring is mapped for writing")
    }

    /// The page of the receive ring.
    pub(super) fn rx_page<'xen>(&self, xen: &'xen Xen, domain: DomId) -> &'xen Page {
        xen.mapped_page(domain, self.rx_handle).expect("a connected ring is mapped")
    }
}
