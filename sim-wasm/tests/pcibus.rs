//! PCI devices come and go over the store, and change hands.

use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::pciback::overlay::OverlaySettings;
use sim_wasm::actors::pciback::resources::{ResourceError, Resources, Toolstack};
use sim_wasm::actors::pciback::slots::{DeviceKind, SlotPolicy};
use sim_wasm::actors::pciback::{Call, Pciback};
use sim_wasm::actors::pcibus::{PciAction, PciAddress, PciBus, PciOptions};
use sim_wasm::actors::xenbus::store::Caller;
use sim_wasm::hypervisor::io_permissions::{IoPermissions, MmioAccess};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::pirqs::Pirqs;
use sim_wasm::protocols::pci::bar::{BarKind, BarPlace};
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msix::{InBar, MsixShape};
use sim_wasm::protocols::pci::owners::{Owners, Refused};
use sim_wasm::protocols::pci::registers::PCI_COMMAND;
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::protocols::xenbus::XenbusState;
use sim_wasm::words::ids::{Bdf, DomId, GrantRef, Mfn, Port};
use sim_wasm::words::time::Time;

const GUEST: DomId = DomId(5);
const ADDRESS: PciAddress = PciAddress { frontend: GUEST, backend: DomId::DOM0 };
const NIC: Bdf = Bdf::new(2, 0, 0);
const DISK: Bdf = Bdf::new(3, 0, 0);
const SOUND: Bdf = Bdf::new(7, 3, 0);
const MODEM: Bdf = Bdf::new(7, 4, 0);
const NOW: Time = Time::from_millis(1);

fn config() -> ConfigSpace {
    let (table, pba) = (InBar { bar: 0, offset: 0x3000 }, InBar { bar: 0, offset: 0x3800 });
    Builder::new(0x8086, 0x10FB, 0x02_0000)
        .bar(0, BarKind::Memory32 { prefetchable: false }, 0x1_0000, 0xFEBC_0000)
        .bar(1, BarKind::Io, 0x20, 0xC000)
        .msix(MsixShape { entries: 8, table, pba })
        .flr()
        .build()
}

struct Machine {
    topology: Topology,
    owners: Owners,
    may: IoPermissions,
    functions: Vec<Function>,
    pirqs: Pirqs,
    back: Pciback,
    page: Page,
    log: Log,
}

impl Machine {
    fn new() -> Machine {
        let mut topology = Topology::new();
        topology.add_bridge(Bdf::new(0, 3, 0), NodeKind::PcieToPci, 7, 7);
        let devices = [NIC, DISK, SOUND, MODEM];
        for bdf in devices {
            topology.add(bdf, NodeKind::ENDPOINT);
        }
        Machine {
            owners: Owners::new(&topology),
            topology,
            may: IoPermissions::new(),
            functions: devices.map(|bdf| Function::new(bdf, config())).to_vec(),
            pirqs: Pirqs::new(),
            back: Pciback::new(GUEST, OverlaySettings::MODERN, SlotPolicy::VirtualPci),
            page: Page::zeroed(),
            log: Log::new(),
        }
    }

    /// What the toolstack does before it tells both halves.
    fn give(&mut self, bdf: Bdf, guest: DomId) -> Result<Vec<Bdf>, Refused> {
        let rids = self.owners.give(&self.topology, bdf, guest)?;
        let resources = Resources::of(&self.function(bdf).config);
        resources.grant(&mut self.may, guest, Toolstack::Libxl).expect("libxl gives any BAR");
        Ok(rids)
    }

    fn export(&mut self, real: Bdf) -> Result<(Bdf, Vec<u8>), i16> {
        let Machine { owners, functions, pirqs, back, page, log, topology, .. } = self;
        let mut call = Call { page, functions, pirqs, owners, now: NOW, log };
        let shown = back.export(&mut call, real, DeviceKind::Function, None, 17).map_err(|why| why as i16)?;
        Ok((shown, back.slots.roots(topology)))
    }

    /// pciback takes a device back; false if the guest had none.
    fn release(&mut self, real: Bdf) -> bool {
        let Machine { owners, functions, pirqs, back, page, log, .. } = self;
        back.release(&mut Call { page, functions, pirqs, owners, now: NOW, log }, real)
    }

    fn function(&mut self, bdf: Bdf) -> &mut Function {
        self.functions.iter_mut().find(|function| function.bdf == bdf).expect("it is there")
    }

