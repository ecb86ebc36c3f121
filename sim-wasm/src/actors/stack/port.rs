//! One port of the stack: its queue, whether its device takes packets, and who listens.
//!
//! Not modelled: the device's statistics beyond these counts, and its being up or down beyond its carrier.

use crate::actors::bridge::BridgePort;
use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::stack::Stack as Told;
use crate::actors::qdisc::{Priority, Qdisc};
use crate::actors::skb::SkbId;
use crate::actors::stack::Orphan;
use crate::actors::stack::tap::{Tap, TapSettings};
use crate::words::time::Time;

/// What happened at a port so far, in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Put into its queue.
    pub queued: u64,
    /// Lost before its full queue.
    pub dropped: u64,
    /// Taken back from its device.
    pub requeued: u64,
    /// Clones that its packet sockets kept.
    pub tapped: u64,
    /// Passed its packet sockets unseen, since their buffer was full.
    pub tap_missed: u64,
}

/// A port.
#[derive(Clone, Debug)]
pub(super) struct PortState {
    pub(super) qdisc: Qdisc,
    /// Whether its device has stopped its queue.
    pub(super) stopped: bool,
    pub(super) carrier: bool,
    pub(super) counters: PortCounters,
    tap: Option<Tap>,
}

impl PortState {
    pub(super) fn new(queue_len: u32) -> PortState {
        PortState {
            qdisc: Qdisc::new(queue_len),
            stopped: false,
            carrier: true,
            counters: PortCounters::default(),
            tap: None,
        }
    }

    /// Puts a packet into the queue, or loses it. That it waits is told only if it will: a device that runs takes it at
    /// once.
    #[inline]
    pub(super) fn enqueue(
        &mut self,
        k: &mut Kernel<'_>,
        port: BridgePort,
        skb: SkbId,
        priority: Priority,
        orphan: &mut Orphan<'_>,
    ) {
        if let Err(skb) = self.qdisc.enqueue(skb, priority) {
            self.counters.dropped += 1;
            let bytes = k.skbs.get(skb).len;
            k.step(match port {
                BridgePort::Card => Event::EgressOverflowed { bytes },
                BridgePort::Vif(_) | BridgePort::Local => {
                    Event::Stack(Told::PortOverflowed { port: port.number(), bytes })
                }
            });
            k.skbs.free(skb);
            return;
        }
        self.counters.queued += 1;
        if self.stopped {
            self.tell_waiting(k, port);
        }
        self.tap(k, skb, orphan);
    }

    pub(super) fn tell_waiting(&self, k: &mut Kernel<'_>, port: BridgePort) {
        let waiting = self.qdisc.waiting();
        k.step(match port {
            BridgePort::Card => Event::PacketQueued { waiting },
            BridgePort::Vif(_) | BridgePort::Local => Event::Stack(Told::PortQueued { port: port.number(), waiting }),
        });
    }

    /// Shows a packet to the packet socket, if one is open (`dev_queue_xmit_nit`, `deliver_skb`).
    #[inline]
    pub(super) fn tap(&mut self, k: &mut Kernel<'_>, skb: SkbId, orphan: &mut Orphan<'_>) {
        let Some(tap) = &mut self.tap else { return };
        if !tap.has_room() {
            self.counters.tap_missed += 1;
            return;
        }
        self.counters.tapped += 1;
        let bytes = k.skbs.get(skb).len;
        k.step(Event::Stack(Told::Tapped { bytes }));
        orphan(k, skb);
        tap.keep(k.now, k.skbs.clone_skb(skb));
    }

    pub(super) fn set_tap(&mut self, k: &mut Kernel<'_>, port: BridgePort, settings: Option<TapSettings>) {
        let port = port.number();
        let opens = settings.is_some();
        if let Some(tap) = core::mem::replace(&mut self.tap, settings.map(Tap::new)) {
            k.step(Event::Stack(Told::TapClosed { port, clones: tap.kept() }));
            for clone in tap.close() {
                free_clone(k, clone);
            }
        }
        if opens {
            k.step(Event::Stack(Told::TapOpened { port }));
        }
    }

    pub(super) const fn is_tapped(&self) -> bool {
        self.tap.is_some()
    }

    pub(super) fn tap_due(&self) -> Option<Time> {
        self.tap.as_ref()?.due()
    }

    pub(super) fn free_taps(&mut self, k: &mut Kernel<'_>) {
        while let Some(clone) = self.tap.as_mut().and_then(|tap| tap.take(k.now)) {
            free_clone(k, clone);
        }
    }

    pub(super) fn tapped(&self) -> u32 {
        self.tap.as_ref().map_or(0, Tap::kept)
    }

    /// Frees what waits (`qdisc_reset`), and says how many that were.
    pub(super) fn flush(&mut self, k: &mut Kernel<'_>) -> u32 {
        let flushed = self.qdisc.waiting();
        while let Some(skb) = self.qdisc.dequeue() {
            k.skbs.free(skb);
        }
        flushed
    }

    /// The port goes, with all that it keeps; says how many packets waited in its queue.
    pub(super) fn close(mut self, k: &mut Kernel<'_>, port: BridgePort) -> u32 {
        self.set_tap(k, port, None);
        self.flush(k)
    }
}

/// The packet socket's program has read a packet, or closed the socket.
fn free_clone(k: &mut Kernel<'_>, clone: SkbId) {
    let bytes = k.skbs.get(clone).len;
    k.step(Event::Stack(Told::TapFreed { bytes }));
    k.skbs.free(clone);
}
