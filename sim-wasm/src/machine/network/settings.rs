//! What a run of the network is made of: guests and what they send, dom0's drivers and queues, the card, and what goes wrong
//! when. Nothing else decides a run.
//!
//! Not modelled: changes of what is set, save by the faults.

use crate::actors::bridge::BridgePort;
use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::hostile::back_attack::BackAttack;
use crate::actors::hostile::front_attack::FrontAttack;
use crate::actors::netback::settings::BackSettings;
use crate::actors::netfilter::Filter;
use crate::actors::nic::CardSettings;
use crate::actors::stack::{CARD_QUEUE_LEN, StackSettings, TapSettings, VIF_QUEUE_LEN};
use crate::machine::metrics::Watch;
pub use crate::machine::network::front::Intent;
use crate::words::ids::VifId;
use crate::words::time::Time;
use alloc::vec;
use alloc::vec::Vec;

/// Guests that a machine may have: enough for any article, few enough for one bridge and one pool.
pub const MOST_GUESTS: usize = 32;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which netback dom0 has.
    pub epoch: Epoch,
    /// The guests, each with one interface; the first has [`VifId`] 0. At least one, at most [`MOST_GUESTS`].
    pub guests: Vec<Guest>,
    /// dom0 between the interfaces.
    pub dom0: Dom0,
    /// The card and its wire.
    pub card: CardSettings,
    /// What the outside world sends to guests.
    pub outside: Vec<Workload>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// How long things take that no source gives a number for.
    pub delays: Delays,
    /// When the run ends, whatever is still to happen.
    pub until: Time,
    /// Seed of all chance in the run.
    pub seed: u64,
    /// Whether events are written down.
    pub log: Logging,
    /// Whether packets are filled with bytes and compared where they arrive.
    pub filling: Filling,
    /// What is followed over the run, beside the totals. Levels have means and maxima only when a level is named here, and
    /// slots are timed only when anything is.
    pub watched: Vec<Watch>,
}

/// Whether events are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logging {
    /// Nothing is: counters only.
    Off,
    /// Only where something stops or goes on is, see [`Event::turns`](crate::actors::log::Event::turns).
    TurningPoints,
    /// From the first packet on; the interfaces are connected before the run begins.
    On,
    /// From the first word on xenbus on: the run begins with the handshake.
    FromHandshake,
}

/// Whether packets are filled with bytes and compared where they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// Only the first bytes are written: addresses and a stamp.
    Stamps,
    /// All bytes are, and compared.
    Whole,
}

/// A guest with one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Which netfront it has.
    pub front: FrontEpoch,
    /// Whether it keeps to the rules.
    pub intent: Intent,
    /// What it sends.
    pub sends: Vec<Workload>,
    /// Bytes and microseconds of its transmit credit; nothing for no limit.
    pub credit: Option<(u64, u64)>,
    /// Whether it can send packets of several pages, `feature-sg` with `feature-gso-tcpv4`.
    pub scatter_gather: bool,
    /// Whether it receives by giving and getting whole pages.
    pub flip: bool,
    /// Whether it tells netback of fresh buffers, `feature-rx-notify`.
    pub rx_notify: bool,
    /// Whether it trusts its backend with what else lies in a granted page.
    pub trusted: bool,
    /// The first index of both rings.
    pub base: u32,
    /// Packets that wait in the guest while its queue is stopped, `tx_queue_len`.
    pub queue: u32,
    /// How long an application takes to free a packet that it received, in nanoseconds.
    pub consumes: u64,
}

impl Default for Guest {
    /// A classic guest without limits that sends nothing.
    fn default() -> Guest {
        Guest {
            front: FrontEpoch::Classic,
            intent: Intent::Honest,
            sends: Vec::new(),
            credit: None,
            scatter_gather: true,
            flip: false,
            rx_notify: true,
            trusted: true,
            base: 0,
            queue: 1000,
            consumes: 0,
        }
    }
}

/// Packets at regular times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// To whom.
    pub to: Destination,
    /// Bytes in a packet, 14 to 65535.
    pub bytes: u32,
    /// How a packet's bytes lie in pages.
    pub layout: PacketLayout,
    /// Bytes of payload in a segment, 0 for packets that are sent as they are.
    pub gso: u16,
    /// When the first one is sent.
    pub start: Time,
    /// Nanoseconds from one to the next.
    pub every: u64,
    /// Nanoseconds by which each may be late, evenly drawn.
    pub jitter: u64,
    /// How many, at each time, at once; at least 1.
    pub burst: u32,
    /// How many in all.
    pub count: u64,
}

