//! The hostile drivers by themselves: they are plausible until they attack, they do what their attacks say, and nothing that
//! either of them does stops the other or the engine.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::hostile::advisories::{ADVISORIES, advisory};
use sim_wasm::actors::hostile::back::HostileBack;
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front::{BUFFERS, HostileFront};
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};
use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::actors::netfront::FrontSettings;
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::hypervisor::shared_info::{self, UpcallScan};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::netif::TX_RING;
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::{DomId, Pfn, VcpuId, VifId};
use sim_wasm::words::time::Time;

const GUEST: DomId = DomId(1);
const VIF: VifId = VifId(0);

/// A guest and dom0, and what they asked for.
struct Bench {
    xen: Xen,
    guest: Skbs,
    dom0: Skbs,
    front: HostileFront,
    back: HostileBack,
    log: Log,
    asks: Vec<Ask>,
    timers: Vec<(Timer, Time)>,
    now: Time,
    received: Vec<u32>,
    arrived: Vec<u32>,
    upcalls: [u32; 2],
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

impl Bench {
    fn new(settings: FrontSettings) -> Bench {
        let mut xen = Xen::new(1024);
        for domain in [DomId::DOM0, GUEST] {
            xen.create_domain(domain, 400).expect("there is room for two domains");
        }
        let mut log = Log::new();
        let mut asks = Vec::new();
        let mut dom0 = Skbs::new(DomId::DOM0, (0..400).rev().map(Pfn).collect());
        let guest = Skbs::new(GUEST, (2..400).rev().map(Pfn).collect());
        let k = &mut Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let back = HostileBack::new(k, BackSettings::default());
        let front = HostileFront::new(&mut xen, VIF, GUEST, DomId::DOM0, [Pfn(0), Pfn(1)], settings);
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
        };
        bench.connect();
        bench
    }

    fn connect(&mut self) {
        let offer = self.front.setup_device(kernel!(self, guest), self.back.features());
        let Some(offer) = offer else { return };
        let connected = self.back.connect(kernel!(self, dom0), VIF, GUEST, &offer, VifSettings::default());
        assert_eq!(connected, Ok(()));
        self.front.connect(kernel!(self, guest));
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
                if self.front.poll(kernel!(self, guest)) {
                    self.asks.push(ask);
                }
            }
            Ask::Run(task) => {
                if self.back.run(kernel!(self, dom0), task) {
                    self.asks.push(ask);
                }
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
                self.front.interrupt(kernel!(self, guest), port);
            } else {
                self.back.interrupt(kernel!(self, dom0), VIF);
            }
        }
    }

    fn run_timers(&mut self) {
        for _ in 0..1000 {
            self.timers.sort_by_key(|(_, at)| *at);
            if self.timers.is_empty() {
                return;
            }
            let (timer, at) = self.timers.remove(0);
            self.now = at;
            match timer {
                Timer::Refill(_) => self.front.refill_timer(kernel!(self, guest)),
                _ => self.back.timer(kernel!(self, dom0), timer),
            }
            self.settle();
        }
    }

    /// The guest sends a packet of these pieces.
    fn send(&mut self, pieces: &[u16]) -> Xmit {
        let skb = packet(&mut self.guest, pieces);
        let sent = self.front.start_xmit(kernel!(self, guest), skb);
        if let Xmit::Busy(skb) = sent {
            self.guest.free(skb);
        }
        self.settle();
        sent
    }

    /// dom0 sends the guest one.
    fn send_back(&mut self, pieces: &[u16]) {
        let skb = packet(&mut self.dom0, pieces);
        let (Xmit::Sent | Xmit::Dropped) = self.back.start_xmit(kernel!(self, dom0), VIF, skb) else {
            panic!("a hostile back end is never busy")
        };
        self.settle();
    }

    fn attack(&mut self, attack: FrontAttack) {
        self.front.attack(kernel!(self, guest), attack);
        self.settle();
    }

    fn attack_back(&mut self, attack: BackAttack) {
        self.back.attack(kernel!(self, dom0), VIF, attack);
        self.settle();
    }
}

fn packet(skbs: &mut Skbs, pieces: &[u16]) -> SkbId {
    let skb = skbs.alloc();
    for &size in pieces {
        let page = skbs.alloc_page().expect("there are pages left");
        skbs.get_mut(skb).push_frag(Frag { page: FragPage::Own(page), offset: 0, size });
    }
    skbs.get_mut(skb).len = pieces.iter().map(|&size| u32::from(size)).sum();
    skb
}

fn settings() -> FrontSettings {
    FrontSettings { base: Index(u32::MAX - 5), ..FrontSettings::CLASSIC }
}

