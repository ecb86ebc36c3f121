//! A guest that keeps to no rule: two ring pages, a few data pages, a grant for each, and its own idea of the indexes.

use sim_wasm::actors::handshake::Offer;
use sim_wasm::hypervisor::grant_entry::{Access, ENTRY_SIZE};
use sim_wasm::hypervisor::guest_grants::GuestGrants;
use sim_wasm::hypervisor::page::{PAGE_SIZE, Page};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::netif::{RX_RING, RxRequest, TX_RING, TxRequest};
use sim_wasm::protocols::ring::{Index, shared_ring_init};
use sim_wasm::words::ids::{DomId, GrantRef, Mfn, Pfn};

use super::Bytes;

/// Its pages: two rings, and data.
pub(super) const GUEST_PAGES: u32 = 14;
/// The pages from here on may be written by dom0.
const BUFFERS: u32 = 8;
const TX: Pfn = Pfn(0);
const RX: Pfn = Pfn(1);
/// The grant of page 0; the others follow.
const FIRST_GRANT: u32 = 8;

pub(super) struct Frontend {
    pub(super) domain: DomId,
    pub(super) connected: bool,
    grants: GuestGrants,
    table: Mfn,
    base: Index,
    /// Where its requests are, written and not yet published.
    tx: Index,
    rx: Index,
    ids: u16,
    offer: Option<Offer>,
}

impl Frontend {
    pub(super) fn new(xen: &mut Xen, domain: DomId, choice: u8) -> Self {
        xen.create_domain(domain, GUEST_PAGES).expect("there is room for two guests");
        let frames = xen.setup_table(domain, 1).expect("one frame is there from the start").to_vec();
        let base = Index([0, u32::MAX, u32::MAX - 100, 1 << 31][usize::from(choice & 3)]);
        let grants = GuestGrants::new(domain, &frames);
        Self { domain, connected: false, grants, table: frames[0], base, tx: base, rx: base, ids: 0, offer: None }
    }

    /// Makes its rings and its grants anew, and a port.
    pub(super) fn offer(&mut self, xen: &mut Xen, choice: u8) -> Option<Offer> {
        for page in 0..GUEST_PAGES {
            // A page that was given back is asked for again; there may be none.
            let _ = xen.populate(self.domain, Pfn(page));
            self.grant(xen, page);
        }
        (self.tx, self.rx) = (self.base, self.base);
        for ring in [TX, RX] {
            shared_ring_init(xen.guest_page_mut(self.domain, ring).ok()?, self.base);
        }
        let port = xen.alloc_unbound(self.domain, DomId::DOM0).ok()?;
        let bit = |at: u8| choice & 1 << at == 0;
        let offer = Offer {
            tx_ring: GrantRef(FIRST_GRANT),
            rx_ring: GrantRef(FIRST_GRANT + 1),
            tx_port: port,
            rx_port: port,
            rx_copy: bit(4),
            rx_notify: bit(5),
            sg: bit(6),
            gso: bit(7),
            no_csum_offload: false,
            base: self.base,
        };
        self.offer = Some(offer);
        Some(offer)
    }

    pub(super) fn close(&mut self, xen: &mut Xen) {
        if let Some(offer) = self.offer.take() {
            xen.close(self.domain, offer.tx_port).expect("the guest opened it");
        }
    }

    /// Lets dom0 into a page: to read what is sent, to write rings and buffers.
    fn grant(&self, xen: &mut Xen, page: u32) {
        let Some(frame) = xen.domain(self.domain).and_then(|guest| guest.mfn(Pfn(page))) else { return };
        let access = if (2..BUFFERS).contains(&page) { Access::ReadOnly } else { Access::ReadWrite };
        self.grants.grant_access(&mut xen.memory, GrantRef(FIRST_GRANT + page), DomId::DOM0, frame, access);
    }

    /// Writes the next request, sound or not.
    pub(super) fn request(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        let (gref, flags) = (reference(bytes, 2), bytes.byte());
        let offset = if flags & 0x40 == 0 { u16::from(bytes.byte()) } else { u16::from(bytes.byte()) * 17 };
        let size = match bytes.byte() {
            small @ 0..=99 => u16::from(small),
            middle @ 100..=199 => u16::from(middle) * 20,
            large => u16::from(large) * 257,
        };
        self.ids = self.ids.wrapping_add(1);
        let request = TxRequest { gref, offset, flags: u16::from(flags & 15), id: self.ids, size };
        let at = TX_RING.offset(self.tx);
        if let Some(page) = self.page(xen, TX) {
            page.write(at, &request.encode());
            self.tx = self.tx.plus(1);
        }
    }

