//! A guest with one netfront, and a backend of a few lines that reads and writes the rings as bytes.

use sim_wasm::actors::handshake::{BackFeatures, Offer, Xmit};
use sim_wasm::actors::kernel::{Ask, Kernel, Task};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netfront::{FrontSettings, Netfront, Served};
use sim_wasm::actors::skb::{Checksum, Frag, FragPage, Segmentation, SkbId, Skbs};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::netif::{
    NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, RxRequest, RxResponse, TxRequest, XEN_NETIF_EXTRA_FLAG_MORE,
};
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::{DomId, Handle, Pfn, Port, VifId};
use sim_wasm::words::time::Time;

pub(crate) const GUEST: DomId = DomId(1);
pub(crate) const VIF: VifId = VifId(3);
/// The guest's pages: two for the rings, the others for packets and buffers.
pub(crate) const PAGES: u32 = 900;
/// References of the interface's part of the table: two frames without the reserved entries.
pub(crate) const REFERENCES: u32 = 1024 - 8;

pub(crate) const ALL: BackFeatures =
    BackFeatures { sg: true, gso: true, rx_copy: true, rx_flip: true, split_event_channels: true };

/// A guest that asks for pages.
pub(crate) const FLIP: FrontSettings = FrontSettings { rx_flip: true, ..FrontSettings::CLASSIC };

/// One direction as the backend sees it.
#[derive(Clone, Copy)]
pub(crate) struct Half {
    ring: Handle,
    entry: usize,
    pub(crate) port: Port,
    pub(crate) req_cons: u32,
    pub(crate) rsp_prod: u32,
}

impl Half {
    pub(crate) fn page(self, xen: &Xen) -> &Page {
        xen.mapped_page(DomId::DOM0, self.ring).expect("the ring is mapped")
    }

    pub(crate) fn page_mut(self, xen: &mut Xen) -> &mut Page {
        xen.mapped_page_mut(DomId::DOM0, self.ring).expect("the ring is mapped")
    }

    pub(crate) fn req_prod(self, xen: &Xen) -> u32 {
        self.page(xen).read_u32(0)
    }

    pub(crate) fn slot(self, index: u32) -> usize {
        64 + self.entry * (index % 256) as usize
    }

    /// Asks for an event at the next request.
    pub(crate) fn await_request(self, xen: &mut Xen) {
        self.page_mut(xen).write_u32(4, self.req_cons.wrapping_add(1));
    }

    /// Writes a response and publishes it; whether the front asked for an event there.
    pub(crate) fn respond(&mut self, xen: &mut Xen, bytes: &[u8]) -> bool {
        let (at, new) = (self.slot(self.rsp_prod), self.rsp_prod.wrapping_add(1));
        let page = self.page_mut(xen);
        page.write(at, bytes);
        page.write_u32(8, new);
        self.rsp_prod = new;
        self.page(xen).read_u32(12) == new
    }
}

/// What a transmit slot held.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken {
    Data(TxRequest, Handle),
    Extra([u8; 8]),
}

/// A packet that the backend took.
pub(crate) struct TakenPacket {
    pub(crate) slots: Vec<Taken>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Bench {
    pub(crate) xen: Xen,
    pub(crate) skbs: Skbs,
    pub(crate) log: Log,
    pub(crate) asks: Vec<Ask>,
    pub(crate) now: Time,
    pub(crate) front: Netfront,
    pub(crate) tx: Half,
    pub(crate) rx: Half,
    pub(crate) offer: Offer,
}

impl Bench {
    /// A guest that is connected.
    pub(crate) fn new(settings: FrontSettings) -> Bench {
        Bench::with_pages(settings, PAGES, ALL)
    }

