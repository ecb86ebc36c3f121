//! The drivers' timers: each exists once, and is set, moved, stopped, and served when it has run out.
//!
//! Not modelled: the tick of a guest's timers; a driver of dom0's rounds for itself.

use crate::actors::kernel::Timer;
use crate::machine::network::guest::vif_of;
use crate::machine::network::lend::lend;
use crate::machine::network::{Appointment, Network};
use crate::words::ids::{DomId, VifId};
use crate::words::time::Time;

impl Network {
    /// Whether a domain is still there to do anything.
    pub(super) fn lives(&self, domain: DomId) -> bool {
        domain == DomId::DOM0 || self.guests[usize::from(vif_of(domain).0)].alive
    }

    /// Sets a timer, and not for when it was set before; or stops it.
    pub(super) fn arm(&mut self, timer: Timer, at: Option<Time>) {
        if let Some(place) = self.timers.iter().position(|(other, _)| *other == timer) {
            let (_, key) = self.timers.swap_remove(place);
            self.agenda.cancel(key);
        }
        if let Some(at) = at {
            let key = self.agenda.push(at.max(self.now), Appointment::Timer(timer));
            self.timers.push((timer, key));
        }
    }

    /// A driver's timer has run out.
    pub(super) fn run_timer(&mut self, timer: Timer) {
        self.timers.retain(|(other, _)| *other != timer);
        match timer {
            Timer::Refill(vif) if !self.guests[usize::from(vif.0)].alive => {}
            Timer::Eoi(domain, _) | Timer::Deferred(domain) if !self.lives(domain) => {}
            Timer::Credit(_) | Timer::Pending | Timer::RxQueue(_) | Timer::Squeeze => {
                self.dom0.back.timer(lend!(self, self.dom0.skbs), timer);
            }
            Timer::Eoi(domain, port) => self.eoi_worker(domain, port),
            Timer::Refill(vif) => self.refill(vif),
            Timer::Deferred(domain) => self.retry_deferred(vif_of(domain)),
        }
    }

    fn refill(&mut self, vif: VifId) {
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.front.refill_timer(lend!(self, guest.skbs));
    }

    fn retry_deferred(&mut self, vif: VifId) {
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.front.deferred_timer(lend!(self, guest.skbs));
    }
}
