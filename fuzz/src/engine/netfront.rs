//! A guest's network driver against a backend that writes anything into both rings, keeps what it has mapped, copies and
//! gives pages wherever it is let, and rings when it likes. The guest goes on sending, receiving and setting up again.
//!
//! Checked: nothing panics, a page that the guest uses anew is mapped by nobody, and in the end nothing has been lost.

use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::handshake::{BackFeatures, Offer, Xmit};
use sim_wasm::actors::kernel::{Ask, Kernel};
use sim_wasm::actors::log::Log;
use sim_wasm::actors::netfront::{Broken, FrontSettings, Netfront};
use sim_wasm::actors::skb::{Frag, FragPage, Segmentation, Skbs};
use sim_wasm::hypervisor::grant_copies::{CopyFrame, CopyPointer, GrantCopy};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::page::{PAGE_SIZE, Page};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::netif::{RX_RING, TX_RING};
use sim_wasm::protocols::ring::{Index, RingLayout, SLOTS};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Pfn, Port, VifId};
use sim_wasm::words::time::Time;

use super::bytes::Bytes;

const GUEST: DomId = DomId(1);
/// The guest's pages: two for the rings, the others for packets and buffers.
const PAGES: u32 = 400;
/// References of the interface's part of the table: two frames without the reserved entries.
const REFERENCES: u32 = 1024 - 8;
/// Polls that a guest makes in a row: more than both rings could keep busy.
const MOST_POLLS: u32 = 16;

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut world = World::new(&mut bytes);
    while let Some(command) = bytes.command() {
        world.obey(command, &mut bytes);
        world.hear();
        world.check();
    }
    world.let_go();
}

/// One ring as the backend holds it.
#[derive(Clone, Copy, Debug)]
struct Half {
    handle: Handle,
    layout: RingLayout,
    port: Port,
    /// Where the backend is, as long as it plays by the rules.
    index: Index,
}

struct World {
    xen: Xen,
    skbs: Skbs,
    log: Log,
    asks: Vec<Ask>,
    now: Time,
    front: Netfront,
    features: BackFeatures,
    offer: Option<Offer>,
    /// Both rings, while the backend has them mapped.
    halves: Option<[Half; 2]>,
    held: Vec<Handle>,
}

