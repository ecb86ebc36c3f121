//! What a run has come to after each step, and each packet's way, read off the hypervisor's tables and the rings' pages
//! between the drivers' calls.
//!
//! A call of a driver may be several steps. Each count belongs to the step that tells of what was counted: what Xen moved or
//! copied to the step of that, what the guest gave back to the posting of its buffers.
//!
//! Not modelled: nothing of a machine; one is only looked at here.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::receive::Receive;
use crate::actors::log::{Event, Log};
use crate::actors::skb::Frag;
use crate::hypervisor::domain::Domain;
use crate::hypervisor::grant_entry::{GTF_PERMIT_ACCESS, GTF_TYPE_MASK};
use crate::hypervisor::xen::{Calls, Xen};
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{RX_REQUEST_SIZE, RX_RING, RxRequest};
use crate::protocols::ring::Index;
use crate::telling::receive::world::{DOM0_PAGES, GUEST, GUEST_PAGES};
use crate::words::ids::{DomId, GrantRef, Mfn, Pfn};

/// Where the guest has its receive ring.
const RX_PAGE: Pfn = Pfn(1);

/// What a run has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// What Xen was called for.
    pub(crate) calls: Calls,
    /// Bytes that netback copied within dom0 before it delivered them.
    pub(crate) copied_first: u64,
    /// Packets that the guest's stack got.
    pub(crate) packets: u32,
    /// Packets that netback has accepted and not delivered.
    pub(crate) waiting: u32,
    /// Frames that the guest owns,
    pub(crate) guest: u32,
    /// that dom0 owns,
    pub(crate) dom0: u32,
    /// and that nobody does.
    pub(crate) free: u32,
}

impl Tally {
    /// What the hypervisor says now, and the rest as it was.
    pub(crate) fn of(xen: &Xen, last: Tally) -> Tally {
        let frames = |domain| xen.domain(domain).map_or(0, Domain::frames);
        Tally {
            calls: xen.calls,
            guest: frames(GUEST),
            dom0: frames(DomId::DOM0),
            free: xen.memory.free_frames(),
            ..last
        }
    }

    /// Times that a page changed its owner, or an entry its page.
    pub(crate) fn operations(&self) -> u64 {
        let Calls { transfers, fresh, returned, placed, .. } = self.calls;
        transfers + fresh + returned + placed
    }

    /// Frames that changed their owner.
    pub(crate) fn changes(&self) -> u64 {
        let Calls { transfers, fresh, returned, .. } = self.calls;
        transfers + fresh + returned
    }

    /// Packets that Xen has moved or copied, each in one piece.
    pub(crate) fn moved(&self) -> u64 {
        self.calls.transfers + self.calls.copies
    }

    /// Bytes that were copied, by whomever.
    pub(crate) fn copied(&self) -> u64 {
        self.calls.copied_bytes + self.copied_first
    }
}

/// A page and the frame that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pfn: Pfn,
    pub(crate) mfn: Mfn,
}

/// One packet's way. Steps are 0 for what never came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// Where it lies in dom0; nowhere if it lies among other things.
    pub(crate) page: Option<Place>,
    /// Where netback's copy of it lies, if it made one in a page.
    pub(crate) copy: Option<Place>,
    /// The frame that dom0 gets for the one that it gives.
    pub(crate) fresh: Option<Mfn>,
    /// The page of the guest's that it comes to,
    pub(crate) buffer: Pfn,
    /// with its frame, if it has one before the packet comes.
    pub(crate) frame: Option<Mfn>,
    gref: GrantRef,
    /// Whether a listener has a clone of it.
    pub(crate) shared: bool,
    /// The step in which dom0's stack had it, its first frame in a picture;
    pub(crate) made: u32,
    /// in which netback copied it first,
    pub(crate) copied: u32,
    /// accepted it,
    pub(crate) accepted: u32,
    /// in which Xen moved or copied it,
    pub(crate) delivered: u32,
    /// netfront read the answer,
    pub(crate) taken: u32,
    /// an application got the packet,
    pub(crate) handed: u32,
    /// and posted the buffer again.
    pub(crate) posted: u32,
}

impl Way {
    const fn new(made: u32) -> Way {
        Way {
            page: None,
            copy: None,
            fresh: None,
            buffer: Pfn(0),
            frame: None,
            gref: GrantRef(0),
            shared: false,
            made,
            copied: 0,
            accepted: 0,
            delivered: 0,
            taken: 0,
            handed: 0,
            posted: 0,
        }
    }

    /// The frame that the guest finds the packet in.
    pub(crate) fn given(&self) -> Option<Mfn> {
        let place = self.copy.or(self.page);
        if self.fresh.is_some() { place.map(|place| place.mfn) } else { self.frame }
    }
}

/// Whatever a picture needs of a run.
pub(crate) struct Recorder {
    /// By step.
    pub(crate) tallies: Vec<Tally>,
    pub(crate) ways: Vec<Way>,
    accepted: u32,
    delivered: usize,
    taken: usize,
    posted: usize,
    /// dom0's frames by page, before a delivery.
    before: Vec<Option<Mfn>>,
}

impl Recorder {
    pub(crate) fn new(xen: &Xen) -> Recorder {
        Recorder {
            tallies: vec![Tally::of(xen, Tally::default())],
            ways: Vec::new(),
            accepted: 0,
            delivered: 0,
            taken: 0,
            posted: 0,
            before: Vec::new(),
        }
    }

    pub(crate) fn last(&self) -> Tally {
        *self.tallies.last().expect("there is a tally of the beginning")
    }

