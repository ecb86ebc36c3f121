//! Whole machines, drawn: whatever epoch, guests, workloads and faults, with hostile guests among them, the invariants of the
//! path hold after every appointment that is looked at, and at the end nothing is left over.

mod attacks;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use sim_wasm::actors::bridge::BridgePort;
use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::hostile::front_attack::FrontAttack;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::Receive;
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb, Repairs};
use sim_wasm::actors::netfilter::Filter;
use sim_wasm::actors::nic::CardSettings;
use sim_wasm::actors::stack::TapSettings;
use sim_wasm::hypervisor::grant_entry::{GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_TYPE_MASK, GTF_WRITING};
use sim_wasm::machine::metrics::counters::Count;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{
    Destination, Dom0, Fault, FaultKind, Filling, Guest, Intent, PacketLayout, Settings, Workload,
};
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::{DomId, GrantRef, Pfn, VifId};
use sim_wasm::words::time::Time;

use crate::attacks::front_attacks;

/// Appointments between two looks at everything.
const EVERY: u64 = 37;
/// Appointments of a run: a storm of garbage does not get further than this.
const MOST: u64 = 60_000;
/// No workload and no fault begins later than this, in nanoseconds.
const BUSY: u64 = 4_000_000;
/// When a run ends. Until then every timer of the drivers has had its time.
const UNTIL: Time = Time::from_millis(100_000);

fn layouts() -> impl Strategy<Value = PacketLayout> {
    prop_oneof![
        Just(PacketLayout::PagesLast),
        (14_u16..=300, 1500_u16..=4096).prop_map(|(head, piece)| PacketLayout::Pieces { head, piece }),
    ]
}

fn workloads(guests: u16) -> impl Strategy<Value = Workload> {
    let to = prop_oneof![
        4 => Just(Destination::Outside),
        3 => (0..guests).prop_map(|vif| Destination::Guest(VifId(vif))),
        1 => select(vec![Destination::Everybody, Destination::Nobody, Destination::Dom0]),
    ];
    let bytes = prop_oneof![28_u32..150, 1400_u32..1600, 28_u32..30_000];
    let times = (0..BUSY, 0_u64..40_000, 0_u64..3000);
    (to, bytes, layouts(), times, (1_u32..12, 0_u64..150)).prop_map(|(to, bytes, layout, times, (burst, count))| {
        let (start, every, jitter) = times;
        Workload { to, bytes, layout, start: Time(start), every, jitter, burst, count, ..Workload::at_once(bytes, 1) }
    })
}

fn guests(number: u16) -> impl Strategy<Value = Guest> {
    let base = prop_oneof![any::<u32>(), (u32::MAX - 300)..=u32::MAX];
    let credit = option::weighted(0.2, (1500_u64..200_000, 1000_u64..100_000));
    let sends = vec(workloads(number), 0..3);
    (base, credit, sends, any::<[bool; 6]>(), 0_u8..4).prop_map(|(base, credit, sends, choices, hostile)| {
        let [modern, scatter_gather, rx_notify, trusted, consumes, flip] = choices;
        Guest {
            front: if modern { FrontEpoch::Modern } else { FrontEpoch::Classic },
            intent: if hostile == 0 { Intent::Hostile } else { Intent::Honest },
            sends,
            credit,
            scatter_gather,
            rx_notify,
            trusted,
            flip,
            base,
            consumes: if consumes { 50_000 } else { 0 },
            ..Guest::default()
        }
    })
}

fn faults(guests: u16) -> impl Strategy<Value = Fault> {
    let vif = (0..guests).prop_map(VifId);
    let attack = front_attacks().prop_map(|attack| match attack {
        // Garbage is answered request by request, which is bounded for each pass, and long for all of them.
        FrontAttack::ForgeProducer { distance } => FrontAttack::ForgeProducer { distance: distance % 2000 },
        attack => attack,
    });
    let what = prop_oneof![
        4 => (vif.clone(), attack).prop_map(|(vif, attack)| FaultKind::Attack(vif, attack)),
        1 => vif.clone().prop_map(FaultKind::SleepGuest),
        1 => vif.clone().prop_map(FaultKind::WakeGuest),
        1 => vif.clone().prop_map(FaultKind::Unplug),
        1 => vif.clone().prop_map(FaultKind::Plug),
        1 => vif.clone().prop_map(FaultKind::UnloadBack),
        1 => vif.clone().prop_map(FaultKind::LoadBack),
        1 => vif.clone().prop_map(FaultKind::CloseFront),
        1 => vif.clone().prop_map(FaultKind::RestartFront),
        1 => vif.prop_map(FaultKind::Destroy),
        2 => Just(FaultKind::StallCard),
        2 => Just(FaultKind::ResumeCard),
        1 => select(vec![FaultKind::SetFilter(Filter::DROP), FaultKind::SetFilter(Filter::ACCEPT)]),
        1 => (0_u64..500_000, 1_u32..20).prop_map(|(hold, limit)| {
            FaultKind::Tap(BridgePort::Card, TapSettings { hold, limit })
        }),
        1 => Just(FaultKind::EndTap(BridgePort::Card)),
        1 => select(vec![FaultKind::SqueezeMemory, FaultKind::RelieveMemory]),
    ];
    (0..BUSY, what).prop_map(|(at, what)| Fault { at: Time(at), what })
}

