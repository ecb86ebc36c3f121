//! A guest with a card of its own: driver, card, IOMMU and Xen joined, so that one packet can be followed and counted.
//!
//! ```text
//!   driver: descriptor in memory, register ──► card: fetches descriptor, fetches or stores packet, writes descriptor back
//!        ▲                                       │ each request past the IOMMU's tables
//!        └── event, injected or posted ◄── Xen ◄─┴ interrupt
//! ```
//!
//! ```
//! use sim_wasm::machine::own_card::{Kind, OwnCard, Signal};
//!
//! let mut machine = OwnCard::new(Kind::Hvm, Signal::Posted);
//! let spent = machine.transmit(&[0x5A; 60]);
//! assert_eq!((spent.costs.exits.total(), spent.costs.hypercalls, spent.costs.copies), (0, 0, 0));
//! assert_eq!(machine.sent(), [[0x5A; 60]]);
//! ```
//!
//! A paravirtual guest writes machine addresses, which the IOMMU's tables map to themselves; an HVM guest its own, which are
//! translated. Both write the card's registers without a trap, since the registers' pages are mapped into them.
//!
//! Not modelled: a card without an IOMMU, which costs the guest the same; interrupts for several packets at once; the
//! driver's reads of a cause register, which leave the guest as little as its writes; drivers that copy short packets; and
//! Xen's own entry for an interrupt of a paravirtual guest, which is no exit.

mod remapping;

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::costs::Costs;
use crate::actors::hvm::Host;
use crate::actors::hvm::intx::{DpciIrqs, IntxPin};
use crate::actors::hvm::msi_binding::MsiBindings;
use crate::actors::hvm::pass_through::mappings::{self, MapCall};
use crate::actors::hvm::release::Release;
use crate::actors::log::Log;
use crate::actors::log::ways::Hop;
use crate::hypervisor::message::Message;
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::hypervisor::pirqs::{IrqSource, PirqId, Pirqs};
use crate::hypervisor::shared_info::{self, UpcallScan};
use crate::hypervisor::vm_exits::ExitReason;
use crate::hypervisor::vtd::interrupts::{Arrival, remappable, take_posted};
use crate::hypervisor::vtd::structures::address_of;
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::vtd::write_requests::Ending;
use crate::hypervisor::xen::{Calls, Xen};
use crate::protocols::e1000::{self, DESCRIPTOR, DONE, LENGTH, RDBAL, Registers, STATUS, TAIL, TDBAL};
use crate::protocols::pci::bar::{BarKind, BarPlace, Region};
use crate::words::ids::{Bdf, DomId, Mfn, Pfn, VcpuId};
use crate::words::time::Time;

const GUEST: DomId = DomId(1);
const VCPU: VcpuId = VcpuId(0);
const CARD: Bdf = Bdf(0x0300);
/// The card's number among the machine's interrupts.
const IRQ: u16 = 17;
const PIN: IntxPin = IntxPin { device: 5, intx: 0 };
const VECTOR: u8 = 0x59;
/// A page for both rings, and one for each of as many buffers as a ring has descriptors.
const RINGS: Pfn = Pfn(1);
const BUFFERS: u32 = 2;
const DESCRIPTORS: u32 = 8;
const PAGES: u32 = BUFFERS + DESCRIPTORS;
/// The receive ring's place in the page.
const RECEIVE_RING: u32 = 2048;
/// Where the card's registers are in the machine, and in the guest.
const BAR: u64 = 0xF7A0_0000;
const BAR_SIZE: u64 = 0x2_0000;
const GUEST_BAR: u64 = 0xF310_0000;

/// What kind of guest has the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It knows the machine's addresses, and takes interrupts as events.
    Pv,
    /// It knows its own addresses, and takes interrupts as a processor does.
    Hvm,
}

/// How the card interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// By a line, which is level-triggered.
    Line,
    /// By a message, which Xen takes and passes on.
    Message,
    /// By a message that the IOMMU notes for the guest's vCPU itself, if it is an HVM guest's.
    Posted,
}