    pub(super) fn publish(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        // Sometimes with a copy of what is in the ring already, many times over.
        self.tx = self.tx.plus(u32::from(bytes.byte() >> 6) * 10);
        let tx = self.tx.0;
        if let Some(page) = self.page(xen, TX) {
            page.write_u32(0, tx);
        }
    }

    pub(super) fn post_buffers(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        let count = bytes.byte() % 40;
        for _ in 0..count {
            let request = RxRequest { id: bytes.byte().into(), gref: reference(bytes, BUFFERS) };
            let at = RX_RING.offset(self.rx);
            let Some(page) = self.page(xen, RX) else { return };
            page.write(at, &request.encode());
            self.rx = self.rx.plus(1);
        }
        let rx = self.rx.0;
        if let Some(page) = self.page(xen, RX) {
            page.write_u32(0, rx);
        }
    }

    /// Writes an index that is near the truth, or anything.
    pub(super) fn forge_index(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        let (choice, near, far) = (bytes.byte(), bytes.byte(), bytes.u32());
        let (ring, index) = if choice & 1 == 0 { (TX, self.tx) } else { (RX, self.rx) };
        let value = if choice & 2 == 0 { index.0.wrapping_add_signed(near.cast_signed().into()) } else { far };
        if let Some(page) = self.page(xen, ring) {
            page.write_u32(usize::from(choice >> 2 & 3) * 4, value);
        }
    }

    pub(super) fn scribble(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        let (ring, offset) = (Pfn(u32::from(bytes.byte() & 1)), usize::from(bytes.u16()) % (PAGE_SIZE - 16));
        let written = bytes.take(16);
        if let Some(page) = self.page(xen, ring) {
            page.write(offset, written);
        }
    }

    /// Ends a grant or gives it anew, turns it into something else, or gives its page back, whoever uses it.
    pub(super) fn change_grant(&mut self, xen: &mut Xen, bytes: &mut Bytes) {
        let page = 2 + u32::from(bytes.byte()) % (GUEST_PAGES - 2);
        let gref = GrantRef(FIRST_GRANT + page);
        match bytes.byte() % 5 {
            0 => self.grant(xen, page),
            1 => self.grants.grant_transfer(&mut xen.memory, gref, DomId::DOM0, Pfn(page)),
            2 => {
                let entry = xen.memory.page_mut(self.domain, self.table).expect("Xen lends a domain its table");
                entry.write(gref.0 as usize * ENTRY_SIZE, bytes.take(8));
            }
            3 => drop(xen.decrease_reservation(self.domain, Pfn(page))),
            _ => drop(self.grants.end_access(&mut xen.memory, gref)),
        }
    }

    /// Goes on where the backend has come to, as an honest driver must before the ring is full.
    pub(super) fn catch_up(&mut self, xen: &Xen) {
        let answered = |ring| xen.guest_page(self.domain, ring).map(|page| Index(page.read_u32(8)));
        if let (Ok(tx), Ok(rx)) = (answered(TX), answered(RX)) {
            (self.tx, self.rx) = (tx, rx);
        }
    }

    /// No page of the guest's is held by anybody.
    pub(super) fn check_released(&self, xen: &Xen) {
        let guest = xen.domain(self.domain).expect("the guest stays");
        for mfn in (0..GUEST_PAGES).filter_map(|page| guest.mfn(Pfn(page))) {
            assert_eq!(xen.memory.references(mfn), Ok(1), "{mfn:?} of {:?} is still held", self.domain);
        }
    }

    fn page<'xen>(&self, xen: &'xen mut Xen, ring: Pfn) -> Option<&'xen mut Page> {
        xen.guest_page_mut(self.domain, ring).ok()
    }
}

/// A page's grant, most often one that suits; or any number.
fn reference(bytes: &mut Bytes, suits: u32) -> GrantRef {
    match bytes.byte() {
        good @ 0..=219 => GrantRef(FIRST_GRANT + suits + u32::from(good) % (GUEST_PAGES - suits)),
        any @ 220..=239 => GrantRef(FIRST_GRANT + u32::from(any - 220)),
        240..=255 => GrantRef(bytes.u32()),
    }
}