    /// Does what both halves ask for until nothing is left; returns what pcifront was asked.
    fn run(&mut self, bus: &mut PciBus, log: &mut Log) -> Vec<PciAction> {
        let mut seen = Vec::new();
        loop {
            while let Some(action) = bus.next_action() {
                match &action {
                    PciAction::SetupFront => bus.published(NOW, log, GrantRef(8), Port(4)),
                    PciAction::Export { index, real } => {
                        let outcome = self.give(*real, GUEST).map_err(|_| -16).and_then(|_| self.export(*real));
                        bus.exported(NOW, log, *index, outcome);
                    }
                    PciAction::Attach { gref, port } => {
                        assert_eq!((*gref, *port), (GrantRef(8), Port(4)));
                        bus.attached(NOW, log, true);
                    }
                    PciAction::Scan(_) => bus.scanned(NOW, log),
                    PciAction::Remove(_) => bus.removed(NOW, log),
                    PciAction::Release { shown, .. } => {
                        let real = self.back.slots.published(*shown).expect("it was exported");
                        assert!(self.release(real));
                        bus.released(NOW, log);
                    }
                    PciAction::Detach => {}
                }
                seen.push(action);
            }
            if !bus.dispatch(NOW, log) {
                return seen;
            }
        }
    }
}

fn value(bus: &mut PciBus, name: &str) -> Option<String> {
    let path = format!("{}/{name}", ADDRESS.back());
    let value = bus.store.read(Caller::of(DomId::DOM0), &path).ok()?;
    Some(String::from_utf8(value.to_vec()).expect("keys are text"))
}

fn states(log: &Log) -> Vec<String> {
    let told = log.entries().iter().filter_map(|entry| match entry.event {
        Event::Pciif(Pciif::StateWritten { by, state }) => Some(format!("{by:?} {state}")),
        Event::Pciif(Pciif::DeviceStateWritten { by, index, state }) => Some(format!("{by:?} {index}:{state}")),
        _ => None,
    });
    told.collect()
}

fn boot(machine: &mut Machine, log: &mut Log, devices: &[Bdf]) -> PciBus {
    let list: Vec<_> = devices.iter().map(|&bdf| (bdf, PciOptions::default())).collect();
    let mut bus = PciBus::create(NOW, log, ADDRESS, &list);
    machine.run(&mut bus, log);
    bus
}

#[test]
fn both_halves_connect_at_boot() {
    let (mut machine, mut log) = (Machine::new(), Log::new());
    let mut bus = boot(&mut machine, &mut log, &[NIC, DISK]);
    assert_eq!(
        states(&log),
        ["Toolstack 1", "Back 2", "Back 0:3", "Back 1:3", "Back 3", "Front 3", "Back 4", "Front 4"]
    );
    for (name, expect) in [
        ("num_devs", "2"),
        ("dev-1", "0000:03:00.0"),
        ("vdev-0", "0000:00:00.00"),
        ("vdev-1", "0000:00:01.00"),
        ("state-1", "3"),
        ("root_num", "1"),
        ("root-0", "0000:00"),
        ("opts-0", "msitranslate=0,power_mgmt=0,permissive=0"),
    ] {
        assert_eq!(value(&mut bus, name).as_deref(), Some(expect), "{name}");
    }
    assert_eq!([NIC, DISK, SOUND].map(|bdf| machine.owners.of(bdf)), [GUEST, GUEST, DomId::DOM0].map(Some));
}

#[test]
fn a_device_comes_and_goes_while_the_guest_runs() {
    let (mut machine, mut log) = (Machine::new(), Log::new());
    let mut bus = boot(&mut machine, &mut log, &[NIC]);
    let mut later = log.successor();
    assert!(bus.attach_device(NOW, &mut later, DISK, PciOptions::default()));
    assert!(!bus.attach_device(NOW, &mut later, SOUND, PciOptions::default()), "one at a time");
    let asked = machine.run(&mut bus, &mut later);
    assert_eq!(states(&later), ["Toolstack 1:1", "Toolstack 7", "Front 7", "Back 1:3", "Back 8", "Front 4", "Back 4"]);
    assert!(asked.contains(&PciAction::Scan(vec![0])) && asked.contains(&PciAction::Remove(vec![])), "{asked:?}");

    machine.function(NIC).config.write(PCI_COMMAND, Width::Word, 7);
    let mut last = later.successor();
    assert_eq!(bus.detach_device(NOW, &mut last, SOUND), None);
    assert_eq!(bus.detach_device(NOW, &mut last, NIC), Some(0));
    let asked = machine.run(&mut bus, &mut last);
    assert_eq!(states(&last), ["Toolstack 0:5", "Toolstack 7", "Front 7", "Back 8", "Front 4", "Back 4"]);
    let remove = asked.iter().position(|action| *action == PciAction::Remove(vec![Bdf::new(0, 0, 0)]));
    let release = asked.iter().position(|action| matches!(action, PciAction::Release { index: 0, .. }));
    assert!(remove < release && remove.is_some(), "the front lets go first: {asked:?}");
    assert_eq!(machine.function(NIC).config.command(), 0);
    assert!(!machine.release(NIC), "it was released");
    bus.forget_device(0);
    assert_eq!(
        (value(&mut bus, "num_devs").as_deref(), value(&mut bus, "dev-0").as_deref()),
        (Some("1"), Some("0000:03:00.0"))
    );
    assert_eq!((value(&mut bus, "state-0").as_deref(), value(&mut bus, "state-1")), (Some("3"), None));
}

