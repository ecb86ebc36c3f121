//! Commands to two honest guests, a hostile one and dom0, and what holds after each of them.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::TestCaseError;
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb, Repairs, VifSettings};
use sim_wasm::actors::netback::{MAX_PENDING_REQS, Race};
use sim_wasm::actors::skb::{FragPage, MAX_SKB_FRAGS};
use sim_wasm::protocols::netif::{ExtraInfo, Gso, RX_RING, RxRequest, TX_RING, TxRequest};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::{GrantRef, VifId};

use crate::world::{DOM0, Slot, Wish, World, slot};

/// Two honest guests and a hostile one.
pub(crate) const HONEST: [usize; 2] = [0, 1];
pub(crate) const HOSTILE: usize = 2;

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Send { guest: usize, first: u16, further: Vec<u16>, extra: bool, bad: Option<usize> },
    Write { slot: u32, request: TxRequest },
    WriteBuffer { slot: u32, request: RxRequest },
    Produce { ring: usize, to: u32 },
    Race { slot: u8, request: TxRequest },
    Interrupt(usize),
    Tasklet,
    ReceiveTasklet,
    Free(usize),
    Clone(usize),
    Device(usize),
    Forward { kept: usize, guest: usize },
    Local { guest: usize, head: usize, fragments: Vec<u16>, gso: u16 },
    Post { guest: usize, count: u32 },
    Read(usize),
    Pass(u64),
    Disconnect(usize),
}

/// What a hostile guest writes; it has grants 8 and 9 (its rings) and 10 (a page of data).
fn garbage() -> impl Strategy<Value = TxRequest> {
    let gref = prop_oneof![3 => Just(10), 1 => 8_u32..12, 1 => any::<u32>()].prop_map(GrantRef);
    let offset = prop_oneof![4 => Just(0), 1 => Just(4_000), 1 => Just(4_095), 1 => any::<u16>()];
    let size = prop_oneof![Just(0), Just(13), Just(14), Just(64), Just(65), Just(1_514), Just(4_096), any::<u16>()];
    (gref, offset, 0_u16..16, any::<u16>(), size).prop_map(|(gref, offset, flags, id, size)| TxRequest {
        gref,
        offset,
        flags,
        id,
        size,
    })
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let first = prop_oneof![14_u16..70, 70_u16..3_000];
    let further = proptest::collection::vec(1_u16..4_000, 0..=MAX_SKB_FRAGS);
    let further = prop_oneof![2 => Just(Vec::new()), 1 => further];
    let bad = prop_oneof![6 => Just(None), 1 => (0_usize..19).prop_map(Some)];
    let send = (0_usize..2, first, further, any::<bool>(), bad)
        .prop_map(|(guest, first, further, extra, bad)| Command::Send { guest, first, further, extra, bad });
    let produce = prop_oneof![4 => 0_u32..40, 1 => any::<u32>()];
    let buffer = (any::<u16>(), prop_oneof![Just(10_u32), 8_u32..12, any::<u32>()]);
    let local = (0_usize..3, 14_usize..5_000, proptest::collection::vec(1_u16..=4_096, 0..6), 0_u16..2_000);
    prop_oneof![
        12 => send,
        6 => (0_u32..256, garbage()).prop_map(|(slot, request)| Command::Write { slot, request }),
        2 => (0_u32..256, buffer).prop_map(|(slot, (id, gref))| {
            Command::WriteBuffer { slot, request: RxRequest { id, gref: GrantRef(gref) } }
        }),
        4 => (0_usize..2, produce).prop_map(|(ring, to)| Command::Produce { ring, to }),
        1 => (0_u8..4, garbage()).prop_map(|(slot, request)| Command::Race { slot, request }),
        4 => (0_usize..3).prop_map(Command::Interrupt),
        14 => Just(Command::Tasklet),
        6 => Just(Command::ReceiveTasklet),
        8 => (0_usize..300).prop_map(Command::Free),
        1 => (0_usize..300).prop_map(Command::Clone),
        1 => (0_usize..300).prop_map(Command::Device),
        4 => (0_usize..300, 0_usize..3).prop_map(|(kept, guest)| Command::Forward { kept, guest }),
        3 => local.prop_map(|(guest, head, fragments, gso)| Command::Local { guest, head, fragments, gso }),
        4 => (0_usize..2, 1_u32..80).prop_map(|(guest, count)| Command::Post { guest, count }),
        6 => (0_usize..2).prop_map(Command::Read),
        2 => prop_oneof![1_u64..40, 300_u64..1_500].prop_map(Command::Pass),
        1 => (0_usize..3).prop_map(Command::Disconnect),
    ]
}

#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) settings: BackSettings,
    pub(crate) bases: [u32; 3],
    pub(crate) credit: Option<(u64, u64)>,
    pub(crate) flips: bool,
}