/// What a packet took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// By everybody.
    pub costs: Costs,
    /// Requests of the card that the IOMMU looked up.
    pub requests: u64,
    /// Entries of tables that the IOMMU read from memory for them.
    pub table_reads: u64,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct OwnCard {
    kind: Kind,
    signal: Signal,
    xen: Xen,
    unit: Unit,
    pirqs: Pirqs,
    /// The card's interrupt in a paravirtual guest.
    pirq: PirqId,
    line: DpciIrqs,
    messages: MsiBindings,
    mapped: Vec<MapCall>,
    /// The card's.
    registers: Registers,
    /// The vCPU's descriptor for posted interrupts.
    posted: u64,
    transmit_tail: u32,
    receive_tail: u32,
    costs: Costs,
    log: Log,
    sent: Vec<Vec<u8>>,
    received: Vec<Vec<u8>>,
    /// What had been spent when the last packet began, and what that packet had taken after each hop.
    begun: Spent,
    hops: Vec<(Hop, Spent)>,
}

impl OwnCard {
    /// A guest whose driver has started its card.
    ///
    /// # Panics
    /// Never: its machine has room for it.
    #[must_use]
    pub fn new(kind: Kind, signal: Signal) -> OwnCard {
        let mut xen = Xen::new(64);
        xen.create_domain(GUEST, PAGES).expect("64 frames are enough");
        let region = Region {
            place: BarPlace::Bar(0),
            kind: BarKind::Memory32 { prefetchable: false },
            base: BAR,
            size: BAR_SIZE,
        };
        let mapped = mappings::map(&region, register_base(kind), None);
        let (unit, posted) = remapping::unit(&mut xen, kind, signal);
        let mut machine = OwnCard {
            kind,
            signal,
            xen,
            unit,
            pirqs: Pirqs::new(),
            pirq: PirqId(IRQ),
            line: DpciIrqs::new(Release::Xen33),
            messages: MsiBindings::new(),
            mapped,
            registers: Registers::new(),
            posted,
            transmit_tail: 0,
            receive_tail: 0,
            costs: Costs::default(),
            log: Log::new(),
            sent: Vec::new(),
            received: Vec::new(),
            begun: Spent::default(),
            hops: Vec::new(),
        };
        machine.bind();
        machine.start();
        machine
    }

    /// Sends a packet of at most a page and takes the interrupt that follows: what it took.
    ///
    /// # Panics
    /// If the packet is longer than a page.
    pub fn transmit(&mut self, packet: &[u8]) -> Spent {
        self.begin();
        let number = self.transmit_tail % DESCRIPTORS;
        // The packet lies where the guest's stack made it.
        self.page_mut(Pfn(BUFFERS + number)).write(0, packet);
        let at = number * DESCRIPTOR;
        self.describe(at, number, packet.len() as u16);
        self.transmit_tail += 1;
        self.write_register(TDBAL + TAIL, self.transmit_tail % DESCRIPTORS);
        self.card_sends();
        self.made(Hop::Fetched);
        self.interrupt();
        self.spent_since_begun()
    }

    /// A packet of at most a page comes in, and the guest takes it: what it took.
    ///
    /// # Panics
    /// If the packet is longer than a page.
    pub fn receive(&mut self, packet: &[u8]) -> Spent {
        let number = self.receive_tail % DESCRIPTORS;
        let at = RECEIVE_RING + number * DESCRIPTOR;
        self.begin();
        self.describe(at, number, 0);
        self.receive_tail += 1;
        self.write_register(RDBAL + TAIL, self.receive_tail % DESCRIPTORS);
        self.card_stores(packet);
        self.made(Hop::Stored);
        self.interrupt();
        // The page goes to the guest's stack as it is.
        let taken = self.page_mut(Pfn(BUFFERS + number)).bytes()[..packet.len()].to_vec();
        self.received.push(taken);
        self.spent_since_begun()
    }

    /// The packets that the card sent.
    #[must_use]
    pub fn sent(&self) -> &[Vec<u8>] {
        &self.sent
    }

    /// The packets that reached the guest's stack.
    #[must_use]
    pub fn received(&self) -> &[Vec<u8>] {
        &self.received
    }

