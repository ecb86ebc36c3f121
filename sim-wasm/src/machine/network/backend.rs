//! dom0's network backend, of whichever epoch the run has.
//!
//! Not modelled: backends of different generations on one machine.

use crate::actors::epoch::Epoch;
use crate::actors::handshake::{BackFeatures, Offer, Xmit};
#[cfg(feature = "complete")]
use crate::actors::hostile::back::HostileBack;
#[cfg(feature = "complete")]
use crate::actors::hostile::back_attack::BackAttack;
use crate::actors::kernel::{Kernel, Task, Timer};
use crate::actors::netback::Netback;
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::{BackSettings, VifSettings};
#[cfg(feature = "complete")]
use crate::actors::netback_upstream::grant_copy::GrantCopy;
#[cfg(feature = "complete")]
use crate::actors::netback_upstream::zero_copy::ZeroCopy;
use crate::actors::skb::{SharedId, SkbId};
use crate::machine::network::front::Intent;
use crate::words::ids::{DomId, Port, VifId};
use alloc::boxed::Box;

/// Netback.
#[derive(Clone, Debug)]
pub(super) enum Backend {
    Classic(Box<Netback>),
    #[cfg(feature = "complete")]
    GrantCopy(Box<GrantCopy>),
    #[cfg(feature = "complete")]
    ZeroCopy(Box<ZeroCopy>),
    #[cfg(feature = "complete")]
    Hostile(Box<HostileBack>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($backend:expr, $inner:ident => $call:expr) => {
        match $backend {
            Backend::Classic($inner) => $call,
            #[cfg(feature = "complete")]
            Backend::GrantCopy($inner) => $call,
            #[cfg(feature = "complete")]
            Backend::ZeroCopy($inner) => $call,
            #[cfg(feature = "complete")]
            Backend::Hostile($inner) => $call,
        }
    };
}

impl Backend {
    /// The backend of the settings; without the others there is the classic one.
    pub(super) fn new(k: &mut Kernel, _epoch: Epoch, _intent: Intent, settings: BackSettings) -> Backend {
        #[cfg(feature = "complete")]
        match (_intent, _epoch) {
            (Intent::Hostile, _) => return Backend::Hostile(Box::new(HostileBack::new(k, settings))),
            (Intent::Honest, Epoch::GrantCopy) => return Backend::GrantCopy(Box::new(GrantCopy::new(k, settings))),
            (Intent::Honest, Epoch::ZeroCopy) => return Backend::ZeroCopy(Box::new(ZeroCopy::new(k, settings))),
            (Intent::Honest, Epoch::Classic) => {}
        }
        Backend::Classic(Box::new(Netback::new(k, settings)))
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
            #[cfg(feature = "complete")]
            Backend::GrantCopy(back) => back.ports(vif).map(|(transmit, receive)| [transmit, receive]),
            #[cfg(feature = "complete")]
            Backend::ZeroCopy(back) => back.ports(vif).map(|(transmit, receive)| [transmit, receive]),
            #[cfg(feature = "complete")]
            Backend::Hostile(back) => back.ports(vif),
        }
    }

    /// An event came in at one of the interface's ports. Answers whether there was work.
    pub(super) fn interrupt(&mut self, k: &mut Kernel, vif: VifId, _port: Port) -> bool {
        match self {
            // The classic flow does not ask.
            Backend::Classic(back) => {
                back.interrupt(k, vif);
                true
            }
            #[cfg(feature = "complete")]
            Backend::GrantCopy(back) => back.interrupt(k, vif),
            #[cfg(feature = "complete")]
            Backend::ZeroCopy(back) => match back.ports(vif) {
                Some((transmit, receive)) if transmit != receive => {
                    if _port == transmit {
                        back.transmit_interrupt(k, vif)
                    } else {
                        back.receive_interrupt(k, vif)
                    }
                }
                Some(_) | None => back.interrupt(k, vif),
            },
            #[cfg(feature = "complete")]
            Backend::Hostile(back) => back.interrupt(k, vif),
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
            #[cfg(feature = "complete")]
            Backend::GrantCopy(back) => back.counters(vif),
            #[cfg(feature = "complete")]
            Backend::ZeroCopy(back) => back.counters(vif),
            #[cfg(feature = "complete")]
            Backend::Hostile(back) => back.counters(vif).unwrap_or_default(),
        }
    }

    /// Slots that are held, all interfaces together.
    pub(super) fn held(&self) -> u32 {
        each!(self, back => back.held())
    }

    /// Whether it gave an interface's guest up.
    pub(super) fn is_disabled(&self, _vif: VifId) -> bool {
        match self {
            #[cfg(feature = "complete")]
            Backend::GrantCopy(back) => back.is_disabled(_vif),
            #[cfg(feature = "complete")]
            Backend::ZeroCopy(back) => back.is_disabled(_vif),
            Backend::Classic(_) => false,
            #[cfg(feature = "complete")]
            Backend::Hostile(_) => false,
        }
    }

    /// Bytes that a backend gone bad saw beside packets.
    pub(super) fn seen_beside(&self, _vif: VifId) -> u32 {
        match self {
            #[cfg(feature = "complete")]
            Backend::Hostile(back) => back.seen_beside(_vif),
            Backend::Classic(_) => 0,
            #[cfg(feature = "complete")]
            Backend::GrantCopy(_) | Backend::ZeroCopy(_) => 0,
        }
    }

    /// Breaks a rule towards a guest, if it is a backend that does.
    #[cfg(feature = "complete")]
    pub(super) fn attack(&mut self, k: &mut Kernel, vif: VifId, attack: BackAttack) {
        match self {
            #[cfg(feature = "complete")]
            Backend::Hostile(back) => back.attack(k, vif, attack),
            Backend::Classic(_) | Backend::GrantCopy(_) | Backend::ZeroCopy(_) => {}
        }
    }
}
