//! A guest's network driver: an honest one, or one that attacks when it is told to.
//!
//! Not modelled: guests with several interfaces.

use alloc::boxed::Box;

use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::hostile::front::HostileFront;
use crate::actors::hostile::front_attack::FrontAttack;
use crate::actors::kernel::Kernel;
use crate::actors::netfront::{FrontSettings, Netfront, Served};
use crate::actors::parts;
use crate::actors::skb::SkbId;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Pfn, Port, VifId};

/// Whether a guest keeps to the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// It does.
    #[default]
    Honest,
    /// Until it is told to attack.
    Hostile,
}

/// The driver.
#[derive(Clone, Debug)]
pub(super) enum Front {
    Honest(Box<Netfront>),
    Hostile(Box<HostileFront>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($front:expr, $inner:ident => $call:expr) => {
        match $front {
            Front::Honest($inner) => $call,
            Front::Hostile($inner) if parts::TROUBLE => $call,
            Front::Hostile(_) => parts::missing(),
        }
    };
}

impl Front {
    pub(super) fn new(xen: &mut Xen, vif: VifId, domain: DomId, intent: Intent, settings: FrontSettings) -> Front {
        let (rings, backend) = ([Pfn(0), Pfn(1)], DomId::DOM0);
        match intent {
            Intent::Honest => Front::Honest(Box::new(Netfront::new(xen, vif, domain, backend, rings, settings))),
            Intent::Hostile if parts::TROUBLE => {
                Front::Hostile(Box::new(HostileFront::new(xen, vif, domain, backend, rings, settings)))
            }
            Intent::Hostile => parts::missing(),
        }
    }

    /// The honest driver, to look at.
    pub(super) fn honest(&self) -> Option<&Netfront> {
        match self {
            Front::Honest(front) => Some(front),
            Front::Hostile(_) => None,
        }
    }

    pub(super) fn setup_device(&mut self, k: &mut Kernel, features: BackFeatures) -> Option<Offer> {
        each!(self, front => front.setup_device(k, features))
    }

    pub(super) fn connect(&mut self, k: &mut Kernel) {
        each!(self, front => front.connect(k));
    }

    pub(super) fn disconnect(&mut self, k: &mut Kernel) {
        each!(self, front => front.disconnect(k));
    }

    pub(super) fn start_xmit(&mut self, k: &mut Kernel, skb: SkbId) -> Xmit {
        each!(self, front => front.start_xmit(k, skb))
    }

    pub(super) fn is_stopped(&self) -> bool {
        each!(self, front => front.is_stopped())
    }

    pub(super) fn interrupt(&mut self, k: &mut Kernel, port: Port) -> Served {
        each!(self, front => front.interrupt(k, port))
    }

    pub(super) fn poll(&mut self, k: &mut Kernel) -> bool {
        each!(self, front => front.poll(k))
    }

    pub(super) fn refill_timer(&mut self, k: &mut Kernel) {
        each!(self, front => front.refill_timer(k));
    }

    pub(super) fn deferred_timer(&mut self, k: &mut Kernel) {
        match self {
            Front::Honest(front) => front.deferred_timer(k),
            Front::Hostile(_) => {}
        }
    }

    pub(super) fn ports(&self) -> Option<[Port; 2]> {
        match self {
            Front::Honest(front) => front.ports(),
            Front::Hostile(front) => Some(front.ports()),
        }
    }

    pub(super) fn outstanding(&self) -> u32 {
        each!(self, front => front.outstanding())
    }

    pub(super) fn posted_buffers(&self) -> u32 {
        each!(self, front => front.posted_buffers())
    }

    /// Breaks a rule, if it is a driver that does.
    pub(super) fn attack(&mut self, k: &mut Kernel, attack: FrontAttack) {
        match self {
            Front::Honest(_) => {}
            Front::Hostile(front) => front.attack(k, attack),
        }
    }
}
