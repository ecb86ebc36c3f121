//! A guest, dom0 and one card: the path of packets from the guest to the wire.
//!
//! ```text
//!   guest: start_xmit ─event─► dom0: tx_action ─► bridge ─► card ─► wire
//!     ▲                           │   ▲                      │
//!     └──────────event────────────┘   └──── page_release ◄───┘
//! ```

use std::collections::VecDeque;

use crate::actors::first_netback::{Netback, Skb};
use crate::actors::first_netfront::{BackendFault, Netfront, Slice, Transmit};
use crate::actors::first_nic::Nic;
use crate::actors::log::{Event, Log};
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::shared_info::{UpcallScan, clear_pending};
use crate::hypervisor::xen::Xen;
use crate::words::hash::Fnv1a;
use crate::words::ids::{DomId, Pfn, VcpuId};
use crate::words::time::{Agenda, Time};

/// The guest's number.
pub const GUEST: DomId = DomId(1);

/// Pages of the guest that may hold packets, two for each slot: a packet keeps its pages until its last slot is answered,
/// and only its first may be answered before the others. Page 0 holds the ring.
const PACKET_PAGES: u32 = 512;

/// Packets that a queue in front of a device holds at most, `tx_queue_len` of an Ethernet device: netfront's in the guest,
/// and the card's in dom0.
const TX_QUEUE_LEN: usize = 1000;

/// How long things take that no source gives a number for: parameters of the model, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Delays {
    /// From a notification to the handler in the other domain.
    event: u64,
    /// From scheduling a tasklet or a softirq to its run.
    softirq: u64,
}

const DELAYS: Delays = Delays { event: 4_000, softirq: 1_000 };

/// What a run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The wire's rate.
    pub megabits: u32,
    /// From a packet's end on the wire to the card's interrupt, in nanoseconds.
    pub interrupt_delay: u64,
    /// Whether a filter in dom0 drops everything.
    pub filter: Filter,
}

/// What dom0's packet filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Lets everything through.
    Accept,
    /// Drops everything.
    Drop,
}

/// What the agenda holds.
#[derive(Clone, Debug)]
enum Appointment {
    /// An application in the guest sends so many bytes.
    Offer(u32),
    /// A domain's event handler looks at its pending ports.
    Upcall(DomId),
    /// Netback's transmit tasklet.
    Tasklet,
    /// dom0's stack gets a packet off its backlog.
    Receive(Skb),
    /// The wire is done with a packet.
    WireDone,
    /// The card's transmit interrupt.
    TransmitDone,
}

/// A packet's length and content, on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Length in bytes.
    pub bytes: u32,
    /// Fingerprint of those bytes.
    pub hash: u64,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Network {
    xen: Xen,
    front: Netfront,
    back: Netback,
    nic: Nic,
    settings: Settings,
    agenda: Agenda<Appointment>,
    tasklet_due: bool,
    /// The page of a packet that was written last.
    last_page: Pfn,
    /// Pages of packets written so far.
    written: u32,
    /// Packets that wait for netfront's queue to run (`pfifo_fast`), oldest first.
    queue: VecDeque<u32>,
    /// Packets that wait in dom0 for room in the card's ring, oldest first.
    egress: VecDeque<Skb>,
    accepted: Vec<Receipt>,
    departures: Vec<Receipt>,
    fault: Option<BackendFault>,
    log: Log,
}

