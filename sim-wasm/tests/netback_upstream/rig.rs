//! A machine just large enough for one netback: guests that write plain bytes into their rings, a dom0 that keeps the
//! packets, and whatever the driver asks for, done in order.

use sim_wasm::actors::handshake::{Offer, Xmit};
use sim_wasm::actors::kernel::{Ask, Kernel, Task, Timer};
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::skb::{Frag, FragPage, SharedId, SkbId, Skbs};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::guest_grants::GuestGrants;
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::netif::{
    RX_RESPONSE_SIZE, RX_RING, RxRequest, RxResponse, TX_RESPONSE_SIZE, TX_RING, TxRequest, TxResponse,
};
use sim_wasm::protocols::ring::{Index, Shared, shared_ring_init};
use sim_wasm::words::ids::{DomId, GrantRef, Pfn, Port, VifId};
use sim_wasm::words::time::Time;

pub(crate) const TX_PAGE: Pfn = Pfn(0);
pub(crate) const RX_PAGE: Pfn = Pfn(1);
/// Guests send from these pages, and receive into the ones after.
const DATA_PAGES: u32 = 24;
const FIRST_DATA: u32 = 2;
const FIRST_BUFFER: u32 = FIRST_DATA + DATA_PAGES;
const BUFFERS: u32 = 256;
/// A grant that nobody gave.
pub(crate) const BAD: GrantRef = GrantRef(1500);

/// What the tests need of a driver, whichever generation it is.
pub(crate) trait Back {
    fn connect(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        guest: DomId,
        offer: &Offer,
        settings: VifSettings,
    ) -> Result<(), ConnectError>;
    fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect;
    fn interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool;
    fn run(&mut self, k: &mut Kernel, task: Task) -> bool;
    fn timer(&mut self, k: &mut Kernel, timer: Timer);
    fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit;
    fn page_release(&mut self, k: &mut Kernel, data: SharedId);
    fn orphan(&mut self, k: &mut Kernel, skb: SkbId);
}

pub(crate) struct Guest {
    pub(crate) id: DomId,
    pub(crate) vif: VifId,
    pub(crate) tx: FrontRing,
    pub(crate) rx: FrontRing,
    pub(crate) grants: GuestGrants,
    pub(crate) offer: Offer,
    data: Vec<GrantRef>,
    buffers: Vec<GrantRef>,
}

impl Guest {
    /// The grant of one of the pages to send from.
    pub(crate) fn data(&self, page: u32) -> GrantRef {
        self.data[(page % DATA_PAGES) as usize]
    }
}

pub(crate) struct Rig<B> {
    pub(crate) xen: Xen,
    pub(crate) skbs: Skbs,
    pub(crate) log: Log,
    pub(crate) now: Time,
    pub(crate) back: B,
    pub(crate) guests: Vec<Guest>,
    pub(crate) received: Vec<(VifId, SkbId)>,
    pub(crate) timers: Vec<(Timer, Time)>,
    pub(crate) carriers_off: Vec<VifId>,
    pub(crate) woken: Vec<VifId>,
    asks: Vec<Ask>,
}

/// How a test wants its guests.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) guests: u16,
    pub(crate) base: u32,
    pub(crate) rx_notify: bool,
    pub(crate) split: bool,
    pub(crate) settings: VifSettings,
    /// Pages that dom0's allocator has.
    pub(crate) pages: u32,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish { guests: 1, base: 0, rx_notify: true, split: false, settings: VifSettings::default(), pages: 600 }
    }
}

fn kernel<'machine>(
    (xen, skbs, log, asks): (&'machine mut Xen, &'machine mut Skbs, &'machine mut Log, &'machine mut Vec<Ask>),
    now: Time,
) -> Kernel<'machine> {
    Kernel { xen, skbs, now, log, asks }
}

/// Calls the driver with the machine lent to it.
macro_rules! call {
    ($rig:expr, $method:ident $(, $argument:expr)*) => {{
        let rig: &mut Rig<_> = $rig;
        let Rig { xen, skbs, log, asks, now, back, .. } = rig;
        back.$method(&mut kernel((xen, skbs, log, asks), *now) $(, $argument)*)
    }};
}

