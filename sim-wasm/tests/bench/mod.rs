//! Guests and dom0 on a bench: whichever drivers, and nothing between them but Xen. What they ask for is done at once, and
//! packets end where their driver hands them over, or wait there while the bench holds them.

#![allow(dead_code, reason = "each test file uses a part of the bench")]
#![allow(clippy::unit_arg, reason = "some drivers say nothing of an event")]

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::handshake::{BackFeatures, Offer, Xmit};
use sim_wasm::actors::hostile::back::HostileBack;
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front::HostileFront;
use sim_wasm::actors::hostile::front_attack::FrontAttack;
use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netback::Netback;
use sim_wasm::actors::netback::outcome::{Counters, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::netback_upstream::zero_copy::hash::ControlStatus;
use sim_wasm::actors::netfront::{Broken, FrontSettings, Netfront, Served};
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::hypervisor::shared_info::{self, UpcallScan};
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Pfn, Port, VcpuId, VifId};
use sim_wasm::words::time::Time;

/// The first guest.
pub(crate) const GUEST: DomId = DomId(1);
/// Its interface.
pub(crate) const VIF: VifId = VifId(0);
/// The interface of the second guest.
pub(crate) const OTHER: VifId = VifId(1);
/// Pages of each domain.
const PAGES: u32 = 1000;
/// Pages that the guest's packets may lie in: all but the rings'.
pub(crate) const GUEST_PAGES: u32 = PAGES - 2;

/// A guest's driver.
pub(crate) enum Front {
    Honest(Box<Netfront>),
    Hostile(Box<HostileFront>),
}

/// dom0's driver.
pub(crate) enum Back {
    Hostile(Box<HostileBack>),
    Classic(Box<Netback>),
    GrantCopy(Box<GrantCopy>),
    ZeroCopy(Box<ZeroCopy>),
}

/// Which driver dom0 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackKind {
    Hostile,
    Netback(Epoch, BackSettings),
}

/// Which driver a guest has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FrontKind {
    Honest(FrontSettings),
    Hostile(FrontSettings),
}

/// A guest.
pub(crate) struct Guest {
    pub(crate) front: Front,
    pub(crate) skbs: Skbs,
    /// Lengths of the packets that netback handed to dom0's stack for it.
    pub(crate) received: Vec<u32>,
    /// Lengths of the packets that netfront handed to its stack.
    pub(crate) arrived: Vec<u32>,
    /// Events for which its driver found nothing to do.
    pub(crate) idle_events: u32,
    pub(crate) upcalls: u32,
}

/// Guests and dom0, and what they asked for.
pub(crate) struct Bench {
    pub(crate) xen: Xen,
    pub(crate) guests: Vec<Guest>,
    pub(crate) dom0: Skbs,
    pub(crate) back: Back,
    pub(crate) log: Log,
    asks: Vec<Ask>,
    timers: Vec<(Timer, Time)>,
    pub(crate) now: Time,
    /// Packets that wait in dom0 for a card that is stalled; nothing while it is not.
    pub(crate) held: Option<Vec<SkbId>>,
    pub(crate) dom0_upcalls: u32,
    /// Interfaces whose carrier dom0 took off.
    pub(crate) carrier_off: Vec<VifId>,
    /// Work that the drivers asked for and got.
    pub(crate) served: u64,
}

macro_rules! kernel {
    ($bench:ident, dom0) => {
        kernel!(@ $bench, $bench.dom0)
    };
    (@ $bench:ident, $skbs:expr) => {
        &mut Kernel {
            xen: &mut $bench.xen,
            skbs: &mut $skbs,
            now: $bench.now,
            log: &mut $bench.log,
            asks: &mut $bench.asks,
        }
    };
}

/// Does the same with whichever driver it is.
macro_rules! front {
    ($bench:ident, $vif:expr, ($front:ident, $k:ident) => $call:expr) => {{
        let guest = &mut $bench.guests[usize::from($vif.0)];
        let $k = &mut Kernel {
            xen: &mut $bench.xen,
            skbs: &mut guest.skbs,
            now: $bench.now,
            log: &mut $bench.log,
            asks: &mut $bench.asks,
        };
        match &mut guest.front {
            Front::Honest($front) => $call,
            Front::Hostile($front) => $call,
        }
    }};
}

macro_rules! back {
    ($bench:ident, $back:ident => $call:expr) => {
        match &mut $bench.back {
            Back::Hostile($back) => $call,
            Back::Classic($back) => $call,
            Back::GrantCopy($back) => $call,
            Back::ZeroCopy($back) => $call,
        }
    };
}