pub(crate) fn setup() -> impl Strategy<Value = Setup> {
    let base = prop_oneof![Just(0_u32), Just(u32::MAX - 20), any::<u32>()];
    let copy_skb = prop_oneof![1 => Just(CopySkb::Never), 1 => Just(CopySkb::Always), 3 => Just(CopySkb::Delayed)];
    let credit = prop_oneof![Just(None), (2_000_u64..20_000, 1_000_u64..60_000).prop_map(Some)];
    (any::<[bool; 4]>(), copy_skb, [base.clone(), base.clone(), base], credit, any::<bool>()).prop_map(
        |(repaired, copy_skb, bases, credit, flips)| {
            let [shuts_down, copies_requests, refuses_first_fragment, always_scans] = repaired;
            let repairs =
                Repairs { shuts_down, copies_requests, refuses_first_fragment, counts_extras: true, always_scans };
            Setup { settings: BackSettings { copy_skb, repairs, ..BackSettings::default() }, bases, credit, flips }
        },
    )
}

pub(crate) struct Run {
    pub(crate) world: World,
    wishes: [Wish; 3],
    /// Whether each interface is connected, or waits to go.
    connected: [bool; 3],
    closing: [bool; 3],
}

impl Run {
    pub(crate) fn new(setup: &Setup) -> Run {
        let mut world = World::new(setup.settings, 400, 3);
        let mut wishes = [0, 1, 2].map(|guest: usize| Wish { base: setup.bases[guest], ..Wish::USUAL });
        wishes[1].rx_copy = !setup.flips;
        if let Some((credit_bytes, credit_usec)) = setup.credit {
            wishes[1].vif = VifSettings { credit_bytes, credit_usec, queue_len: 32 };
        }
        for wish in wishes {
            world.add_guest(wish);
        }
        world.is_sound = true;
        assert_eq!(world.grant(HOSTILE, 0), GrantRef(10));
        Run { world, wishes, connected: [true; 3], closing: [false; 3] }
    }

    pub(crate) fn obey(&mut self, command: &Command) {
        let world = &mut self.world;
        let at = |kept: usize| if world.kept.is_empty() { None } else { Some(kept % world.kept.len()) };
        match command {
            Command::Send { guest, first, further, extra, bad } => {
                let total = further.iter().try_fold(*first, |sum, size| sum.checked_add(*size));
                let Some(total) = total else { return };
                let mut slots: Vec<Slot> = vec![slot(10, total)];
                slots.extend(further.iter().map(|size| slot(96, *size)));
                if let Some(bad) = bad {
                    let count = slots.len();
                    slots[bad % count].good = false;
                }
                let gso = [ExtraInfo::gso(Gso { size: 1_448, kind: 1, features: 0 })];
                // Too many in a ring of 256 are not sent: nothing is the matter.
                let _ = world.send(*guest, 0, &slots, if *extra { &gso[..] } else { &[] });
            }
            Command::Write { slot, request } => {
                world.tx_page(HOSTILE).write(TX_RING.offset(Index(*slot)), &request.encode());
            }
            Command::WriteBuffer { slot, request } => {
                world.rx_page(HOSTILE).write(RX_RING.offset(Index(*slot)), &request.encode());
            }
            Command::Produce { ring, to } => {
                let page = if *ring == 0 { world.tx_page(HOSTILE) } else { world.rx_page(HOSTILE) };
                let producer = Shared::ReqProd.load(page);
                Shared::ReqProd.store(page, producer.plus(*to));
            }
            Command::Race { slot, request } => {
                let race = Race { vif: VifId(HOSTILE as u16), slot: *slot, request: *request };
                world.with(|back, _| back.race(race));
            }
            Command::Interrupt(guest) => world.interrupt(*guest),
            Command::Tasklet => self.tasklet(),
            Command::ReceiveTasklet => world.receive_tasklet(),
            Command::Free(kept) => {
                if let Some(at) = at(*kept) {
                    world.free(at);
                }
            }
            Command::Clone(kept) => {
                if let Some(at) = at(*kept) {
                    let (vif, skb) = world.kept[at];
                    let clone = world.skbs.clone_skb(skb);
                    world.kept.push((vif, clone));
                }
            }
            Command::Device(kept) => {
                if let Some(at) = at(*kept) {
                    let skb = world.kept[at].1;
                    world.skbs.get_mut(skb).dma_mapped = true;
                }
            }
            Command::Forward { kept, guest } => {
                if let Some(at) = at(*kept) {
                    let (vif, skb) = world.kept.remove(at);
                    if world.start_xmit(*guest, skb) == Xmit::Busy(skb) {
                        world.kept.push((vif, skb));
                    }
                }
            }
            Command::Local { guest, head, fragments, gso } => {
                if world.skbs.free_pages() < 8 {
                    return;
                }
                let skb = world.packet(*head, fragments);
                world.skbs.get_mut(skb).gso.size = *gso;
                if world.start_xmit(*guest, skb) == Xmit::Busy(skb) {
                    world.with(|_, k| k.skbs.free(skb));
                }
            }
            Command::Post { guest, count } => {
                world.post(*guest, *count);
            }
            Command::Read(guest) => {
                world.reap(*guest);
                world.take_received(*guest);
            }
            Command::Pass(millis) => self.pass(*millis),
            Command::Disconnect(guest) => self.disconnect(*guest),
        }
    }