fn machines() -> impl Strategy<Value = Settings> {
    let epoch = select(vec![Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy]);
    let repairs = select(vec![Repairs::NONE, Repairs { shuts_down: false, ..Repairs::ALL }, Repairs::ALL]);
    let copy_skb = select(vec![CopySkb::Never, CopySkb::Always, CopySkb::Delayed]);
    (1_u16..5, epoch, repairs, copy_skb, any::<u64>()).prop_flat_map(|(number, epoch, repairs, copy_skb, seed)| {
        let parts = (
            vec(guests(number), usize::from(number)),
            vec(workloads(number), 0..3),
            vec(faults(number), 0..6),
            select(vec![10_u32, 100, 1000, 10_000]),
        );
        parts.prop_map(move |(guests, outside, mut faults, megabits)| {
            let ends = [FaultKind::ResumeCard, FaultKind::EndTap(BridgePort::Card), FaultKind::RelieveMemory];
            let wakes = (0..number).map(|vif| FaultKind::WakeGuest(VifId(vif)));
            faults.extend(ends.into_iter().chain(wakes).map(|what| Fault { at: Time(2 * BUSY), what }));
            let back = BackSettings {
                repairs,
                copy_skb,
                rx_flip: seed % 2 == 0,
                gives_own_pages: seed % 4 == 0,
                breaks_off: seed % 8 < 4,
                ..BackSettings::of(epoch)
            };
            Settings {
                epoch,
                guests,
                dom0: Dom0 { back, ..Dom0::default() },
                card: CardSettings::e1000(megabits),
                outside,
                faults,
                until: UNTIL,
                seed,
                filling: Filling::Whole,
                ..Settings::default()
            }
        })
    })
}

/// What is looked at: a run, and what its settings say of each guest.
struct Look<'run> {
    network: &'run Network,
    settings: &'run Settings,
}