impl Bench {
    /// Drivers that are connected; the first guest has [`VIF`], the next one [`OTHER`].
    pub(crate) fn new(back: BackKind, fronts: &[FrontKind]) -> Bench {
        let count = fronts.len() as u32;
        let mut xen = Xen::new((count + 3) * PAGES);
        let limits = Limits { mappings: 4096, grant_frames: 64, ..Limits::default() };
        xen.create_domain_with(DomId::DOM0, PAGES, limits).expect("there is room for dom0");
        let guests = fronts
            .iter()
            .zip(0..)
            .map(|(kind, number)| {
                let (vif, domain) = (VifId(number), DomId(number + 1));
                xen.create_domain(domain, PAGES).expect("there is room for each guest");
                let rings = [Pfn(0), Pfn(1)];
                let front = match *kind {
                    FrontKind::Hostile(settings) => {
                        let front = HostileFront::new(&mut xen, vif, domain, DomId::DOM0, rings, settings);
                        Front::Hostile(Box::new(front))
                    }
                    FrontKind::Honest(settings) => {
                        Front::Honest(Box::new(Netfront::new(&mut xen, vif, domain, DomId::DOM0, rings, settings)))
                    }
                };
                let skbs = Skbs::new(domain, (2..PAGES).rev().map(Pfn).collect());
                Guest { front, skbs, received: Vec::new(), arrived: Vec::new(), idle_events: 0, upcalls: 0 }
            })
            .collect();
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let mut dom0 = Skbs::new(DomId::DOM0, (0..PAGES).rev().map(Pfn).collect());
        let k = &mut Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let back = match back {
            BackKind::Hostile => Back::Hostile(Box::new(HostileBack::new(k, BackSettings::default()))),
            BackKind::Netback(Epoch::Classic, settings) => Back::Classic(Box::new(Netback::new(k, settings))),
            BackKind::Netback(Epoch::GrantCopy, settings) => Back::GrantCopy(Box::new(GrantCopy::new(k, settings))),
            BackKind::Netback(Epoch::ZeroCopy, settings) => Back::ZeroCopy(Box::new(ZeroCopy::new(k, settings))),
        };
        let mut bench = Bench {
            xen,
            guests,
            dom0,
            back,
            log,
            asks,
            timers: Vec::new(),
            now: Time::ZERO,
            held: None,
            dom0_upcalls: 0,
            carrier_off: Vec::new(),
            served: 0,
        };
        for number in 0..count as u16 {
            bench.connect(VifId(number), VifSettings::default());
        }
        bench
    }

    /// Connects both halves, if the guest still can.
    pub(crate) fn connect(&mut self, vif: VifId, limits: VifSettings) {
        let features: BackFeatures = back!(self, back => back.features());
        let offer: Option<Offer> = front!(self, vif, (front, k) => front.setup_device(k, features));
        let Some(offer) = offer else { return };
        let domain = DomId(vif.0 + 1);
        let connected = back!(self, back => back.connect(kernel!(self, dom0), vif, domain, &offer, limits));
        assert_eq!(connected, Ok(()));
        front!(self, vif, (front, k) => front.connect(k));
        self.settle();
    }

    /// Takes the interface away, backend first.
    pub(crate) fn disconnect(&mut self, vif: VifId) -> Disconnect {
        let gone = self.disconnect_back(vif);
        front!(self, vif, (front, k) => front.disconnect(k));
        self.settle();
        gone
    }

    pub(crate) fn disconnect_back(&mut self, vif: VifId) -> Disconnect {
        let gone: Disconnect = back!(self, back => back.disconnect(kernel!(self, dom0), vif));
        self.settle();
        gone
    }

    /// Does what was asked for, at most so much: nothing that the drivers do goes on for ever.
    pub(crate) fn settle(&mut self) {
        let mut served = 0;
        loop {
            if let Some(&ask) = self.asks.get(served) {
                served += 1;
                self.served += 1;
                assert!(served < 10_000, "the drivers come to rest");
                self.serve(ask);
            } else if let Some(data) = self.dom0.take_unpinned() {
                back!(self, back => back.page_release(kernel!(self, dom0), data));
            } else {
                break;
            }
        }
        self.asks.clear();
    }

