//! What a driver works with during one call, and what it asks of the machine in return.
//!
//! A driver owns its own state and nothing else: hypervisor, packets and log are lent to it, time is a number. It cannot
//! wait, so whatever is to happen later it [asks](Ask) for, and the machine does it in the order of its agenda.
//!
//! Not modelled: several processors of a kernel, preemption, and locks: one call is at work at a time.

use alloc::vec::Vec;

use crate::actors::log::{Event, Log};
use crate::actors::skb::{SkbId, Skbs};
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Port, VcpuId, VifId};
use crate::words::time::Time;

/// A piece of work that a kernel does later, once, however often it is asked for before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Netback's transmit tasklet, or the kernel thread in its place: `net_tx_action`, `xen_netbk_tx_action`.
    NetTx,
    /// Netback's receive tasklet: `net_rx_action`.
    NetRx,
    /// One interface's transmit poll in dom0 (modern netback): `xenvif_poll`.
    BackPoll(VifId),
    /// One interface's receive thread in dom0 (modern netback): `xenvif_kthread_guest_rx`.
    BackRx(VifId),
    /// One interface's dealloc thread in dom0 (modern netback): `xenvif_dealloc_kthread`.
    BackDealloc(VifId),
    /// One interface's receive poll in the guest: `netif_poll`, `xennet_poll`.
    FrontPoll(VifId),
}

/// A timer; each exists once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The credit of a vif comes back: `tx_credit_callback`.
    Credit(VifId),
    /// The oldest packet that netback holds has lingered: `netif_pending_timer` (delayed copy).
    Pending,
    /// A vif's stopped queue runs again to be drained: `tx_queue_callback`, or the drain timeout of modern netback.
    RxQueue(VifId),
    /// The whole receive path tries again after a memory squeeze: `net_timer`.
    Squeeze,
    /// A guest without memory tries again to post buffers: `rx_refill_timeout`.
    Refill(VifId),
    /// A delayed end of interrupt falls due: `xen_irq_lateeoi_worker`.
    Eoi(DomId, Port),
    /// A guest tries again to end grants that were in use: `gnttab_handle_deferred`.
    Deferred(DomId),
}

/// What a driver asks of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A notification kicked this vCPU.
    Upcall(DomId, VcpuId),
    /// Run this soon. Asked for twice, it runs once.
    Run(Task),
    /// Run this timer then, and not when it was set to before; nothing stops it.
    Arm(Timer, Option<Time>),
    /// Netback built a packet that this interface's guest sent: it is dom0's stack's now (`netif_rx`).
    Received(VifId, SkbId),
    /// Netfront built a packet that was sent to this interface's guest: it is the guest's stack's now.
    Arrived(VifId, SkbId),
    /// A slot of this interface came back to its guest so many nanoseconds after it was put on the transmit ring.
    SlotReturned(VifId, u64),
    /// The queue in front of this interface in dom0 runs again (`netif_wake_queue` of the vif).
    WakeVif(VifId),
    /// The queue in front of this interface in the guest runs again.
    WakeFront(VifId),
    /// Netback gave this interface up: its carrier is to be taken off (`xenvif_carrier_off`).
    CarrierOff(VifId),
}

/// A kernel at work.
#[derive(Debug)]
pub struct Kernel<'machine> {
    /// The hypervisor.
    pub xen: &'machine mut Xen,
    /// This kernel's packets.
    pub skbs: &'machine mut Skbs,
    /// The time of the call.
    pub now: Time,
    /// Where what happens is told.
    pub log: &'machine mut Log,
    /// What is asked for, in order.
    pub asks: &'machine mut Vec<Ask>,
}

impl Kernel<'_> {
    /// The domain whose kernel it is.
    #[must_use]
    pub fn domain(&self) -> DomId {
        self.skbs.domain()
    }

    /// Asks for something.
    pub fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    /// Tells a new step.
    pub fn step(&mut self, event: Event) {
        self.log.step(self.now, event);
    }

    /// Tells more of the present step.
    pub fn also(&mut self, event: Event) {
        self.log.also(self.now, event);
    }

    /// Notifies the other end of one of this domain's ports (`notify_remote_via_evtchn`), and tells so. A port that nobody
    /// is bound to swallows it.
    pub fn notify(&mut self, port: Port) {
        let domain = self.domain();
        let Ok(sent) = self.xen.send(domain, port) else { return };
        if let Sent::Delivered { port, .. } = sent {
            self.also(Event::EventSent { port, from_guest: domain != DomId::DOM0 });
        }
        if let Some((domain, vcpu)) = sent.upcall() {
            self.ask(Ask::Upcall(domain, vcpu));
        }
    }
}