    /// All that it took since the driver started the card.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let mut costs = self.costs;
        costs.hypercalls += self.xen.calls.hypercalls;
        let counts = self.unit.counts();
        Spent { costs, requests: counts.requests, table_reads: 2 * counts.context_misses + 4 * counts.iotlb_misses }
    }

    /// The hops of the last packet, with what it had taken when each was made. Xen's taking an interrupt and giving it to an
    /// HVM guest is one.
    #[must_use]
    pub fn hops(&self) -> &[(Hop, Spent)] {
        &self.hops
    }

    fn begin(&mut self) {
        self.begun = self.spent();
        self.hops.clear();
    }

    fn made(&mut self, hop: Hop) {
        self.hops.push((hop, self.spent_since_begun()));
    }

    fn bind(&mut self) {
        let mut host = Host { xen: &mut self.xen, costs: &mut self.costs, now: Time::ZERO, log: &mut self.log };
        match (self.kind, self.signal) {
            (Kind::Pv, signal) => {
                let mapped = match signal {
                    Signal::Line => self.pirqs.map_gsi(GUEST, IRQ),
                    Signal::Message | Signal::Posted => self.pirqs.map_message(GUEST, Some(GUEST), CARD, 0),
                };
                self.pirq = mapped.expect("the card is the guest's");
                let port = host.xen.bind_pirq(GUEST, self.pirq).expect("ports are free");
                self.pirqs.bind(GUEST, self.pirq, port).expect("nobody else has bound it");
            }
            (Kind::Hvm, Signal::Line) => self.line.bind(IRQ as u8, PIN),
            (Kind::Hvm, Signal::Message) => {
                let bound = self.messages.bind(&mut host, &mut self.line, IRQ, Message::to(0, VECTOR));
                assert!(bound, "it is a message to a processor");
            }
            (Kind::Hvm, Signal::Posted) => {}
        }
        self.costs = Costs::default();
        self.xen.calls = Calls::default();
    }

    /// The driver sets the card's rings up and enables them.
    fn start(&mut self) {
        let rings = self.address(RINGS);
        for (register, value) in e1000::start(rings + u64::from(RECEIVE_RING), rings, DESCRIPTORS) {
            self.registers.write(register, value);
        }
    }

    /// The driver's address of one of its pages.
    fn address(&self, page: Pfn) -> u64 {
        match self.kind {
            Kind::Pv => address_of(self.frame(page)),
            Kind::Hvm => u64::from(page.0) << 12,
        }
    }

    fn frame(&self, page: Pfn) -> Mfn {
        self.xen.domain(GUEST).and_then(|domain| domain.mfn(page)).expect("the guest has the page")
    }

    fn page_mut(&mut self, page: Pfn) -> &mut Page {
        self.xen.guest_page_mut(GUEST, page).expect("the guest has the page")
    }

    fn describe(&mut self, at: u32, number: u32, len: u16) {
        let buffer = self.address(Pfn(BUFFERS + number));
        let page = self.page_mut(RINGS);
        let at = at as usize;
        page.write_u64(at, buffer);
        page.write_u16(at + LENGTH, len);
        page.write_u8(at + STATUS, 0);
        self.made(Hop::Described);
    }

    /// A write to a register leaves the guest only if its page is not mapped.
    fn write_register(&mut self, register: u32, value: u32) {
        let frame = (register_base(self.kind) + u64::from(register)) / PAGE_SIZE as u64;
        let is_mapped = self.mapped.iter().any(|call| match *call {
            MapCall::AddMemory { gfn, pages, .. } => (gfn..gfn + pages).contains(&frame),
            MapCall::RemoveMemory { .. } | MapCall::AddPorts { .. } | MapCall::RemovePorts { .. } => false,
        });
        match self.kind {
            _ if is_mapped => {}
            Kind::Pv => unreachable!("a paravirtual guest's page tables have the registers"),
            Kind::Hvm => self.costs.exits.count(ExitReason::EptViolation),
        }
        self.registers.write(register, value);
        self.made(Hop::TailWritten);
    }

    /// The card fetches a descriptor: the buffer's address and the length.
    fn fetch(&mut self, at: u64) -> (u64, u16) {
        let mut bytes = [0; DESCRIPTOR as usize];
        let fetched = self.unit.dma_read(&self.xen.memory, CARD, at, &mut bytes);
        assert!(fetched.is_done(), "the tables have the guest's pages");
        e1000::parse(&bytes)
    }

    fn card_sends(&mut self) {
        let ring = &mut self.registers.transmit;
        assert!(ring.has_work(), "the driver has enabled the ring and moved its tail");
        let at = ring.next();
        ring.advance();
        let (buffer, len) = self.fetch(at);
        let mut packet = vec![0; usize::from(len)];
        let fetched = self.unit.dma_read(&self.xen.memory, CARD, buffer, &mut packet);
        assert!(fetched.is_done(), "the tables have the guest's pages");
        self.sent.push(packet);
        self.write_back(at, STATUS, &[DONE]);
    }

    fn card_stores(&mut self, packet: &[u8]) {
        let ring = &mut self.registers.receive;
        assert!(ring.has_work(), "the driver has enabled the ring and moved its tail");
        let at = ring.next();
        ring.advance();
        let (buffer, _) = self.fetch(at);
        let stored = self.unit.dma_write(&mut self.xen.memory, CARD, buffer, packet);
        assert!(stored.is_done(), "the tables have the guest's pages");
        let [low, high] = (packet.len() as u16).to_le_bytes();
        self.write_back(at, LENGTH, &[low, high, 0, 0, DONE]);
    }

    fn write_back(&mut self, at: u64, field: usize, bytes: &[u8]) {
        let stored = self.unit.dma_write(&mut self.xen.memory, CARD, at + field as u64, bytes);
        assert!(stored.is_done(), "the tables have the guest's pages");
    }

    /// The card interrupts, and the guest's driver takes it.
    fn interrupt(&mut self) {
        let arrival = match self.signal {
            Signal::Line => None,
            Signal::Message | Signal::Posted => {
                let Message { address, data } = remappable(0);
                let sent = self.unit.dma_write(&mut self.xen.memory, CARD, address, &data.to_le_bytes());
                let Ending::Interrupt(arrival) = sent.ending else { unreachable!("the table has an entry for it") };
                Some(arrival)
            }
        };
        match (self.kind, arrival) {
            (Kind::Pv, arrival) => {
                self.costs.card_interrupts += 1;
                let source = if arrival.is_some() { IrqSource::Message(CARD, 0) } else { IrqSource::Gsi(IRQ) };
                let raised = self.pirqs.raise(source);
                let &[(domain, irq, port)] = &raised[..] else { unreachable!("the guest alone has the card") };
                self.costs.events += 1;
                assert!(self.xen.send_guest_pirq(domain, irq, port).upcall().is_some(), "the guest took the last one");
                self.made(Hop::Interrupted);
                self.costs.guest_interrupts += 1;
                take_upcall(&mut self.xen);
                self.made(Hop::Handled);
                if arrival.is_none() {
                    self.xen.pirq_eoi(GUEST, self.pirq).expect("the guest has bound it");
                    assert_eq!(self.pirqs.end(GUEST, self.pirq), Ok(true), "nobody shares the line");
                    self.made(Hop::Ended);
                }
            }
            (Kind::Hvm, None) => {
                let OwnCard { xen, costs, log, .. } = self;
                self.line.raise(&mut Host { xen, costs, now: Time::ZERO, log }, IRQ as u8);
                self.made(Hop::Handled);
                let OwnCard { xen, costs, log, .. } = self;
                let ended = self.line.guest_eoi(&mut Host { xen, costs, now: Time::ZERO, log }, PIN.gsi());
                assert!(ended, "one card on the line");
                self.made(Hop::Ended);
            }
            (Kind::Hvm, Some(Arrival::Notified(_) | Arrival::Noted)) => {
                self.costs.card_interrupts += 1;
                self.made(Hop::Noted);
                self.costs.guest_interrupts += 1;
                let vectors = take_posted(&mut self.xen.memory, self.posted);
                assert_eq!(vectors, [VECTOR], "one interrupt was noted");
                self.made(Hop::Handled);
            }
            (Kind::Hvm, Some(Arrival::Remapped(_) | Arrival::AsWritten(_))) => {
                let OwnCard { xen, costs, log, .. } = self;
                let mut host = Host { xen, costs, now: Time::ZERO, log };
                let to = self.messages.deliver(&mut host, &mut self.line, IRQ);
                assert!(to.is_some(), "the guest takes messages");
                self.made(Hop::Handled);
                // The end of it at the local APIC, which processors that post interrupts do without Xen.
                self.costs.exits.count(ExitReason::ApicAccess);
                self.made(Hop::Ended);
            }
        }
    }

    fn spent_since_begun(&self) -> Spent {
        let (before, after) = (&self.begun, self.spent());
        Spent {
            costs: after.costs.since(&before.costs),
            requests: after.requests - before.requests,
            table_reads: after.table_reads - before.table_reads,
        }
    }
}

/// Where the guest sees the registers: a paravirtual one maps the machine's frames.
const fn register_base(kind: Kind) -> u64 {
    match kind {
        Kind::Pv => BAR,
        Kind::Hvm => GUEST_BAR,
    }
}

/// The guest's vCPU finds the port and takes the event off it.
fn take_upcall(xen: &mut Xen) {
    let mut scan = UpcallScan::new(VCPU);
    let page = xen.shared_info_mut(GUEST);
    scan.begin(page);
    let port = scan.next_port(page).expect("the port is pending");
    shared_info::clear_pending(page, port);
}
