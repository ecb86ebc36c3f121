//! What a run of [`GivenAway`](crate::machine::given_away::GivenAway) is made from: the machine, its guests, and what is done
//! at which time.
//!
//! Not modelled: more units than one, which stands before all cards.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::hvm::release::Release;
use crate::actors::pciback::overlay::OverlaySettings;
use crate::actors::pciback::resources::Toolstack;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::passthrough::options::{GuestKind, Options, Switch, Version};
use crate::hypervisor::passthrough::repairs::Repairs;
use crate::hypervisor::pirqs::PirqRepairs;
use crate::hypervisor::vtd::capabilities::Capabilities;
use crate::machine::given_away::hardware::MOST_CARDS;
use crate::machine::given_away::reserved::{MOST_RESERVED, pages};
use crate::machine::given_away::{MOST_GUESTS, NoMachine};
use crate::words::time::Time;

/// A card, by its place in [`Settings::cards`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardId(pub u8);

/// A guest, by its place in [`Settings::guests`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestId(pub u8);

/// What a card does when it is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtReset {
    /// It stops, as it should.
    Stops,
    /// Whatever it has under way it finishes, and it does not look at its bus master bit either.
    Finishes,
}

/// How a card interrupts once its driver has asked for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Messages {
    /// By one message, which stands in its config space.
    Msi,
    /// By an entry of a [table](crate::machine::given_away::table) among its registers, on a page of its own. Drivers that are
    /// refused that ask for the one message.
    MsiX,
}

/// Where a card stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stands {
    /// Alone behind a port.
    Alone,
    /// On a conventional bus, with all others that do: behind a bridge that speaks for them all.
    BehindBridge,
}

/// A card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardSettings {
    /// What it does when it is reset.
    pub at_reset: AtReset,
    /// How it interrupts.
    pub messages: Messages,
    /// Where it stands.
    pub stands: Stands,
}

impl CardSettings {
    /// One with a single message and a port of its own that stops when it is reset.
    pub const PLAIN: CardSettings =
        CardSettings { at_reset: AtReset::Stops, messages: Messages::Msi, stands: Stands::Alone };
    /// The same with a table of messages.
    pub const WITH_TABLE: CardSettings = CardSettings { messages: Messages::MsiX, ..CardSettings::PLAIN };

    /// One of a conventional bus.
    pub const BEHIND_BRIDGE: CardSettings = CardSettings { stands: Stands::BehindBridge, ..CardSettings::PLAIN };

    /// A plain one, but for what it does when it is reset.
    #[must_use]
    pub const fn at_reset(at_reset: AtReset) -> CardSettings {
        CardSettings { at_reset, ..CardSettings::PLAIN }
    }
}

/// [Memory that firmware has reserved](crate::machine::given_away::reserved) for cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// How many pages.
    pub pages: u8,
    /// For which cards.
    pub cards: Vec<CardId>,
    /// Whether they are USB controllers, whose reserved memory Xen 3.3 leaves out.
    pub usb: Switch,
    /// Whether each of the cards reads it all the time, as firmware has set them up: after each of Xen's steps with tables.
    pub in_use: Switch,
}

impl Reserved {
    /// One page for a card, which is no USB controller and does not use it.
    #[must_use]
    pub fn for_card(card: CardId) -> Reserved {
        Reserved { pages: 1, cards: vec![card], usb: Switch::Off, in_use: Switch::Off }
    }
}

/// A guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestSettings {
    /// What kind.
    pub kind: GuestKind,
    /// Which cards it boots with.
    pub boots_with: Vec<CardId>,
}

impl GuestSettings {
    /// A guest that boots without any card.
    #[must_use]
    pub const fn new(kind: GuestKind) -> GuestSettings {
        GuestSettings { kind, boots_with: Vec::new() }
    }

    /// The same with one.
    #[must_use]
    pub fn with(kind: GuestKind, card: CardId) -> GuestSettings {
        GuestSettings { kind, boots_with: vec![card] }
    }
}

/// Where a descriptor is made to point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// To an address of the bus.
    Address(u64),
    /// To a page of a guest's: the machine's frame, but an HVM guest's own driver counts pages as its guest does.
    PageOf(GuestId, u16),
    /// To the machine's frame behind a page of dom0's.
    PageOfDom0(u16),
    /// To one of the frames that Xen had before it booted dom0.
    XenHeap(u16),
    /// To a card's registers, where the machine has them.
    RegistersOf(CardId),
    /// To the first entry of a card's table of messages, where the machine has it.
    TableOf(CardId),
    /// To the beginning of the first memory that is reserved for a card, if there is any.
    ReservedFor(CardId),
    /// To where processors take interrupts.
    Interrupts,
}

/// What a hostile driver has its card write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// So many bytes of a packet.
    Packet(u16),
    /// Four bytes: what a message would have.
    Word(u32),
}

