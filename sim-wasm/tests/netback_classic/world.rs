//! Guests that write their rings byte by byte, the driver, and a dom0 that keeps what it gets until a test lets go.

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::handshake::{Offer, Xmit};
use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netback::Netback;
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, Repairs, VifSettings};
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::netif::{ExtraInfo, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, RX_RING, RxResponse, TX_RING};
use sim_wasm::protocols::ring::{Index, shared_ring_init};
use sim_wasm::words::ids::{DomId, GrantRef, Pfn, Port, VifId};
use sim_wasm::words::time::Time;

mod guest;

pub(crate) const DOM0: DomId = DomId::DOM0;
const TX_PAGE: Pfn = Pfn(0);
const RX_PAGE: Pfn = Pfn(1);
/// Where a guest's packets to send lie, one page for each slot.
const DATA: u32 = 2;
/// Where its empty buffers lie.
const BUFFERS: u32 = DATA + 256;
const GUEST_PAGES: u32 = BUFFERS + 256;
pub(crate) const MORE: u16 = NETTXF_MORE_DATA;
pub(crate) const EXTRA: u16 = NETTXF_EXTRA_INFO;

/// A grant that no guest ever gave.
pub(crate) const NO_GRANT: GrantRef = GrantRef(2_000);

/// The driver of linux-2.6.18-xen.
pub(crate) const OLD: BackSettings = with(Repairs::NONE);

/// The classic driver with these repairs.
pub(crate) const fn with(repairs: Repairs) -> BackSettings {
    let settings = BackSettings::of(Epoch::Classic);
    BackSettings { repairs, ..settings }
}

/// A data slot: offset and size in its page, and whether its grant is a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) offset: u16,
    pub(crate) size: u16,
    pub(crate) good: bool,
}

/// A sound slot.
pub(crate) const fn slot(offset: u16, size: u16) -> Slot {
    Slot { offset, size, good: true }
}

/// What a guest remembers of its requests, by data page: 256 of them, and the request of page `p` has an id that says so.
pub(crate) struct Guest {
    pub(crate) domain: DomId,
    pub(crate) grants: GuestGrants,
    pub(crate) tx: FrontRing,
    pub(crate) rx: FrontRing,
    pub(crate) offer: Offer,
    free_pages: Vec<u16>,
    /// The grant under way of each data page.
    under_way: Vec<Option<GrantRef>>,
    /// The buffer and its grant in each slot of the receive ring.
    posted: Vec<Option<(u16, GrantRef)>>,
    free_buffers: Vec<u16>,
    /// What the answer to each data page's slot must be.
    expected: Vec<i16>,
    /// Extra infos that were sent, and how many were answered.
    pub(crate) nulls: (u32, u32),
    /// Every answer to a packet, as (id, status).
    pub(crate) answers: Vec<(u16, i16)>,
    /// Every answered buffer.
    pub(crate) received: Vec<RxResponse>,
    /// Every extra info that came.
    pub(crate) extras: Vec<ExtraInfo>,
    /// What came, packet by packet; nothing for one that failed.
    pub(crate) packets: Vec<Option<Vec<u8>>>,
}

pub(crate) struct World {
    pub(crate) xen: Xen,
    pub(crate) skbs: Skbs,
    pub(crate) log: Log,
    pub(crate) now: Time,
    pub(crate) back: Netback,
    pub(crate) guests: Vec<Guest>,
    /// What dom0 keeps, oldest first.
    pub(crate) kept: Vec<(VifId, SkbId)>,
    pub(crate) timers: Vec<(Timer, Time)>,
    pub(crate) transmit_due: bool,
    pub(crate) receive_due: bool,
    pub(crate) woken: Vec<VifId>,
    /// Whether every packet is a sound one but for its grants, so that each answer is known in advance.
    pub(crate) is_sound: bool,
    pub(crate) carriers_off: Vec<VifId>,
}

/// How a guest connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) base: u32,
    pub(crate) sg: bool,
    pub(crate) gso: bool,
    pub(crate) rx_copy: bool,
    pub(crate) rx_notify: bool,
    pub(crate) vif: VifSettings,
}

impl Wish {
    pub(crate) const USUAL: Wish = Wish {
        base: 0,
        sg: true,
        gso: true,
        rx_copy: true,
        rx_notify: true,
        vif: VifSettings { credit_bytes: u64::MAX, credit_usec: 0, queue_len: 32 },
    };
}

impl Default for Wish {
    fn default() -> Wish {
        Wish::USUAL
    }
}

impl World {
    /// A machine whose dom0 has so many pages for packets, and no guest yet.
    pub(crate) fn new(settings: BackSettings, dom0_pages: u32, guests: u32) -> World {
        let mut xen = Xen::new(16 + dom0_pages + guests * (GUEST_PAGES + 2));
        xen.create_domain(DOM0, dom0_pages).expect("there is room for dom0");
        let mut skbs = Skbs::new(DOM0, (0..dom0_pages).map(Pfn).collect());
        let mut log = Log::new();
        let (mut asks, now) = (Vec::new(), Time::ZERO);
        let mut k = Kernel { xen: &mut xen, skbs: &mut skbs, now, log: &mut log, asks: &mut asks };
        let back = Netback::new(&mut k, settings);
        World {
            xen,
            skbs,
            log,
            now,
            back,
            guests: Vec::new(),
            kept: Vec::new(),
            timers: Vec::new(),
            transmit_due: false,
            receive_due: false,
            woken: Vec::new(),
            is_sound: false,
            carriers_off: Vec::new(),
        }
    }