impl<B: Back> Rig<B> {
    /// A machine whose guests are connected.
    pub(crate) fn new(wish: Wish, make: impl FnOnce(&mut Kernel) -> B) -> Rig<B> {
        let mut xen = Xen::new(20_000);
        let limits = Limits { mappings: 8192, ..Limits::default() };
        xen.create_domain_with(DomId::DOM0, wish.pages, limits).expect("there is room for dom0");
        let mut skbs = Skbs::new(DomId::DOM0, (0..wish.pages).map(Pfn).collect());
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let back = make(&mut kernel((&mut xen, &mut skbs, &mut log, &mut asks), Time::ZERO));
        let guests = (0..wish.guests).map(|number| guest(&mut xen, number, wish)).collect();
        let (received, timers, carriers_off, woken) = Default::default();
        let now = Time::ZERO;
        let mut rig = Rig { xen, skbs, log, now, back, guests, received, timers, carriers_off, woken, asks };
        for guest in 0..rig.guests.len() {
            rig.connect(guest, wish.settings).expect("a fresh guest can be connected");
        }
        rig.settle();
        rig
    }

    pub(crate) fn connect(&mut self, guest: usize, settings: VifSettings) -> Result<(), ConnectError> {
        let (vif, id, offer) = (self.guests[guest].vif, self.guests[guest].id, self.guests[guest].offer);
        call!(self, connect, vif, id, &offer, settings)
    }

    pub(crate) fn disconnect(&mut self, guest: usize) -> Disconnect {
        let vif = self.guests[guest].vif;
        let outcome = call!(self, disconnect, vif);
        self.settle();
        outcome
    }

    /// Rings without letting anything run.
    pub(crate) fn interrupt(&mut self, guest: usize) -> bool {
        let vif = self.guests[guest].vif;
        call!(self, interrupt, vif)
    }

    /// Rings, and lets everything run that comes of it.
    pub(crate) fn ring(&mut self, guest: usize) {
        self.interrupt(guest);
        self.settle();
    }

    pub(crate) fn start_xmit(&mut self, guest: usize, skb: SkbId) -> Xmit {
        let vif = self.guests[guest].vif;
        let outcome = call!(self, start_xmit, vif, skb);
        self.settle();
        outcome
    }

    /// Hands a packet to the driver without letting anything run.
    pub(crate) fn start_xmit_only(&mut self, vif: VifId, skb: SkbId) -> Xmit {
        call!(self, start_xmit, vif, skb)
    }

    pub(crate) fn orphan(&mut self, skb: SkbId) {
        call!(self, orphan, skb);
        self.settle();
    }

    pub(crate) fn free(&mut self, skb: SkbId) {
        self.skbs.free(skb);
        self.settle();
    }

    /// Runs one task once.
    pub(crate) fn run_once(&mut self, task: Task) -> bool {
        let again = call!(self, run, task);
        self.destroy();
        again
    }

    /// Runs what was asked for until nothing is left, timers aside.
    pub(crate) fn settle(&mut self) {
        self.destroy();
        let mut rounds = 0;
        while let Some(ask) = self.take_ask() {
            rounds += 1;
            assert!(rounds < 20_000, "work ends");
            match ask {
                Ask::Run(task) => {
                    if call!(self, run, task) {
                        self.asks.push(Ask::Run(task));
                    }
                }
                Ask::Received(vif, skb) => self.received.push((vif, skb)),
                Ask::Arm(timer, at) => {
                    self.timers.retain(|(other, _)| *other != timer);
                    self.timers.extend(at.map(|at| (timer, at)));
                }
                Ask::CarrierOff(vif) => self.carriers_off.push(vif),
                Ask::WakeVif(vif) => self.woken.push(vif),
                Ask::Upcall(..) | Ask::Arrived(..) | Ask::WakeFront(_) | Ask::SlotReturned(..) => {}
            }
            self.destroy();
        }
    }

    fn take_ask(&mut self) -> Option<Ask> {
        (!self.asks.is_empty()).then(|| self.asks.remove(0))
    }

    /// Runs the destructors of packets that are gone.
    fn destroy(&mut self) {
        while let Some(data) = self.skbs.take_unpinned() {
            call!(self, page_release, data);
        }
    }

    /// Lets time pass, and the timers run that fall due.
    pub(crate) fn advance(&mut self, to: Time) {
        while let Some(at) = self.timers.iter().map(|&(_, at)| at).filter(|&at| at <= to).min() {
            let next = self.timers.iter().position(|&(_, other)| other == at).expect("it was just seen");
            let (timer, _) = self.timers.remove(next);
            self.now = self.now.max(at);
            call!(self, timer, timer);
            self.settle();
        }
        self.now = to;
    }