    /// dom0's stack has a packet in these pages.
    pub(crate) fn made(&mut self, xen: &Xen, number: u32, frags: &[Frag], shared: bool) {
        debug_assert_eq!(number as usize, self.ways.len(), "packets are made in order");
        let mut way = Way { shared, ..Way::new(self.tallies.len() as u32) };
        if let [frag] = frags {
            let pfn = frag.page.pfn();
            let mfn = xen.domain(DomId::DOM0).and_then(|dom0| dom0.mfn(pfn));
            way.page = mfn.map(|mfn| Place { pfn, mfn });
        }
        self.ways.push(way);
    }

    /// Netback accepted a packet: the next buffer on the ring is promised to it.
    pub(crate) fn accepted(&mut self, xen: &Xen, log: &Log, number: u32) {
        let way = &mut self.ways[number as usize];
        way.accepted = log.steps();
        let copied_first = log.entries().iter().rev().take(3).find(|entry| {
            entry.step + 1 == way.accepted && matches!(entry.event, Event::Receive(Receive::CopiedFirst { .. }))
        });
        way.copied = copied_first.map_or(0, |entry| entry.step);
        let page = xen.guest_page(GUEST, RX_PAGE).expect("the guest has its ring");
        let ring = BackRing::attach(RX_RING, Index(0));
        let request = RxRequest::decode(ring.copy_request::<RX_REQUEST_SIZE>(page, Index(self.accepted)));
        self.accepted += 1;
        let guest = xen.domain(GUEST).expect("the guest runs");
        let entry = guest.grants.entry(&xen.memory, request.gref).expect("the request names an entry of the table");
        way.gref = request.gref;
        if entry.flags & GTF_TYPE_MASK == GTF_PERMIT_ACCESS {
            let shows = |pfn: &Pfn| guest.mfn(*pfn) == Some(entry.frame);
            way.buffer = (0..GUEST_PAGES).map(Pfn).find(shows).expect("a guest lets in to its own pages");
            way.frame = Some(entry.frame);
        } else {
            // An entry that waits for a page names the guest's page that it is to be seen at.
            way.buffer = Pfn(entry.frame.0);
        }
    }

    pub(crate) fn before_delivery(&mut self, xen: &Xen) {
        let dom0 = xen.domain(DomId::DOM0).expect("dom0 runs");
        self.before.clear();
        self.before.extend((0..DOM0_PAGES).map(|pfn| dom0.mfn(Pfn(pfn))));
    }

    /// Netback ran: finds out which packets were delivered, and what became of their pages.
    pub(crate) fn delivered(&mut self, xen: &Xen, log: &Log, flips: bool) {
        let is_delivery =
            |event: &Event| matches!(event, Event::Receive(Receive::PagesFlipped { .. } | Receive::BytesCopied { .. }));
        let now = log.entries().iter().rev().find(|entry| is_delivery(&entry.event)).map_or(0, |entry| entry.step);
        let pieces = log.entries().iter().map(|entry| match entry.event {
            Event::Receive(Receive::PagesFlipped { count } | Receive::BytesCopied { count, .. }) => count as usize,
            _ => 0,
        });
        let all = pieces.sum();
        let dom0 = xen.domain(DomId::DOM0).expect("dom0 runs");
        let guest = xen.domain(GUEST).expect("the guest runs");
        for way in &mut self.ways[self.delivered..all] {
            way.delivered = now;
            let entry = guest.grants.entry(&xen.memory, way.gref).filter(|_| flips);
            let Some(given) = entry.map(|entry| entry.frame) else { continue };
            let Some(pfn) = self.before.iter().position(|mfn| *mfn == Some(given)) else { continue };
            let place = Place { pfn: Pfn(pfn as u32), mfn: given };
            if way.page != Some(place) {
                way.copy = Some(place);
            }
            way.fresh = dom0.mfn(place.pfn);
        }
        self.delivered = all;
    }

    /// Notes down the steps of one call.
    pub(crate) fn record(&mut self, xen: &Xen, log: &Log, (steps, mut now): (u32, Tally), waiting: u32) {
        let after = Tally::of(xen, now);
        let new = &log.entries()[log.until(steps).len()..];
        let rings = |event: &Event| matches!(event, Event::EventSent { .. });
        let bells = new.iter().filter(|entry| rings(&entry.event)).count() as u64;
        for step in steps + 1..=log.steps() {
            for entry in log.of_step(step) {
                match entry.event {
                    Event::Receive(Receive::PagesFlipped { .. } | Receive::BytesCopied { .. }) => {
                        now = Tally { waiting, copied_first: now.copied_first, packets: now.packets, ..after };
                        now.calls.hypercalls -= bells;
                    }
                    Event::Receive(Receive::AnswersTaken { count, .. }) => {
                        let placed = after.calls.placed;
                        now.calls.hypercalls += u64::from(placed > now.calls.placed);
                        now.calls.placed = placed;
                        let end = self.taken + count as usize;
                        self.ways[self.taken..end].iter_mut().for_each(|way| way.taken = step);
                        self.taken = end;
                    }
                    Event::Receive(Receive::BuffersPosted { .. }) => {
                        now = Tally {
                            waiting: now.waiting,
                            copied_first: now.copied_first,
                            packets: now.packets,
                            ..after
                        };
                        now.calls.hypercalls -= bells;
                        self.ways[self.posted..self.taken].iter_mut().for_each(|way| way.posted = step);
                        self.posted = self.taken;
                    }
                    Event::Receive(Receive::CopiedFirst { bytes, .. }) => now.copied_first += u64::from(bytes),
                    Event::Receive(Receive::PacketAccepted { .. }) => now.waiting += 1,
                    Event::Receive(Receive::PacketDelivered { .. }) => {
                        self.ways[now.packets as usize].handed = step;
                        now.packets += 1;
                    }
                    Event::EventSent { .. } => now.calls.hypercalls += 1,
                    _ => {}
                }
            }
            self.tallies.push(now);
        }
    }
}
