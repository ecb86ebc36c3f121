//! Events of devices given away: config space, device model, hotplug, migration, remapping.

use sim_wasm::actors::costs::Way;
use sim_wasm::actors::log::dma::Dma;
use sim_wasm::actors::log::hotplug::{Hotplug, Key, Message, Outcome, Process, Value};
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::migration::{Interface, Migration, Refusal as MoveRefusal, Step as MoveStep};
use sim_wasm::actors::log::pciif::{Pciif, Writer};
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::actors::log::ways::{Hop, Ways};
use sim_wasm::hypervisor::passthrough::options::AssignError;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vm_exits::ExitReason;
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::structures::Did;
use sim_wasm::hypervisor::vtd::walk::Direction;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn};

pub(crate) const WRITERS: [Writer; 3] = [Writer::Toolstack, Writer::Back, Writer::Front];

pub(crate) fn pciif_events(count: u32, index: u32, small: u16, either: bool) -> Vec<Pciif> {
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

pub(crate) fn hvm_events(count: u32, addr: u32, small: u16, yes: bool) -> Vec<Hvm> {
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

pub(crate) fn messages(small: u16) -> Vec<Message> {
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

pub(crate) fn hotplug_values(small: u16) -> Vec<(Key, Value)> {
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

pub(crate) const OUTCOMES: [Outcome; 3] = [Outcome::Done, Outcome::Without, Outcome::Failed];

pub(crate) fn hotplug_events(small: u16, yes: bool) -> Vec<Hotplug> {
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

pub(crate) fn ways_events(count: u32) -> Vec<Ways> {
    let hops = Way::ALL.into_iter().flat_map(|way| Hop::ALL.map(|hop| Ways::Hopped { way, hop }));
    let sums = Way::ALL.map(|way| Ways::Summed { way, packets: count, exits: count, hypercalls: count });
    hops.chain(sums).collect()
}

pub(crate) fn dma_events(index: u32, small: u16, yes: bool) -> Vec<Dma> {
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
        Dma::GuestDestroyed,
        Dma::FramesFreed { frames: index },
        Dma::DescriptorLeft { address, write: yes },
    ];
    for (level, bits) in [(1, 0), (1, 3), (2, 3), (3, 1), (4, 2)] {
        events.push(Dma::EntryRead { level, index: small & 0x1FF, entry: address | bits });
    }
    events
}

pub(crate) const MOVE_REFUSALS: [MoveRefusal; 5] = [
    MoveRefusal::DevicePresent,
    MoveRefusal::PagesLogged,
    MoveRefusal::NothingCopied,
    MoveRefusal::NoCard,
    MoveRefusal::AlreadyThere,
];

pub(crate) fn migration_events(count: u32, index: u32, yes: bool) -> Vec<Migration> {
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

pub(crate) fn vtd_events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Vtd> {
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

pub(crate) fn vtd_steps(count: u32, index: u32, small: u16, writable: bool) -> Vec<Step> {
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