impl World {
    fn new(bytes: &mut Bytes) -> Self {
        let (habits, offers) = (bytes.byte(), bytes.byte());
        let bit = |byte: u8, at: u8| byte & 1 << at != 0;
        let bases = [0, u32::MAX, u32::MAX - 100, 1 << 31];
        let generation = if bit(habits, 0) { FrontSettings::MODERN } else { FrontSettings::CLASSIC };
        let settings = FrontSettings {
            base: Index(bases[usize::from(offers >> 6)]),
            sg: !bit(habits, 1),
            gso: !bit(habits, 2),
            rx_flip: bit(habits, 3),
            rx_notify: !bit(habits, 4),
            trusted: !bit(habits, 5),
            split_channels: bit(habits, 6),
            ..generation
        };
        let features = BackFeatures {
            sg: !bit(offers, 0),
            gso: !bit(offers, 1),
            rx_copy: !bit(offers, 2),
            rx_flip: !bit(offers, 3),
            split_event_channels: !bit(offers, 4),
        };
        let mut xen = Xen::new(PAGES + 100);
        xen.create_domain(DomId::DOM0, 32).expect("there is room for dom0");
        xen.create_domain(GUEST, PAGES).expect("there is room for a guest");
        let front = Netfront::new(&mut xen, VifId(0), GUEST, DomId::DOM0, [Pfn(0), Pfn(1)], settings);
        let mut world = Self {
            xen,
            skbs: Skbs::new(GUEST, (2..PAGES).rev().map(Pfn).collect()),
            log: Log::new(),
            asks: Vec::new(),
            now: Time::ZERO,
            front,
            features,
            offer: None,
            halves: None,
            held: Vec::new(),
        };
        world.set_up();
        world
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut Netfront, &mut Kernel) -> T) -> T {
        let Self { xen, skbs, log, asks, now, front, .. } = self;
        call(front, &mut Kernel { xen, skbs, now: *now, log, asks })
    }

    fn obey(&mut self, command: u8, bytes: &mut Bytes) {
        self.now += u64::from(command) * 1_000;
        match command % 20 {
            0 | 1 => self.send(bytes),
            2 => self.interrupt(bytes),
            3 | 4 => self.poll(),
            5 => self.call(Netfront::refill_timer),
            6 => {
                self.now += 10_000_000_000;
                self.call(Netfront::deferred_timer);
            }
            7 => self.forge_index(bytes),
            8 => self.scribble(bytes),
            9 | 10 => self.answer_sent(bytes),
            11 | 12 => self.answer_posted(bytes),
            13 => self.map(bytes),
            14 => self.unmap(bytes),
            15 => self.copy_into_buffer(bytes),
            16 => self.give_page(bytes),
            17 => self.ring(bytes),
            18 if bytes.byte() & 7 == 0 => self.set_up_again(),
            18 => {}
            _ => self.play_fair(),
        }
    }

    // The guest.

    fn set_up(&mut self) {
        let features = self.features;
        self.offer = self.call(|front, k| front.setup_device(k, features));
        if self.offer.is_some() {
            self.attach();
            self.call(Netfront::connect);
        }
    }

    fn set_up_again(&mut self) {
        self.detach();
        self.call(Netfront::disconnect);
        if self.offer.is_some() && !self.is_crashed() {
            self.set_up();
        }
    }

    fn is_crashed(&self) -> bool {
        matches!(self.front.broken(), Some(Broken::Crashed(_)))
    }

    /// Sends a packet of a few pieces, or of too many.
    fn send(&mut self, bytes: &mut Bytes) {
        let pieces = match bytes.byte() {
            few @ 0..=199 => 1 + few % 3,
            many => 1 + many % 22,
        };
        if self.offer.is_none() || self.front.is_stopped() || self.skbs.free_pages() < u32::from(pieces) {
            return;
        }
        let skb = self.skbs.alloc();
        for _ in 0..pieces {
            let page = self.fresh_page();
            let offset = u16::from(bytes.byte()) * 16;
            let size = (PAGE_SIZE as u16 - offset).min(1 + u16::from(bytes.byte()) * 16);
            let data = self.skbs.get_mut(skb);
            data.push_frag(Frag { page: FragPage::Own(page), offset, size });
            data.len += u32::from(size);
        }
        let data = self.skbs.get_mut(skb);
        data.linear = 1;
        if bytes.byte() & 3 == 0 {
            data.gso = Segmentation { size: 1448, kind: 1 };
        }
        if let Xmit::Busy(skb) = self.call(|front, k| front.start_xmit(k, skb)) {
            self.skbs.free(skb);
        }
    }

    /// A page of the guest's allocator, of which nobody else may have anything.
    fn fresh_page(&mut self) -> Pfn {
        let page = self.skbs.alloc_page().expect("there are enough");
        let mfn = self.xen.domain(GUEST).and_then(|guest| guest.mfn(page)).expect("a free page has a frame");
        assert_eq!(self.xen.memory.references(mfn), Ok(1), "{page:?} is used anew, and somebody has it mapped");
        page
    }

    fn interrupt(&mut self, bytes: &mut Bytes) {
        let Some(offer) = self.offer else { return };
        let port = if bytes.byte() & 1 == 0 { offer.tx_port } else { offer.rx_port };
        self.call(|front, k| front.interrupt(k, port));
    }

    fn poll(&mut self) {
        let mut polls = 0;
        while self.call(Netfront::poll) {
            polls += 1;
            if polls == MOST_POLLS {
                // A backend that never stops answering could not be played by bytes: every answer is a command.
                panic!("a poll finds work for ever");
            }
            self.hear();
        }
    }

    /// What the driver asks for: received packets are looked at and freed.
    fn hear(&mut self) {
        assert!(self.asks.len() < 2_000, "a call asks for little");
        for ask in std::mem::take(&mut self.asks) {
            let Ask::Arrived(_, skb) = ask else { continue };
            let data = self.skbs.get(skb);
            let pieces: u32 = data.frags().iter().map(|frag| u32::from(frag.size)).sum();
            assert_eq!(data.len, data.head.len() as u32 + pieces, "a packet is as long as its pieces");
            for frag in data.frags() {
                assert!(usize::from(frag.offset) + usize::from(frag.size) <= PAGE_SIZE, "a piece lies in its page");
                assert!(self.xen.guest_page(GUEST, frag.page.pfn()).is_ok(), "and the page is the guest's");
            }
            self.skbs.free(skb);
        }
    }

    // The backend.

    fn attach(&mut self) {
        let Some(offer) = self.offer else { return };
        let map = |xen: &mut Xen, gref| xen.map_grant_ref(DomId::DOM0, GUEST, gref, Access::ReadWrite);
        let bind = |xen: &mut Xen, port| xen.bind_interdomain(DomId::DOM0, GUEST, port).map(|(port, _)| port);
        let rings = [offer.tx_ring, offer.rx_ring].map(|gref| map(&mut self.xen, gref).expect("a ring is granted"));
        let tx_port = bind(&mut self.xen, offer.tx_port).expect("the port waits for dom0");
        let rx_port =
            if offer.is_split() { bind(&mut self.xen, offer.rx_port).expect("so does the other") } else { tx_port };
        let half = |handle, layout, port| Half { handle, layout, port, index: offer.base };
        self.halves = Some([half(rings[0].handle, TX_RING, tx_port), half(rings[1].handle, RX_RING, rx_port)]);
    }

    fn detach(&mut self) {
        let Some(halves) = self.halves.take() else { return };
        for half in halves {
            self.xen.unmap_grant_ref(DomId::DOM0, half.handle).expect("a ring is mapped");
            // Both may have one port; the second attempt to close it fails.
            let _ = self.xen.close(DomId::DOM0, half.port);
        }
    }

    /// One of the rings, and its page.
    fn half(&mut self, which: usize) -> Option<(&mut Half, &mut Page)> {
        let half = &mut self.halves.as_mut()?[which];
        let page = self.xen.mapped_page_mut(DomId::DOM0, half.handle).expect("a ring is mapped");
        Some((half, page))
    }

    /// Writes an index that is near the truth, or anything.
    fn forge_index(&mut self, bytes: &mut Bytes) {
        let (which, field, value) = (bytes.byte(), bytes.byte(), bytes.byte());
        let far = bytes.u32();
        let Some((half, page)) = self.half(usize::from(which & 1)) else { return };
        let near = half.index.0.wrapping_add_signed(i32::from(value.cast_signed()));
        page.write_u32(usize::from(field % 4) * 4, if which & 2 == 0 { near } else { far });
    }

    fn scribble(&mut self, bytes: &mut Bytes) {
        let (which, offset) = (usize::from(bytes.byte() & 1), usize::from(bytes.u16()) % (PAGE_SIZE - 16));
        let written = bytes.take(16);
        if let Some((_, page)) = self.half(which) {
            page.write(offset, written);
        }
    }

    /// Answers the next request to send, perhaps with another's id.
    fn answer_sent(&mut self, bytes: &mut Bytes) {
        let (lie, status) = (bytes.byte(), bytes.one_of(&[0_i16, -1, -2, 1, 77]));
        self.answer(0, lie, |page, at, id| {
            page.write_u16(at, id);
            page.write_u16(at + 2, status.cast_unsigned());
        });
    }

    /// Answers the next buffer: so many bytes from some offset on, with some flags.
    fn answer_posted(&mut self, bytes: &mut Bytes) {
        let (lie, flags) = (bytes.byte(), u16::from(bytes.byte() & 15));
        let offset = u16::from(bytes.byte() & 15) * 273;
        let status = match bytes.byte() {
            ok @ 0..=229 => u16::from(ok) * 6,
            bad => (i16::from(bad.cast_signed()) * 3).cast_unsigned(),
        };
        self.answer(1, lie, |page, at, id| {
            page.write_u16(at, id);
            page.write_u16(at + 2, offset);
            page.write_u16(at + 4, flags);
            page.write_u16(at + 6, status);
        });
    }

    fn answer(&mut self, which: usize, lie: u8, write: impl FnOnce(&mut Page, usize, u16)) {
        let Some((half, page)) = self.half(which) else { return };
        let at = half.layout.offset(half.index);
        // The id stands at byte 8 of a request to send, at the beginning of a buffer's.
        let id = page.read_u16(at + if which == 0 { 8 } else { 0 });
        write(page, at, if lie > 240 { id.wrapping_add(lie.into()) } else { id });
        half.index = half.index.plus(1);
        page.write_u32(8, half.index.0);
    }

    /// Maps what a slot of a ring, or any number, refers to, and keeps it.
    fn map(&mut self, bytes: &mut Bytes) {
        let (which, number) = (bytes.byte(), bytes.byte());
        let gref = self.reference(usize::from(which & 1), number);
        let access = if which & 2 == 0 { Access::ReadOnly } else { Access::ReadWrite };
        if let Some(gref) = gref
            && let Ok(mapped) = self.xen.map_grant_ref(DomId::DOM0, GUEST, gref, access)
        {
            self.held.push(mapped.handle);
        }
    }

    /// The reference in a slot: at the beginning of a request to send, at byte 4 of a buffer's.
    fn reference(&mut self, which: usize, number: u8) -> Option<GrantRef> {
        let (half, page) = self.half(which)?;
        let at = SLOTS + usize::from(number) * half.layout.entry_size() as usize;
        Some(GrantRef(page.read_u32(at + if which == 0 { 0 } else { 4 })))
    }

    fn unmap(&mut self, bytes: &mut Bytes) {
        if self.held.is_empty() {
            return;
        }
        let handle = self.held.swap_remove(usize::from(bytes.byte()) % self.held.len());
        self.xen.unmap_grant_ref(DomId::DOM0, handle).expect("what is held is unmapped once");
    }

    fn copy_into_buffer(&mut self, bytes: &mut Bytes) {
        let Some(gref) = self.reference(1, bytes.byte()) else { return };
        let own = self.xen.domain(DomId::DOM0).and_then(|dom0| dom0.mfn(Pfn(0))).expect("dom0 has its first page");
        let source = CopyPointer { frame: CopyFrame::Own(own), offset: 0 };
        let dest = CopyPointer { frame: CopyFrame::Granted(GUEST, gref), offset: bytes.u16() };
        // What Xen says of it is the backend's own business.
        let _ = self.xen.grant_copy(DomId::DOM0, GrantCopy { source, dest, len: u16::from(bytes.byte()) * 16 });
    }

    /// Gives a page away for a buffer.
    fn give_page(&mut self, bytes: &mut Bytes) {
        let Some(gref) = self.reference(1, bytes.byte()) else { return };
        let page = Pfn(1 + u32::from(bytes.byte()) % 31);
        let _ = self.xen.transfer(DomId::DOM0, page, GUEST, gref);
        let _ = self.xen.populate(DomId::DOM0, page);
    }

    fn ring(&mut self, bytes: &mut Bytes) {
        if let Some(halves) = self.halves {
            let port = halves[usize::from(bytes.byte() & 1)].port;
            self.xen.send(DomId::DOM0, port).expect("the port is open");
        }
    }

    /// Answers all that was sent and asks for the next request: so that the guest gets on.
    fn play_fair(&mut self) {
        let Some((half, page)) = self.half(0) else { return };
        let waiting = Index(page.read_u32(0)).since(half.index);
        if waiting <= half.layout.entries() {
            (0..waiting).for_each(|_| self.answer_sent(&mut Bytes::new(&[])));
        }
    }

    // What must hold.

    fn check(&self) {
        assert!(self.front.outstanding() < TX_RING.entries(), "a slot is always left");
        assert!(self.front.posted_buffers() <= RX_RING.entries());
        assert!(self.skbs.free_pages() <= PAGES, "pages do not come from nowhere");
    }

    /// The backend lets go of everything and the guest of the device; then all is there that was there before.
    fn let_go(mut self) {
        self.detach();
        for handle in std::mem::take(&mut self.held) {
            self.xen.unmap_grant_ref(DomId::DOM0, handle).expect("what is held is unmapped once");
        }
        self.call(Netfront::disconnect);
        self.hear();
        for _ in 0..80 {
            self.now += 10_000_000_000;
            self.call(Netfront::deferred_timer);
        }
        if self.is_crashed() {
            return;
        }
        let front = &self.front;
        assert_eq!((front.outstanding(), front.posted_buffers(), front.waiting_grants()), (0, 0, 0));
        // What the classic driver finds in use it gives up for good.
        if front.settings().epoch == FrontEpoch::Modern || front.counters().stuck_grants == 0 {
            assert_eq!((self.skbs.alive(), front.free_references()), (0, REFERENCES));
            // A page that was given away for one that never came is gone.
            if self.features.rx_copy && !front.settings().rx_flip {
                assert_eq!(self.skbs.free_pages() + front.waiting_pages(), PAGES - 2);
            }
        }
    }
}