    /// Writes a slot of the transmit ring, unpublished.
    pub(crate) fn write_slot(&mut self, guest: usize, bytes: &[u8]) -> Index {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page_mut(guest.id, TX_PAGE).expect("a guest has its ring");
        guest.tx.write_request(page, bytes)
    }

    pub(crate) fn write_request(&mut self, guest: usize, request: TxRequest) -> Index {
        self.write_slot(guest, &request.encode())
    }

    pub(crate) fn publish(&mut self, guest: usize) {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page_mut(guest.id, TX_PAGE).expect("a guest has its ring");
        guest.tx.push_requests(page);
    }

    /// Writes an index of a guest's ring, whatever it is.
    pub(crate) fn store(&mut self, guest: usize, page: Pfn, field: Shared, index: Index) {
        let page = self.xen.guest_page_mut(self.guests[guest].id, page).expect("a guest has its ring");
        field.store(page, index);
    }

    pub(crate) fn load(&self, guest: usize, page: Pfn, field: Shared) -> Index {
        field.load(self.xen.guest_page(self.guests[guest].id, page).expect("a guest has its ring"))
    }

    /// Reads the responses of the transmit ring, as (identifier, status).
    pub(crate) fn reap(&mut self, guest: usize) -> Vec<(u16, i16)> {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page_mut(guest.id, TX_PAGE).expect("a guest has its ring");
        let waiting = guest.tx.unconsumed_responses(page);
        assert!(waiting <= 256, "a sound back answers what was asked");
        let end = guest.tx.rsp_cons.plus(waiting);
        let reaped = guest.tx.rsp_cons.until(end).map(|index| {
            let response = TxResponse::decode(guest.tx.copy_response::<TX_RESPONSE_SIZE>(page, index));
            (response.id, response.status)
        });
        let reaped = reaped.collect();
        guest.tx.rsp_cons = end;
        Shared::RspEvent.store(page, end.plus(1));
        reaped
    }

    /// Whether a guest's grant is in use.
    pub(crate) fn in_use(&self, guest: usize, gref: GrantRef) -> bool {
        self.guests[guest].grants.query_access(&self.xen.memory, gref)
    }

    /// What the guest wrote into a page to send from: every byte tells its place.
    pub(crate) fn written(&self, guest: usize, page: u32, offset: u16, size: u16) -> Vec<u8> {
        let pfn = Pfn(FIRST_DATA + page % DATA_PAGES);
        let page = self.xen.guest_page(self.guests[guest].id, pfn).expect("a guest has its pages");
        page.bytes()[usize::from(offset)..][..usize::from(size)].to_vec()
    }

    /// All bytes of a packet in dom0.
    pub(crate) fn bytes(&self, skb: SkbId) -> Vec<u8> {
        let data = self.skbs.get(skb);
        let mut bytes = data.head.clone();
        for frag in data.frags() {
            let page = self.xen.guest_page(DomId::DOM0, frag.page.pfn()).expect("dom0 sees its packets");
            bytes.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
        }
        assert_eq!(bytes.len() as u32, data.len, "a packet's pieces make its length");
        bytes
    }

    /// A packet of dom0's own: a head, and fragments of the sizes given. Every byte tells its place.
    pub(crate) fn local(&mut self, head: usize, frags: &[u16]) -> SkbId {
        let skb = self.skbs.alloc();
        let mut number = 0_u32;
        let mut next = || {
            number += 1;
            (number * 7) as u8
        };
        let head: Vec<u8> = (0..head).map(|_| next()).collect();
        let mut len = head.len() as u32;
        self.skbs.get_mut(skb).head.extend_from_slice(&head);
        for &size in frags {
            let pfn = self.skbs.alloc_page().expect("dom0 has pages");
            let bytes: Vec<u8> = (0..size).map(|_| next()).collect();
            self.xen.guest_page_mut(DomId::DOM0, pfn).expect("dom0 has pages").write(0, &bytes);
            let frag = Frag { page: FragPage::Own(pfn), offset: 0, size };
            self.skbs.get_mut(skb).push_frag(frag);
            len += u32::from(size);
        }
        self.skbs.get_mut(skb).len = len;
        skb
    }

    /// Posts so many empty buffers; the buffer of request `n` is page `n` of those that the guest has for it.
    pub(crate) fn post(&mut self, guest: usize, count: u32) {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page_mut(guest.id, RX_PAGE).expect("a guest has its ring");
        for _ in 0..count {
            let id = (guest.rx.req_prod_pvt.0 % BUFFERS) as u16;
            let gref = guest.buffers[usize::from(id)];
            guest.rx.write_request(page, &RxRequest { id, gref }.encode());
        }
        guest.rx.push_requests(page);
    }

