//! A netback that behaves towards all its guests until it is told to [attack](HostileBack::attack) one.
//!
//! While it behaves it is the simplest backend there can be: it copies each packet out of the guest's pages at once and
//! answers, and copies packets for the guest into posted buffers. It has the calls of any netback.
//!
//! Not modelled: credit, segmentation, extra infos (their packets are answered with errors), and giving pages away.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::hostile::back_attack::BackAttack;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::trouble::{Attack, Party, Trouble};
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::{BackSettings, VifSettings};
use crate::actors::skb::{SharedId, SkbId};
use crate::hypervisor::grant_entry::Access;
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{RX_RING, TX_RING};
use crate::words::ids::{DomId, Handle, Pfn, Port, VifId};

/// Packets that wait for a guest.
const QUEUE: usize = 64;

/// What waits for the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransmitTrap {
    KeepMapping,
    UnknownId,
    IdTwice,
}

/// What waits for the next packet for the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiveTrap {
    Long,
    Crossing,
    WrongBuffer,
    Endless,
}

/// Notifications that are still to come.
#[derive(Clone, Copy, Debug)]
struct Storm {
    left: u32,
    every: u64,
}

/// One connected interface.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) frontend: DomId,
    pub(super) tx: BackRing,
    pub(super) rx: BackRing,
    pub(super) tx_page: Handle,
    pub(super) rx_page: Handle,
    pub(super) ports: [Port; 2],
    pub(super) queue: VecDeque<SkbId>,
    pub(super) transmit_trap: Option<TransmitTrap>,
    pub(super) receive_trap: Option<ReceiveTrap>,
    pub(super) snoops: bool,
    /// Bytes that it saw beside packets and that were not zero.
    pub(super) seen: u32,
    storm: Option<Storm>,
    /// Pages that it keeps mapped although it answered for them.
    pub(super) kept: Vec<Handle>,
    pub(super) counters: Counters,
}

/// A hostile dom0's netback.
#[derive(Clone, Debug)]
pub struct HostileBack {
    /// By interface.
    pub(super) links: Vec<Option<Link>>,
    /// A page of dom0's through which heads are copied.
    pub(super) bounce: Pfn,
}

impl HostileBack {
    /// A backend without interfaces.
    ///
    /// # Panics
    /// If dom0 has no page left.
    #[must_use]
    pub fn new(k: &mut Kernel, _settings: BackSettings) -> HostileBack {
        let bounce = k.skbs.alloc_page().expect("dom0 has a page for its driver");
        HostileBack { links: Vec::new(), bounce }
    }

    /// What it says that it can do.
    #[must_use]
    pub fn features(&self) -> BackFeatures {
        BackFeatures { sg: true, gso: false, rx_copy: true, rx_flip: false, split_event_channels: true }
    }

    /// Maps both rings and binds the channels.
    pub fn connect(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        frontend: DomId,
        offer: &Offer,
        _limits: VifSettings,
    ) -> Result<(), ConnectError> {
        let at = usize::from(vif.0);
        if self.links.len() <= at {
            self.links.resize(at + 1, None);
        }
        if self.links[at].is_some() {
            return Err(ConnectError::Busy);
        }
        let map = |k: &mut Kernel, gref| k.xen.map_grant_ref(DomId::DOM0, frontend, gref, Access::ReadWrite);
        let tx_page = map(k, offer.tx_ring).map_err(ConnectError::TransmitRing)?.handle;
        let rx_page = match map(k, offer.rx_ring) {
            Ok(mapped) => mapped.handle,
            Err(status) => {
                let _ = k.xen.unmap_grant_ref(DomId::DOM0, tx_page);
                return Err(ConnectError::ReceiveRing(status));
            }
        };
        let mut ports = [Port(0); 2];
        for (number, remote) in [offer.tx_port, offer.rx_port].into_iter().enumerate() {
            if number == 1 && !offer.is_split() {
                ports[1] = ports[0];
                break;
            }
            match k.xen.bind_interdomain(DomId::DOM0, frontend, remote) {
                Ok((port, sent)) => {
                    ports[number] = port;
                    if let Some((domain, vcpu)) = sent.upcall() {
                        k.ask(Ask::Upcall(domain, vcpu));
                    }
                }
                Err(errno) => {
                    if number == 1 {
                        let _ = k.xen.close(DomId::DOM0, ports[0]);
                    }
                    let _ = k.xen.unmap_grant_ref(DomId::DOM0, tx_page);
                    let _ = k.xen.unmap_grant_ref(DomId::DOM0, rx_page);
                    return Err(ConnectError::Channel(errno));
                }
            }
        }
        self.links[at] = Some(Link {
            frontend,
            tx: BackRing::attach(TX_RING, offer.base),
            rx: BackRing::attach(RX_RING, offer.base),
            tx_page,
            rx_page,
            ports,
            queue: VecDeque::new(),
            transmit_trap: None,
            receive_trap: None,
            snoops: false,
            seen: 0,
            storm: None,
            kept: Vec::new(),
            counters: Counters::default(),
        });
        Ok(())
    }

