//! An HVM guest with an emulated card: the guest's driver, Xen, the device model and the card joined, so that one packet can
//! be followed and counted.
//!
//! ```
//! use sim_wasm::actors::hvm::release::Release;
//! use sim_wasm::machine::emulated_nic::EmulatedNic;
//!
//! let mut machine = EmulatedNic::new(Release::Xen33);
//! let costs = machine.transmit(&[0x5A; 60]).expect("a descriptor is free");
//! assert_eq!((costs.requests, costs.exits.total(), costs.guest_interrupts), (5, 6, 1));
//! assert_eq!(machine.sent(), [[0x5A; 60]]);
//! ```
//!
//! Everything takes no time. One vCPU and one processor for all domains are assumed where switches are counted.
//!
//! Not modelled: dom0's bridge and card behind the tap device, packets in batches, and scheduling.

use alloc::vec::Vec;

use crate::actors::costs::Costs;
use crate::actors::hvm::Host;
use crate::actors::hvm::device_model::{Answered, DeviceModel, Taken};
use crate::actors::hvm::intx::{APIC_EOI, IntxPin};
use crate::actors::hvm::io_requests::{IoPages, IoRequests, Posted, Resume};
use crate::actors::hvm::release::Release;
use crate::actors::hvm::rtl8139::Rtl8139;
use crate::actors::hvm::rtl8139_driver::{Card, Rtl8139Driver};
use crate::actors::log::Log;
use crate::actors::log::ways::Hop;
use crate::hypervisor::vm_exits::ExitReason;
use crate::hypervisor::xen::Xen;
use crate::protocols::ioreq::{Direction, IoReq};
use crate::words::ids::{DomId, Pfn, VcpuId};
use crate::words::time::Time;

const GUEST: DomId = DomId(1);
const VCPU: VcpuId = VcpuId(0);
const PAGES: IoPages = IoPages { requests: Pfn(1), buffered: Pfn(2) };
const TX_PAGES: Pfn = Pfn(4);
const RING_PAGES: Pfn = Pfn(8);
/// Where the card's registers are in the guest.
const CARD_BASE: u64 = 0xF300_0000;

/// What lies behind the driver.
#[derive(Clone, Debug)]
struct Behind {
    release: Release,
    xen: Xen,
    io: IoRequests,
    model: DeviceModel,
    card: Rtl8139,
    costs: Costs,
    log: Log,
    now: Time,
    sent: Vec<Vec<u8>>,
    /// Which way the last packet went, what had been counted when it began, and what it had taken after each hop.
    sends: bool,
    begun: Costs,
    hops: Vec<(Hop, Costs)>,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct EmulatedNic {
    behind: Behind,
    driver: Rtl8139Driver,
    received: Vec<Vec<u8>>,
}

impl EmulatedNic {
    /// A guest whose driver has started its card.
    ///
    /// # Panics
    /// Never: its machine has room for it.
    #[must_use]
    pub fn new(release: Release) -> EmulatedNic {
        let mut xen = Xen::new(64);
        xen.create_domain(DomId::DOM0, 4).expect("64 frames are enough");
        xen.create_domain(GUEST, 20).expect("64 frames are enough");
        let io = IoRequests::new(&mut xen, GUEST, DomId::DOM0, PAGES, release).expect("the guest has the pages");
        let model = DeviceModel::new(&mut xen, &io, Time::ZERO).expect("the ports wait for dom0");
        let card = Rtl8139::new(GUEST, IntxPin { device: 3, intx: 0 });
        let (costs, log, now, sent) = (Costs::default(), Log::new(), Time::ZERO, Vec::new());
        let (sends, begun, hops) = (false, costs, Vec::new());
        let behind = Behind { release, xen, io, model, card, costs, log, now, sent, sends, begun, hops };
        let driver = Rtl8139Driver::new(GUEST, TX_PAGES, RING_PAGES);
        let mut machine = EmulatedNic { behind, driver, received: Vec::new() };
        machine.driver.open(&mut machine.behind);
        machine
    }

    /// Sends a packet and takes the interrupts that follow: what it came to. Nothing if all descriptors are in use.
    pub fn transmit(&mut self, packet: &[u8]) -> Option<Costs> {
        self.behind.begin(true);
        if !self.driver.start_xmit(&mut self.behind, packet) {
            return None;
        }
        self.take_interrupts();
        Some(self.behind.taken())
    }

    /// A packet comes in through the tap device, and the guest takes it: what it came to. Nothing if the card dropped it.
    pub fn receive(&mut self, packet: &[u8]) -> Option<Costs> {
        self.behind.begin(false);
        let (card, mut host) = self.behind.card_and_host();
        let taken = card.receive(&mut host, packet);
        if taken {
            self.behind.made(Hop::Filled);
        }
        self.take_interrupts();
        taken.then(|| self.behind.taken())
    }

