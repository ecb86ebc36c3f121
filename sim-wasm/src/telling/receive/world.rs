//! The classic netback, the classic netfront, and a stack on either side: packets that dom0 has for a guest, delivered by
//! the drivers themselves, step by step.
//!
//! ```text
//!   dom0's stack ── start_xmit ──> netback ── net_rx_action ──> the guest's buffers ── netif_poll ──> the guest's stack
//! ```
//!
//! Not modelled: the transmit ring, whose tasklet finds nothing here; the card and the bridge in front of netback.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::epoch::Epoch;
use crate::actors::handshake::Xmit;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::receive::Receive;
use crate::actors::log::{Event, Log};
use crate::actors::netback::Netback;
use crate::actors::netback::settings::{BackSettings, VifSettings};
use crate::actors::netfront::{FrontSettings, Netfront};
use crate::actors::skb::{Frag, FragPage, SkbId, Skbs};
use crate::hypervisor::shared_info::{UpcallScan, clear_pending};
use crate::hypervisor::xen::Xen;
use crate::machine::network::settings::Delays;
use crate::telling::receive::retell::retell;
use crate::telling::receive::tally::{Recorder, Tally};
use crate::telling::story::Input;
use crate::words::ids::{DomId, Pfn, VcpuId, VifId};
use crate::words::time::{Agenda, AgendaKey, Time};

/// The guest, and its interface.
pub(crate) const GUEST: DomId = DomId(1);
const VIF: VifId = VifId(0);
/// Pages of each kernel: few, so that frames have short numbers.
pub(crate) const DOM0_PAGES: u32 = 64;
pub(crate) const GUEST_PAGES: u32 = 40;
/// Frames that are Xen's own to give.
const SPARE: u32 = 24;
/// Xen's own frames beside the domains': frame 0, and what each domain needs besides.
const OVERHEAD: u32 = 9;
/// Takes all free memory when there is to be none.
const HOARDER: DomId = DomId(2);
/// How long a domain stays that a reader starts, unless the reader ends it, in nanoseconds.
const STAYS: u64 = 1_500_000_000;
/// From one burst to the next, in nanoseconds: enough for the first to be delivered.
const BETWEEN: u64 = 200_000;

/// How a packet lies in dom0 when netback gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Alone in one page.
    Alone,
    /// The same, and a listener has a clone.
    Shared,
    /// In the kernel's ordinary memory, among other things.
    AmongOthers,
}

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Bytes of a packet, within a page.
    pub(crate) bytes: u16,
    /// Whether pages are given, rather than copied into.
    pub(crate) flips: bool,
    /// Whether netback gives a page that it need not copy.
    pub(crate) gives_own_pages: bool,
    pub(crate) lies: Lies,
    /// Packets that come at once,
    pub(crate) batch: u32,
    /// and how often.
    pub(crate) bursts: u32,
    /// Until when Xen has no free frame; 0 for never.
    pub(crate) squeezed: u64,
}

/// What the agenda holds.
#[derive(Clone, Copy, Debug)]
enum Due {
    Burst,
    Deliver,
    Upcall(DomId),
    Poll,
    Timer(Timer),
    Relief,
}

/// The letters of what a reader can do.
pub(crate) const TAKE: char = 'm';
pub(crate) const FREE: char = 'f';
pub(crate) const LISTEN: char = 'l';

/// What a reader's action depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Whether all frames are taken.
    squeezed: bool,
    /// Whether there are packets that netback has not got yet,
    coming: bool,
    /// or has not delivered.
    waiting: bool,
    /// Whether dom0's stack makes packets that nobody shares, in pages of their own.
    alone: bool,
    /// Whether pages are given, and so need frames.
    flips: bool,
}

impl Moment {
    /// Whether an action makes sense.
    pub(crate) const fn allows(self, letter: char) -> bool {
        match letter {
            TAKE => !self.squeezed && self.flips && (self.coming || self.waiting),
            FREE => self.squeezed,
            LISTEN => self.alone && self.coming,
            _ => false,
        }
    }
}

/// Both kernels and what lies between.
pub(crate) struct World {
    pub(crate) xen: Xen,
    pub(crate) log: Log,
    plan: Plan,
    now: Time,
    dom0: Skbs,
    guest: Skbs,
    back: Netback,
    front: Netfront,
    agenda: Agenda<Due>,
    timers: Vec<(Timer, AgendaKey)>,
    /// Packets that dom0's stack keeps while netback's queue is stopped, with their numbers.
    queue: VecDeque<(u32, SkbId)>,
    made: u32,
    delays: Delays,
    pub(crate) recorder: Recorder,
    /// What was so after each step at which a reader may act: between the calls of drivers.
    pub(crate) moments: Vec<Option<Moment>>,
    /// The step in which the reader's listener began; 0 for never.
    pub(crate) listens_from: u32,
    /// When all frames are to be free again.
    relief: Option<AgendaKey>,
}