impl Workload {
    /// So many packets of so many bytes to the outside, all at the beginning.
    #[must_use]
    pub const fn at_once(bytes: u32, count: u64) -> Workload {
        Workload {
            to: Destination::Outside,
            bytes,
            layout: PacketLayout::PagesLast,
            gso: 0,
            start: Time::ZERO,
            every: 0,
            jitter: 0,
            burst: 1,
            count,
        }
    }

    /// A packet of so many bytes to the outside every so many nanoseconds.
    #[must_use]
    pub const fn every(bytes: u32, nanos: u64, count: u64) -> Workload {
        Workload { every: nanos, ..Workload::at_once(bytes, count) }
    }
}

/// To whom packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The host behind the card.
    Outside,
    /// A guest of this machine.
    Guest(VifId),
    /// Everybody.
    Everybody,
    /// An address that nobody has.
    Nobody,
    /// dom0 itself.
    Dom0,
}

/// How a packet's bytes lie in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketLayout {
    /// What does not fill a page first, then whole pages, as a stack that appends pages of data to a head does.
    PagesLast,
    /// So many bytes first, then pieces of so many bytes, each in a page of its own.
    Pieces {
        /// Bytes of the head, 14 to 4096.
        head: u16,
        /// Bytes of each further piece, 1 to 4096.
        piece: u16,
    },
}

/// dom0 between the interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dom0 {
    /// Whether netback keeps to the rules; a hostile one is of no epoch.
    pub intent: Intent,
    /// Netback.
    pub back: BackSettings,
    /// The stack; its own address is the machine's business.
    pub stack: StackSettings,
    /// Packet sockets that are open from the start, each on a port of the bridge.
    pub taps: Vec<(BridgePort, TapSettings)>,
    /// Packets that wait in front of the card in each band, `tx_queue_len`.
    pub card_queue: u32,
    /// Packets that wait in front of a vif, `tx_queue_len`.
    pub vif_queue: u32,
    /// Pages of memory for packets of its own.
    pub pages: u32,
}

impl Default for Dom0 {
    fn default() -> Dom0 {
        Dom0 {
            intent: Intent::Honest,
            back: BackSettings::default(),
            stack: StackSettings::default(),
            taps: Vec::new(),
            card_queue: CARD_QUEUE_LEN,
            vif_queue: VIF_QUEUE_LEN,
            pages: 8192,
        }
    }
}

/// How long things take that no source gives a number for: parameters of the model, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// From a notification to the handler in the other domain.
    pub event: u64,
    /// From scheduling a tasklet, a softirq or a thread to its run; at least 1, so that work that goes on for ever comes to the
    /// run's end.
    pub softirq: u64,
    /// From one half's word on xenbus to the other half's reading it.
    pub xenbus: u64,
}

impl Default for Delays {
    /// 4 µs for an event, 1 µs for a softirq, 100 µs for xenbus: assumptions.
    fn default() -> Delays {
        Delays { event: 4_000, softirq: 1_000, xenbus: 100_000 }
    }
}

/// Something that goes wrong, or that an administrator does, at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub at: Time,
    /// What.
    pub what: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The card stops fetching.
    StallCard,
    /// The card fetches again.
    ResumeCard,
    /// The filter changes.
    SetFilter(Filter),
    /// A packet socket is opened on a port of the bridge.
    Tap(BridgePort, TapSettings),
    /// It is closed.
    EndTap(BridgePort),
    /// A guest stops looking at its receive ring.
    SleepGuest(VifId),
    /// It looks again.
    WakeGuest(VifId),
    /// The machine has no page left to replace a flipped one.
    SqueezeMemory,
    /// It has pages again.
    RelieveMemory,
    /// The toolstack takes a guest's interface away.
    Unplug(VifId),
    /// It makes the interface again.
    Plug(VifId),
    /// dom0's driver lets an interface go, whatever the guest does: it is unloaded.
    UnloadBack(VifId),
    /// dom0's driver is loaded again.
    LoadBack(VifId),
    /// A guest's driver closes its interface in order.
    CloseFront(VifId),
    /// A guest's driver starts again.
    RestartFront(VifId),
    /// A guest is destroyed.
    Destroy(VifId),
    /// A hostile guest attacks.
    Attack(VifId, FrontAttack),
    /// A hostile backend attacks a guest.
    BackAttack(VifId, BackAttack),
}

impl Default for Settings {
    /// One classic guest that sends nothing, for ten seconds at most, with the log on.
    fn default() -> Settings {
        Settings {
            epoch: Epoch::Classic,
            guests: vec![Guest::default()],
            dom0: Dom0::default(),
            card: CardSettings::e1000(1000),
            outside: Vec::new(),
            faults: Vec::new(),
            delays: Delays::default(),
            until: Time::from_millis(10_000),
            seed: 1,
            log: Logging::On,
            filling: Filling::Stamps,
            watched: Vec::new(),
        }
    }
}