    /// Lets an interface go, and what it kept mapped of it.
    pub fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::take) else { return Disconnect::Done };
        for skb in link.queue {
            k.skbs.free(skb);
        }
        for handle in [link.tx_page, link.rx_page].into_iter().chain(link.kept) {
            let _ = k.xen.unmap_grant_ref(DomId::DOM0, handle);
        }
        let _ = k.xen.close(DomId::DOM0, link.ports[0]);
        if link.ports[1] != link.ports[0] {
            let _ = k.xen.close(DomId::DOM0, link.ports[1]);
        }
        k.ask(Ask::Arm(Timer::RxQueue(vif), None));
        Disconnect::Done
    }

    /// dom0's ports of a connected interface: transmit and receive, the same where they share one.
    #[must_use]
    pub fn ports(&self, vif: VifId) -> Option<[Port; 2]> {
        Some(self.link(vif)?.ports)
    }

    /// An event came from the guest; true if there was work.
    pub fn interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return false };
        k.log.about(vif);
        link.counters.interrupts += 1;
        let page = k.xen.mapped_page(DomId::DOM0, link.tx_page).expect("the ring of a connected interface is mapped");
        let worked = link.tx.unconsumed_requests(page) > 0 || !link.queue.is_empty();
        link.counters.spurious += u64::from(!worked);
        k.ask(Ask::Run(Task::NetTx));
        k.ask(Ask::Run(Task::NetRx));
        worked
    }

    /// Works: [`Task::NetTx`] takes requests, [`Task::NetRx`] delivers packets. True if there is more.
    pub fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        let mut more = false;
        for vif in (0..self.links.len() as u16).map(VifId) {
            k.log.about(vif);
            more |= match task {
                Task::NetTx => self.take_requests(k, vif),
                Task::NetRx => self.deliver(k, vif),
                Task::BackPoll(_) | Task::BackRx(_) | Task::BackDealloc(_) | Task::FrontPoll(_) => false,
            };
        }
        more
    }

    /// The next notification of a storm.
    pub fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        let Timer::RxQueue(vif) = timer else { return };
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return };
        let Some(storm) = link.storm.as_mut() else { return };
        k.log.about(vif);
        storm.left -= 1;
        let (left, every) = (storm.left, storm.every);
        k.step(Event::Trouble(Trouble::Attacked { by: Party::Backend, attack: Attack::EventStorm, xsa: 391 }));
        k.notify(link.ports[0]);
        if left == 0 {
            link.storm = None;
        } else {
            k.ask(Ask::Arm(Timer::RxQueue(vif), Some(k.now + every)));
        }
    }

    /// Takes a packet for the guest.
    pub fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else {
            k.skbs.free(skb);
            return Xmit::Dropped;
        };
        if link.queue.len() >= QUEUE {
            link.counters.receive_dropped += 1;
            k.skbs.free(skb);
            return Xmit::Dropped;
        }
        link.queue.push_back(skb);
        k.ask(Ask::Run(Task::NetRx));
        Xmit::Sent
    }

    /// Whether packets for the guest may come: always, and what is too much is dropped.
    #[must_use]
    pub fn can_queue(&self, vif: VifId) -> bool {
        self.link(vif).is_some()
    }

    /// The pages of a freed packet have no further use. There are no foreign ones.
    pub fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        k.skbs.recycle(data);
    }

    /// All packets lie in dom0's own pages already.
    pub fn orphan(&mut self, _k: &mut Kernel, _skb: SkbId) {}

    /// Pages of guests that it keeps mapped.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.links.iter().flatten().map(|link| link.kept.len() as u32).sum()
    }

    /// What happened on an interface.
    #[must_use]
    pub fn counters(&self, vif: VifId) -> Option<Counters> {
        Some(self.link(vif)?.counters)
    }

    /// Bytes that it saw in an interface's granted pages, beside packets, and that were not zero.
    #[must_use]
    pub fn seen_beside(&self, vif: VifId) -> u32 {
        self.link(vif).map_or(0, |link| link.seen)
    }

    /// Breaks a rule towards one guest, at once or at the next occasion. Nothing happens to an interface that is not
    /// connected.
    pub fn attack(&mut self, k: &mut Kernel, vif: VifId, attack: BackAttack) {
        let Some(link) = self.links.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return };
        k.log.about(vif);
        if let BackAttack::EventStorm { events, every } = attack {
            link.storm = (events > 0).then_some(Storm { left: events, every });
            return self.timer(k, Timer::RxQueue(vif));
        }
        k.step(Event::Trouble(Trouble::Attacked { by: Party::Backend, attack: attack.kind(), xsa: attack.xsa() }));
        match attack {
            BackAttack::EventStorm { .. } => {}
            BackAttack::ReadBeside => link.snoops = true,
            BackAttack::AnswerWhileMapped => link.transmit_trap = Some(TransmitTrap::KeepMapping),
            BackAttack::UnknownId => link.transmit_trap = Some(TransmitTrap::UnknownId),
            BackAttack::IdTwice => link.transmit_trap = Some(TransmitTrap::IdTwice),
            BackAttack::LongDelivery => link.receive_trap = Some(ReceiveTrap::Long),
            BackAttack::CrossingDelivery => link.receive_trap = Some(ReceiveTrap::Crossing),
            BackAttack::WrongBuffer => link.receive_trap = Some(ReceiveTrap::WrongBuffer),
            BackAttack::EndlessDelivery => link.receive_trap = Some(ReceiveTrap::Endless),
            BackAttack::RemoveDevice => {
                let (Disconnect::Done | Disconnect::Waiting(_)) = self.disconnect(k, vif);
            }
            BackAttack::ForgeProducer { distance } => link.forge(k, [distance, 0]),
            BackAttack::ForgeDeliveries { distance } => link.forge(k, [0, distance]),
            BackAttack::Garbage { seed, slots } => link.scribble(k, seed, slots),
        }
    }

    fn link(&self, vif: VifId) -> Option<&Link> {
        self.links.get(usize::from(vif.0))?.as_ref()
    }
}