impl Look<'_> {
    fn vifs(&self) -> impl Iterator<Item = VifId> + use<> {
        (0..self.settings.guests.len() as u16).map(VifId)
    }

    /// The page of a ring of a guest that lives.
    fn index(&self, vif: VifId, ring: u32, field: Shared) -> Index {
        let page = self.network.xen().guest_page(DomId(vif.0 + 1), Pfn(ring)).expect("a guest has its rings");
        field.load(page)
    }

    /// Whether the backend is unloaded under a guest, which may hang or break for it.
    fn is_abandoned(&self, vif: VifId) -> bool {
        self.settings.faults.iter().any(|fault| fault.what == FaultKind::UnloadBack(vif))
    }

    fn is_alive(&self, vif: VifId) -> bool {
        let domain = DomId(vif.0 + 1);
        self.network.xen().domain(domain).is_some() && !self.network.xen().is_zombie(domain)
    }

    /// Everything that holds at any time.
    fn check(&self) {
        let most = match self.settings.epoch {
            Epoch::Classic => 256,
            Epoch::GrantCopy | Epoch::ZeroCopy => 256 * self.settings.guests.len() as u32,
        };
        let held = self.network.levels().held;
        assert!(held <= most, "{held} slots are held");
        for vif in self.vifs().filter(|vif| self.is_alive(*vif) && !self.is_abandoned(*vif)) {
            let Some(front) = self.network.front(vif) else { continue };
            assert_eq!(front.broken(), None, "an honest backend breaks no device");
            if front.is_up() {
                let pins = self.pins(vif);
                self.check_ring(vif, 0, front.tx_ring(), pins[0]);
                self.check_ring(vif, 1, front.rx_ring(), pins[1]);
                assert!(front.outstanding() <= 255, "the transmit ring is never full");
            }
        }
        self.check_bytes();
    }

    /// What arrives is what was sent, unless somebody spoils packets of his own: names again what netback has done with, or
    /// writes over what it has not.
    fn check_bytes(&self) {
        let spoils = self.settings.faults.iter().any(|fault| match fault.what {
            FaultKind::Attack(_, attack) => matches!(
                attack,
                FrontAttack::ForgeProducer { .. }
                    | FrontAttack::TransmitGarbage { .. }
                    | FrontAttack::BufferGarbage { .. }
                    | FrontAttack::ChangeSize { .. }
            ),
            _ => false,
        });
        assert!(spoils || self.network.receipts().damaged == 0, "what arrives is what was sent");
    }

    /// `rsp_cons <= rsp_prod <= req_prod <= rsp_prod + 256` in modular distance, all that is written is published, and only
    /// what has no answer is pinned.
    fn check_ring(&self, vif: VifId, ring: u32, half: &FrontRing, pins: u32) {
        let [req_prod, rsp_prod] = [Shared::ReqProd, Shared::RspProd].map(|field| self.index(vif, ring, field));
        let place = format!("{vif:?}, ring {ring}: {half:?}, {req_prod:?}, {rsp_prod:?}, {pins} pins");
        assert_eq!(half.req_prod_pvt, req_prod, "{place}");
        assert!(req_prod.since(half.rsp_cons) <= 256, "{place}");
        assert!(rsp_prod.since(half.rsp_cons) <= req_prod.since(half.rsp_cons), "{place}");
        assert!(pins <= req_prod.since(rsp_prod), "{place}");
    }

    /// Entries of a guest that dom0 has mapped at this moment: those for reading, which lie on the transmit ring, and those
    /// for writing without the two rings.
    fn pins(&self, vif: VifId) -> [u32; 2] {
        let mut pins = [0; 2];
        for gref in 8..1024 {
            let Some(entry) = self.network.xen().grant_entry(DomId(vif.0 + 1), GrantRef(gref)) else { break };
            // An entry that takes a page has other uses for these bits.
            let permits = entry.flags & GTF_TYPE_MASK == GTF_PERMIT_ACCESS;
            if permits && entry.flags & (GTF_READING | GTF_WRITING) != 0 {
                pins[usize::from(entry.flags & GTF_READONLY == 0)] += 1;
            }
        }
        assert!(pins[1] == 2 || pins[1] == 0, "only rings are mapped for writing");
        [pins[0], 0]
    }

    /// What holds when nothing is left to happen: nobody waits for an event that does not come, and nothing stays in dom0.
    fn check_end(&self) {
        let levels = self.network.levels();
        assert_eq!((levels.held, levels.backlog, levels.card_queue, levels.descriptors), (0, 0, 0, 0));
        assert_eq!(self.network.packets_alive().0, 0, "no packet stays in dom0");
        for vif in self.vifs() {
            assert!(!self.network.xen().is_zombie(DomId(vif.0 + 1)), "a guest that is gone is gone");
            if self.is_abandoned(vif) {
                continue;
            }
            let Some(front) = self.network.front(vif) else { continue };
            // A destroyed guest's driver stands still as it was.
            if front.is_up() && self.network.xen().domain(DomId(vif.0 + 1)).is_some() {
                assert_eq!((front.outstanding(), levels.guest_queue[usize::from(vif.0)]), (0, 0), "{vif:?}");
                assert!(!front.is_stopped(), "{vif:?}");
            }
        }
        self.check_log();
        self.check_credit();
    }

    /// A notification is due exactly if the event's index lies in the stretch that was published; a queue stops at its line;
    /// time runs forward.
    fn check_log(&self) {
        let mut time = Time::ZERO;
        for entry in self.network.log().entries() {
            assert!(entry.time >= time);
            time = entry.time;
            match entry.event {
                Event::RequestsPublished { old, new, event, notify }
                | Event::ResponsesPublished { old, new, event, notify }
                | Event::Receive(Receive::AnswersPublished { old, new, event, notify }) => {
                    let passed = (1..=new.wrapping_sub(old)).contains(&event.wrapping_sub(old));
                    assert_eq!(notify, passed, "{entry:?}");
                }
                Event::QueueStopped { outstanding } => {
                    let line = match self.settings.guests[usize::from(entry.vif.0)].front {
                        FrontEpoch::Classic => 236,
                        FrontEpoch::Modern => 237,
                    };
                    assert!((line..256).contains(&outstanding), "{entry:?}");
                }
                _ => {}
            }
        }
    }

    /// What a guest sent is within its credit: what may be saved up, and what each window brings.
    fn check_credit(&self) {
        for (guest, vif) in self.settings.guests.iter().zip(self.vifs()) {
            let Some((bytes, micros)) = guest.credit else { continue };
            let windows = self.network.now().0 / (micros * 1000) + 2;
            let most = 131_072.max(bytes) + windows * bytes;
            let sent = self.network.back_counters(vif).transmit_bytes;
            assert!(sent <= most, "{vif:?}: {sent} bytes sent, {most} credited");
        }
    }
}

