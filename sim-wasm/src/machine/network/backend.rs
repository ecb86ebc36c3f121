//! dom0's network backend, of whichever epoch the run has.
//!
//! Not modelled: backends of different generations on one machine.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::epoch::Epoch;
use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::hostile::back::HostileBack;
use crate::actors::hostile::back_attack::BackAttack;
use crate::actors::kernel::{Kernel, Task, Timer};
use crate::actors::netback::Netback;
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::{BackSettings, VifSettings};
use crate::actors::netback_upstream::grant_copy::GrantCopy;
use crate::actors::netback_upstream::zero_copy::ZeroCopy;
use crate::actors::parts;
use crate::actors::skb::{SharedId, SkbId};
use crate::machine::network::front::Intent;
use crate::words::ids::{DomId, Port, VifId};

/// Netback.
#[derive(Clone, Debug)]
pub(super) enum Backend {
    Classic(Box<Netback>),
    GrantCopy(Box<GrantCopy>),
    ZeroCopy(Box<ZeroCopy>),
    Hostile(Box<HostileBack>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($backend:expr, $inner:ident => $call:expr) => {
        match $backend {
            Backend::Classic($inner) => $call,
            Backend::GrantCopy($inner) if parts::GRANT_COPY => $call,
            Backend::ZeroCopy($inner) if parts::ZERO_COPY => $call,
            Backend::Hostile($inner) if parts::TROUBLE => $call,
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) | Backend::Hostile(_) => parts::missing(),
        }
    };
}

impl Backend {
    /// The backend of the settings.
    pub(super) fn new(k: &mut Kernel, epoch: Epoch, intent: Intent, settings: BackSettings) -> Backend {
        match (intent, epoch) {
            (Intent::Honest, Epoch::Classic) => Backend::Classic(Box::new(Netback::new(k, settings))),
            (Intent::Honest, Epoch::GrantCopy) if parts::GRANT_COPY => {
                Backend::GrantCopy(Box::new(GrantCopy::new(k, settings)))
            }
            (Intent::Honest, Epoch::ZeroCopy) if parts::ZERO_COPY => {
                Backend::ZeroCopy(Box::new(ZeroCopy::new(k, settings)))
            }
            (Intent::Hostile, _) if parts::TROUBLE => Backend::Hostile(Box::new(HostileBack::new(k, settings))),
            (Intent::Honest, Epoch::GrantCopy | Epoch::ZeroCopy) | (Intent::Hostile, _) => parts::missing(),
        }
    }

    pub(super) fn features(&self) -> BackFeatures {
        each!(self, back => back.features())
    }

    pub(super) fn connect(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        frontend: DomId,
        offer: &Offer,
        limits: VifSettings,
    ) -> Result<(), ConnectError> {
        each!(self, back => back.connect(k, vif, frontend, offer, limits))
    }

    pub(super) fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
        each!(self, back => back.disconnect(k, vif))
    }

    /// The ports by which the interface's guest calls: transmit and receive, the same where they share one.
    pub(super) fn ports(&self, vif: VifId) -> Option<[Port; 2]> {
        match self {
            Backend::Classic(back) => back.port(vif).map(|port| [port; 2]),
            Backend::GrantCopy(back) => back.ports(vif).map(|(transmit, receive)| [transmit, receive]),
            Backend::ZeroCopy(back) => back.ports(vif).map(|(transmit, receive)| [transmit, receive]),
            Backend::Hostile(back) => back.ports(vif),
        }
    }

    /// An event came in at one of the interface's ports. Answers whether there was work.
    pub(super) fn interrupt(&mut self, k: &mut Kernel, vif: VifId, port: Port) -> bool {
        match self {
            // The classic flow does not ask.
            Backend::Classic(back) => {
                back.interrupt(k, vif);
                true
            }
            Backend::GrantCopy(back) if parts::GRANT_COPY => back.interrupt(k, vif),
            Backend::ZeroCopy(back) if parts::ZERO_COPY => match back.ports(vif) {
                Some((transmit, receive)) if transmit != receive => {
                    if port == transmit {
                        back.transmit_interrupt(k, vif)
                    } else {
                        back.receive_interrupt(k, vif)
                    }
                }
                Some(_) | None => back.interrupt(k, vif),
            },
            Backend::Hostile(back) if parts::TROUBLE => back.interrupt(k, vif),
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) | Backend::Hostile(_) => parts::missing(),
        }
    }

    pub(super) fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        each!(self, back => back.run(k, task))
    }

    pub(super) fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        each!(self, back => back.timer(k, timer));
    }

    pub(super) fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        each!(self, back => back.start_xmit(k, vif, skb))
    }

    pub(super) fn can_queue(&self, vif: VifId) -> bool {
        each!(self, back => back.can_queue(vif))
    }

    pub(super) fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        each!(self, back => back.page_release(k, data));
    }

    /// Copies what a packet has of a guest's pages, before it is cloned or kept (`skb_orphan_frags`).
    pub(super) fn orphan(&mut self, k: &mut Kernel, skb: SkbId) {
        each!(self, back => back.orphan(k, skb));
    }

    /// What an interface's guest did so far.
    pub(super) fn counters(&self, vif: VifId) -> Counters {
        match self {
            Backend::Classic(back) => back.counters(vif),
            Backend::GrantCopy(back) => back.counters(vif),
            Backend::ZeroCopy(back) => back.counters(vif),
            Backend::Hostile(back) => back.counters(vif).unwrap_or_default(),
        }
    }

    /// Slots that are held, all interfaces together.
    pub(super) fn held(&self) -> u32 {
        each!(self, back => back.held())
    }

    /// The interfaces on the classic driver's list, the next one first.
    pub(super) fn turns(&self) -> Vec<VifId> {
        match self {
            Backend::Classic(back) => back.schedule().collect(),
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) | Backend::Hostile(_) => Vec::new(),
        }
    }

    /// Bytes that an interface may still send in its window, in the classic driver.
    pub(super) fn credit(&self, vif: VifId) -> Option<u64> {
        match self {
            Backend::Classic(back) => back.credit(vif),
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) | Backend::Hostile(_) => None,
        }
    }

    /// Whether it gave an interface's guest up.
    pub(super) fn is_disabled(&self, vif: VifId) -> bool {
        match self {
            Backend::GrantCopy(back) => back.is_disabled(vif),
            Backend::ZeroCopy(back) => back.is_disabled(vif),
            Backend::Classic(_) => false,
            Backend::Hostile(_) => false,
        }
    }

    /// Bytes that a backend gone bad saw beside packets.
    pub(super) fn seen_beside(&self, vif: VifId) -> u32 {
        match self {
            Backend::Hostile(back) => back.seen_beside(vif),
            Backend::Classic(_) => 0,
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) => 0,
        }
    }

    /// Breaks a rule towards a guest, if it is a backend that does.
    pub(super) fn attack(&mut self, k: &mut Kernel, vif: VifId, attack: BackAttack) {
        match self {
            Backend::Hostile(back) => back.attack(k, vif, attack),
            Backend::Classic(_) | Backend::GrantCopy(_) | Backend::ZeroCopy(_) => {}
        }
    }
}