    /// One guest, connected as usual, and a dom0 with plenty of memory.
    pub(crate) fn with_guest(settings: BackSettings) -> World {
        let mut world = World::new(settings, 600, 1);
        world.add_guest(Wish::default());
        world
    }

    /// Makes a guest and connects it.
    pub(crate) fn add_guest(&mut self, wish: Wish) -> usize {
        let number = self.guests.len();
        let domain = DomId(number as u16 + 1);
        self.xen.create_domain(domain, GUEST_PAGES).expect("there is room for a guest");
        let frames = self.xen.setup_table(domain, 2).expect("there is room for grants").to_vec();
        let offer = Offer {
            tx_ring: GrantRef(0),
            rx_ring: GrantRef(0),
            tx_port: Port(0),
            rx_port: Port(0),
            rx_copy: wish.rx_copy,
            rx_notify: wish.rx_notify,
            sg: wish.sg,
            gso: wish.gso,
            no_csum_offload: false,
            base: Index(wish.base),
        };
        self.guests.push(Guest {
            domain,
            grants: GuestGrants::new(domain, &frames),
            tx: FrontRing::attach(TX_RING, Index(wish.base)),
            rx: FrontRing::attach(RX_RING, Index(wish.base)),
            offer,
            free_pages: Vec::new(),
            under_way: Vec::new(),
            posted: Vec::new(),
            free_buffers: Vec::new(),
            expected: vec![0; 256],
            nulls: (0, 0),
            answers: Vec::new(),
            received: Vec::new(),
            extras: Vec::new(),
            packets: Vec::new(),
        });
        self.reconnect(number, wish).expect("a fresh guest can be connected");
        number
    }

    /// Makes a guest's rings anew and connects them.
    pub(crate) fn reconnect(&mut self, number: usize, wish: Wish) -> Result<(), ConnectError> {
        let guest = &mut self.guests[number];
        let mut grant = |xen: &mut Xen, page| {
            shared_ring_init(xen.guest_page_mut(guest.domain, page).expect("the guest has it"), Index(wish.base));
            let gref = guest.grants.claim_reference().expect("references are free");
            let frame = xen.domain(guest.domain).and_then(|domain| domain.mfn(page)).expect("the guest has it");
            guest.grants.grant_access(&mut xen.memory, gref, DOM0, frame, Access::ReadWrite);
            gref
        };
        let (tx_ring, rx_ring) = (grant(&mut self.xen, TX_PAGE), grant(&mut self.xen, RX_PAGE));
        let port = self.xen.alloc_unbound(guest.domain, DOM0).expect("ports are free");
        guest.offer = Offer { tx_ring, rx_ring, tx_port: port, rx_port: port, ..guest.offer };
        guest.offer.base = Index(wish.base);
        guest.tx = FrontRing::attach(TX_RING, Index(wish.base));
        guest.rx = FrontRing::attach(RX_RING, Index(wish.base));
        guest.free_pages = (0..256).rev().collect();
        guest.under_way = vec![None; 256];
        guest.posted = vec![None; 256];
        guest.free_buffers = (0..256).rev().collect();
        let (domain, offer) = (guest.domain, guest.offer);
        self.with(|back, k| back.connect(k, VifId(number as u16), domain, &offer, wish.vif))
    }

    /// A guest whose interface is gone takes back whatever it had given: nobody can be using it.
    pub(crate) fn let_go(&mut self, number: usize) {
        self.reap(number);
        self.take_received(number);
        let guest = &mut self.guests[number];
        let offered = [guest.offer.tx_ring, guest.offer.rx_ring];
        let under_way = guest.under_way.iter_mut().filter_map(Option::take);
        for gref in offered.into_iter().chain(under_way) {
            assert_eq!(guest.grants.end_access(&mut self.xen.memory, gref), EndAccess::Ended);
            guest.grants.release_reference(gref);
        }
        for (buffer, gref) in guest.posted.iter_mut().filter_map(Option::take).collect::<Vec<_>>() {
            self.end_buffer(number, buffer, gref);
        }
        let guest = &self.guests[number];
        self.xen.close(guest.domain, guest.offer.tx_port).expect("the guest has its end of the channel");
    }

