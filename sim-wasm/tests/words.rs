//! Every event has its words: a sentence in every case, and the code that does it unless no code does.

mod golden;

use std::collections::BTreeSet;

use golden::golden;
use proptest::prelude::{any, prop_assert, proptest};
use sim_wasm::actors::costs::Way;
use sim_wasm::actors::epoch::{Drivers, Epoch, FrontEpoch};
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::bus::{Bus, Half};
use sim_wasm::actors::log::dma::Dma;
use sim_wasm::actors::log::hotplug::{Hotplug, Key, Message, Outcome, Process, Value};
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::interleaving::Interleaving;
use sim_wasm::actors::log::migration::{Interface, Migration, Refusal as MoveRefusal, Step as MoveStep};
use sim_wasm::actors::log::pages::Pages;
use sim_wasm::actors::log::pciif::{Pciif, Writer};
use sim_wasm::actors::log::receive::{DropReason, Receive};
use sim_wasm::actors::log::stack::Stack;
use sim_wasm::actors::log::summary::{Limiter, Place, Summary};
use sim_wasm::actors::log::trouble::{Attack, Party, Trouble};
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::actors::log::wakeups::Wakeups;
use sim_wasm::actors::log::ways::{Hop, Ways};
use sim_wasm::actors::log::{Event, Unsent, Who};
use sim_wasm::actors::netfront::STOP_LINE;
use sim_wasm::hypervisor::passthrough::options::AssignError;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vm_exits::ExitReason;
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::structures::Did;
use sim_wasm::hypervisor::vtd::walk::Direction;
use sim_wasm::telling::narration::tell;
use sim_wasm::telling::source;
use sim_wasm::telling::source::index::Kind;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, GrantRef, Mfn, Pfn, Port};
use sim_wasm::words::text::Text;