/// Why a machine cannot be made of some settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// There is no guest, or there are more than [`MOST_GUESTS`].
    Guests(usize),
    /// A packet has fewer than 14 or more than 65535 bytes.
    PacketSize(u32),
    /// A layout's head or piece is not within a page, or the pieces are too many for a packet.
    Layout(PacketLayout),
    /// A workload sends nothing at a time.
    Burst,
    /// A guest is named that the machine does not have.
    NoSuchGuest(VifId),
    /// A softirq that takes no time.
    Softirq,
    /// A card without rate or without room for the largest packet.
    Card,
    /// A kernel with less than 1 tick a second or more than 1000.
    Hz(u32),
}

impl core::fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Guests(count) => write!(formatter, "a machine has 1 to {MOST_GUESTS} guests, not {count}"),
            Self::PacketSize(bytes) => write!(formatter, "a packet has 14 to 65535 bytes, not {bytes}"),
            Self::Layout(_) => formatter.write_str("a packet's pieces lie within pages, and it has 22 at most"),
            Self::Burst => formatter.write_str("a workload sends at least 1 packet at a time"),
            Self::NoSuchGuest(vif) => write!(formatter, "the machine has no guest {}", vif.0),
            Self::Softirq => formatter.write_str("a softirq takes at least 1 ns to run"),
            Self::Card => formatter.write_str("a card has a rate, and room for the largest packet"),
            Self::Hz(ticks) => write!(formatter, "a kernel has 1 to 1000 ticks a second, not {ticks}"),
        }
    }
}

impl core::error::Error for SettingsError {}

impl Settings {
    /// Checks what types cannot.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.guests.is_empty() || self.guests.len() > MOST_GUESTS {
            return Err(SettingsError::Guests(self.guests.len()));
        }
        if self.card.megabits == 0 || self.card.descriptors < 32 || self.card.wake_at > self.card.descriptors {
            return Err(SettingsError::Card);
        }
        if self.delays.softirq == 0 {
            return Err(SettingsError::Softirq);
        }
        if !(1..=1000).contains(&self.dom0.back.hz) {
            return Err(SettingsError::Hz(self.dom0.back.hz));
        }
        for workload in self.guests.iter().flat_map(|guest| &guest.sends).chain(&self.outside) {
            self.check_workload(workload)?;
        }
        self.faults.iter().try_for_each(|fault| match fault.what {
            FaultKind::SleepGuest(vif)
            | FaultKind::WakeGuest(vif)
            | FaultKind::Unplug(vif)
            | FaultKind::Plug(vif)
            | FaultKind::UnloadBack(vif)
            | FaultKind::LoadBack(vif)
            | FaultKind::CloseFront(vif)
            | FaultKind::RestartFront(vif)
            | FaultKind::Destroy(vif) => self.check_vif(vif),
            FaultKind::Attack(vif, _) | FaultKind::BackAttack(vif, _) => self.check_vif(vif),
            FaultKind::StallCard
            | FaultKind::ResumeCard
            | FaultKind::SetFilter(_)
            | FaultKind::Tap(..)
            | FaultKind::EndTap(_)
            | FaultKind::SqueezeMemory
            | FaultKind::RelieveMemory => Ok(()),
        })
    }

    fn check_workload(&self, workload: &Workload) -> Result<(), SettingsError> {
        if !(14..=65_535).contains(&workload.bytes) {
            return Err(SettingsError::PacketSize(workload.bytes));
        }
        if workload.burst == 0 {
            return Err(SettingsError::Burst);
        }
        if let PacketLayout::Pieces { head, piece } = workload.layout {
            let rest = workload.bytes.saturating_sub(u32::from(head));
            let sound =
                (14..=4096).contains(&head) && (1..=4096).contains(&piece) && rest.div_ceil(u32::from(piece)) <= 22;
            if !sound {
                return Err(SettingsError::Layout(workload.layout));
            }
        }
        match workload.to {
            Destination::Guest(vif) => self.check_vif(vif),
            Destination::Outside | Destination::Everybody | Destination::Nobody | Destination::Dom0 => Ok(()),
        }
    }

    fn check_vif(&self, vif: VifId) -> Result<(), SettingsError> {
        if usize::from(vif.0) < self.guests.len() { Ok(()) } else { Err(SettingsError::NoSuchGuest(vif)) }
    }
}