    pub(crate) fn with_pages(settings: FrontSettings, pages: u32, features: BackFeatures) -> Bench {
        let mut xen = Xen::new(pages + 2000);
        xen.create_domain(DomId::DOM0, 400).expect("there is room for dom0");
        xen.create_domain(GUEST, pages).expect("there is room for a guest");
        let mut skbs = Skbs::new(GUEST, (2..pages).rev().map(Pfn).collect());
        let mut front = Netfront::new(&mut xen, VIF, GUEST, DomId::DOM0, [Pfn(0), Pfn(1)], settings);
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let mut k = Kernel { xen: &mut xen, skbs: &mut skbs, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let offer = front.setup_device(&mut k, features).expect("a fresh guest can set up its first interface");
        let (tx, rx) = attach(&mut xen, offer);
        let mut bench = Bench { xen, skbs, log, asks, now: Time::ZERO, front, tx, rx, offer };
        bench.call(Netfront::connect);
        bench
    }

    pub(crate) fn call<T>(&mut self, call: impl FnOnce(&mut Netfront, &mut Kernel) -> T) -> T {
        let Bench { xen, skbs, log, asks, now, front, .. } = self;
        call(front, &mut Kernel { xen, skbs, now: *now, log, asks })
    }

    /// Unmaps the rings and closes the backend's ports.
    pub(crate) fn detach(&mut self) {
        for half in [self.tx, self.rx] {
            self.xen.unmap_grant_ref(DomId::DOM0, half.ring).expect("the ring is mapped");
        }
        self.xen.close(DomId::DOM0, self.tx.port).expect("the port is open");
        if self.tx.port != self.rx.port {
            self.xen.close(DomId::DOM0, self.rx.port).expect("the port is open");
        }
    }

    /// Sets the front up again, attaches and connects.
    pub(crate) fn reattach(&mut self, features: BackFeatures) -> bool {
        let Some(offer) = self.call(|front, k| front.setup_device(k, features)) else { return false };
        (self.tx, self.rx) = attach(&mut self.xen, offer);
        self.offer = offer;
        self.call(Netfront::connect);
        true
    }

    /// A packet of the guest whose pieces have these sizes and begin at these offsets, the first `linear` ones being its
    /// linear area; and its bytes.
    pub(crate) fn packet(&mut self, pieces: &[(u16, u16)], linear: u8) -> Option<(SkbId, Vec<u8>)> {
        if (self.skbs.free_pages() as usize) < pieces.len() {
            return None;
        }
        let skb = self.skbs.alloc();
        let mut bytes = Vec::new();
        for &(offset, size) in pieces {
            let page = self.skbs.alloc_page().expect("so many pages are free");
            let content: Vec<u8> =
                (0..usize::from(size)).map(|at| (at as u32 * 7 + page.0 + u32::from(offset)) as u8).collect();
            let memory = self.xen.guest_page_mut(GUEST, page).expect("the page is the guest's");
            memory.write(0, &[0xEE; 4096]);
            memory.write(usize::from(offset), &content);
            bytes.extend(content);
            let data = self.skbs.get_mut(skb);
            data.push_frag(Frag { page: FragPage::Own(page), offset, size });
            data.len += u32::from(size);
        }
        self.skbs.get_mut(skb).linear = linear;
        Some((skb, bytes))
    }

    /// A packet of so many slots with 100 bytes each, or an answer why not.
    pub(crate) fn send(&mut self, slots: usize) -> Xmit {
        let (skb, _) = self.packet(&vec![(0, 100); slots], 1).expect("the guest has pages");
        self.call(|front, k| front.start_xmit(k, skb))
    }

    pub(crate) fn mark(&mut self, skb: SkbId, gso: Segmentation, checksum: Checksum) {
        let data = self.skbs.get_mut(skb);
        (data.gso, data.checksum) = (gso, checksum);
    }

    /// Takes one packet off the transmit ring and maps its pages; nothing if there is none.
    pub(crate) fn take(&mut self) -> Option<TakenPacket> {
        let mut packet = TakenPacket { slots: Vec::new(), bytes: Vec::new() };
        let first = self.take_request()?;
        let mut flags = first.flags;
        let mut more = flags & NETTXF_EXTRA_INFO != 0;
        let mut requests = vec![first];
        let mut extras = Vec::new();
        while more {
            let at = self.tx.slot(self.tx.req_cons);
            let extra: [u8; 8] = self.tx.page(&self.xen).read(at);
            self.tx.req_cons = self.tx.req_cons.wrapping_add(1);
            more = extra[1] & XEN_NETIF_EXTRA_FLAG_MORE != 0;
            extras.push(Taken::Extra(extra));
        }
        while flags & NETTXF_MORE_DATA != 0 {
            let next = self.take_request().expect("a packet is published whole");
            flags = next.flags;
            requests.push(next);
        }
        let rest: usize = requests[1..].iter().map(|request| usize::from(request.size)).sum();
        for (number, &request) in requests.iter().enumerate() {
            let mapped = self.xen.map_grant_ref(DomId::DOM0, GUEST, request.gref, Access::ReadOnly);
            let handle = mapped.expect("an honest front grants what it sends").handle;
            let size = if number == 0 { usize::from(request.size) - rest } else { usize::from(request.size) };
            let page = self.xen.mapped_page(DomId::DOM0, handle).expect("it was just mapped");
            packet.bytes.extend_from_slice(&page.bytes()[usize::from(request.offset)..][..size]);
            packet.slots.push(Taken::Data(request, handle));
        }
        packet.slots.splice(1..1, extras);
        Some(packet)
    }

    fn take_request(&mut self) -> Option<TxRequest> {
        if self.tx.req_cons == self.tx.req_prod(&self.xen) {
            return None;
        }
        let at = self.tx.slot(self.tx.req_cons);
        let request = TxRequest::decode(self.tx.page(&self.xen).read(at));
        self.tx.req_cons = self.tx.req_cons.wrapping_add(1);
        Some(request)
    }

    /// Unmaps a slot's page and answers it; whether that is to be notified.
    pub(crate) fn answer(&mut self, slot: Taken, status: i16) -> bool {
        let [s0, s1] = status.to_le_bytes();
        match slot {
            Taken::Data(request, handle) => {
                self.xen.unmap_grant_ref(DomId::DOM0, handle).expect("it was mapped when it was taken");
                let [i0, i1] = request.id.to_le_bytes();
                self.tx.respond(&mut self.xen, &[i0, i1, s0, s1])
            }
            Taken::Extra(_) => self.tx.respond(&mut self.xen, &[0xFF, 0xFF, 1, 0]),
        }
    }

    /// A page of dom0's that was not given away yet.
    pub(crate) fn dom0_page(&self) -> Pfn {
        let dom0 = self.xen.domain(DomId::DOM0).expect("dom0 is there");
        let has_frame = |pfn: &Pfn| dom0.mfn(*pfn).is_some();
        (0..dom0.pages()).map(Pfn).find(has_frame).expect("dom0 has more pages than are flipped")
    }

    /// The next posted buffer that was not used.
    pub(crate) fn next_buffer(&mut self) -> Option<RxRequest> {
        if self.rx.req_cons == self.rx.req_prod(&self.xen) {
            return None;
        }
        let at = self.rx.slot(self.rx.req_cons);
        let request = RxRequest::decode(self.rx.page(&self.xen).read(at));
        self.rx.req_cons = self.rx.req_cons.wrapping_add(1);
        Some(request)
    }

    /// Fills the next buffer with bytes and answers it.
    pub(crate) fn fill(&mut self, offset: u16, bytes: &[u8], flags: u16) -> bool {
        let request = self.next_buffer().expect("a buffer is posted");
        let mapped = self.xen.map_grant_ref(DomId::DOM0, GUEST, request.gref, Access::ReadWrite);
        let handle = mapped.expect("a posted buffer is granted").handle;
        let page = self.xen.mapped_page_mut(DomId::DOM0, handle).expect("it was just mapped for writing");
        page.write(usize::from(offset), bytes);
        self.xen.unmap_grant_ref(DomId::DOM0, handle).expect("it was just mapped");
        self.say(RxResponse { id: request.id, offset, flags, status: bytes.len() as i16 })
    }

    /// Answers a receive buffer.
    pub(crate) fn say(&mut self, response: RxResponse) -> bool {
        self.rx.respond(&mut self.xen, &response.encode())
    }

    pub(crate) fn interrupt(&mut self, port: Port) -> Served {
        self.call(|front, k| front.interrupt(k, port))
    }

    /// Interrupts for the receive ring, and polls as often as is asked for.
    pub(crate) fn receive(&mut self) -> Vec<SkbId> {
        let port = self.offer.rx_port;
        self.interrupt(port);
        let mut arrived = Vec::new();
        while self.asks.contains(&Ask::Run(Task::FrontPoll(VIF))) {
            self.asks.retain(|ask| *ask != Ask::Run(Task::FrontPoll(VIF)));
            if self.call(Netfront::poll) {
                self.asks.push(Ask::Run(Task::FrontPoll(VIF)));
            }
        }
        self.asks.retain(|ask| match ask {
            Ask::Arrived(_, skb) => {
                arrived.push(*skb);
                false
            }
            Ask::Upcall(..)
            | Ask::Run(_)
            | Ask::Arm(..)
            | Ask::Received(..)
            | Ask::WakeVif(_)
            | Ask::WakeFront(_)
            | Ask::SlotReturned(..)
            | Ask::CarrierOff(_) => true,
        });
        arrived
    }

    /// All bytes of a packet.
    pub(crate) fn bytes(&self, skb: SkbId) -> Vec<u8> {
        let data = self.skbs.get(skb);
        let mut bytes = data.head.clone();
        for frag in data.frags() {
            let page = self.xen.guest_page(GUEST, frag.page.pfn()).expect("a packet lies in the guest's pages");
            bytes.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
        }
        bytes
    }
}

/// Maps the rings and binds the channels.
fn attach(xen: &mut Xen, offer: Offer) -> (Half, Half) {
    let mut map = |gref| {
        let mapped = xen.map_grant_ref(DomId::DOM0, GUEST, gref, Access::ReadWrite);
        mapped.expect("an offered ring is granted").handle
    };
    let (tx_ring, rx_ring) = (map(offer.tx_ring), map(offer.rx_ring));
    let bind =
        |xen: &mut Xen, port| xen.bind_interdomain(DomId::DOM0, GUEST, port).expect("an offered port is unbound").0;
    let tx_port = bind(xen, offer.tx_port);
    let rx_port = if offer.is_split() { bind(xen, offer.rx_port) } else { tx_port };
    let Index(base) = offer.base;
    let half = |ring, entry, port| Half { ring, entry, port, req_cons: base, rsp_prod: base };
    (half(tx_ring, 12, tx_port), half(rx_ring, 8, rx_port))
}
