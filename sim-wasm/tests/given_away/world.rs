//! Machines, and what is looked for in their logs.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::hotplug::Hotplug;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Options, Version};
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::machine::given_away::GivenAway;
use sim_wasm::machine::given_away::settings::{Act, CardId, GuestId, GuestSettings, Settings};
use sim_wasm::machine::given_away::tally::Count;
use sim_wasm::words::time::Time;

pub(crate) const CARD: CardId = CardId(0);
pub(crate) const GUEST: GuestId = GuestId(0);
/// Another guest.
pub(crate) const OTHER: GuestId = GuestId(1);

/// Boot options that give each version's PV guests tables.
pub(crate) const BOTH: [(Version, Option<&str>); 2] = [(Version::Today, None), (Version::Xen33, Some("1,pv"))];

pub(crate) fn options((version, text): (Version, Option<&str>)) -> Options {
    let (options, unknown) = Options::parse(version, text, None);
    assert_eq!(unknown, None);
    options
}

/// A guest with a card, and one of the same kind without.
pub(crate) fn settings(kind: GuestKind, version: (Version, Option<&str>)) -> Settings {
    Settings::new(options(version), vec![GuestSettings::with(kind, CARD), GuestSettings::new(kind)])
}

/// Acts a tenth of a second apart, when the guests have long booted.
pub(crate) fn acts(acts: &[Act]) -> Vec<(Time, Act)> {
    (0..).zip(acts).map(|(number, act)| (Time::from_millis(5_000 + 100 * number), *act)).collect()
}

pub(crate) fn run(settings: &Settings) -> GivenAway {
    let mut machine = GivenAway::new(settings).expect("there is such a machine");
    machine.run();
    machine
}

pub(crate) fn counts<const N: usize>(machine: &GivenAway, counts: [Count; N]) -> [u64; N] {
    counts.map(|count| machine.tally().get(count))
}

/// What happens to a card, in order, a word for each thing.
pub(crate) fn story(machine: &GivenAway) -> Vec<&'static str> {
    let word = |event: &Event| match event {
        Event::Pciif(Pciif::DeviceReset { .. }) => Some("reset"),
        Event::Pciif(Pciif::DeviceExported { .. }) => Some("exported"),
        Event::Pciif(Pciif::DeviceFound { .. }) => Some("found"),
        Event::Pciif(Pciif::MessagesEnabled { .. }) => Some("message"),
        Event::Pciif(Pciif::DeviceRemoved { .. }) => Some("removed"),
        Event::Pciif(Pciif::DeviceReleased { .. }) => Some("released"),
        Event::Vtd(Vtd::Xen(Step::Reassigned { to, .. })) => Some(match to.0 {
            0 => "to dom0",
            0x7FF1 => "to nobody",
            _ => "to guest",
        }),
        Event::Hotplug(Hotplug::Tested { assignable: true, .. }) => Some("asked"),
        Event::Hotplug(Hotplug::Tested { assignable: false, .. }) => Some("not assignable"),
        Event::Hotplug(Hotplug::SlotFilled { .. }) => Some("slot"),
        Event::Hotplug(Hotplug::SlotEjected { .. }) => Some("ejected"),
        Event::Hotplug(Hotplug::EventSeen { .. }) => Some("event"),
        Event::Hvm(Hvm::BarMapped { .. }) => Some("mapped"),
        Event::Hvm(Hvm::BarUnmapped { .. }) => Some("unmapped"),
        Event::Hvm(Hvm::MsiBound { .. }) => Some("bound"),
        _ => None,
    };
    machine.log().entries().iter().filter_map(|entry| word(&entry.event)).collect()
}
