//! What waits for a guest: a queue bounded in bytes, and the thread that empties it (`xenvif_start_xmit`,
//! `xenvif_rx_queue_tail`, `xenvif_kthread_guest_rx`).
//!
//! ```text
//!   start_xmit ──> queue, 512 KiB ──> buffers for the first packet? ── yes ──> deliver, 64 at a time
//!       │                                  │
//!       └─ full: dropped, queue stops      ├─ no, for 10 s: dropped
//!                                          └─ no, and nothing delivered for 60 s: carrier off, until there are
//! ```
//!
//! The carrier comes on when the thread first runs, which is at once. A guest that lost it gets it back, too, when nothing
//! waits for it any more: nothing then needs buffers.
//!
//! Not modelled: hashes of packets, which would need a buffer each, and a queue's own limit in packets, which is dom0's stack's.

use alloc::collections::VecDeque;

use crate::actors::handshake::Xmit;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::receive::{DropReason, Receive};
use crate::actors::netback::outcome::Counters;
use crate::actors::netback_upstream::limits::{RX_BATCH, RX_QUEUE_BYTES};
use crate::actors::netback_upstream::zero_copy::{Health, Queue, ZeroCopy};
use crate::actors::skb::SkbId;
use crate::hypervisor::page::PAGE_SIZE;
use crate::words::ids::VifId;

/// A packet in the queue, and the jiffy at which it is dropped.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    skb: SkbId,
    expires: u64,
}

/// The queue. Times are in jiffies.
#[derive(Clone, Debug)]
pub(super) struct ReceiveQueue {
    packets: VecDeque<Waiting>,
    /// Bytes of the packets (`rx_queue_len`).
    bytes: u32,
    /// Whether the queue in front of the interface is stopped.
    stopped: bool,
    /// Buffers that the first packet needs (`rx_slots_needed`).
    needed: u32,
    /// Whether the guest has lost the carrier since it posts too few buffers.
    stalled: bool,
    /// When a packet was last delivered.
    last_rx: u64,
    drain: u64,
    /// How long nothing may be delivered, where that is watched.
    stall: Option<u64>,
    /// When the timer will run.
    armed: Option<u64>,
}