#[test]
fn both_behave_until_they_are_told_otherwise() {
    for split_channels in [false, true] {
        let mut bench = Bench::new(FrontSettings { split_channels, ..settings() });
        for _ in 0..600 {
            assert_eq!(bench.send(&[60]), Xmit::Sent);
            assert_eq!(bench.send(&[1514, 4096, 100]), Xmit::Sent);
            bench.send_back(&[1000, 500]);
        }
        assert_eq!(bench.received.len(), 1200);
        assert!(bench.received.chunks(2).all(|pair| pair == [60, 5710]));
        assert_eq!(bench.arrived, [1500; 600]);
        let answers = bench.front.answers();
        assert_eq!((answers.okay, answers.errors, answers.nulls, answers.unknown), (2400, 0, 0, 0));
        assert_eq!((bench.front.outstanding(), bench.front.posted_buffers()), (0, u32::from(BUFFERS)));
        assert_eq!((bench.guest.alive(), bench.dom0.alive(), bench.dom0.free_pages()), (0, 0, 399));
    }
}

#[test]
fn disconnecting_gives_everything_back() {
    let mut bench = Bench::new(settings());
    for _ in 0..3 {
        assert_eq!(bench.send(&[60]), Xmit::Sent);
        let free = bench.guest.free_pages();
        let _ = bench.back.disconnect(kernel!(bench, dom0), VIF);
        bench.front.disconnect(kernel!(bench, guest));
        bench.settle();
        assert_eq!(bench.guest.free_pages(), free + u32::from(BUFFERS));
        assert_eq!((bench.guest.free_pages(), bench.back.ports(VIF)), (398, None));
        assert!(bench.front.is_stopped());
        bench.connect();
    }
}

#[test]
fn attacks_put_on_the_ring_what_they_say() {
    let sound = [
        (FrontAttack::ManySlots { further: 18 }, 1900),
        (FrontAttack::SplitHeader { piece: 4 }, 66),
        (FrontAttack::SplitHeader { piece: 20 }, 66),
        (FrontAttack::TinySlots, 114),
        (FrontAttack::EmptySlots { count: 3 }, 66),
        (FrontAttack::Longest, 65_535),
    ];
    for (attack, bytes) in sound {
        let mut bench = Bench::new(settings());
        bench.attack(attack);
        assert_eq!(bench.received, [bytes], "{attack:?}");
        assert_eq!(bench.front.answers().errors, 0, "{attack:?}");
    }
    let bad = [
        FrontAttack::LongSlot,
        FrontAttack::Truncated,
        FrontAttack::CrossesPage,
        FrontAttack::Runt,
        FrontAttack::UnknownExtra,
        FrontAttack::BadSegmentation,
        FrontAttack::MissingExtra,
        FrontAttack::BadGrant { grant: BadGrant::NeverGiven, slots: 3, at: 1 },
        FrontAttack::BadGrant { grant: BadGrant::BeyondTable, slots: 1, at: 0 },
        FrontAttack::BadGrant { grant: BadGrant::Revoked, slots: 2, at: 1 },
        FrontAttack::BadGrant { grant: BadGrant::ToAnotherDomain, slots: 19, at: 18 },
    ];
    for attack in bad {
        let mut bench = Bench::new(settings());
        bench.attack(attack);
        assert_eq!(bench.received, [], "{attack:?}");
        assert!(bench.front.answers().errors > 0, "{attack:?}");
    }
}

#[test]
fn a_storm_rings_as_often_as_it_says() {
    let mut bench = Bench::new(settings());
    let before = bench.upcalls;
    bench.attack(FrontAttack::EventStorm { events: 40, every: 1000 });
    bench.run_timers();
    assert_eq!((bench.upcalls[0] - before[0], bench.now), (40, Time(39_000)));
    bench.attack_back(BackAttack::EventStorm { events: 30, every: 500 });
    bench.run_timers();
    assert_eq!((bench.upcalls[1] - before[1], bench.now), (30, Time(39_000 + 14_500)));
}

#[test]
fn withheld_buffers_run_out() {
    let mut bench = Bench::new(settings());
    bench.attack(FrontAttack::WithholdBuffers { leave: 1 });
    for _ in 0..200 {
        bench.send_back(&[700, 700]);
    }
    assert_eq!((bench.front.posted_buffers(), bench.arrived.len()), (2, 63));
    assert_eq!(bench.back.counters(VIF).map(|counters| counters.receive_dropped), Some(200 - 63 - 64));
}

#[test]
fn a_snooping_back_end_tells_what_it_saw() {
    let mut bench = Bench::new(settings());
    bench.attack_back(BackAttack::ReadBeside);
    let skb = packet(&mut bench.guest, &[60]);
    let page = bench.guest.get(skb).frags()[0].page.pfn();
    bench.xen.guest_page_mut(GUEST, page).expect("the guest has it").write(1000, &[7; 123]);
    assert_eq!(bench.front.start_xmit(kernel!(bench, guest), skb), Xmit::Sent);
    bench.settle();
    assert_eq!((bench.back.seen_beside(VIF), bench.received.as_slice()), (123, &[60][..]));
}