const REFUSALS: [Refusal; 10] = [
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

const UNSENT: [Unsent; 5] =
    [Unsent::NoCarrier, Unsent::TooManyPieces, Unsent::TooLong, Unsent::NotTaken, Unsent::NoMemory];

const DROPS: [DropReason; 5] =
    [DropReason::NoCarrier, DropReason::NoBuffers, DropReason::QueueFull, DropReason::Expired, DropReason::NoMemory];

const PLACES: [Place; 5] = [Place::GuestQueue, Place::Backlog, Place::Filter, Place::CardQueue, Place::VifQueue];

const LIMITERS: [Limiter; 5] = [Limiter::Guest, Limiter::Ring, Limiter::Pool, Limiter::Descriptors, Limiter::Wire];

const WRITERS: [Writer; 3] = [Writer::Toolstack, Writer::Back, Writer::Front];

const ATTACKS: [Attack; 11] = [
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

/// Every event with these numbers, and with either answer to whether a bell rings.
fn events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Event> {
    let mut events = path_events(count, index, small, notify);
    events.extend(backend_events(count, small).into_iter().map(Event::Backend));
    events.extend(receive_events(count, index, small, notify).into_iter().map(Event::Receive));
    events.extend(stack_events(count, small).into_iter().map(Event::Stack));
    events.extend(bus_events(count, small).into_iter().map(Event::Bus));
    events.extend(trouble_events(count, small).into_iter().map(Event::Trouble));
    events.extend(summary_events(count, index).into_iter().map(Event::Summary));
    for either in [notify, !notify] {
        events.extend(wakeup_events(count, index, either).into_iter().map(Event::Wakeups));
        events.extend(interleaving_events(index, either).into_iter().map(Event::Interleaving));
    }
    events.extend(pages_events(count, index, notify).into_iter().map(Event::Pages));
    for either in [notify, !notify] {
        events.extend(hvm_events(count, index, small, either).into_iter().map(Event::Hvm));
        events.extend(hotplug_events(small, either).into_iter().map(Event::Hotplug));
        events.extend(migration_events(count, index, either).into_iter().map(Event::Migration));
    }
    events.extend(dma_events(index, small, notify).into_iter().map(Event::Dma));
    events.extend(ways_events(count).into_iter().map(Event::Ways));
    events.extend(vtd_events(count, index, small, notify).into_iter().map(Event::Vtd));
    events.extend(pciif_events(count, index, small, notify).into_iter().map(Event::Pciif));
    events
}

fn path_events(count: u32, index: u32, id: u16, notify: bool) -> Vec<Event> {
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

fn backend_events(count: u32, small: u16) -> Vec<Backend> {
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

fn receive_events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Receive> {
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

fn stack_events(count: u32, port: u16) -> Vec<Stack> {
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

fn bus_events(count: u32, small: u16) -> Vec<Bus> {
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

fn trouble_events(count: u32, small: u16) -> Vec<Trouble> {
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

fn summary_events(count: u32, nanos: u32) -> Vec<Summary> {
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

fn wakeup_events(count: u32, index: u32, notify: bool) -> Vec<Wakeups> {
    let (old, new) = (index, index.wrapping_add(count));
    vec![
        Wakeups::AnsweredSilently { old, new, event: index },
        Wakeups::Rung { old, new, pending: notify },
        Wakeups::Repeated { old, new, bells: count, interrupts: count },
        Wakeups::LeftWaiting { unread: count, event: index },
    ]
}

fn interleaving_events(index: u32, yes: bool) -> Vec<Interleaving> {
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

fn pciif_events(count: u32, index: u32, small: u16, either: bool) -> Vec<Pciif> {
    let (real, shown) = (Bdf(small), Bdf::new(0, 1, 0));
    let (place, offset, value) = (shown, small, index);
    let mut events = vec![
        Pciif::AnswerTaken { err: 0, value },
        Pciif::AnswerTaken { err: -1, value },
        Pciif::GaveUp { nanos: 3_000_000_000 },
        Pciif::RequestQueued,
        Pciif::ConfigRead { offset, value, real: value },
        Pciif::ConfigRead { offset, value, real: !value },
        Pciif::ConfigWritten { offset, value, reached: 0 },
        Pciif::ConfigWritten { offset, value, reached: count },
        Pciif::WriteDropped { offset, value, warned: either },
        Pciif::RequestRefused { err: -3 },
        Pciif::RequestRefused { err: -7 },
        Pciif::MessagesEnabled { count, pirq: small },
        Pciif::MessagesDisabled,
        Pciif::RequestChanged { checked: 2, used: value },
        Pciif::OrderUnchecked { cmd: 2 },
        Pciif::Answered { err: 0, value },
        Pciif::AnsweredLate { value },
        Pciif::ErrorReported { cmd: 6, place },
        Pciif::ErrorFoundBeside,
        Pciif::ErrorHandled { result: 3 },
        Pciif::DeviceExported { real, shown },
        Pciif::ExportFailed { real, errno: -12 },
        Pciif::DeviceReleased { real },
        Pciif::DeviceReset { real },
        Pciif::DeviceFound { place, vendor: 0x8086, device: small },
        Pciif::BarClaimed { place, index: 2, base: value.into() },
        Pciif::DeviceRemoved { place },
        Pciif::MagicDiffers,
        Pciif::OwnerChanged { device: real, owner: DomId(small) },
    ];
    for cmd in 0..12 {
        events.push(Pciif::RequestPosted { cmd, place, offset: -4, value });
    }
    for by in WRITERS {
        events.push(Pciif::StateWritten { by, state: 7 });
        events.push(Pciif::DeviceStateWritten { by, index: small, state: 5 });
    }
    events
}

fn pages_events(count: u32, index: u32, used: bool) -> Vec<Pages> {
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

fn hvm_events(count: u32, addr: u32, small: u16, yes: bool) -> Vec<Hvm> {
    let (vcpu, state) = (small as u8 % 32, small as u8 % 16);
    let mut events = vec![
        Hvm::RequestPosted { vcpu, addr, size: 4, reads: yes },
        Hvm::WriteBuffered { addr, waiting: count, notify: yes },
        Hvm::BufferFull { waiting: count },
        Hvm::RequestTaken { vcpu, addr },
        Hvm::NotReady { vcpu, state },
        Hvm::PortOutOfRange { addr, clamped: yes },
        Hvm::BufferedTaken { addr, left: count },
        Hvm::RequestAnswered { vcpu, data: count, reads: yes },
        Hvm::NotInService { vcpu, state },
        Hvm::VcpuResumed { vcpu, answered: yes },
        Hvm::DomainCrashed { vcpu, before: state, found: 15 - state },
        Hvm::PortTranslated { guest: small, machine: small, reads: yes },
        Hvm::ConfigWritten { offset: small, value: addr, passed: if yes { count } else { 0 } },
        Hvm::BarMapped { bar: state, page: addr, frame: count, trapped: u16::from(yes) },
        Hvm::BarUnmapped { bar: state, page: addr },
        Hvm::BarIgnored { bar: state },
        Hvm::UnsupportedRequest,
        Hvm::TableWritten { entry: count, bound: yes },
        Hvm::TableOverrun { entry: count, refused: yes },
        Hvm::OwnerChanged { owner: [0, 0x7FF1, small][usize::from(small % 3)], rests: yes },
        Hvm::IntxAsserted { gsi: state, link: 3, pending: count },
        Hvm::IntxDeasserted { gsi: state, pending: count },
        Hvm::PhysicalEoi { irq: state, late: yes },
        Hvm::MsiBound { pirq: small, vector: state },
        Hvm::MsiInjected { vector: state, dest: vcpu },
        Hvm::Unplugged { mask: small, devices: state },
        Hvm::StaleRead { sector: count, split: yes },
        Hvm::SectorLost { sector: count },
        Hvm::FrameFetched { bytes: count, descriptor: state },
        Hvm::FrameTapped { bytes: count },
        Hvm::FrameStored { bytes: count },
        Hvm::FrameMissed { bytes: count },
        Hvm::LineSet { gsi: state, high: yes },
        Hvm::BufferLooked { waiting: count, timer: yes },
    ];
    events.extend(ExitReason::ALL.map(|reason| Hvm::Exited { reason, at: addr }));
    events
}

fn messages(small: u16) -> Vec<Message> {
    let (device, slot) = (Bdf(small), small as u8 % 32);
    vec![
        Message::NoVslots,
        Message::SlotsMismatch,
        Message::NoVtd,
        Message::NotAssignable(device),
        Message::TimedOut,
        Message::SlotTaken(slot),
        Message::AlreadyInserted,
        Message::NotConnected(device),
        Message::StateRestored,
        Message::HotInsert,
        Message::HotRemove,
        Message::UnknownCommand(Value::PciIns),
        Message::NoLiveMigration,
        Message::NoSuchDevice,
        Message::AssignFailed,
        Message::SlotExceeds(-1),
        Message::SciGenerated,
    ]
}

fn hotplug_values(small: u16) -> Vec<(Key, Value)> {
    let (device, slot) = (Bdf(small), small as u8 % 32);
    vec![
        (Key::State, Value::Running),
        (Key::Command, Value::PciIns),
        (Key::Command, Value::PciRem),
        (Key::State, Value::PciInserted),
        (Key::State, Value::PciRemoved),
        (Key::Parameter, Value::Device(device, slot)),
        (Key::Parameter, Value::Leaving(device)),
        (Key::Parameter, Value::Slot(slot)),
        (Key::Parameter, Value::NoFreeSlots),
        (Key::Parameter, Value::WrongSlot),
        (Key::Vslots, Value::Slots(slot, slot / 2)),
        (Key::Vslots, Value::Other),
    ]
}

const OUTCOMES: [Outcome; 3] = [Outcome::Done, Outcome::Without, Outcome::Failed];

fn hotplug_events(small: u16, yes: bool) -> Vec<Hotplug> {
    let (device, slot, by) = (Bdf(small), small as u8 % 32, Process::QemuDm);
    let mut events = vec![
        Hotplug::ModelStarted { devices: slot, heeded: yes },
        Hotplug::PollBegan { key: Key::Vslots, most: small },
        Hotplug::PollEnded { key: Key::State, times: small, found: yes },
        Hotplug::Tested { device, assignable: yes },
        Hotplug::Assigned { by, device, done: yes },
        Hotplug::Deassigned { by, device },
        Hotplug::SlotFilled { device, slot, removable: yes },
        Hotplug::EventRaised { byte: slot, sci: yes },
        Hotplug::EventSeen { slot, added: yes },
        Hotplug::SlotEjected { slot },
        Hotplug::Booted { cards: slot },
        Hotplug::Booted { cards: 0 },
    ];
    for (key, value) in hotplug_values(small) {
        events.push(Hotplug::Written { by: Process::Xend, key, value });
        events.push(Hotplug::Read { by, key, value });
    }
    events.extend(messages(small).into_iter().map(|message| Hotplug::Logged { by, message }));
    events.extend(OUTCOMES.map(|outcome| Hotplug::Ended { outcome }));
    events
}

fn ways_events(count: u32) -> Vec<Ways> {
    let hops = Way::ALL.into_iter().flat_map(|way| Hop::ALL.map(|hop| Ways::Hopped { way, hop }));
    let sums = Way::ALL.map(|way| Ways::Summed { way, packets: count, exits: count, hypercalls: count });
    hops.chain(sums).collect()
}

fn dma_events(index: u32, small: u16, yes: bool) -> Vec<Dma> {
    let (source, address, frame) = (Bdf(small), u64::from(index) << 12, Mfn(index));
    let mut events = vec![
        Dma::DescriptorWritten { address, write: yes },
        Dma::RequestSent { source, address, write: yes },
        Dma::CardSilent,
        Dma::RootRead { bus: source.bus() },
        Dma::ContextRead { source, did: small, levels: 4 },
        Dma::ContextRemembered { did: small },
        Dma::TranslationRemembered { did: small, page: index.into(), frame },
        Dma::FrameReached { frame, write: yes, meant: !yes },
        Dma::FrameGiven { frame },
    ];
    for (level, bits) in [(1, 0), (1, 3), (2, 3), (3, 1), (4, 2)] {
        events.push(Dma::EntryRead { level, index: small & 0x1FF, entry: address | bits });
    }
    events
}

const MOVE_REFUSALS: [MoveRefusal; 5] = [
    MoveRefusal::DevicePresent,
    MoveRefusal::PagesLogged,
    MoveRefusal::NothingCopied,
    MoveRefusal::NoCard,
    MoveRefusal::AlreadyThere,
];

fn migration_events(count: u32, index: u32, yes: bool) -> Vec<Migration> {
    let nanos = u64::from(index);
    let mut events = vec![
        Migration::Changed { to: Interface::Card, noticed: yes },
        Migration::Changed { to: Interface::Split, noticed: yes },
        Migration::Unplugged { in_use: yes },
        Migration::RoundCopied { round: count, sent: count, dirty: index },
        Migration::Suspended { pages: count },
        Migration::Resumed { nanos },
        Migration::Plugged { target: yes },
        Migration::Lost { packets: count, nanos },
    ];
    for step in MoveStep::ALL {
        events.extend(MOVE_REFUSALS.map(|why| Migration::Refused { step, why }));
    }
    events
}

fn drivers() -> impl Iterator<Item = Drivers> {
    [FrontEpoch::Classic, FrontEpoch::Modern]
        .into_iter()
        .flat_map(|front| [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy].map(|back| Drivers { front, back }))
}

/// The variants of an enum, read off its source, since no program can list them.
fn variants(source: &str, of: &str) -> BTreeSet<String> {
    let start = source.find(&format!("pub enum {of} {{")).expect("the enum is in its file");
    let body = &source[start..];
    let body = &body[..body.find("\n}").expect("an enum ends")];
    let named =
        body.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(char::is_uppercase));
    named.map(|line| line.split([' ', ',', '(']).next().unwrap_or_default().to_owned()).collect()
}

fn vtd_events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Vtd> {
    let (source, dfn, frame, vector) = (Bdf(small), Dfn(index), Mfn(count), small as u8);
    let direction = if notify { Direction::Write } else { Direction::Read };
    let mut events = vec![
        Vtd::Passed { source, dfn, frame, direction },
        Vtd::Unanswered { source, dfn },
        Vtd::RangAsWritten { source, vector, destination: count },
        Vtd::RangRemapped { source, vector, destination: count },
        Vtd::PostedNotified { source, vector, destination: count },
        Vtd::Posted { source },
        Vtd::FaultRecorded { source },
        Vtd::FaultCollapsed { source },
        Vtd::FaultLost { source },
        Vtd::FaultEvent,
    ];
    for reason in Fault::ALL {
        events.push(Vtd::Blocked { source, dfn, reason });
        events.push(Vtd::InterruptBlocked { source, reason });
    }
    events.extend(vtd_steps(count, index, small, notify).into_iter().map(Vtd::Xen));
    events
}

fn vtd_steps(count: u32, index: u32, small: u16, writable: bool) -> Vec<Step> {
    let (source, dfn, frame, did) = (Bdf(small), Dfn(index), Mfn(count), Did(small));
    let (domain, unit, order, pages) = (DomId(small), small as u8, (small % 19) as u8, count);
    let mut steps = vec![
        Step::Mapped { domain, dfn, frame, writable },
        Step::Unmapped { domain, dfn },
        Step::SuperpageSplit { domain, dfn, order },
        Step::CacheSynced { entries: count },
        Step::WriteBufferFlushed { unit },
        Step::ContextWritten { source, did, table: frame },
        Step::ContextCleared { source, did },
        Step::ContextFlushed { unit, source, did },
        Step::DomainFlushed { unit, did },
        Step::PagesFlushed { unit, did, dfn, order },
        Step::WaitDone { unit, polls: count },
        Step::WaitAbandoned { unit, polls: count },
        Step::DidTaken { unit, domain, did },
        Step::DidFreed { unit, domain, did },
        Step::RmrrMapped { domain, dfn, pages },
        Step::RmrrUnmapped { domain, dfn, pages },
        Step::Reassigned { source, from: DomId::DOM0, to: DomId::IO },
        Step::TablesFreed { domain, frames: count },
        Step::FaultLogged { source, page: u64::from(index), reason: Fault::ReadDenied },
        Step::BusMasterCleared { source, faults: small as u8 },
        Step::RmrrKept { domain, dfn },
        Step::DomainCrashed { domain },
        Step::InFlightReached { source, dfn, frame },
        Step::InFlightBlocked { source, dfn, reason: Fault::WriteDenied },
    ];
    for error in [
        AssignError::NotPermitted,
        AssignError::NoSuchDomain,
        AssignError::NoMemory,
        AssignError::Busy,
        AssignError::NoSuchDevice,
        AssignError::Invalid,
        AssignError::NotImplemented,
    ] {
        steps.push(Step::AssignRefused { source, domain, error });
    }
    steps
}

/// The variant that a value's text begins with.
fn variant(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").split([' ', ',', '(']).next().unwrap_or_default().to_owned()
}

/// So that the tests below see an event that is added later.
#[test]
fn the_events_tried_here_are_all_there_are() {
    let check = |file: &str, of: &str, mut tried: BTreeSet<String>| {
        let path = format!("{}/src/actors/log/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(path).expect("the log's sources are there");
        if of == "Event" {
            // A variant that wraps a family is tried with the family.
            let families =
                variants(&source, of).into_iter().filter(|name| source.contains(&format!("    {name}({name}),")));
            tried.extend(families);
        }
        assert_eq!(tried, variants(&source, of), "tests/words.rs tries each variant of `{of}`");
    };
    check("mod", "Event", path_events(1, 1, 1, true).iter().map(variant).collect());
    check("mod", "Unsent", UNSENT.iter().map(variant).collect());
    check("backend", "Backend", backend_events(1, 1).iter().map(variant).collect());
    check("backend", "Refusal", REFUSALS.iter().map(variant).collect());
    check("receive", "Receive", receive_events(1, 1, 1, true).iter().map(variant).collect());
    check("receive", "DropReason", DROPS.iter().map(variant).collect());
    check("stack", "Stack", stack_events(1, 1).iter().map(variant).collect());
    check("bus", "Bus", bus_events(1, 1).iter().map(variant).collect());
    check("trouble", "Trouble", trouble_events(1, 1).iter().map(variant).collect());
    check("summary", "Summary", summary_events(1, 1).iter().map(variant).collect());
    check("dma", "Dma", dma_events(1, 1, true).iter().map(variant).collect());
    check("ways", "Ways", ways_events(1).iter().map(variant).collect());
    check("ways", "Hop", Hop::ALL.iter().map(variant).collect());
    check("vtd", "Vtd", vtd_events(1, 1, 1, true).iter().map(variant).collect());
    check("../../hypervisor/passthrough/step", "Step", vtd_steps(1, 1, 1, true).iter().map(variant).collect());
    check("pages", "Pages", pages_events(1, 1, true).iter().map(variant).collect());
    check("hotplug", "Hotplug", hotplug_events(1, true).iter().map(variant).collect());
    check("hotplug", "Message", messages(1).iter().map(variant).collect());
    check("hotplug", "Value", hotplug_values(1).iter().map(|(_, value)| variant(value)).collect());
    check("hotplug", "Outcome", OUTCOMES.iter().map(variant).collect());
    check("migration", "Migration", migration_events(1, 1, true).iter().map(variant).collect());
    check("migration", "Refusal", MOVE_REFUSALS.iter().map(variant).collect());
    check("migration", "Step", MoveStep::ALL.iter().map(variant).collect());
    check("hvm", "Hvm", hvm_events(1, 1, 1, true).iter().map(variant).collect());
    check("pciif", "Pciif", pciif_events(1, 1, 1, true).iter().map(variant).collect());
    check("pciif", "Writer", WRITERS.iter().map(variant).collect());
    check("summary", "Place", PLACES.iter().map(variant).collect());
    check("wakeups", "Wakeups", wakeup_events(1, 1, true).iter().map(variant).collect());
    check("interleaving", "Interleaving", interleaving_events(1, true).iter().map(variant).collect());
    check("summary", "Limiter", LIMITERS.iter().map(variant).collect());
    check("trouble", "Attack", ATTACKS.iter().map(variant).collect());
}

fn sentence(event: &Event, drivers: Drivers) -> String {
    let mut text = Text::new();
    tell(&mut text, event, drivers);
    text.into_string()
}

/// Whether a text has `1` before a word in the plural, or the other way round.
fn counts_wrongly(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(2).any(|pair| {
        let thing = pair[1].trim_end_matches(['.', ',', ':', ';']);
        let one =
            pair[0] == "1" && matches!(thing, "slots" | "pages" | "packets" | "buffers" | "requests" | "operations");
        let many = pair[0].bytes().all(|byte| byte.is_ascii_digit())
            && pair[0] != "1"
            && matches!(thing, "slot" | "page" | "packet" | "buffer" | "key" | "reference" | "operation" | "answer");
        one || many
    })
}

proptest! {
    #[test]
    fn every_event_has_a_sentence(
        count in proptest::prelude::prop_oneof![0_u32..4, any::<u32>()],
        index in any::<u32>(),
        small in any::<u16>(),
        notify in any::<bool>(),
    ) {
        for event in events(count, index, small, notify) {
            for drivers in drivers() {
                let text = sentence(&event, drivers);
                let sound = text.ends_with('.') && text.len() > 20 && !text.contains("  ") && !text.contains("..");
                let begins = text.starts_with(|first: char| first.is_uppercase())
                    || ["dom0", "xend"].iter().any(|name| text.starts_with(name));
                prop_assert!(sound && begins && !counts_wrongly(&text), "{event:?}: {text:?}");
            }
        }
    }
}

#[test]
fn every_event_names_its_code_unless_no_code_does_it() {
    let trees = ["classic", "linux 3.4", "linux", "xen", "xen 3.3"];
    for event in events(2, 7, 3, true) {
        for drivers in drivers() {
            let attack = matches!(
                event,
                Event::ProducerForged { .. }
                    | Event::Trouble(Trouble::Attacked { .. } | Trouble::BytesSeen { .. })
                    | Event::Pages(Pages::EntryErased { .. } | Pages::FrameReturned { .. })
                    | Event::Hvm(Hvm::Unplugged { .. } | Hvm::StaleRead { .. } | Hvm::SectorLost { .. })
                    | Event::Migration(Migration::Refused {
                        why: MoveRefusal::NothingCopied | MoveRefusal::NoCard | MoveRefusal::AlreadyThere,
                        ..
                    })
                    | Event::Ways(Ways::Summed { .. })
            );
            // What a program or an administrator decides: the code only obeys.
            let decided = matches!(
                event,
                Event::Stack(Stack::TapOpened { .. } | Stack::TapClosed { .. })
                    | Event::Receive(Receive::FramesTaken { .. } | Receive::ListenerBegan)
            );
            match source::of(&event, drivers) {
                Some(reference) => {
                    assert!(reference.function.ends_with("()"), "{event:?}: {reference:?}");
                    let known = [".c", ".h", ".py"].iter().any(|ending| reference.file.ends_with(ending));
                    assert!(known, "{event:?}: {reference:?}");
                    assert!(trees.contains(&reference.tree.name()) && !attack, "{event:?}: {reference:?}");
                }
                None => assert!(attack || decided || event.who() == Who::Hardware, "{event:?}"),
            }
        }
    }
}

#[test]
fn every_code_that_is_named_stands_in_the_index() {
    // On the ring of 256 slots it is the stop line that refuses.
    let stopped = Event::RingFull { outstanding: STOP_LINE };
    for event in events(2, 7, 3, true).into_iter().chain([stopped]) {
        for drivers in drivers() {
            if let Some(reference) = source::of(&event, drivers) {
                let entry = source::index::of(&reference).unwrap_or_else(|| panic!("{event:?}: {reference:?}"));
                assert!(matches!(entry.kind, Kind::Function | Kind::Macro), "{event:?}: {entry:?}");
            }
        }
    }
}

#[test]
fn each_generation_is_told_from_its_own_code() {
    let event = Event::ResponsesWritten { index: 0, id: 1, count: 1 };
    let file = |back| source::of(&event, Drivers { back, ..Drivers::default() }).expect("netback does it");
    let found =
        [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy].map(|back| (file(back).tree.name(), file(back).file));
    assert_eq!(
        found,
        [
            ("classic", "drivers/xen/netback/netback.c"),
            ("linux 3.4", "drivers/net/xen-netback/netback.c"),
            ("linux", "drivers/net/xen-netback/netback.c"),
        ]
    );
    let stopped = Event::QueueStopped { outstanding: 237 };
    let modern = Drivers { front: FrontEpoch::Modern, back: Epoch::ZeroCopy };
    assert_eq!(source::of(&stopped, modern).map(|reference| reference.function), Some("xennet_start_xmit()"));
    assert!(sentence(&stopped, modern).ends_with("need 19."));
}

/// One sentence of each kind, to be read by a person.
#[test]
fn sentences_read_as_they_did() {
    let mut found = String::new();
    let mut told = BTreeSet::new();
    for count in [3, 1] {
        for event in events(count, 40, 5, true) {
            let text = sentence(&event, Drivers::default());
            if told.insert(text.clone()) {
                found.push_str(&text);
                found.push('\n');
            }
        }
    }
    golden("sentences", &found);
}