impl ReceiveQueue {
    pub(super) const fn new(drain: u64, stall: Option<u64>, now: u64) -> ReceiveQueue {
        ReceiveQueue {
            packets: VecDeque::new(),
            bytes: 0,
            stopped: false,
            needed: 0,
            stalled: false,
            last_rx: now,
            drain,
            stall,
            armed: None,
        }
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(super) const fn is_stalled(&self) -> bool {
        self.stalled
    }

    pub(super) fn waiting(&self) -> (u32, u32) {
        (self.packets.len() as u32, self.bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    pub(super) const fn timer_ran(&mut self) {
        self.armed = None;
    }

    /// A packet is being delivered.
    pub(super) const fn delivered_at(&mut self, now: u64) {
        self.last_rx = now;
    }

    /// Takes the first packet (`xenvif_rx_dequeue`).
    pub(super) fn dequeue(&mut self, k: &mut Kernel, vif: VifId) -> Option<SkbId> {
        let skb = self.packets.pop_front()?.skb;
        self.bytes -= k.skbs.get(skb).len;
        self.needed = self.packets.front().map_or(0, |next| buffers_for(k, next.skb));
        if self.stopped && self.bytes < RX_QUEUE_BYTES {
            self.stopped = false;
            k.step(Event::Receive(Receive::QueueRuns));
            k.ask(Ask::WakeVif(vif));
        }
        Some(skb)
    }

    /// Drops what waits (`xenvif_rx_queue_purge`).
    pub(super) fn purge(&mut self, k: &mut Kernel, counters: &mut Counters) {
        for waiting in self.packets.drain(..) {
            k.skbs.free(waiting.skb);
            counters.receive_dropped += 1;
        }
        self.bytes = 0;
        self.needed = 0;
        self.stopped = false;
    }

    fn has_expired(&self, now: u64) -> bool {
        self.packets.front().is_some_and(|first| first.expires <= now)
    }
}

/// Buffers that a packet takes: one for each page of bytes, and one for what is said of its segmentation
/// (`xenvif_update_needed_slots`).
fn buffers_for(k: &Kernel, skb: SkbId) -> u32 {
    let data = k.skbs.get(skb);
    data.len.div_ceil(PAGE_SIZE as u32) + u32::from(data.gso.size != 0)
}

impl ZeroCopy {
    pub(super) fn queue_for_guest(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        k.log.about(vif);
        let now = self.clock.at(k.now);
        let (bytes, needed) = (k.skbs.get(skb).len, buffers_for(k, skb));
        let refusal = match self.queue_mut(vif) {
            None => Some((DropReason::NoCarrier, 0)),
            Some(queue) => {
                let posted = queue.posted(k);
                if queue.health != Health::Sound || queue.receive.stalled {
                    Some((DropReason::NoCarrier, posted))
                } else if queue.receive.bytes >= RX_QUEUE_BYTES {
                    queue.receive.stopped = true;
                    Some((DropReason::QueueFull, posted))
                } else {
                    let receive = &mut queue.receive;
                    if receive.packets.is_empty() {
                        receive.needed = needed;
                    }
                    receive.packets.push_back(Waiting { skb, expires: now.saturating_add(receive.drain) });
                    receive.bytes += bytes;
                    let waiting = receive.packets.len() as u32;
                    k.step(Event::Receive(Receive::PacketAccepted { bytes, slots: needed, waiting }));
                    None
                }
            }
        };
        let Some((why, posted)) = refusal else {
            k.ask(Ask::Run(Task::BackRx(vif)));
            return Xmit::Sent;
        };
        if let Some(queue) = self.queue_mut(vif) {
            queue.link.counters.receive_dropped += 1;
        }
        k.step(Event::Receive(Receive::PacketRefused { bytes, why, needed, posted }));
        k.skbs.free(skb);
        Xmit::Dropped
    }

    /// One round of the receive thread, if there is a reason for it: otherwise it sleeps until the first packet is too old.
    /// True if it has to go on.
    pub(super) fn guest_rx(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        k.log.about(vif);
        let now = self.clock.at(k.now);
        let Some(queue) = self.queue_mut(vif) else { return false };
        match queue.health {
            Health::Sound => {}
            Health::Disabled => {
                queue.carrier_off(k);
                return false;
            }
            Health::Down | Health::Closing => return false,
        }
        if queue.has_rx_work(k, now) || queue.receive.has_expired(now) {
            if !queue.receive.is_empty() {
                self.rx_action(k, vif, now);
            }
            let Some(queue) = self.queue_mut(vif) else { return false };
            queue.watch_stall(k, now);
            queue.drop_expired(k, now);
            if queue.has_rx_work(k, now) {
                return true;
            }
        }
        self.sleep(k, vif);
        false
    }

    /// Delivers packets while there are buffers for them (`xenvif_rx_action`).
    fn rx_action(&mut self, k: &mut Kernel, vif: VifId, now: u64) {
        self.bounce.clear();
        let has_page = self.bounce.has_page(k);
        for _ in 0..RX_BATCH {
            let Some(queue) = self.queue_mut(vif) else { break };
            if !queue.has_buffers(k) {
                break;
            }
            let Some(skb) = queue.receive.dequeue(k, vif) else { break };
            if !has_page {
                queue.lose(k, skb, DropReason::NoMemory);
                continue;
            }
            queue.receive.delivered_at(now);
            self.deliver(k, vif, skb);
        }
        self.flush(k, vif);
    }

    fn sleep(&mut self, k: &mut Kernel, vif: VifId) {
        let clock = self.clock;
        let Some(queue) = self.queue_mut(vif) else { return };
        let wanted = queue.receive.packets.front().map(|first| first.expires);
        if wanted != queue.receive.armed {
            queue.receive.armed = wanted;
            k.ask(Ask::Arm(Timer::RxQueue(vif), wanted.map(|jiffies| clock.time(jiffies))));
        }
    }
}

impl Queue {
    /// Buffers that are posted and not taken. A guest may claim any number.
    fn posted(&self, k: &Kernel) -> u32 {
        self.link.receive.req_prod(k).since(self.link.receive.req_cons())
    }

    /// Whether there are buffers for the first packet; if not, the guest is asked to ring when it posts one
    /// (`xenvif_rx_ring_slots_available`).
    fn has_buffers(&self, k: &mut Kernel) -> bool {
        if self.receive.needed == 0 {
            return false;
        }
        if self.posted(k) >= self.receive.needed {
            return true;
        }
        let event = self.link.receive.req_prod(k).plus(1);
        self.link.receive.await_buffers(k, event);
        false
    }

    /// Whether the thread has a reason to run (`xenvif_have_rx_work`).
    pub(super) fn has_rx_work(&self, k: &mut Kernel, now: u64) -> bool {
        match self.health {
            Health::Sound => self.has_buffers(k) || self.has_stalled(k, now) || self.is_ready(k),
            Health::Disabled => true,
            Health::Down | Health::Closing => false,
        }
    }

    /// Whether nothing was delivered for too long, for want of buffers. What the first packet needs counts, not whether
    /// there is any: one buffer is no help where two are needed (XSA-392).
    fn has_stalled(&self, k: &Kernel, now: u64) -> bool {
        let Some(stall) = self.receive.stall else { return false };
        !self.receive.stalled
            && self.posted(k) < self.receive.needed
            && now > self.receive.last_rx.saturating_add(stall)
    }

    fn is_ready(&self, k: &Kernel) -> bool {
        self.receive.stalled && self.posted(k) >= self.receive.needed
    }

    /// Takes the carrier off, or puts it on again.
    fn watch_stall(&mut self, k: &mut Kernel, now: u64) {
        if self.has_stalled(k, now) {
            self.receive.stalled = true;
            k.step(Event::Receive(Receive::CarrierLost));
        } else if self.is_ready(k) {
            self.receive.stalled = false;
            self.receive.last_rx = now;
            k.step(Event::Receive(Receive::CarrierBack));
        }
    }

    /// Drops what has waited too long: it may hold pages of other guests.
    fn drop_expired(&mut self, k: &mut Kernel, now: u64) {
        while self.receive.has_expired(now) {
            let Some(skb) = self.receive.dequeue(k, self.link.vif) else { break };
            self.lose(k, skb, DropReason::Expired);
        }
    }

    /// Drops a packet that was in the queue.
    fn lose(&mut self, k: &mut Kernel, skb: SkbId, why: DropReason) {
        let (bytes, needed, posted) = (k.skbs.get(skb).len, buffers_for(k, skb), self.posted(k));
        k.step(Event::Receive(Receive::PacketRefused { bytes, why, needed, posted }));
        self.link.counters.receive_dropped += 1;
        k.skbs.free(skb);
    }

    /// The thread finds its interface disabled and takes the carrier off for good (`xenvif_carrier_off`).
    fn carrier_off(&mut self, k: &mut Kernel) {
        self.health = Health::Down;
        self.receive.purge(k, &mut self.link.counters);
        let vif = self.link.vif;
        k.ask(Ask::Arm(Timer::Credit(vif), None));
        k.ask(Ask::Arm(Timer::RxQueue(vif), None));
        k.ask(Ask::CarrierOff(vif));
    }
}