/// What is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The administrator has the toolstack take a card from dom0's driver (`xl pci-assignable-add`).
    MakeAssignable(CardId),
    /// The toolstack gives a guest a card.
    Plug(GuestId, CardId),
    /// The toolstack takes a card from a guest.
    Unplug(GuestId, CardId),
    /// The administrator gives a card back to dom0's driver (`xl pci-assignable-remove`).
    GiveBack(CardId),
    /// The toolstack destroys a guest.
    Destroy(GuestId),
    /// A guest is destroyed with no toolstack there to see to its cards.
    Die(GuestId),
    /// A packet of so many bytes comes from the wire.
    Arrive(CardId, u16),
    /// A guest's driver sends a packet of so many bytes.
    Send(GuestId, CardId, u16),
    /// A guest's driver has a card write somewhere: a descriptor to receive into, and a packet that it has sent to itself.
    Aim(GuestId, CardId, Target, Payload),
    /// A guest's driver makes the descriptor that a card takes next point somewhere, and waits for a packet.
    Point(GuestId, CardId, Target),
    /// A guest's driver has a card read so many bytes somewhere, and send them away.
    Peek(GuestId, CardId, Target, u16),
    /// A guest's driver writes four bytes of its card's registers: how far from their beginning, and what.
    Touch(GuestId, CardId, u16, u32),
    /// An HVM guest's system puts a card's registers at a page of its memory.
    Move(GuestId, CardId, u32),
    /// A guest gives one of its pages back to Xen.
    GiveUpPage(GuestId, u16),
    /// A guest fills the hole of a page with a fresh frame.
    TakePage(GuestId, u16),
    /// A PV guest makes a page a page table, or an ordinary one again.
    Retype(GuestId, u16, Switch),
    /// The unit takes no descriptor for so many of Xen's looks.
    Slow(u32),
}

/// How long what takes, in nanoseconds; all of it assumptions but the resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// From an event to the upcall.
    pub event: u64,
    /// From a request of pcifront to pciback's work on it.
    pub work: u64,
    /// From a change in the store to whoever watches.
    pub watch: u64,
    /// Between two steps of the toolstack.
    pub step: u64,
    /// Between two requests of a card.
    pub request: u64,
    /// From an interrupt of hot-plugging to what the guest's system does about it, and from its building to its drivers.
    pub system: u64,
}

impl Default for Delays {
    fn default() -> Delays {
        Delays { event: 5_000, work: 5_000, watch: 1_000_000, step: 1_000_000, request: 1_000, system: 50_000_000 }
    }
}

/// What a run is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What Xen was told at boot, and which Xen and toolstack it is.
    pub options: Options,
    /// The machine's unit, if it has one.
    pub unit: Option<Capabilities>,
    /// What was repaired in Xen.
    pub repairs: Repairs,
    /// Whether the toolstack heeds what Xen says when it is asked before an HVM guest gets a card.
    pub heeds_test: Switch,
    /// Whether the switch's ports offer access control.
    pub access_control: Switch,
    /// The guests, which are built in this order at the beginning.
    pub guests: Vec<GuestSettings>,
    /// The cards. Of those that stand alone the first two are below one switch, and the others have a root port each. At most 8.
    pub cards: Vec<CardSettings>,
    /// What firmware has reserved for cards: the last pages of memory, in this order. At most 16 pages.
    pub reserved: Vec<Reserved>,
    /// Whether a card may be given away whose reserved memory others use too (`rdm_policy=relaxed`).
    pub relaxed_rdm: Switch,
    /// What is done when.
    pub acts: Vec<(Time, Act)>,
    /// How long what takes.
    pub delays: Delays,
    /// When the run ends.
    pub until: Time,
    /// Whether what happens is written down.
    pub log: Switch,
}

impl Settings {
    /// A machine of a version with one unit and these guests, two cards, and nothing done.
    #[must_use]
    pub fn new(options: Options, guests: Vec<GuestSettings>) -> Settings {
        Settings {
            options,
            unit: Some(Capabilities::typical()),
            repairs: Repairs::ALL,
            heeds_test: Switch::On,
            access_control: Switch::On,
            guests,
            cards: vec![CardSettings::PLAIN; 2],
            reserved: Vec::new(),
            relaxed_rdm: Switch::Off,
            acts: Vec::new(),
            delays: Delays::default(),
            until: Time::from_millis(60_000),
            log: Switch::On,
        }
    }

    /// Whether there is such a machine; nothing is built for it.
    ///
    /// # Errors
    /// If there is not.
    pub fn check(&self) -> Result<(), NoMachine> {
        let too_many = self.guests.len() > usize::from(MOST_GUESTS) || self.cards.len() > usize::from(MOST_CARDS);
        if too_many || pages(&self.reserved) > MOST_RESERVED {
            return Err(NoMachine::TooMany);
        }
        if Iommus::can_boot(self.options, self.unit.as_slice()) { Ok(()) } else { Err(NoMachine::NoBoot) }
    }

    /// The drivers' age.
    #[must_use]
    pub const fn front(&self) -> FrontEpoch {
        match self.options.version {
            Version::Xen33 => FrontEpoch::Classic,
            Version::Today => FrontEpoch::Modern,
        }
    }

    /// The device model's.
    #[must_use]
    pub const fn release(&self) -> Release {
        match self.options.version {
            Version::Xen33 => Release::Xen33,
            Version::Today => Release::Today,
        }
    }

    pub(super) const fn overlay(&self) -> OverlaySettings {
        match self.options.version {
            Version::Xen33 => OverlaySettings::CLASSIC,
            Version::Today => OverlaySettings::MODERN,
        }
    }

    pub(super) const fn toolstack(&self) -> Toolstack {
        match self.options.version {
            Version::Xen33 => Toolstack::Xend33,
            Version::Today => Toolstack::Libxl,
        }
    }

    pub(super) const fn pirq_repairs(&self) -> PirqRepairs {
        match self.options.version {
            Version::Xen33 => PirqRepairs::NONE,
            Version::Today => PirqRepairs::ALL,
        }
    }
}