    fn serve(&mut self, ask: Ask) {
        match ask {
            Ask::Upcall(domain, _) => self.upcall(domain),
            Ask::Run(Task::FrontPoll(vif)) => {
                let more = front!(self, vif, (front, k) => front.poll(k));
                self.asks.extend(more.then_some(ask));
            }
            Ask::Run(task) => {
                let more = back!(self, back => back.run(kernel!(self, dom0), task));
                self.asks.extend(more.then_some(ask));
            }
            Ask::Arm(timer, at) => {
                self.timers.retain(|(other, _)| *other != timer);
                self.timers.extend(at.map(|at| (timer, at)));
            }
            Ask::Received(vif, skb) => {
                let len = self.dom0.get(skb).len;
                self.guests[usize::from(vif.0)].received.push(len);
                match &mut self.held {
                    Some(held) => held.push(skb),
                    None => self.dom0.free(skb),
                }
            }
            Ask::Arrived(vif, skb) => {
                let guest = &mut self.guests[usize::from(vif.0)];
                guest.arrived.push(guest.skbs.get(skb).len);
                guest.skbs.free(skb);
            }
            Ask::CarrierOff(vif) => self.carrier_off.push(vif),
            Ask::WakeVif(_) | Ask::WakeFront(_) | Ask::SlotReturned(..) => {}
        }
    }

    fn upcall(&mut self, domain: DomId) {
        if domain == DomId::DOM0 {
            self.dom0_upcalls += 1;
        } else {
            self.guests[usize::from(domain.0) - 1].upcalls += 1;
        }
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(self.xen.shared_info_mut(domain));
        while let Some(port) = scan.next_port(self.xen.shared_info(domain)) {
            shared_info::clear_pending(self.xen.shared_info_mut(domain), port);
            if domain == DomId::DOM0 {
                let vif = (0..self.guests.len() as u16).map(VifId).find(|vif| self.ports(*vif).contains(&port));
                let Some(vif) = vif else { continue };
                back!(self, back => drop_work(back.interrupt(kernel!(self, dom0), vif)));
            } else {
                let vif = VifId(domain.0 - 1);
                let served = front!(self, vif, (front, k) => front.interrupt(k, port));
                self.guests[usize::from(vif.0)].idle_events += u32::from(served == Served::Nothing);
            }
        }
    }

    /// Lets time pass until no timer is set, or a thousand have run out.
    pub(crate) fn run_timers(&mut self) {
        for _ in 0..1000 {
            self.timers.sort_by_key(|(_, at)| *at);
            if self.timers.is_empty() {
                return;
            }
            let (timer, at) = self.timers.remove(0);
            self.now = self.now.max(at);
            self.run_timer(timer);
        }
    }

    /// Lets time pass up to this instant.
    pub(crate) fn run_until(&mut self, time: Time) {
        loop {
            self.timers.sort_by_key(|(_, at)| *at);
            if self.timers.first().is_none_or(|(_, at)| *at > time) {
                self.now = time;
                return;
            }
            let (timer, at) = self.timers.remove(0);
            self.now = self.now.max(at);
            self.run_timer(timer);
        }
    }

    fn run_timer(&mut self, timer: Timer) {
        match timer {
            Timer::Refill(vif) => front!(self, vif, (front, k) => front.refill_timer(k)),
            Timer::Deferred(domain) => {
                let Guest { front, skbs, .. } = &mut self.guests[usize::from(domain.0) - 1];
                if let Front::Honest(front) = front {
                    front.deferred_timer(kernel!(@ self, *skbs));
                }
            }
            Timer::Credit(_) | Timer::Pending | Timer::RxQueue(_) | Timer::Squeeze | Timer::Eoi(..) => {
                back!(self, back => back.timer(kernel!(self, dom0), timer));
            }
        }
        self.settle();
    }

    /// A guest sends a packet of these pieces.
    pub(crate) fn send(&mut self, vif: VifId, pieces: &[u16]) -> Xmit {
        let skb = packet(&mut self.guests[usize::from(vif.0)].skbs, pieces);
        self.send_skb(vif, skb)
    }

    pub(crate) fn send_skb(&mut self, vif: VifId, skb: SkbId) -> Xmit {
        let sent = front!(self, vif, (front, k) => front.start_xmit(k, skb));
        if let Xmit::Busy(skb) = sent {
            self.guests[usize::from(vif.0)].skbs.free(skb);
        }
        self.settle();
        sent
    }

    /// dom0 sends a guest one.
    pub(crate) fn send_back(&mut self, vif: VifId, pieces: &[u16]) -> Xmit {
        let skb = packet(&mut self.dom0, pieces);
        let sent = back!(self, back => back.start_xmit(kernel!(self, dom0), vif, skb));
        if let Xmit::Busy(skb) = sent {
            self.dom0.free(skb);
        }
        self.settle();
        sent
    }

