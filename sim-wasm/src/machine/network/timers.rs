//! The drivers' timers, when they have run out.

use crate::actors::kernel::{Kernel, Timer};
use crate::machine::network::Network;
use crate::machine::network::guest::vif_of;
use crate::words::ids::{DomId, VifId};

impl Network {
    /// Whether a domain is still there to do anything.
    pub(super) fn lives(&self, domain: DomId) -> bool {
        domain == DomId::DOM0 || self.guests[usize::from(vif_of(domain).0)].alive
    }

    /// A driver's timer has run out.
    pub(super) fn run_timer(&mut self, timer: Timer) {
        self.timers.retain(|(other, _)| *other != timer);
        match timer {
            Timer::Refill(vif) if !self.guests[usize::from(vif.0)].alive => {}
            Timer::Eoi(domain, _) | Timer::Deferred(domain) if !self.lives(domain) => {}
            Timer::Credit(_) | Timer::Pending | Timer::RxQueue(_) | Timer::Squeeze => self.dom0.back.timer(
                &mut Kernel {
                    xen: &mut self.xen,
                    skbs: &mut self.dom0.skbs,
                    now: self.now,
                    log: &mut self.log,
                    asks: &mut self.asks,
                },
                timer,
            ),
            Timer::Eoi(domain, port) => self.eoi_worker(domain, port),
            Timer::Refill(vif) => self.refill(vif),
            Timer::Deferred(domain) => self.retry_deferred(vif_of(domain)),
        }
    }

    fn refill(&mut self, vif: VifId) {
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.front.refill_timer(&mut Kernel {
            xen: &mut self.xen,
            skbs: &mut guest.skbs,
            now: self.now,
            log: &mut self.log,
            asks: &mut self.asks,
        });
    }

    fn retry_deferred(&mut self, vif: VifId) {
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.front.deferred_timer(&mut Kernel {
            xen: &mut self.xen,
            skbs: &mut guest.skbs,
            now: self.now,
            log: &mut self.log,
            asks: &mut self.asks,
        });
    }
}
