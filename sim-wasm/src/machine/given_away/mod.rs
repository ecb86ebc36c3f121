//! Cards that are given to guests, in one machine: buses with cards whose descriptors lie in frames, a remapping unit under
//! Xen's [`Iommus`], dom0 with pciback, the toolstack, PV guests with pcifront, HVM guests with a device model, and everybody's
//! memory.
//!
//! ```text
//!   toolstack ─ resets, permits, assigns, announces ─┐
//!      │ store                                       ▼
//!   pciback ═page, event═ pcifront        Xen: tables, context entries, interrupts
//!   device model ═slots═ guest's system        ▲
//!                           │ driver           │ faults, messages
//!                           ▼                  │
//!                        registers ─► card ─► switch ─► unit ─► frames
//! ```
//!
//! A card has one message or a [table] of them among its registers, stands below a port of its own or behind a
//! [bridge](hardware) that speaks for all behind it, and may have memory that firmware has [reserved] for it.
//!
//! A run is a function of its [`Settings`]. Each appointment of the agenda lets one of them do one thing;
//! what it leads to is put down for later. The toolstack does [one thing at a time](toolstack), in the order of its age:
//!
//! | | xend 3.3 | libxl today |
//! |---|---|---|
//! | a card is made assignable | pciback takes it | and it goes into quarantine |
//! | a PV guest gets it | assigned, permitted, announced | reset, permitted, assigned, announced |
//! | an HVM guest | Xen is asked; the device model assigns it | Xen is asked; reset, shown by the device model, permitted, assigned |
//! | it is taken from a PV guest | both drivers let go; reset, taken by Xen, forbidden | forbidden, reset, taken by Xen; then both drivers let go |
//! | from an HVM guest | the device model has it taken by Xen; reset | the guest lets go; reset, taken by Xen |
//!
//! ```
//! use sim_wasm::hypervisor::passthrough::options::{GuestKind, Options, Version};
//! use sim_wasm::machine::given_away::GivenAway;
//! use sim_wasm::machine::given_away::settings::{Act, CardId, GuestId, GuestSettings, Settings};
//! use sim_wasm::machine::given_away::tally::{Count, Landing};
//! use sim_wasm::words::ids::DomId;
//! use sim_wasm::words::time::Time;
//!
//! let (guest, card) = (GuestId(0), CardId(0));
//! let guests = vec![GuestSettings::with(GuestKind::Pv, card)];
//! let mut settings = Settings::new(Options::default_of(Version::Today), guests);
//! settings.acts = vec![
//!     (Time::from_millis(900), Act::Arrive(card, 1514)),
//!     (Time::from_millis(950), Act::Send(guest, card, 60)),
//!     (Time::from_millis(1000), Act::Unplug(guest, card)),
//! ];
//! let mut machine = GivenAway::new(&settings).expect("memory and boot options suffice");
//! machine.run();
//! let count = |what| machine.tally().get(what);
//! assert_eq!([Count::Received, Count::Sent, Count::Interrupts].map(count), [1, 1, 2]);
//! // A descriptor's end is written back: 5 bytes of one received, 1 of one sent.
//! assert_eq!(count(Count::Written(Landing::Own)), 1514 + 5 + 1);
//! assert_eq!(machine.owner(card), DomId::IO); // nobody's: in quarantine
//! ```
//!
//! Not modelled: the time that code takes, save for the [delays](settings::Delays); the trip of an HVM guest's access to config
//! space, which reaches the device model as if it had been handed over ([`io_requests`](crate::actors::hvm::io_requests) has
//! it); page-table entries of registers, so a permission that is gone ends a PV guest's access at once; QMP, in whose place
//! today's toolstack tells its device model directly; what Xen does after bytes that only it used at boot are overwritten; and
//! several toolstacks at once. A guest has room for three drivers.

pub mod settings;

pub mod tally;

pub mod card;

pub mod hardware;

pub mod reserved;

mod access;

mod interrupts;

pub mod table;

pub mod posted;

mod guest;

mod driver;

mod pv;

mod front;

mod hvm;

mod system;

pub mod toolstack;

mod steps;

mod resets;

mod ends;

mod acts;