    /// The card sends everything that waited for it.
    pub(crate) fn release_held(&mut self) {
        for skb in self.held.take().unwrap_or_default() {
            self.dom0.free(skb);
        }
        self.settle();
    }

    /// The first guest attacks.
    pub(crate) fn attack(&mut self, attack: FrontAttack) {
        let Guest { front: Front::Hostile(front), skbs, .. } = &mut self.guests[0] else {
            panic!("only a hostile guest attacks")
        };
        front.attack(kernel!(@ self, *skbs), attack);
        self.settle();
    }

    /// dom0 attacks the first guest.
    pub(crate) fn attack_back(&mut self, attack: BackAttack) {
        let Back::Hostile(back) = &mut self.back else { panic!("only a hostile backend attacks") };
        back.attack(kernel!(self, dom0), VIF, attack);
        self.settle();
    }

    pub(crate) fn guest(&self) -> &Guest {
        &self.guests[0]
    }

    pub(crate) fn hostile_front(&self) -> &HostileFront {
        let Front::Hostile(front) = &self.guests[0].front else { panic!("the first guest is hostile") };
        front
    }

    pub(crate) fn honest_front(&self, vif: VifId) -> &Netfront {
        let Front::Honest(front) = &self.guests[usize::from(vif.0)].front else { panic!("the guest is honest") };
        front
    }

    pub(crate) fn hostile_back(&self) -> &HostileBack {
        let Back::Hostile(back) = &self.back else { panic!("the backend is hostile") };
        back
    }

    /// Why the first guest's driver gave up, if it did.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.honest_front(VIF).broken()
    }

    pub(crate) fn outstanding(&self, vif: VifId) -> u32 {
        match &self.guests[usize::from(vif.0)].front {
            Front::Honest(front) => front.outstanding(),
            Front::Hostile(front) => front.outstanding(),
        }
    }

    /// dom0's ports of an interface.
    pub(crate) fn ports(&self, vif: VifId) -> Vec<Port> {
        match &self.back {
            Back::Hostile(back) => back.ports(vif).into_iter().flatten().collect(),
            Back::Classic(back) => back.port(vif).into_iter().collect(),
            Back::GrantCopy(back) => back.ports(vif).into_iter().flat_map(|(one, other)| [one, other]).collect(),
            Back::ZeroCopy(back) => back.ports(vif).into_iter().flat_map(|(one, other)| [one, other]).collect(),
        }
    }

    /// Makes an interface's table of hashes so long and writes a part of it.
    pub(crate) fn set_hash_mapping(&mut self, vif: VifId, size: u32, part: (GrantRef, u32, u32)) -> ControlStatus {
        let Back::ZeroCopy(back) = &mut self.back else { panic!("only mainline has the table") };
        assert_eq!(back.set_hash_mapping_size(vif, size), ControlStatus::Success);
        back.set_hash_mapping(kernel!(self, dom0), vif, part)
    }

    /// Slots that dom0 holds, of all guests.
    pub(crate) fn held_slots(&self) -> u32 {
        match &self.back {
            Back::Hostile(back) => back.held(),
            Back::Classic(back) => back.held(),
            Back::GrantCopy(back) => back.held(),
            Back::ZeroCopy(back) => back.held(),
        }
    }

    /// What netback counted on an interface.
    pub(crate) fn counters(&self, vif: VifId) -> Counters {
        match &self.back {
            Back::Hostile(back) => back.counters(vif).unwrap_or_default(),
            Back::Classic(back) => back.counters(vif),
            Back::GrantCopy(back) => back.counters(vif),
            Back::ZeroCopy(back) => back.counters(vif),
        }
    }

    /// Whether netback gave an interface up.
    pub(crate) fn is_disabled(&self, vif: VifId) -> bool {
        match &self.back {
            Back::Hostile(_) | Back::Classic(_) => false,
            Back::GrantCopy(back) => back.is_disabled(vif),
            Back::ZeroCopy(back) => back.is_disabled(vif),
        }
    }
}

/// Some drivers say whether an event brought work; the bench serves all alike.
fn drop_work<T>(_: T) {}

/// A packet of a kernel's own pages.
pub(crate) fn packet(skbs: &mut Skbs, pieces: &[u16]) -> SkbId {
    let skb = skbs.alloc();
    for &size in pieces {
        let page = skbs.alloc_page().expect("there are pages left");
        skbs.get_mut(skb).push_frag(Frag { page: FragPage::Own(page), offset: 0, size });
    }
    let shared = skbs.get_mut(skb);
    shared.len = pieces.iter().map(|&size| u32::from(size)).sum();
    shared.linear = 1;
    skb
}
