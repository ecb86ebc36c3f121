//! A guest at work: its workloads make packets, its own queue holds them, its driver takes them and polls.
//!
//! Not modelled: packets that are answers, and workloads that slow down when packets are lost, as TCP would.

use alloc::sync::Arc;

use crate::actors::handshake::Xmit;
use crate::actors::log::Event;
use crate::machine::metrics::counters::Count;
use crate::machine::network::lend::lend;
use crate::machine::network::packets;
use crate::machine::network::settings::Workload;
use crate::machine::network::{Appointment, Network};
use crate::words::ids::VifId;
use crate::words::rng::Rng;

impl Network {
    /// A workload of a guest makes its next packets.
    pub(super) fn send(&mut self, vif: VifId, number: u16) {
        let settings = Arc::clone(&self.settings);
        let spec = &settings.guests[usize::from(vif.0)];
        let workload = &spec.sends[usize::from(number)];
        let guest = &mut self.guests[usize::from(vif.0)];
        if !guest.alive {
            return;
        }
        for _ in 0..workload.burst {
            let Some(waiting) = guest.offer(number, workload, self.now) else { break };
            self.metrics.count(self.now, vif, Count::Offered, 1);
            self.metrics.count(self.now, vif, Count::OfferedBytes, u64::from(workload.bytes));
            if guest.queue.len() >= spec.queue as usize {
                self.metrics.count(self.now, vif, Count::LostInGuest, 1);
                self.log.about(vif);
                self.log.step(self.now, Event::QueueOverflowed { bytes: workload.bytes });
            } else {
                guest.queue.push_back(waiting);
            }
        }
        if guest.made[usize::from(number)] < workload.count {
            let next = self.now + next_delay(workload, &mut self.rng);
            self.agenda.push(next, Appointment::Send(vif, number));
        }
        self.feed_front(vif);
    }

    /// Hands a guest's waiting packets to its driver while that takes them.
    pub(super) fn feed_front(&mut self, vif: VifId) {
        let settings = Arc::clone(&self.settings);
        let spec = &settings.guests[usize::from(vif.0)];
        let guest = &mut self.guests[usize::from(vif.0)];
        while guest.alive
            && !guest.front.is_stopped()
            && let Some(&waiting) = guest.queue.front()
        {
            let workload = &spec.sends[usize::from(waiting.workload)];
            let stamp = packets::Stamp { origin: vif, sequence: waiting.sequence, born: waiting.born };
            let mac = guest.mac();
            let Some(skb) = packets::build(&mut self.xen, &mut guest.skbs, workload, mac, stamp, settings.filling)
            else {
                break;
            };
            match guest.front.start_xmit(lend!(self, guest.skbs), skb) {
                Xmit::Sent => self.metrics.count(self.now, vif, Count::Accepted, 1),
                Xmit::Dropped => self.metrics.count(self.now, vif, Count::LostInFront, 1),
                Xmit::Busy(skb) => {
                    guest.skbs.free(skb);
                    break;
                }
            }
            guest.queue.pop_front();
        }
    }

    /// One pass of a guest's receive poll; true when there is more.
    pub(super) fn poll_front(&mut self, vif: VifId) -> bool {
        let guest = &mut self.guests[usize::from(vif.0)];
        if !guest.alive || !guest.awake {
            return false;
        }
        guest.front.poll(lend!(self, guest.skbs))
    }
}

/// Nanoseconds to a workload's next packets.
pub(super) fn next_delay(workload: &Workload, rng: &mut Rng) -> u64 {
    let jitter = u32::try_from(workload.jitter).unwrap_or(u32::MAX);
    workload.every + if jitter > 0 { u64::from(rng.below(jitter)) } else { 0 }
}