mod seen;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::actors::costs::Costs;
use crate::actors::log::Log;
use crate::actors::remapping::tell_steps;
use crate::actors::xenbus::store::WatchEvent;
use crate::hypervisor::io_permissions::IoPermissions;
use crate::hypervisor::memory::Owner;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::passthrough::options::Version;
use crate::hypervisor::pirqs::Pirqs;
use crate::hypervisor::shared_info::UpcallScan;
use crate::hypervisor::xen::Xen;
use crate::machine::given_away::guest::Guest;
use crate::machine::given_away::hardware::Hardware;
use crate::machine::given_away::interrupts::Vectors;
use crate::machine::given_away::settings::{CardId, GuestId, Settings};
use crate::machine::given_away::tally::Tally;
use crate::machine::given_away::toolstack::Jobs;
use crate::protocols::pci::owners::Owners;
use crate::words::ids::{DomId, VcpuId};
use crate::words::time::{Agenda, Time};

/// Frames of the machine, but for what firmware has reserved.
pub const FRAMES: u32 = 768;
/// The first frames are Xen's own, and no table says otherwise.
pub const XEN_HEAP: u32 = 8;
/// Pages of dom0.
pub const DOM0_PAGES: u32 = 40;
/// Guests of a machine, at most: there are frames for so many.
pub const MOST_GUESTS: u8 = 4;

/// Why there is no machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMachine {
    /// More guests than it has frames for, more cards than slots, or more reserved memory than firmware takes.
    TooMany,
    /// Xen does not boot: a unit is required, and there is none that will do.
    NoBoot,
}

impl fmt::Display for NoMachine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NoMachine::TooMany => "the machine has no room for so many guests, cards or reserved pages",
            NoMachine::NoBoot => "Xen does not boot without a unit that is required",
        })
    }
}

impl core::error::Error for NoMachine {}

/// What the agenda holds.
#[derive(Clone, Debug)]
enum Item {
    /// Something that the settings say.
    Act(u32),
    /// A domain's vCPU looks at its pending ports.
    Upcall(DomId),
    /// pciback works on a guest's request.
    Back(GuestId),
    /// A guest's pcifront looks whether there is an answer.
    Poll(GuestId),
    /// A half of a guest's PCI device sees what the other wrote.
    Store(GuestId),
    /// A card has its next request.
    Card(CardId),
    /// The toolstack goes on.
    Toolstack,
    /// pciback has waited for a card that it reset.
    Released(GuestId, CardId),
    /// A guest's device model sees a change in the store.
    Model(GuestId, WatchEvent),
    /// xend looks again whether a guest's device model has answered.
    Xend(GuestId),
    /// An HVM guest's system takes the event of hot-plugging.
    System(GuestId),
    /// An HVM guest's system looks for its cards.
    Booted(GuestId),
    /// An HVM guest takes an interrupt.
    Interrupt(GuestId, u8),
}

/// The machine.
#[derive(Clone, Debug)]
pub struct GivenAway {
    settings: Arc<Settings>,
    xen: Xen,
    iommus: Iommus,
    owners: Owners,
    may: IoPermissions,
    pirqs: Pirqs,
    vectors: Vectors,
    hardware: Hardware,
    guests: Vec<Guest>,
    dom0: UpcallScan,
    jobs: Jobs,
    /// Of each card: whether pciback has it, whose driver drives it, or drove it last, and whether that one has lost it.
    uses: Vec<Use>,
    agenda: Agenda<Item>,
    now: Time,
    /// Packets from the wire so far.
    packets: u32,
    costs: Costs,
    tally: Tally,
    log: Log,
}

/// What a card is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Use {
    assignable: bool,
    guest: Option<GuestId>,
    lost: bool,
    /// Whether its next request is on the agenda.
    due: bool,
}

