//! One guest and dom0 on a bench: whichever drivers, and nothing between them but Xen. What they ask for is done at once, and
//! packets end where their driver hands them over.

#![allow(dead_code, reason = "each test file uses a part of the bench")]

use sim_wasm::actors::handshake::{BackFeatures, Offer, Xmit};
use sim_wasm::actors::hostile::back::HostileBack;
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front::HostileFront;
use sim_wasm::actors::hostile::front_attack::FrontAttack;
use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::actors::netfront::{Broken, FrontSettings, Netfront, Served};
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::hypervisor::shared_info::{self, UpcallScan};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::ids::{DomId, Pfn, Port, VcpuId, VifId};
use sim_wasm::words::time::Time;

/// The guest.
pub(crate) const GUEST: DomId = DomId(1);
/// Its interface.
pub(crate) const VIF: VifId = VifId(0);
/// Pages of each domain.
const PAGES: u32 = 1000;
/// Pages that the guest's packets may lie in: all but the rings'.
pub(crate) const GUEST_PAGES: u32 = PAGES - 2;

/// The guest's driver.
pub(crate) enum Front {
    Honest(Box<Netfront>),
    Hostile(Box<HostileFront>),
}

/// dom0's driver.
pub(crate) enum Back {
    Hostile(Box<HostileBack>),
}

/// A guest and dom0, and what they asked for.
pub(crate) struct Bench {
    pub(crate) xen: Xen,
    pub(crate) guest: Skbs,
    pub(crate) dom0: Skbs,
    pub(crate) front: Front,
    pub(crate) back: Back,
    pub(crate) log: Log,
    asks: Vec<Ask>,
    timers: Vec<(Timer, Time)>,
    pub(crate) now: Time,
    /// Lengths of the packets that netback handed to dom0's stack.
    pub(crate) received: Vec<u32>,
    /// Lengths of the packets that netfront handed to the guest's stack.
    pub(crate) arrived: Vec<u32>,
    /// Upcalls of dom0 and of the guest.
    pub(crate) upcalls: [u32; 2],
    /// Events for which the guest's driver found nothing to do.
    pub(crate) idle_events: u32,
}

macro_rules! kernel {
    ($bench:ident, $skbs:ident) => {
        &mut Kernel {
            xen: &mut $bench.xen,
            skbs: &mut $bench.$skbs,
            now: $bench.now,
            log: &mut $bench.log,
            asks: &mut $bench.asks,
        }
    };
}

/// Does the same with whichever driver it is.
macro_rules! front {
    ($bench:ident, $front:ident => $call:expr) => {
        match &mut $bench.front {
            Front::Honest($front) => $call,
            Front::Hostile($front) => $call,
        }
    };
}

macro_rules! back {
    ($bench:ident, $back:ident => $call:expr) => {
        match &mut $bench.back {
            Back::Hostile($back) => $call,
        }
    };
}

/// Which drivers.
#[derive(Clone, Copy)]
pub(crate) enum Sides {
    /// Both hostile.
    Hostile,
    /// An honest guest and a hostile backend.
    HostileBack,
}

impl Bench {
    pub(crate) fn new(sides: Sides, settings: FrontSettings) -> Bench {
        let mut xen = Xen::new(3 * PAGES);
        for domain in [DomId::DOM0, GUEST] {
            xen.create_domain(domain, PAGES).expect("there is room for two domains");
        }
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let mut dom0 = Skbs::new(DomId::DOM0, (0..PAGES).rev().map(Pfn).collect());
        let guest = Skbs::new(GUEST, (2..PAGES).rev().map(Pfn).collect());
        let k = &mut Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let back = Back::Hostile(Box::new(HostileBack::new(k, BackSettings::default())));
        let rings = [Pfn(0), Pfn(1)];
        let front = match sides {
            Sides::Hostile => {
                Front::Hostile(Box::new(HostileFront::new(&mut xen, VIF, GUEST, DomId::DOM0, rings, settings)))
            }
            Sides::HostileBack => {
                Front::Honest(Box::new(Netfront::new(&mut xen, VIF, GUEST, DomId::DOM0, rings, settings)))
            }
        };
        let mut bench = Bench {
            xen,
            guest,
            dom0,
            front,
            back,
            log,
            asks,
            timers: Vec::new(),
            now: Time::ZERO,
            received: Vec::new(),
            arrived: Vec::new(),
            upcalls: [0; 2],
            idle_events: 0,
        };
        bench.connect();
        bench
    }

    /// Connects both halves, if the guest still can.
    pub(crate) fn connect(&mut self) {
        let features: BackFeatures = back!(self, back => back.features());
        let offer: Option<Offer> = front!(self, front => front.setup_device(kernel!(self, guest), features));
        let Some(offer) = offer else { return };
        let limits = VifSettings::default();
        let connected = back!(self, back => back.connect(kernel!(self, dom0), VIF, GUEST, &offer, limits));
        assert_eq!(connected, Ok(()));
        front!(self, front => front.connect(kernel!(self, guest)));
        self.settle();
    }