/// A reader's action that made no sense when its turn came: the run ends before it.
struct Senseless;

impl World {
    /// Both drivers connected, buffers posted, nothing to deliver yet.
    pub(crate) fn new(plan: Plan) -> World {
        let mut xen = Xen::new(DOM0_PAGES + GUEST_PAGES + SPARE + OVERHEAD);
        for (domain, pages) in [(DomId::DOM0, DOM0_PAGES), (GUEST, GUEST_PAGES)] {
            xen.create_domain(domain, pages).expect("the machine has room for both");
        }
        let mut dom0 = Skbs::new(DomId::DOM0, (0..DOM0_PAGES).rev().map(Pfn).collect());
        let mut guest = Skbs::new(GUEST, (2..GUEST_PAGES).rev().map(Pfn).collect());
        let (mut log, mut asks) = (Log::off(), Vec::new());
        let buffers = (2 * plan.batch).max(8);
        let front_settings = FrontSettings {
            sg: false,
            gso: false,
            rx_flip: plan.flips,
            rx_min: buffers,
            rx_max: buffers,
            ..FrontSettings::CLASSIC
        };
        let back_settings = BackSettings {
            rx_flip: plan.flips,
            gives_own_pages: plan.gives_own_pages,
            ..BackSettings::of(Epoch::Classic)
        };
        let mut front = Netfront::new(&mut xen, VIF, GUEST, DomId::DOM0, [Pfn(0), Pfn(1)], front_settings);
        let mut k = Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let mut back = Netback::new(&mut k, back_settings);
        let features = back.features();
        let mut k = Kernel { xen: &mut xen, skbs: &mut guest, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let offer = front.setup_device(&mut k, features).expect("a fresh guest has all that a device needs");
        let mut k = Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        back.connect(&mut k, VIF, GUEST, &offer, VifSettings::default()).expect("the offer is sound");
        let mut k = Kernel { xen: &mut xen, skbs: &mut guest, now: Time::ZERO, log: &mut log, asks: &mut asks };
        front.connect(&mut k);
        let mut world = World {
            recorder: Recorder::new(&xen),
            xen,
            log: Log::new(),
            plan,
            now: Time::ZERO,
            dom0,
            guest,
            back,
            front,
            agenda: Agenda::new(),
            timers: Vec::new(),
            queue: VecDeque::new(),
            made: 0,
            delays: Delays::default(),
            moments: Vec::new(),
            listens_from: 0,
            relief: None,
        };
        for domain in [DomId::DOM0, GUEST] {
            world.acknowledge(domain);
        }
        world.xen.calls = Default::default();
        if plan.squeezed > 0 {
            world.take_frames();
            world.relief = Some(world.agenda.push(Time(plan.squeezed), Due::Relief));
        }
        for burst in 0..plan.bursts {
            world.agenda.push(Time(u64::from(burst) * BETWEEN), Due::Burst);
        }
        world.recorder = Recorder::new(&world.xen);
        world
    }

    /// Runs until nothing is left to happen, and does meanwhile what a reader does.
    pub(crate) fn run(&mut self, inputs: &[Input]) {
        // Where the run ends is in the log; that it ended early is for the player to notice.
        let _ = self.run_all(inputs);
    }

    fn run_all(&mut self, mut inputs: &[Input]) -> Result<(), Senseless> {
        self.act(&mut inputs)?;
        while let Some((now, due)) = self.agenda.pop() {
            self.now = now;
            match due {
                Due::Burst => {
                    for _ in 0..self.plan.batch {
                        self.offer();
                        self.act(&mut inputs)?;
                    }
                }
                Due::Deliver => self.deliver(),
                Due::Upcall(domain) => self.upcall(domain),
                Due::Poll => self.poll(),
                Due::Timer(timer) => self.timer(timer),
                Due::Relief => {
                    self.relief = None;
                    self.xen.destroy_domain(HOARDER);
                }
            }
            self.act(&mut inputs)?;
        }
        Ok(())
    }

    /// Does what the reader does next, as often as it is the reader's turn.
    fn act(&mut self, inputs: &mut &[Input]) -> Result<(), Senseless> {
        loop {
            let (moment, step) = (self.moment(), self.log.steps());
            // Only the first time after a step: then it is the reader's turn, and not later.
            if self.moments.len() <= step as usize {
                self.moments.resize(step as usize, None);
                self.moments.push(Some(moment));
            }
            let Some(input) = inputs.first().filter(|input| input.step == step + 1) else { return Ok(()) };
            if !moment.allows(input.letter) {
                return Err(Senseless);
            }
            *inputs = &inputs[1..];
            let event = match input.letter {
                TAKE => {
                    self.relief = Some(self.agenda.push(self.now + STAYS, Due::Relief));
                    Receive::FramesTaken { count: self.take_frames() }
                }
                FREE => {
                    let before = self.xen.memory.free_frames();
                    self.xen.destroy_domain(HOARDER);
                    if let Some(relief) = self.relief.take() {
                        self.agenda.cancel(relief);
                    }
                    Receive::FramesFreed { count: self.xen.memory.free_frames() - before }
                }
                _ => {
                    self.plan.lies = Lies::Shared;
                    self.listens_from = step + 1;
                    Receive::ListenerBegan
                }
            };
            let mut told = Log::new();
            told.step(self.now, Event::Receive(event));
            let now = Tally::of(&self.xen, self.recorder.last());
            self.finish(&told, now, &[]);
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            squeezed: self.xen.domain(HOARDER).is_some(),
            coming: self.made < self.plan.batch * self.plan.bursts,
            waiting: self.back.waiting() > 0 || !self.queue.is_empty(),
            alone: self.plan.lies == Lies::Alone,
            flips: self.plan.flips,
        }
    }

    /// A domain gets all free frames; says how many those are.
    fn take_frames(&mut self) -> u32 {
        let frames = self.xen.memory.free_frames();
        // A domain has two frames beside its pages.
        self.xen.create_domain(HOARDER, frames - 2).expect("so many frames are free");
        frames
    }

    /// dom0's stack has one more packet for the guest.
    fn offer(&mut self) {
        let number = self.made;
        self.made += 1;
        let skb = self.make_packet();
        self.recorder.made(&self.xen, number, self.dom0.get(skb).frags(), self.plan.lies == Lies::Shared);
        self.queue.push_back((number, skb));
        self.feed();
    }

    /// Netback gets what its queue takes.
    fn feed(&mut self) {
        while self.back.can_queue(VIF)
            && let Some((number, skb)) = self.queue.pop_front()
        {
            let sent = self.on_dom0(|back, k| back.start_xmit(k, VIF, skb));
            match sent {
                Xmit::Sent => self.recorder.accepted(&self.xen, &self.log, number),
                Xmit::Dropped => {}
                Xmit::Busy(skb) => {
                    self.queue.push_front((number, skb));
                    return;
                }
            }
        }
    }

    fn deliver(&mut self) {
        self.recorder.before_delivery(&self.xen);
        let again = self.on_dom0(|back, k| back.run(k, Task::NetRx));
        self.recorder.delivered(&self.xen, &self.log, self.plan.flips);
        if again {
            self.agenda.push(self.now + self.delays.softirq, Due::Deliver);
        }
    }

    fn timer(&mut self, timer: Timer) {
        self.timers.retain(|(other, _)| *other != timer);
        self.on_dom0(|back, k| back.timer(k, timer));
    }

    fn upcall(&mut self, domain: DomId) {
        self.acknowledge(domain);
        if domain == GUEST {
            let port = self.front.ports().expect("the interface is up")[0];
            self.on_guest(|front, k| {
                front.interrupt(k, port);
            });
        } else {
            self.on_dom0(|back, k| back.interrupt(k, VIF));
        }
    }

    fn poll(&mut self) {
        let mut again = false;
        self.on_guest(|front, k| again = front.poll(k));
        if again {
            self.agenda.push(self.now + self.delays.softirq, Due::Poll);
        }
    }

    /// A domain's handler takes note of all its events.
    fn acknowledge(&mut self, domain: DomId) {
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(self.xen.shared_info_mut(domain));
        while let Some(port) = scan.next_port(self.xen.shared_info(domain)) {
            clear_pending(self.xen.shared_info_mut(domain), port);
        }
    }

    fn on_dom0<R>(&mut self, call: impl FnOnce(&mut Netback, &mut Kernel) -> R) -> R {
        let (mut told, mut asks) = (Log::new(), Vec::new());
        let before = Tally::of(&self.xen, self.recorder.last());
        let (xen, skbs) = (&mut self.xen, &mut self.dom0);
        let mut kernel = Kernel { xen, skbs, now: self.now, log: &mut told, asks: &mut asks };
        let result = call(&mut self.back, &mut kernel);
        self.finish(&told, before, &asks);
        result
    }

    fn on_guest(&mut self, call: impl FnOnce(&mut Netfront, &mut Kernel)) {
        let (mut told, mut asks) = (Log::new(), Vec::new());
        let before = Tally::of(&self.xen, self.recorder.last());
        let (xen, skbs) = (&mut self.xen, &mut self.guest);
        let mut kernel = Kernel { xen, skbs, now: self.now, log: &mut told, asks: &mut asks };
        call(&mut self.front, &mut kernel);
        self.finish(&told, before, &asks);
    }

    /// Retells what a driver told, takes stock, and does what the driver asked for.
    fn finish(&mut self, told: &Log, before: Tally, asks: &[Ask]) {
        let steps = self.log.steps();
        retell(&mut self.log, told.entries());
        self.recorder.record(&self.xen, &self.log, (steps, before), self.back.waiting());
        self.serve(asks);
    }

    fn serve(&mut self, asks: &[Ask]) {
        for &ask in asks {
            match ask {
                Ask::Run(Task::NetRx) => self.once(self.delays.softirq, Due::Deliver),
                Ask::Run(Task::FrontPoll(_)) => self.once(self.delays.softirq, Due::Poll),
                Ask::Upcall(domain, _) => {
                    self.agenda.push(self.now + self.delays.event, Due::Upcall(domain));
                }
                Ask::Arm(timer, at) => self.arm(timer, at),
                Ask::WakeVif(_) => self.feed(),
                Ask::Arrived(_, skb) => {
                    debug_assert!(self.is_whole(skb), "what arrives is what was sent");
                    // An application takes the bytes, and the pages are the kernel's again.
                    self.guest.free(skb);
                }
                Ask::Run(Task::NetTx | Task::BackPoll(_) | Task::BackRx(_) | Task::BackDealloc(_))
                | Ask::Received(..)
                | Ask::SlotReturned(..)
                | Ask::WakeFront(_)
                | Ask::CarrierOff(_) => {}
            }
        }
    }

    /// Puts work down unless it is down already.
    fn once(&mut self, delay: u64, due: Due) {
        let is_same = |other: &Due| matches!((other, due), (Due::Deliver, Due::Deliver) | (Due::Poll, Due::Poll));
        if !self.agenda.iter().any(|(_, other)| is_same(other)) {
            self.agenda.push(self.now + delay, due);
        }
    }

    fn arm(&mut self, timer: Timer, at: Option<Time>) {
        if let Some(place) = self.timers.iter().position(|(other, _)| *other == timer) {
            let (_, key) = self.timers.swap_remove(place);
            self.agenda.cancel(key);
        }
        if let Some(at) = at {
            self.timers.push((timer, self.agenda.push(at, Due::Timer(timer))));
        }
    }

    /// A packet, as the plan says that it lies.
    fn make_packet(&mut self) -> SkbId {
        let bytes = self.plan.bytes;
        let skb = self.dom0.alloc();
        let content: Vec<u8> = (0..bytes).map(content).collect();
        if self.plan.lies == Lies::AmongOthers {
            self.dom0.get_mut(skb).head.extend_from_slice(&content);
        } else {
            let pfn = self.dom0.alloc_page().expect("dom0 has pages for the whole run");
            self.xen.guest_page_mut(DomId::DOM0, pfn).expect("the allocator has dom0's own pages").write(0, &content);
            let data = self.dom0.get_mut(skb);
            data.push_frag(Frag { page: FragPage::Own(pfn), offset: 0, size: bytes });
            data.linear = 1;
        }
        let data = self.dom0.get_mut(skb);
        data.len = u32::from(bytes);
        data.born = self.now;
        if self.plan.lies == Lies::Shared {
            // Nobody in this machine frees it.
            let _listener = self.dom0.clone_skb(skb);
        }
        skb
    }

    /// Whether a packet that the guest got has the bytes that it was made of.
    fn is_whole(&self, skb: SkbId) -> bool {
        let shared = self.guest.get(skb);
        let mut bytes = shared.head.clone();
        for frag in shared.frags() {
            let page = self.xen.guest_page(GUEST, frag.page.pfn()).expect("a packet lies in the guest's pages");
            bytes.extend_from_slice(&page.bytes()[usize::from(frag.offset)..][..usize::from(frag.size)]);
        }
        bytes.len() == usize::from(self.plan.bytes) && (0..).zip(&bytes).all(|(at, &byte)| byte == content(at))
    }
}

/// The byte at a place of every packet.
const fn content(place: u16) -> u8 {
    (place as u8).wrapping_mul(7).wrapping_add(1)
}