impl Network {
    /// A machine with a connected guest.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut xen = Xen::new(576);
        xen.create_domain(DomId::DOM0, 32).expect("a fresh machine has room for dom0");
        xen.create_domain(GUEST, PACKET_PAGES + 1).expect("a fresh machine has room for a guest");
        let front = Netfront::new(&mut xen, GUEST, DomId::DOM0, Pfn(0));
        let mut back = Netback::new(DomId::DOM0);
        let (ring, port) = front.offer();
        back.connect(&mut xen, GUEST, ring, port);
        let mut network = Self {
            xen,
            front,
            back,
            nic: Nic::new(settings.megabits),
            settings,
            agenda: Agenda::new(),
            tasklet_due: false,
            last_page: Pfn(0),
            written: 0,
            queue: VecDeque::new(),
            egress: VecDeque::new(),
            accepted: Vec::new(),
            departures: Vec::new(),
            fault: None,
            log: Log::new(),
        };
        // Binding sets a port pending once; nobody has anything to say about it yet.
        network.take_events(DomId::DOM0);
        network
    }

    /// Lets an application in the guest send so many bytes at some time.
    ///
    /// # Panics
    /// If there are none, or more than a request's length can say.
    pub fn offer(&mut self, time: Time, bytes: u32) {
        assert!((1..=u32::from(u16::MAX)).contains(&bytes), "a packet has 1 to 65535 bytes");
        self.agenda.push(time, Appointment::Offer(bytes));
    }

    /// Runs until nothing is left to happen.
    pub fn run(&mut self) {
        while let Some((now, appointment)) = self.agenda.pop() {
            self.keep(now, appointment);
        }
    }

    /// What happened.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What happened, without the machine.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// What the guest put on the ring, in order.
    #[must_use]
    pub fn accepted(&self) -> &[Receipt] {
        &self.accepted
    }

    /// What left, in order.
    #[must_use]
    pub fn departures(&self) -> &[Receipt] {
        &self.departures
    }

    /// The rule that the backend broke, if it broke one.
    #[must_use]
    pub fn fault(&self) -> Option<BackendFault> {
        self.fault
    }

    /// The guest's driver.
    #[must_use]
    pub fn front(&self) -> &Netfront {
        &self.front
    }

    /// dom0's driver.
    #[must_use]
    pub fn back(&self) -> &Netback {
        &self.back
    }

    fn keep(&mut self, now: Time, appointment: Appointment) {
        match appointment {
            Appointment::Offer(bytes) => self.transmit(now, bytes),
            Appointment::Upcall(domain) => self.upcall(now, domain),
            Appointment::Tasklet => self.tasklet(now),
            Appointment::Receive(skb) => self.receive(now, skb),
            Appointment::WireDone => self.wire_done(now),
            Appointment::TransmitDone => self.transmit_done(now),
        }
    }

    /// The guest's stack: a packet goes to netfront, or waits while netfront's queue is stopped.
    fn transmit(&mut self, now: Time, bytes: u32) {
        if self.queue.len() >= TX_QUEUE_LEN {
            self.log.step(now, Event::QueueOverflowed { bytes });
            return;
        }
        self.queue.push_back(bytes);
        self.drain_queue(now);
    }

    fn drain_queue(&mut self, now: Time) {
        while !self.front.is_stopped()
            && let Some(bytes) = self.queue.pop_front()
        {
            let (slices, receipt) = self.write_packet(bytes);
            match self.front.start_xmit(&mut self.xen, now, &slices, &mut self.log) {
                Ok(Transmit::Queued(sent)) => {
                    self.accepted.push(receipt);
                    if let Some(sent) = sent {
                        self.deliver(now, sent);
                    }
                }
                Ok(Transmit::TooManySlots | Transmit::Stopped) => {}
                Err(fault) => self.fault = Some(fault),
            }
        }
    }

    /// Puts a packet's bytes into the guest's pages: whole pages last, what is left over first, as a stack that appends
    /// pages of data to a head does.
    fn write_packet(&mut self, bytes: u32) -> (Vec<Slice>, Receipt) {
        let head = (bytes - 1) % PAGE_SIZE as u32 + 1;
        let mut slices = Vec::new();
        let mut hash = Fnv1a::new();
        let mut left = bytes;
        while left > 0 {
            let size = if slices.is_empty() { head } else { PAGE_SIZE as u32 };
            let page = self.free_page();
            self.written += 1;
            let seed = self.written.wrapping_mul(0x9e37_79b1) >> 24;
            let content: Vec<u8> = (0..size).map(|position| (position ^ seed) as u8).collect();
            hash.write(&content);
            self.xen.guest_page_mut(GUEST, page).expect("packet pages are the guest's").write(0, &content);
            slices.push(Slice { page, offset: 0, size: size as u16 });
            left -= size;
        }
        (slices, Receipt { bytes, hash: hash.finish() })
    }

    /// The next page in turn that no packet under way lies in.
    fn free_page(&mut self) -> Pfn {
        loop {
            self.last_page = Pfn(self.last_page.0 % PACKET_PAGES + 1);
            if !self.front.is_under_way(self.last_page) {
                return self.last_page;
            }
        }
    }

    fn upcall(&mut self, now: Time, domain: DomId) {
        self.take_events(domain);
        if domain == GUEST {
            if let Err(fault) = self.front.tx_buf_gc(&mut self.xen, now, &mut self.log) {
                self.fault = Some(fault);
            }
            self.drain_queue(now);
        } else if self.back.be_int(0) {
            self.schedule_tasklet(now);
        }
    }

    /// The upcall's own work: finds the pending ports and acknowledges them.
    fn take_events(&mut self, domain: DomId) {
        let page = self.xen.shared_info_mut(domain);
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(page);
        while let Some(port) = scan.next_port(page) {
            clear_pending(page, port);
        }
    }

    fn tasklet(&mut self, now: Time) {
        self.tasklet_due = false;
        let pass = self.back.tx_action(&mut self.xen, now, &mut self.log);
        for sent in pass.sent {
            self.deliver(now, sent);
        }
        for skb in pass.received {
            self.agenda.push(now + DELAYS.softirq, Appointment::Receive(skb));
        }
        if pass.again {
            self.schedule_tasklet(now);
        }
    }

    fn receive(&mut self, now: Time, skb: Skb) {
        if self.settings.filter == Filter::Drop {
            self.log.step(now, Event::PacketDropped { bytes: skb.bytes });
            self.free(now, &skb);
            return;
        }
        self.log.step(now, Event::PacketForwarded);
        if self.egress.is_empty() {
            match self.nic.xmit_frame(skb, now, &mut self.log) {
                Ok(()) => self.start_wire(now),
                Err(skb) => self.enqueue(now, skb),
            }
        } else {
            self.enqueue(now, skb);
        }
    }

    /// The card's ring is full: the packet waits in dom0's own queue, or is lost there.
    fn enqueue(&mut self, now: Time, skb: Skb) {
        if self.egress.len() >= TX_QUEUE_LEN {
            self.log.step(now, Event::EgressOverflowed { bytes: skb.bytes });
            self.free(now, &skb);
            return;
        }
        self.egress.push_back(skb);
        self.log.step(now, Event::PacketQueued { waiting: self.egress.len() as u32 });
    }

    fn start_wire(&mut self, now: Time) {
        if let Some(nanos) = self.nic.begin() {
            self.agenda.push(now + nanos, Appointment::WireDone);
        }
    }

    fn wire_done(&mut self, now: Time) {
        let skb = self.nic.finish(now, &mut self.log);
        self.departures.push(Receipt { bytes: skb.bytes, hash: self.back.fetch(&self.xen, skb) });
        if self.nic.uncleaned() == 1 {
            self.agenda.push(now + self.settings.interrupt_delay, Appointment::TransmitDone);
        }
        self.start_wire(now);
    }

    fn transmit_done(&mut self, now: Time) {
        for skb in self.nic.clean_tx_irq(now, &mut self.log) {
            self.free(now, &skb);
        }
        while let Some(skb) = self.egress.pop_front() {
            if let Err(skb) = self.nic.xmit_frame(skb, now, &mut self.log) {
                self.egress.push_front(skb);
                break;
            }
        }
        self.start_wire(now);
    }

    fn free(&mut self, now: Time, skb: &Skb) {
        if self.back.page_release(skb, now, &mut self.log) {
            self.schedule_tasklet(now);
        }
    }

    fn schedule_tasklet(&mut self, now: Time) {
        if !self.tasklet_due {
            self.tasklet_due = true;
            self.agenda.push(now + DELAYS.softirq, Appointment::Tasklet);
        }
    }

    fn deliver(&mut self, now: Time, sent: Sent) {
        if let Some((domain, _)) = sent.upcall() {
            self.agenda.push(now + DELAYS.event, Appointment::Upcall(domain));
        }
    }
}