#[test]
fn the_catalogue_is_in_order_and_attacks_name_it() {
    assert!(ADVISORIES.is_sorted_by(|one, next| one.xsa < next.xsa));
    for advisory in &ADVISORIES {
        assert!(!advisory.cves.is_empty() && advisory.cves.iter().all(|cve| cve.starts_with("CVE-")));
        assert!(!advisory.backs.is_empty() || !advisory.fronts.is_empty(), "{}", advisory.xsa);
        assert!([advisory.what, advisory.right].iter().all(|text| text.ends_with('.')), "{}", advisory.xsa);
    }
    for attack in [FrontAttack::Truncated, FrontAttack::TinySlots, FrontAttack::ChangeSize { to: 0 }] {
        assert!(advisory(attack.xsa()).is_some());
    }
}

fn front_attacks() -> impl Strategy<Value = FrontAttack> {
    let grants = prop_oneof![
        Just(BadGrant::NeverGiven),
        Just(BadGrant::BeyondTable),
        Just(BadGrant::Revoked),
        Just(BadGrant::ToAnotherDomain),
    ];
    prop_oneof![
        any::<u32>().prop_map(|distance| FrontAttack::ForgeProducer { distance }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| FrontAttack::TransmitGarbage { seed, slots }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| FrontAttack::BufferGarbage { seed, slots }),
        any::<u8>().prop_map(|further| FrontAttack::ManySlots { further }),
        any::<u16>().prop_map(|to| FrontAttack::ChangeSize { to }),
        (grants, any::<u8>(), any::<u8>()).prop_map(|(grant, slots, at)| FrontAttack::BadGrant { grant, slots, at }),
        any::<u16>().prop_map(|leave| FrontAttack::WithholdBuffers { leave }),
        any::<u8>().prop_map(|piece| FrontAttack::SplitHeader { piece }),
        any::<u8>().prop_map(|count| FrontAttack::EmptySlots { count }),
        (0_u32..9, 0_u64..2000).prop_map(|(events, every)| FrontAttack::EventStorm { events, every }),
        select(vec![
            FrontAttack::LongSlot,
            FrontAttack::Truncated,
            FrontAttack::CrossesPage,
            FrontAttack::Runt,
            FrontAttack::MissingExtra,
            FrontAttack::UnknownExtra,
            FrontAttack::BadSegmentation,
            FrontAttack::ReadOnlyBuffers,
            FrontAttack::TinySlots,
            FrontAttack::Longest,
        ]),
    ]
}

fn back_attacks() -> impl Strategy<Value = BackAttack> {
    prop_oneof![
        any::<u32>().prop_map(|distance| BackAttack::ForgeProducer { distance }),
        any::<u32>().prop_map(|distance| BackAttack::ForgeDeliveries { distance }),
        (any::<u32>(), 0_u16..300).prop_map(|(seed, slots)| BackAttack::Garbage { seed, slots }),
        (0_u32..9, 0_u64..2000).prop_map(|(events, every)| BackAttack::EventStorm { events, every }),
        select(vec![
            BackAttack::AnswerWhileMapped,
            BackAttack::ReadBeside,
            BackAttack::RemoveDevice,
            BackAttack::UnknownId,
            BackAttack::IdTwice,
            BackAttack::LongDelivery,
            BackAttack::CrossingDelivery,
            BackAttack::WrongBuffer,
            BackAttack::EndlessDelivery,
        ]),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Send,
    SendBack,
    Front(FrontAttack),
    Back(BackAttack),
    Reconnect,
    Timers,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    vec(
        prop_oneof![
            4 => Just(Deed::Send),
            4 => Just(Deed::SendBack),
            4 => front_attacks().prop_map(Deed::Front),
            4 => back_attacks().prop_map(Deed::Back),
            1 => Just(Deed::Reconnect),
            1 => Just(Deed::Timers),
        ],
        0..60,
    )
}

proptest! {
    /// Whatever two hostile drivers do to each other, both come to rest, neither stops the engine, and dom0 loses nothing.
    #[test]
    fn two_hostile_drivers_come_to_rest(deeds in deeds(), base in any::<u32>(), split_channels in any::<bool>()) {
        let mut bench = Bench::new(FrontSettings { base: Index(base), split_channels, ..settings() });
        for deed in deeds {
            match deed {
                Deed::Send => {
                    if bench.guest.free_pages() > 4 {
                        let _sent = bench.send(&[100, 2000]);
                    }
                }
                Deed::SendBack => bench.send_back(&[100, 2000]),
                Deed::Front(attack) => bench.attack(attack),
                Deed::Back(attack) => bench.attack_back(attack),
                Deed::Timers => bench.run_timers(),
                Deed::Reconnect => {
                    let _ = bench.back.disconnect(kernel!(bench, dom0), VIF);
                    bench.front.disconnect(kernel!(bench, guest));
                    bench.settle();
                    bench.connect();
                }
            }
            prop_assert!(bench.front.outstanding() <= TX_RING.entries());
        }
        let _ = bench.back.disconnect(kernel!(bench, dom0), VIF);
        bench.settle();
        prop_assert_eq!((bench.dom0.alive(), bench.dom0.free_pages()), (0, 399));
    }
}