    /// A pass takes no more than a ring of slots from anybody.
    fn tasklet(&mut self) {
        let before = self.world.log.entries().len();
        self.world.tasklet();
        let mut taken = [0; 3];
        for entry in &self.world.log.entries()[before..] {
            if let Event::RequestsTaken { count, .. } = entry.event {
                taken[usize::from(entry.vif.0)] += count;
            }
        }
        assert!(taken.iter().all(|taken| *taken <= 256), "{taken:?}");
    }

    /// Timers fall due one by one, and each is followed by one pass of each tasklet: a hostile guest may have work for
    /// very many.
    fn pass(&mut self, millis: u64) {
        let until = self.world.now + millis * 1_000_000;
        while let Some(at) = self.world.timers.iter().position(|(_, time)| *time <= until) {
            let (timer, time) = self.world.timers.remove(at);
            self.world.now = self.world.now.max(time);
            self.world.with(|back, k| back.timer(k, timer));
            self.tasklet();
            self.world.receive_tasklet();
        }
        self.world.now = until;
    }

    fn disconnect(&mut self, guest: usize) {
        if !self.connected[guest] {
            return;
        }
        self.closing[guest] = true;
        let references = self.world.back.references(VifId(guest as u16));
        let outcome = self.world.disconnect(guest);
        assert_eq!(outcome, if references == 0 { Disconnect::Done } else { Disconnect::Waiting(references) });
        if outcome == Disconnect::Done {
            (self.connected[guest], self.closing[guest]) = (false, false);
            if guest != HOSTILE {
                self.world.let_go(guest);
                self.world.reconnect(guest, self.wishes[guest]).expect("its interface is gone");
                self.connected[guest] = true;
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), TestCaseError> {
        let (world, back) = (&self.world, &self.world.back);
        prop_assert!(back.held() <= MAX_PENDING_REQS && back.released() <= back.held());
        // Each slot that is held and not released is a fragment of a packet that dom0 has.
        let kept: BTreeSet<_> = world.kept.iter().map(|(_, skb)| world.skbs.shared_of(*skb)).collect();
        let foreign: u32 = kept
            .iter()
            .flat_map(|data| world.skbs.data(*data).frags())
            .filter(|frag| matches!(frag.page, FragPage::Foreign { .. }))
            .count() as u32;
        let pinned = back.held() - back.released();
        prop_assert!(pinned == foreign || (pinned > foreign && back.waiting() > 0), "{pinned} {foreign}");
        // Each is mapped once, and each connected ring.
        let connected = self.connected.iter().filter(|connected| **connected).count() as u32;
        let mappings = world.xen.domain(DOM0).expect("dom0 is there").grants.mappings();
        prop_assert_eq!(mappings, back.held() + 2 * connected);
        let references: u32 = (0..3).map(|guest| back.references(VifId(guest))).sum();
        prop_assert_eq!(references, back.held() + back.waiting());
        for (_, skb) in &world.kept {
            let shared = world.skbs.get(*skb);
            let sizes = shared.frags().iter().map(|frag| u32::from(frag.size)).sum::<u32>();
            prop_assert_eq!(shared.head.len() as u32 + sizes, shared.len);
            prop_assert!(shared.len >= 14 || !self.world_copies());
            prop_assert!(shared.frags().iter().all(|frag| u32::from(frag.offset) + u32::from(frag.size) <= 4096));
            prop_assert!(shared.frags().len() <= MAX_SKB_FRAGS);
        }
        for guest in HONEST {
            let front = &world.guests[guest].tx;
            prop_assert!(front.outstanding() <= 256);
        }
        Ok(())
    }

    /// Whether what was checked is what is used, so that a hostile guest's packets make sense too.
    fn world_copies(&self) -> bool {
        self.world.told(|event| matches!(event, Event::Trouble(_)).then_some(())).is_empty()
    }

    /// The hostile guest's interface goes, dom0 lets go of everything, and time passes.
    pub(crate) fn finish(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..2_000 {
            self.world.free_all();
            self.tasklet();
            self.world.receive_tasklet();
            self.disconnect(HOSTILE);
            self.pass(500);
            for guest in HONEST {
                if self.closing[guest] {
                    self.disconnect(guest);
                }
                self.world.interrupt(guest);
                self.world.reap(guest);
                self.world.take_received(guest);
            }
            let idle = |guest: usize| self.world.guests[guest].tx.outstanding() == 0;
            if !self.connected[HOSTILE] && self.world.skbs.alive() == 0 && HONEST.into_iter().all(idle) {
                break;
            }
        }
        prop_assert!(!self.connected[HOSTILE]);
        prop_assert_eq!((self.world.back.held(), self.world.back.waiting(), self.world.skbs.alive()), (0, 0, 0));
        for guest in HONEST {
            let guest = &self.world.guests[guest];
            prop_assert_eq!(guest.tx.outstanding(), 0, "every slot is answered once");
        }
        Ok(())
    }
}