/// Runs a machine and looks at it now and then; true if nothing is left to happen.
fn run(network: &mut Network, settings: &Settings) -> bool {
    while network.steps_taken() < MOST {
        if !network.step() {
            return true;
        }
        if network.steps_taken().is_multiple_of(EVERY) {
            Look { network, settings }.check();
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 400, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn drawn_machines_keep_the_invariants(settings in machines()) {
        let mut network = Network::new(&settings).expect("the drawn settings are sound");
        let ended = run(&mut network, &settings);
        let look = Look { network: &network, settings: &settings };
        look.check();
        if ended {
            look.check_end();
        }
    }

    /// A run is a function of its settings, and a copy goes on as the original does.
    #[test]
    fn a_run_is_a_function_of_its_settings(settings in machines(), middle in 0_u64..3000) {
        let mut network = Network::new(&settings).expect("the drawn settings are sound");
        while network.steps_taken() < middle && network.step() {}
        let mut copy = network.clone();
        let mut again = Network::new(&settings).expect("the drawn settings are sound");
        for network in [&mut network, &mut copy, &mut again] {
            while network.steps_taken() < 6000 && network.step() {}
        }
        assert_eq!(network.fingerprint(), copy.fingerprint());
        assert_eq!(network.fingerprint(), again.fingerprint());
        assert_eq!(network.metrics(), again.metrics());
    }

    /// Two honest guests lose nothing, whatever a third one does to dom0.
    #[test]
    fn other_guests_do_not_suffer(
        epoch in select(vec![Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy]),
        repairs in select(vec![Repairs::NONE, Repairs::ALL]),
        attacks in vec((0..BUSY, front_attacks()), 1..8),
    ) {
        let sends = vec![Workload::every(1514, 60_000, 100), Workload { to: Destination::Guest(VifId(2)), ..Workload::every(300, 90_000, 60) }];
        let honest = Guest { sends: sends.clone(), base: u32::MAX - 50, ..Guest::default() };
        let modern = Guest { front: FrontEpoch::Modern, sends: vec![sends[0]], ..Guest::default() };
        // Netback of linux-2.6.18-xen answers what a forged producer claims, which may be all that an index can count: it is
        // bounded in each pass, and the others have their turns, but it comes to no rest.
        let endless = epoch == Epoch::Classic && !repairs.shuts_down;
        let fault = |(at, attack)| {
            let attack = match attack {
                FrontAttack::ForgeProducer { .. } if endless => FrontAttack::Truncated,
                attack => attack,
            };
            Fault { at: Time(at), what: FaultKind::Attack(VifId(0), attack) }
        };
        let settings = Settings {
            epoch,
            guests: vec![Guest { intent: Intent::Hostile, sends, ..Guest::default() }, honest, modern],
            dom0: Dom0 { back: BackSettings { repairs, ..BackSettings::of(epoch) }, ..Dom0::default() },
            faults: attacks.into_iter().map(fault).collect(),
            until: UNTIL,
            filling: Filling::Whole,
            ..Settings::default()
        };
        let mut network = Network::new(&settings).expect("the settings are sound");
        assert!(run(&mut network, &settings), "the machine comes to rest");
        let metrics = network.metrics();
        let count = |vif: usize, what| metrics.vifs()[vif].counters.get(what);
        assert_eq!([count(1, Count::Sent), count(2, Count::Sent)], [100, 100]);
        assert_eq!([count(1, Count::Accepted), count(2, Count::Accepted)], [160, 100]);
        assert!(count(2, Count::Delivered) >= 60);
        assert!(!network.is_disabled(VifId(1)) && !network.is_disabled(VifId(2)));
        assert_eq!((network.levels().outstanding[1], network.levels().outstanding[2]), (0, 0));
    }
}