impl GivenAway {
    /// The machine at the moment when the toolstack begins to build its guests.
    ///
    /// # Errors
    /// If there is no such machine.
    ///
    /// # Panics
    /// Never: memory suffices for what [`Settings::check`] lets pass.
    pub fn new(settings: &Settings) -> Result<GivenAway, NoMachine> {
        settings.check()?;
        let mut xen = Xen::new(FRAMES + reserved::pages(&settings.reserved));
        reserved::take(&mut xen, &settings.reserved);
        for _ in 1..XEN_HEAP {
            xen.memory.alloc(Owner::Xen(None)).expect("memory is free");
        }
        xen.create_domain(DomId::DOM0, DOM0_PAGES).expect("memory is free");
        let units = settings.unit.as_slice();
        let mut iommus = Iommus::boot(&mut xen.memory, settings.options, units, XEN_HEAP)
            .expect("it was looked whether Xen boots, and memory suffices for one unit");
        (iommus.repairs, iommus.relaxed_rdm) = (settings.repairs, settings.relaxed_rdm);
        let mut hardware = Hardware::new(&settings.cards, settings.access_control, settings.repairs.records_tables);
        if iommus.are_enabled() && settings.options.version == Version::Today {
            hardware.topology.enable_acs();
        }
        reserved::announce(&mut iommus, &hardware, &settings.reserved);
        for card in (0..settings.cards.len() as u8).map(CardId) {
            iommus
                .add_device(&mut xen.memory, hardware.device(card))
                .expect("memory suffices for a few context tables");
        }
        iommus.take_steps();
        if iommus.are_enabled() {
            reserved::begin_use(&mut iommus, &hardware, &settings.reserved);
        }
        let owners = Owners::new(&hardware.topology);
        let free = Use { assignable: false, guest: None, lost: true, due: false };
        let mut machine = GivenAway {
            settings: Arc::new(settings.clone()),
            xen,
            iommus,
            owners,
            may: IoPermissions::new(),
            pirqs: Pirqs::new().with_repairs(settings.pirq_repairs()),
            vectors: Vectors::new(),
            hardware,
            guests: Vec::new(),
            dom0: UpcallScan::new(VcpuId(0)),
            jobs: Jobs::new(),
            uses: vec![free; settings.cards.len()],
            agenda: Agenda::new(),
            now: Time::ZERO,
            packets: 0,
            costs: Costs::default(),
            tally: Tally::new(),
            log: if settings.log.is_on() { Log::new() } else { Log::off() },
        };
        for (number, guest) in (0..).zip(&settings.guests) {
            machine.guests.push(Guest::new(GuestId(number), guest.kind, settings));
            machine.build(GuestId(number), &guest.boots_with);
        }
        for (number, (time, _)) in (0..).zip(&settings.acts) {
            machine.agenda.push(*time, Item::Act(number));
        }
        Ok(machine)
    }

    /// Keeps one appointment. False when nothing is left to happen, the run's end is reached, or the host has stopped.
    pub fn step(&mut self) -> bool {
        let over = self.agenda.peek_time().is_none_or(|time| time > self.settings.until);
        if over || self.is_stopped() {
            return false;
        }
        let Some((now, item)) = self.agenda.pop() else { return false };
        self.now = now;
        self.keep(item);
        true
    }

    /// Runs to the end.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// When the next appointment is; nothing when none is left before the run's end.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.agenda.peek_time().filter(|time| *time <= self.settings.until && !self.is_stopped())
    }

    fn keep(&mut self, item: Item) {
        match item {
            Item::Act(number) => self.act(number),
            Item::Upcall(domain) => self.upcall(domain),
            Item::Back(guest) => self.work(guest),
            Item::Poll(guest) => self.poll_front(guest),
            Item::Store(guest) => self.store_changed(guest),
            Item::Card(card) => self.run_card(card),
            Item::Toolstack => self.run_toolstack(),
            Item::Released(guest, card) => self.released(guest, card),
            Item::Model(guest, event) => self.model_changed(guest, &event),
            Item::Xend(guest) => self.run_xend(guest),
            Item::System(guest) => self.system_event(guest),
            Item::Booted(guest) => self.system_booted(guest),
            Item::Interrupt(guest, vector) => self.take_interrupt(guest, vector),
        }
    }

    /// Writes down what Xen has done about units since the last call.
    fn tell_xen(&mut self) {
        tell_steps(&mut self.log, self.now, &mut self.iommus);
    }

    fn after(&mut self, delay: u64, item: Item) {
        self.agenda.push(self.now + delay, item);
    }
}
