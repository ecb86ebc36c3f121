//! Events of the network path, of its trouble and of what is told in sums.

use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::bus::{Bus, Half};
use sim_wasm::actors::log::interleaving::Interleaving;
use sim_wasm::actors::log::pages::Pages;
use sim_wasm::actors::log::receive::{DropReason, Receive};
use sim_wasm::actors::log::stack::Stack;
use sim_wasm::actors::log::summary::{Limiter, Place, Summary};
use sim_wasm::actors::log::trouble::{Attack, Party, Trouble};
use sim_wasm::actors::log::wakeups::Wakeups;
use sim_wasm::actors::log::{Event, Unsent};
use sim_wasm::words::ids::{GrantRef, Mfn, Pfn, Port};

pub(crate) const REFUSALS: [Refusal; 10] = [
    Refusal::ProducerOverflow,
    Refusal::Truncated,
    Refusal::TooManySlots,
    Refusal::LongerThanPacket,
    Refusal::CrossesPage,
    Refusal::TooShort,
    Refusal::BadExtra,
    Refusal::BadSegmentation,
    Refusal::BadGrant,
    Refusal::NoMemory,
];

pub(crate) const UNSENT: [Unsent; 5] =
    [Unsent::NoCarrier, Unsent::TooManyPieces, Unsent::TooLong, Unsent::NotTaken, Unsent::NoMemory];

pub(crate) const DROPS: [DropReason; 5] =
    [DropReason::NoCarrier, DropReason::NoBuffers, DropReason::QueueFull, DropReason::Expired, DropReason::NoMemory];

pub(crate) const PLACES: [Place; 5] =
    [Place::GuestQueue, Place::Backlog, Place::Filter, Place::CardQueue, Place::VifQueue];

pub(crate) const LIMITERS: [Limiter; 5] =
    [Limiter::Guest, Limiter::Ring, Limiter::Pool, Limiter::Descriptors, Limiter::Wire];

pub(crate) const ATTACKS: [Attack; 11] = [
    Attack::ForgedProducer,
    Attack::ChangedRequest,
    Attack::ForgedGrant,
    Attack::MalformedPacket,
    Attack::AwkwardPacket,
    Attack::EventStorm,
    Attack::WithheldBuffers,
    Attack::ForgedResponse,
    Attack::KeptMapping,
    Attack::ReadBeside,
    Attack::RemovedDevice,
];

pub(crate) fn path_events(count: u32, index: u32, id: u16, notify: bool) -> Vec<Event> {
    let (first, frame, flags) = (GrantRef(index), Mfn(index), id);
    let (old, new, event) = (index, index.wrapping_add(count), index);
    let (outstanding, bytes) = (count, count);
    let events = vec![
        Event::RequestWritten { index, id, count },
        Event::RequestsPublished { old, new, event, notify },
        Event::RingFull { outstanding },
        Event::ProducerForged { to: index },
        Event::RequestsTaken { index, id, count },
        Event::OverflowCaught { distance: count },
        Event::RequestsAwaited { event },
        Event::ResponsesWritten { index, id, count },
        Event::ResponsesPublished { old, new, event, notify },
        Event::ResponsesReaped { index, id, count },
        Event::ResponsesAwaited { event },
        Event::QueueStopped { outstanding },
        Event::QueueWoken { outstanding },
        Event::QueueOverflowed { bytes },
        Event::PacketOffered { bytes, slots: count },
        Event::GrantsGiven { first, frame, count, flags },
        Event::EventSent { port: Port(index), from_guest: notify },
        Event::GrantsMapped { first, frame, count, flags },
        Event::HeaderCopied { bytes, pages_kept: count },
        Event::SlotReleased { id },
        Event::PacketReceived { bytes },
        Event::PacketForwarded,
        Event::PacketQueued { waiting: count },
        Event::EgressOverflowed { bytes },
        Event::PacketDropped { bytes },
        Event::DescriptorsPosted { count },
        Event::PacketSent { bytes, nanos: u64::from(index) },
        Event::TransmitDone,
        Event::PagesFreed { count },
        Event::GrantsUnmapped { first, count, flags },
        Event::GrantsEnded { first, count, flags },
        Event::PacketFreed { bytes },
    ];
    let unsent = UNSENT.map(|why| Event::PacketUnsent { bytes, pieces: count, why });
    events.into_iter().chain(unsent).collect()
}

pub(crate) fn backend_events(count: u32, small: u16) -> Vec<Backend> {
    let (bytes, status) = (count, -(small as i16 % 15));
    let mut events = vec![
        Backend::PoolGateShut { held: count },
        Backend::CreditExhausted { wanted: bytes, remaining: count, until: u64::from(count) << 20 },
        Backend::CreditGranted { remaining: bytes },
        Backend::ExtrasTaken { kind: small as u8, count },
        Backend::MapRefused { gref: GrantRef(count), status },
        Backend::PacketLinearized { bytes, count },
        Backend::PageReplaced { pending: small },
        Backend::PageBusy { pending: small },
        Backend::GrantsCopied { count, bytes, failed: count / 2 },
        Backend::PagesOrphaned { count, bytes },
        Backend::BudgetSpent { packets: count },
    ];
    for why in REFUSALS {
        events.push(Backend::RequestsRefused { id: small, count, why });
        events.push(Backend::FrontendDisabled { why });
    }
    events
}

