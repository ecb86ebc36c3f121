//! What goes wrong, when its time has come.
//!
//! Not modelled: faults of memory, of processors, and of the hypervisor.

use crate::actors::hostile::front_attack::FrontAttack;
use crate::actors::kernel::{Ask, Task};
use crate::actors::log::Event;
use crate::actors::log::bus::Bus;
use crate::actors::netback::outcome::Disconnect;
use crate::actors::parts;
use crate::machine::network::Network;
use crate::machine::network::guest::{Plug, domain_of};
use crate::machine::network::lend::lend;
use crate::machine::network::settings::FaultKind;
use crate::words::ids::{DomId, VifId};

/// The domain that takes all memory in a squeeze.
const HOARDER: DomId = DomId(0x7000);

impl Network {
    pub(super) fn fault(&mut self, number: u16) {
        self.go_wrong(self.settings.faults[usize::from(number)].what.clone());
    }

    pub(super) fn go_wrong(&mut self, what: FaultKind) {
        match what {
            FaultKind::StallCard => self.stall_card(),
            FaultKind::ResumeCard => self.resume_card(),
            FaultKind::SetFilter(filter) => self.dom0.stack.set_filter(filter),
            FaultKind::Tap(port, tap) if parts::TAPS => self.set_tap(port, Some(tap)),
            FaultKind::EndTap(port) if parts::TAPS => self.set_tap(port, None),
            trouble if parts::TROUBLE => self.make_trouble(&trouble),
            _ => parts::missing(),
        }
    }

    fn make_trouble(&mut self, what: &FaultKind) {
        match *what {
            // Not trouble, and done already.
            FaultKind::StallCard
            | FaultKind::ResumeCard
            | FaultKind::SetFilter(_)
            | FaultKind::Tap(..)
            | FaultKind::EndTap(_) => {}
            FaultKind::SleepGuest(vif) => self.guests[usize::from(vif.0)].awake = false,
            FaultKind::WakeGuest(vif) => {
                self.guests[usize::from(vif.0)].awake = true;
                self.asks.push(Ask::Run(Task::FrontPoll(vif)));
            }
            FaultKind::SqueezeMemory => self.squeeze(),
            FaultKind::RelieveMemory => self.relieve(),
            FaultKind::Unplug(vif) if self.bus.is_some() => self.on_bus(|bus, _, _| bus.detach(vif)),
            FaultKind::Unplug(vif) => self.disconnect(vif),
            FaultKind::Plug(vif) if self.bus.is_some() => self.create_device(vif),
            FaultKind::Plug(vif) => self.plug(vif),
            FaultKind::UnloadBack(vif) => self.on_bus(|bus, now, log| bus.remove_back(now, log, vif)),
            FaultKind::LoadBack(vif) => self.load_back(vif),
            FaultKind::CloseFront(vif) => self.on_bus(|bus, now, log| bus.close_front(now, log, vif)),
            FaultKind::RestartFront(vif) => self.restart_front(vif),
            FaultKind::Destroy(vif) => self.destroy(vif),
            FaultKind::Attack(vif, attack) => self.attack(vif, attack),
            FaultKind::BackAttack(vif, attack) => self.dom0.back.attack(lend!(self, self.dom0.skbs), vif, attack),
        }
    }

    fn attack(&mut self, vif: VifId, attack: FrontAttack) {
        let guest = &mut self.guests[usize::from(vif.0)];
        if guest.alive {
            guest.front.attack(lend!(self, guest.skbs), attack);
        }
    }

    /// A guest ends: its domain goes at once, its interface when the last of its packets is freed. Until then it is a zombie.
    fn destroy(&mut self, vif: VifId) {
        let domain = domain_of(vif);
        if !self.lives(domain) {
            return;
        }
        self.guests[usize::from(vif.0)].alive = false;
        if self.bus.is_some() {
            self.unbind_front(vif);
        } else {
            self.disconnect(vif);
        }
        self.xen.destroy_domain(domain);
        if self.xen.is_zombie(domain) {
            self.log.about(vif);
            self.log.step(self.now, Event::Bus(Bus::Zombie { pinned: self.dom0.back.held() }));
        }
        self.on_bus(|bus, _, _| bus.destroy(vif));
    }

    /// Memory is used up: a domain that does nothing else takes all that is free.
    fn squeeze(&mut self) {
        let free = self.xen.memory.free_frames();
        // A domain has two frames beside its pages, and with fewer nothing can be squeezed out any more.
        if let Some(pages) = free.checked_sub(2) {
            let made = self.xen.create_domain(HOARDER, pages);
            debug_assert!(made.is_ok() || self.xen.domain(HOARDER).is_some(), "the pages are free");
        }
    }

    fn relieve(&mut self) {
        if self.xen.domain(HOARDER).is_some() {
            self.xen.destroy_domain(HOARDER);
        }
    }

    /// Takes an interface away without asking its guest; netback lets it go when the last packet that needs it is freed.
    pub(super) fn disconnect(&mut self, vif: VifId) {
        let guest = &mut self.guests[usize::from(vif.0)];
        if guest.plug != Plug::In {
            return;
        }
        guest.plug = Plug::Leaving;
        self.log.about(vif);
        self.unbind_front(vif);
        self.unbind_back(vif);
        self.remove_port(vif);
        self.let_go(vif);
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.front.disconnect(lend!(self, guest.skbs));
    }

    /// Asks netback once more to let an interface go that was taken away.
    pub(super) fn let_go(&mut self, vif: VifId) {
        if self.guests[usize::from(vif.0)].plug != Plug::Leaving {
            return;
        }
        if self.dom0.back.disconnect(lend!(self, self.dom0.skbs), vif) == Disconnect::Done {
            self.guests[usize::from(vif.0)].plug = Plug::Out;
        }
    }

    /// Plugs an interface in again that was taken away and let go.
    pub(super) fn plug(&mut self, vif: VifId) {
        let guest = &self.guests[usize::from(vif.0)];
        if guest.alive && guest.plug == Plug::Out {
            self.connect(vif);
        }
    }
}