    /// Takes the interface away, backend first.
    pub(crate) fn disconnect(&mut self) {
        self.disconnect_back();
        front!(self, front => front.disconnect(kernel!(self, guest)));
        self.settle();
    }

    pub(crate) fn disconnect_back(&mut self) {
        let gone: Disconnect = back!(self, back => back.disconnect(kernel!(self, dom0), VIF));
        assert_eq!(gone, Disconnect::Done);
        self.settle();
    }

    /// Does what was asked for, at most so much: nothing that the drivers do goes on for ever.
    fn settle(&mut self) {
        let mut served = 0;
        while let Some(&ask) = self.asks.get(served) {
            served += 1;
            assert!(served < 10_000, "the drivers come to rest");
            self.serve(ask);
        }
        self.asks.clear();
    }

    fn serve(&mut self, ask: Ask) {
        match ask {
            Ask::Upcall(domain, _) => self.upcall(domain),
            Ask::Run(Task::FrontPoll(_)) => {
                let more = front!(self, front => front.poll(kernel!(self, guest)));
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
            Ask::Received(_, skb) => {
                self.received.push(self.dom0.get(skb).len);
                self.dom0.free(skb);
            }
            Ask::Arrived(_, skb) => {
                self.arrived.push(self.guest.get(skb).len);
                self.guest.free(skb);
            }
            Ask::WakeVif(_) | Ask::WakeFront(_) | Ask::CarrierOff(_) => {}
        }
    }

    fn upcall(&mut self, domain: DomId) {
        self.upcalls[usize::from(domain == GUEST)] += 1;
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(self.xen.shared_info_mut(domain));
        while let Some(port) = scan.next_port(self.xen.shared_info(domain)) {
            shared_info::clear_pending(self.xen.shared_info_mut(domain), port);
            if domain == GUEST {
                let served = front!(self, front => front.interrupt(kernel!(self, guest), port));
                self.idle_events += u32::from(served == Served::Nothing);
            } else {
                back!(self, back => back.interrupt(kernel!(self, dom0), VIF));
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
            self.now = at;
            match timer {
                Timer::Refill(_) => front!(self, front => front.refill_timer(kernel!(self, guest))),
                Timer::Deferred(_) => {
                    if let Front::Honest(front) = &mut self.front {
                        front.deferred_timer(kernel!(self, guest));
                    }
                }
                Timer::Credit(_) | Timer::Pending | Timer::RxQueue(_) | Timer::Squeeze | Timer::Eoi(..) => {
                    back!(self, back => back.timer(kernel!(self, dom0), timer));
                }
            }
            self.settle();
        }
    }

    /// The guest sends a packet of these pieces, in pages that it has never used for anything else.
    pub(crate) fn send(&mut self, pieces: &[u16]) -> Xmit {
        let skb = packet(&mut self.guest, pieces);
        self.send_skb(skb)
    }

    pub(crate) fn send_skb(&mut self, skb: SkbId) -> Xmit {
        let sent = front!(self, front => front.start_xmit(kernel!(self, guest), skb));
        if let Xmit::Busy(skb) = sent {
            self.guest.free(skb);
        }
        self.settle();
        sent
    }

    /// dom0 sends the guest one.
    pub(crate) fn send_back(&mut self, pieces: &[u16]) -> Xmit {
        let skb = packet(&mut self.dom0, pieces);
        let sent = back!(self, back => back.start_xmit(kernel!(self, dom0), VIF, skb));
        if let Xmit::Busy(skb) = sent {
            self.dom0.free(skb);
        }
        self.settle();
        sent
    }

    pub(crate) fn attack(&mut self, attack: FrontAttack) {
        let Front::Hostile(front) = &mut self.front else { panic!("only a hostile guest attacks") };
        front.attack(kernel!(self, guest), attack);
        self.settle();
    }

    pub(crate) fn attack_back(&mut self, attack: BackAttack) {
        let Back::Hostile(back) = &mut self.back;
        back.attack(kernel!(self, dom0), VIF, attack);
        self.settle();
    }

    pub(crate) fn hostile_front(&self) -> &HostileFront {
        let Front::Hostile(front) = &self.front else { panic!("the guest is hostile") };
        front
    }

    pub(crate) fn honest_front(&self) -> &Netfront {
        let Front::Honest(front) = &self.front else { panic!("the guest is honest") };
        front
    }

    pub(crate) fn hostile_back(&self) -> &HostileBack {
        let Back::Hostile(back) = &self.back;
        back
    }

    /// Why the guest's driver gave up, if it did.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.honest_front().broken()
    }

    pub(crate) fn outstanding(&self) -> u32 {
        match &self.front {
            Front::Honest(front) => front.outstanding(),
            Front::Hostile(front) => front.outstanding(),
        }
    }

    /// dom0's ports of the interface.
    pub(crate) fn ports(&self) -> Option<[Port; 2]> {
        self.hostile_back().ports(VIF)
    }
}

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