pub(crate) fn receive_events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Receive> {
    let (bytes, status) = (count, -(small as i16 % 15));
    let mut events = vec![
        Receive::BuffersPosted { index, count, target: count },
        Receive::RefillPostponed { posted: count },
        Receive::TargetChanged { target: count },
        Receive::PacketAccepted { bytes, slots: count, waiting: count },
        Receive::QueueWaits { event: index },
        Receive::QueueDrains,
        Receive::QueueRuns,
        Receive::PagesFlipped { count },
        Receive::DeliveryRefused { index, status },
        Receive::BytesCopied { count, bytes },
        Receive::MemorySqueeze { until: u64::from(count) << 20 },
        Receive::BuffersAnswered { index, count, bytes },
        Receive::AnswersPublished { old: index, new: index.wrapping_add(count), event: index, notify },
        Receive::AnswersTaken { index, count },
        Receive::PacketDelivered { bytes, slots: count },
        Receive::PacketSpoiled { status },
        Receive::CarrierLost,
        Receive::CarrierBack,
        Receive::CopiedFirst { bytes, pages: count },
        Receive::FramesTaken { count },
        Receive::FramesFreed { count },
        Receive::ListenerBegan,
    ];
    events.extend(DROPS.map(|why| Receive::PacketRefused { bytes, why, needed: count, posted: count }));
    events
}

pub(crate) fn stack_events(count: u32, port: u16) -> Vec<Stack> {
    let bytes = count;
    vec![
        Stack::BacklogOverflowed { bytes },
        Stack::AddressLearned { port },
        Stack::ForwardedTo { port },
        Stack::Flooded { copies: count },
        Stack::NotForwarded { bytes },
        Stack::PortOverflowed { port, bytes },
        Stack::PortQueued { port, waiting: count },
        Stack::TapOpened { port },
        Stack::TapClosed { port, clones: count },
        Stack::Tapped { bytes },
        Stack::TapFreed { bytes },
        Stack::CardStalled,
        Stack::CardResumed,
        Stack::WireReceived { bytes },
        Stack::WireMissed { bytes },
    ]
}

pub(crate) fn bus_events(count: u32, small: u16) -> Vec<Bus> {
    let mut events = vec![
        Bus::Connected,
        Bus::ConnectFailed { errno: -(small as i16 % 40) },
        Bus::DisconnectWaits { references: count },
        Bus::Disconnected,
        Bus::Resumed { discarded: count },
        Bus::Zombie { pinned: count },
    ];
    for half in [Half::Front, Half::Back] {
        events.push(Bus::StateChanged { half, state: small as u8 });
        events.push(Bus::KeysWritten { half, count });
    }
    events
}

pub(crate) fn trouble_events(count: u32, small: u16) -> Vec<Trouble> {
    let mut events = vec![
        Trouble::EventDeferred { by: Party::Backend, spurious: count, until: u64::from(count) << 20 },
        Trouble::EventDeferred { by: Party::Frontend, spurious: count, until: u64::from(count) << 20 },
        Trouble::BytesSeen { bytes: count },
        Trouble::GrantLeaked { gref: count },
        Trouble::GrantDeferred { gref: count },
    ];
    for attack in ATTACKS {
        events.push(Trouble::Attacked { by: Party::Frontend, attack, xsa: small });
        events.push(Trouble::Attacked { by: Party::Backend, attack, xsa: 0 });
        events.push(Trouble::DeviceBroken { attack });
        events.push(Trouble::GuestCrashed { attack });
    }
    events
}

pub(crate) fn summary_events(count: u32, nanos: u32) -> Vec<Summary> {
    let mut events = vec![
        Summary::Passed { nanos, offered: count, sent: count },
        Summary::Passed { nanos, offered: count, sent: 0 },
        Summary::Passed { nanos, offered: 0, sent: 0 },
        Summary::Taken { nanos, packets: count, bytes: count },
        Summary::Alternated { times: count },
        Summary::Reported { delay: count },
    ];
    events.extend(PLACES.map(|place| Summary::Lost { packets: count, place }));
    events.extend(LIMITERS.map(|by| Summary::Limited { from: nanos, to: count, by }));
    events
}

pub(crate) fn wakeup_events(count: u32, index: u32, notify: bool) -> Vec<Wakeups> {
    let (old, new) = (index, index.wrapping_add(count));
    vec![
        Wakeups::AnsweredSilently { old, new, event: index },
        Wakeups::Rung { old, new, pending: notify },
        Wakeups::Repeated { old, new, bells: count, interrupts: count },
        Wakeups::LeftWaiting { unread: count, event: index },
    ]
}

pub(crate) fn interleaving_events(index: u32, yes: bool) -> Vec<Interleaving> {
    vec![
        Interleaving::EntryStored { index },
        Interleaving::ProducerStored { index },
        Interleaving::EventLoaded { event: index, due: yes },
        Interleaving::Notified,
        Interleaving::EntryVisible { index },
        Interleaving::ProducerVisible { index },
        Interleaving::EventVisible { index },
        Interleaving::ProducerLoaded { index, new: yes },
        Interleaving::EntryReadEarly { index, stale: yes },
        Interleaving::EntryTaken { index, stale: yes },
        Interleaving::EventStored { index },
        Interleaving::ProducerRechecked { index, sleeps: yes },
        Interleaving::Woken,
        Interleaving::Forgotten { index },
    ]
}

pub(crate) fn pages_events(count: u32, index: u32, used: bool) -> Vec<Pages> {
    let (gref, frame) = (GrantRef(index), Mfn(index));
    vec![
        Pages::MarkedForeign { window: Pfn(index) },
        Pages::HeaderFreed { left: count },
        Pages::Answered { gref, mapped: used },
        Pages::EntryErased { gref, in_use: used },
        Pages::FrameReturned { frame, references: count },
        Pages::FrameFreed { frame },
    ]
}