    /// Posts a buffer by a grant that nobody gave.
    pub(crate) fn post_bad(&mut self, guest: usize) {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page_mut(guest.id, RX_PAGE).expect("a guest has its ring");
        let id = (guest.rx.req_prod_pvt.0 % BUFFERS) as u16;
        guest.rx.write_request(page, &RxRequest { id, gref: BAD }.encode());
        guest.rx.push_requests(page);
    }

    /// Reads filled buffers: the raw response and the bytes it speaks of. Checks that each lies where its request lay.
    pub(crate) fn take_buffers(&mut self, guest: usize) -> Vec<(RxResponse, Vec<u8>)> {
        let guest = &mut self.guests[guest];
        let page = self.xen.guest_page(guest.id, RX_PAGE).expect("a guest has its ring");
        let waiting = guest.rx.unconsumed_responses(page);
        assert!(waiting <= 256, "a sound back answers what was asked");
        let end = guest.rx.rsp_cons.plus(waiting);
        let taken = guest.rx.rsp_cons.until(end).map(|index| {
            let response = RxResponse::decode(guest.rx.copy_response::<RX_RESPONSE_SIZE>(page, index));
            let buffer = Pfn(FIRST_BUFFER + index.0 % BUFFERS);
            let bytes = self.xen.guest_page(guest.id, buffer).expect("a guest has its pages");
            let len = usize::try_from(response.status).unwrap_or(0).min(4096);
            (response, bytes.bytes()[..len].to_vec())
        });
        let taken = taken.collect();
        guest.rx.rsp_cons = end;
        taken
    }

    pub(crate) fn events(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.log.entries().iter().filter(|entry| wanted(&entry.event)).count()
    }
}

/// A guest with both rings, everything granted, and nothing asked for yet.
fn guest(xen: &mut Xen, number: u16, wish: Wish) -> Guest {
    let id = DomId(number + 1);
    xen.create_domain(id, FIRST_BUFFER + BUFFERS).expect("there is room for a guest");
    let mut grants = GuestGrants::new(id, xen.setup_table(id, 2).expect("a table may have two frames"));
    let mut grant = |xen: &mut Xen, pfn: Pfn, access| {
        let gref = grants.claim_reference().expect("a thousand references are free");
        let frame = xen.domain(id).and_then(|domain| domain.mfn(pfn)).expect("a guest has its pages");
        grants.grant_access(&mut xen.memory, gref, DomId::DOM0, frame, access);
        gref
    };
    for pfn in [TX_PAGE, RX_PAGE] {
        shared_ring_init(xen.guest_page_mut(id, pfn).expect("a guest has its pages"), Index(wish.base));
    }
    let tx_ring = grant(xen, TX_PAGE, Access::ReadWrite);
    let rx_ring = grant(xen, RX_PAGE, Access::ReadWrite);
    let data = (0..DATA_PAGES).map(|page| grant(xen, Pfn(FIRST_DATA + page), Access::ReadOnly)).collect();
    let buffers = (0..BUFFERS).map(|page| grant(xen, Pfn(FIRST_BUFFER + page), Access::ReadWrite)).collect();
    for page in 0..DATA_PAGES {
        let bytes: Vec<u8> = (0..4096_u32).map(|at| (at * 31 + page * 101 + u32::from(number) * 57) as u8).collect();
        xen.guest_page_mut(id, Pfn(FIRST_DATA + page)).expect("a guest has its pages").write(0, &bytes);
    }
    let channel = |xen: &mut Xen| -> Port { xen.alloc_unbound(id, DomId::DOM0).expect("ports are free") };
    let tx_port = channel(xen);
    let offer = Offer {
        tx_ring,
        rx_ring,
        tx_port,
        rx_port: if wish.split { channel(xen) } else { tx_port },
        rx_copy: true,
        rx_notify: wish.rx_notify,
        sg: true,
        gso: true,
        no_csum_offload: false,
        base: Index(wish.base),
    };
    let (tx, rx) = (FrontRing::attach(TX_RING, Index(wish.base)), FrontRing::attach(RX_RING, Index(wish.base)));
    Guest { id, vif: VifId(number), tx, rx, grants, offer, data, buffers }
}