    /// Has the driver do something, and carries out what it asks for.
    pub(crate) fn with<R>(&mut self, call: impl FnOnce(&mut Netback, &mut Kernel) -> R) -> R {
        let mut asks = Vec::new();
        let mut k =
            Kernel { xen: &mut self.xen, skbs: &mut self.skbs, now: self.now, log: &mut self.log, asks: &mut asks };
        let result = call(&mut self.back, &mut k);
        while let Some(data) = k.skbs.take_unpinned() {
            self.back.page_release(&mut k, data);
        }
        for ask in asks {
            match ask {
                Ask::Run(Task::NetTx) => self.transmit_due = true,
                Ask::Run(Task::NetRx) => self.receive_due = true,
                Ask::Arm(timer, time) => {
                    self.timers.retain(|(other, _)| *other != timer);
                    self.timers.extend(time.map(|time| (timer, time)));
                    assert!(time.is_none_or(|time| time > self.now), "a timer is set for a later tick");
                }
                Ask::Received(vif, skb) => self.kept.push((vif, skb)),
                Ask::WakeVif(vif) => self.woken.push(vif),
                Ask::CarrierOff(vif) => self.carriers_off.push(vif),
                Ask::Upcall(..) => {}
                Ask::Run(_) | Ask::Arrived(..) | Ask::WakeFront(_) | Ask::SlotReturned(..) => {
                    panic!("{ask:?} is not netback's")
                }
            }
        }
        result
    }

    pub(crate) fn interrupt(&mut self, number: usize) {
        self.with(|back, k| back.interrupt(k, VifId(number as u16)));
    }

    /// One pass of the transmit tasklet, if it is due.
    pub(crate) fn tasklet(&mut self) {
        if std::mem::take(&mut self.transmit_due) {
            let again = self.with(|back, k| back.run(k, Task::NetTx));
            self.transmit_due |= again;
        }
    }

    /// One pass of the receive tasklet, if it is due.
    pub(crate) fn receive_tasklet(&mut self) {
        if std::mem::take(&mut self.receive_due) {
            let again = self.with(|back, k| back.run(k, Task::NetRx));
            self.receive_due |= again;
        }
    }

    /// Both tasklets until they have nothing to do.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.transmit_due && !self.receive_due {
                return;
            }
            self.tasklet();
            self.receive_tasklet();
        }
        panic!("the tasklets come to rest");
    }

    /// Lets time pass, and runs the timers that fall due, in their order.
    pub(crate) fn pass(&mut self, until: Time) {
        loop {
            let due = self.timers.iter().enumerate().filter(|(_, (_, time))| *time <= until);
            let Some((at, _)) = due.min_by_key(|(_, (_, time))| *time) else { break };
            let (timer, time) = self.timers.remove(at);
            self.now = self.now.max(time);
            self.with(|back, k| back.timer(k, timer));
            self.settle();
        }
        self.now = self.now.max(until);
    }

    /// Frees the packet that dom0 has kept for the so-many-th longest.
    pub(crate) fn free(&mut self, number: usize) {
        let (_, skb) = self.kept.remove(number);
        self.with(|_, k| k.skbs.free(skb));
    }

    pub(crate) fn free_all(&mut self) {
        while !self.kept.is_empty() {
            self.free(0);
        }
    }

    /// The bytes of a packet that dom0 has.
    pub(crate) fn bytes_of(&self, skb: SkbId) -> Vec<u8> {
        let shared = self.skbs.get(skb);
        let mut bytes = shared.head.clone();
        for frag in shared.frags() {
            let page = self.xen.guest_page(DOM0, frag.page.pfn()).expect("a packet's pages are there");
            bytes.extend(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
        }
        bytes
    }

    /// A packet of dom0's own: so many bytes of head, and fragments in pages of dom0's.
    pub(crate) fn packet(&mut self, head: usize, fragments: &[u16]) -> SkbId {
        let skb = self.skbs.alloc();
        let mut len = head as u32;
        let next = |at: u32| (at.wrapping_mul(31) >> 3) as u8;
        self.skbs.get_mut(skb).head.extend((0..head as u32).map(next));
        for &size in fragments {
            let pfn = self.skbs.alloc_page().expect("dom0 has pages");
            let bytes: Vec<u8> = (0..u32::from(size)).map(|at| next(len + at)).collect();
            self.xen.guest_page_mut(DOM0, pfn).expect("it is dom0's").write(4096 - bytes.len(), &bytes);
            let page = FragPage::Own(pfn);
            self.skbs.get_mut(skb).push_frag(Frag { page, offset: 4096 - size, size });
            len += u32::from(size);
        }
        self.skbs.get_mut(skb).len = len;
        skb
    }

    /// dom0's stack sends a packet to a guest.
    pub(crate) fn start_xmit(&mut self, number: usize, skb: SkbId) -> Xmit {
        self.with(|back, k| back.start_xmit(k, VifId(number as u16), skb))
    }

    pub(crate) fn disconnect(&mut self, number: usize) -> Disconnect {
        self.with(|back, k| back.disconnect(k, VifId(number as u16)))
    }

    /// The driver's events so far that are of one kind.
    pub(crate) fn told<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.log.entries().iter().filter_map(|entry| pick(&entry.event)).collect()
    }

    /// Why packets were refused so far.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.told(|event| match event {
            Event::Backend(Backend::RequestsRefused { why, .. }) => Some(*why),
            _ => None,
        })
    }
}