#[test]
fn one_device_that_cannot_be_given_ends_all() {
    for at_boot in [true, false] {
        let (mut machine, mut log) = (Machine::new(), Log::new());
        machine.give(DISK, DomId(9)).expect("it is dom0's");
        let devices: &[Bdf] = if at_boot { &[NIC, DISK] } else { &[NIC] };
        let mut bus = boot(&mut machine, &mut log, devices);
        if !at_boot {
            assert!(bus.attach_device(NOW, &mut log, DISK, PciOptions::default()));
            machine.run(&mut bus, &mut log);
        }
        // A front that is Reconfiguring counts as closing already, by its number.
        let front = if at_boot { XenbusState::Closed } else { XenbusState::Reconfiguring };
        let back = if at_boot { XenbusState::Closed } else { XenbusState::Closing };
        assert_eq!((bus.front_state(), bus.back_state()), (front, back));
        assert_eq!(machine.owners.of(DISK), Some(DomId(9)));
    }
}

#[test]
fn halves_of_different_ages_do_not_connect() {
    let (mut machine, mut log) = (Machine::new(), Log::new());
    let mut bus = PciBus::create(NOW, &mut log, ADDRESS, &[(NIC, PciOptions::default())]);
    while let Some(action) = bus.next_action() {
        match action {
            PciAction::Export { index, real } => {
                let outcome = machine.export(real);
                bus.exported(NOW, &mut log, index, outcome);
            }
            _ => bus.published_as(NOW, &mut log, GrantRef(8), Port(4), "6"),
        }
    }
    machine.run(&mut bus, &mut log);
    assert_eq!((bus.back_state(), bus.front_state()), (XenbusState::Closed, XenbusState::Closed));
    assert!(log.entries().iter().any(|entry| entry.event == Event::Pciif(Pciif::MagicDiffers)));
}

#[test]
fn a_guest_that_closes_is_followed() {
    let (mut machine, mut log) = (Machine::new(), Log::new());
    let mut bus = boot(&mut machine, &mut log, &[NIC]);
    bus.close_front(NOW, &mut log);
    let asked = machine.run(&mut bus, &mut log);
    assert!(asked.contains(&PciAction::Detach), "{asked:?}");
    assert_eq!(bus.back_state(), XenbusState::Closing);
}

#[test]
fn resources_are_pages_less_those_with_messages() {
    let mut machine = Machine::new();
    machine.give(NIC, GUEST).expect("it is dom0's");
    let frame = |number: u32| Mfn(0xF_EBC0 + number);
    let access = |may: &IoPermissions| [0, 3, 4, 16].map(|number| may.frame(GUEST, frame(number)));
    let (no, read, write) = (MmioAccess::None, MmioAccess::ReadOnly, MmioAccess::ReadWrite);
    assert_eq!(access(&machine.may), [write, read, write, no]);
    assert!(machine.may.ports(GUEST, 0xC000, 32) && !machine.may.ports(GUEST, 0xC010, 32));
    let mut may = IoPermissions::new();
    assert_eq!(Resources::of(&config()).grant(&mut may, GUEST, Toolstack::Xend33), Ok(()));
    assert_eq!(access(&may), [write, no, write, no]);
    // A page that may hold somebody else's registers.
    let small = Builder::new(1, 2, 3).bar(2, BarKind::Memory32 { prefetchable: false }, 0x100, 0xFEBC_0100).build();
    let refused = Err(ResourceError::NotPageAligned(BarPlace::Bar(2)));
    assert_eq!(Resources::of(&small).grant(&mut may, GUEST, Toolstack::Xend33), refused);
    assert_eq!(Resources::of(&small).grant(&mut may, GUEST, Toolstack::Libxl), Ok(()));
}

/// A guest has its device forget its BARs; what was noted counts (XSA-337).
#[test]
fn a_device_that_forgot_its_bars_leaves_nothing_behind() {
    let mut machine = Machine::new();
    machine.give(NIC, GUEST).expect("it is dom0's");
    machine.export(NIC).expect("there is room");
    let noted = machine.back.overlay(NIC).expect("it was exported").regions().to_vec();
    machine.function(NIC).bus_reset(NOW);
    assert_eq!(machine.function(NIC).config.read_u32(0x10), 0);
    assert!(machine.release(NIC));
    let config = machine.function(NIC).config.clone();
    Resources::of(&config).revoke(&mut machine.may, GUEST);
    assert_ne!(machine.may, IoPermissions::new(), "who reads them again takes nothing back");
    Resources::noted(noted, &config).revoke(&mut machine.may, GUEST);
    assert_eq!(machine.may, IoPermissions::new());
}

#[test]
fn devices_behind_one_bridge_go_together() {
    let mut machine = Machine::new();
    machine.give(SOUND, GUEST).expect("it is dom0's");
    assert_eq!(machine.give(MODEM, DomId(6)), Err(Refused::Busy(Bdf::new(0, 3, 0))));
    machine.give(MODEM, GUEST).expect("it is the guest's already");
    assert_eq!([SOUND, MODEM].map(|bdf| machine.owners.of(bdf)), [Some(GUEST); 2]);
}