    /// The packets that reached dom0's network.
    #[must_use]
    pub fn sent(&self) -> &[Vec<u8>] {
        &self.behind.sent
    }

    /// The packets that reached the guest's stack.
    #[must_use]
    pub fn received(&self) -> &[Vec<u8>] {
        &self.received
    }

    /// All that it took since the beginning.
    #[must_use]
    pub const fn costs(&self) -> &Costs {
        &self.behind.costs
    }

    /// The hops of the last packet, with what it had taken when each was made.
    #[must_use]
    pub fn hops(&self) -> &[(Hop, Costs)] {
        &self.behind.hops
    }

    /// What happened.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.behind.log
    }

    fn take_interrupts(&mut self) {
        while self.behind.card.is_high() {
            self.behind.costs.guest_interrupts += 1;
            self.behind.made(Hop::Handled);
            let packets = self.driver.interrupt(&mut self.behind);
            self.received.extend(packets);
            self.behind.end_of_interrupt();
        }
    }
}

impl Behind {
    fn card_and_host(&mut self) -> (&mut Rtl8139, Host<'_>) {
        let Behind { xen, card, costs, log, now, .. } = self;
        (card, Host { xen, costs, now: *now, log })
    }

    fn begin(&mut self, sends: bool) {
        self.sends = sends;
        self.begun = self.costs;
        self.hops.clear();
    }

    fn taken(&self) -> Costs {
        self.costs.since(&self.begun)
    }

    fn made(&mut self, hop: Hop) {
        self.hops.push((hop, self.taken()));
    }

    /// How an access to memory that is not there leaves the guest.
    const fn reason(&self) -> ExitReason {
        match self.release {
            Release::Xen33 => ExitReason::ExceptionNmi,
            Release::Today => ExitReason::EptViolation,
        }
    }

    /// The whole trip of one access.
    fn trip(&mut self, request: IoReq) -> u32 {
        let reason = self.reason();
        let Behind { xen, io, model, costs, log, now, .. } = self;
        let mut host = Host { xen, costs, now: *now, log };
        io.exit(&mut host, VCPU, reason, request.addr as u32);
        let posted = io.send_assist_req(&mut host, VCPU, &request);
        assert!(matches!(posted, Posted::Waits { .. }), "the slot was empty: the vCPU ran");
        model.upcall(&mut host);
        self.made(Hop::Asked);
        let Behind { xen, model, card, costs, log, now, sent, .. } = self;
        let mut host = Host { xen, costs, now: *now, log };
        // Buffered writes come first, and there are none: this card's registers are not buffered.
        let Taken::Request(_) = model.take(&mut host, VCPU) else { unreachable!("the request is ready") };
        let request = model.in_service(host.xen, VCPU);
        let (offset, size) = ((request.addr - CARD_BASE) as u8, request.size as u8);
        let mut tapped = None;
        let data = match request.direction {
            Direction::Read => u64::from(card.read(offset, size)),
            Direction::Write => {
                tapped = card.write(&mut host, offset, size, request.data as u32);
                0
            }
        };
        if let Some(packet) = tapped {
            sent.push(packet);
            self.made(Hop::Tapped);
        }
        let Behind { xen, io, model, costs, log, now, .. } = self;
        let mut host = Host { xen, costs, now: *now, log };
        assert_eq!(model.answer(&mut host, VCPU, data), Answered::Done, "nobody else writes the slot");
        let Resume::Runs { data } = io.do_resume(&mut host, VCPU) else { unreachable!("the answer is there") };
        self.made(Hop::Answered);
        data.unwrap_or_default() as u32
    }

    /// The guest's write to its local APIC, which Xen serves itself.
    fn end_of_interrupt(&mut self) {
        let Behind { xen, io, costs, log, now, .. } = self;
        let mut host = Host { xen, costs, now: *now, log };
        io.exit(&mut host, VCPU, ExitReason::ApicAccess, APIC_EOI);
        self.made(Hop::Ended);
    }
}

impl Card for Behind {
    fn read(&mut self, offset: u8, size: u8) -> u32 {
        self.trip(IoReq::memory(CARD_BASE + u64::from(offset), u32::from(size), Direction::Read, 0))
    }

    fn write(&mut self, offset: u8, size: u8, value: u32) {
        self.trip(IoReq::memory(CARD_BASE + u64::from(offset), u32::from(size), Direction::Write, u64::from(value)));
    }

    fn xen(&mut self) -> &mut Xen {
        &mut self.xen
    }

    fn copied(&mut self, bytes: u32) {
        self.costs.copy(bytes);
        self.made(if self.sends { Hop::Bounced } else { Hop::TakenOut });
    }
}
