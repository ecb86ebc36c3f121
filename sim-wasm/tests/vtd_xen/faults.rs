//! What Xen does about faults, and what is told of accesses and steps.

use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::actors::log::{Entry, Event, Log};
use sim_wasm::actors::remapping::{dma_read, dma_write, tell_steps};
use sim_wasm::hypervisor::passthrough::iommus::PciDevice;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::hypervisor::passthrough::reaction::FAULT_THRESHOLD;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::walk::Direction;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_MASTER};
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn};
use sim_wasm::words::time::Time;

use crate::world::{CARD, DOM1, Machine, machine, options, today};

#[test]
fn the_tenth_fault_in_a_row_costs_the_device_its_bus_master_bit() {
    let mut machine = today(GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    let storm = |machine: &mut Machine, gap: u64, start: u64, faults: u64| -> Option<u64> {
        (1..=faults).find(|number| {
            machine.write(CARD, 7);
            let asked = machine.iommus.serve_faults(&mut machine.memory, 0, Time(start + number * gap));
            assert_eq!(machine.iommus.unit(0).unit.read_u32(reg::FSTS) & (reg::FSTS_PPF | reg::FSTS_PFO), 0);
            assert!(asked.is_empty() || asked == [CARD]);
            !asked.is_empty()
        })
    };
    assert_eq!(storm(&mut machine, 10_000_001, 0, 100), None, "seldom enough, the count never grows");
    assert_eq!(storm(&mut machine, 10_000_000, 2_000_000_000, 100), Some(10));

    let mut old = self::machine(options(Version::Xen33, Some("1")), &[Capabilities::typical()], GuestKind::Hvm);
    old.assign(CARD, DOM1).expect("it is free");
    assert_eq!(storm(&mut old, 1, 0, 100), None, "3.3 only printed");
}

/// A phantom function's faults are its device's; those under a number that a bridge put there are nobody's in particular.
#[test]
fn whose_faults_are_counted() {
    let (device, phantom, bridge) = (Bdf::new(5, 2, 0), Bdf::new(5, 2, 4), Bdf::new(0, 30, 0));
    for (source, expect) in [(device, Some(10)), (phantom, Some(10)), (bridge, None), (Bdf::new(5, 0, 0), None)] {
        let mut machine = today(GuestKind::Hvm);
        let added = PciDevice::new(device, 0).behind_bridge(bridge, 5).with_phantoms(&[phantom]);
        machine.iommus.add_device(&mut machine.memory, added).expect("there is room");
        machine.assign(device, DOM1).expect("it is free");
        let silenced = (1..=20).find(|number| {
            machine.write(source, 7);
            let asked = machine.iommus.serve_faults(&mut machine.memory, 0, Time(*number));
            assert!(asked.is_empty() || asked == [device], "{source:?}");
            !asked.is_empty()
        });
        assert_eq!(silenced, expect, "{source:?}");
    }
}

#[test]
fn a_hundred_blocked_writes_may_be_one_line() {
    let mut machine = today(GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    for _ in 0..100 {
        assert_eq!(machine.write(CARD, 7), Ending::Blocked(Fault::WriteDenied));
    }
    machine.iommus.take_steps();
    machine.iommus.serve_faults(&mut machine.memory, 0, Time(1));
    let logged = Step::FaultLogged { source: CARD, page: 7, reason: Fault::WriteDenied };
    assert_eq!(machine.iommus.take_steps(), [logged]);
}

/// What a device tries, what Xen prints and what it takes from the device are three counts: a hundred requests are one record
/// and one line, and that line may be the tenth in a row, which costs the device its bus master bit.
#[test]
fn a_hundred_faults_may_be_one_line_and_a_bus_master_bit() {
    // Lines that came just before, the requests of each of the rounds that follow, and how many rounds there are.
    for (lines_before, requests, rounds) in [(9, 100, 1), (0, 10, 10)] {
        let mut machine = today(GuestKind::Hvm);
        machine.assign(CARD, DOM1).expect("it is free");
        let mut config = Builder::new(0x8086, 0x10D3, 0x02_0000).build();
        config.write(PCI_COMMAND, Width::Word, u32::from(PCI_COMMAND_MASTER));
        let mut now = Time(0);
        // Requests until Xen gets to look; what it does then.
        let mut round = |machine: &mut Machine, config: &mut ConfigSpace, requests: u64| {
            let before = machine.iommus.unit(0).unit.counts();
            for _ in 0..requests {
                if config.masters_bus() {
                    assert_eq!(machine.write(CARD, 7), Ending::Blocked(Fault::WriteDenied));
                }
            }
            now += 1_000;
            machine.iommus.take_steps();
            for source in machine.iommus.serve_faults(&mut machine.memory, 0, now) {
                assert_eq!(source, CARD);
                let cleared = config.command() & !PCI_COMMAND_MASTER;
                config.write(PCI_COMMAND, Width::Word, u32::from(cleared));
            }
            let after = machine.iommus.unit(0).unit.counts();
            let [blocked, recorded, collapsed, lost] = [
                after.blocked - before.blocked,
                after.recorded - before.recorded,
                after.collapsed - before.collapsed,
                after.lost - before.lost,
            ];
            assert_eq!((blocked, lost), (recorded + collapsed, 0), "one record stands for all of them");
            (blocked, recorded, machine.iommus.take_steps())
        };
        let logged = Step::FaultLogged { source: CARD, page: 7, reason: Fault::WriteDenied };
        for _ in 0..lines_before {
            assert_eq!(round(&mut machine, &mut config, 1), (1, 1, vec![logged]));
        }
        for number in 1..=rounds {
            assert!(config.masters_bus(), "nothing has happened to it yet");
            let mut steps = vec![logged];
            if number == rounds {
                steps.push(Step::BusMasterCleared { source: CARD, faults: FAULT_THRESHOLD });
            }
            assert_eq!(round(&mut machine, &mut config, requests), (requests, 1, steps));
        }
        assert_eq!(requests * rounds, 100);
        assert!(!config.masters_bus(), "after {} lines", lines_before + rounds);
        assert_eq!(round(&mut machine, &mut config, 100), (0, 0, vec![]), "it is silent");
    }
}

#[test]
fn accesses_and_steps_are_told() {
    let mut machine = today(GuestKind::Hvm);
    let (mut log, now) = (Log::new(), Time(5));
    machine.p2m(DOM1, 9, Some(Mfn(30))).expect("there is room");
    machine.assign(CARD, DOM1).expect("it is free");
    tell_steps(&mut log, now, &mut machine.iommus);
    assert_eq!(log.steps(), 1);
    let told = log.entries().last().map(|entry| entry.event);
    let reassigned = Step::Reassigned { source: CARD, from: DomId::DOM0, to: DOM1 };
    assert_eq!(told, Some(Event::Vtd(Vtd::Xen(reassigned))));

    let Machine { memory, iommus, .. } = &mut machine;
    let unit = &mut iommus.unit_mut(0).unit;
    dma_write(&mut log, now, unit, memory, (CARD, 0x9FFC), &[1; 8]);
    dma_write(&mut log, now, unit, memory, (CARD, 0xFEE0_2000), &0x41_u32.to_le_bytes());
    dma_read(&mut log, now, unit, memory, (CARD, 0xB000), &mut [0; 4]);
    let events: Vec<Event> = (2..=log.steps()).flat_map(|step| log.of_step(step)).map(|entry| entry.event).collect();
    let expect = [
        Vtd::Passed { source: CARD, dfn: Dfn(9), frame: Mfn(30), direction: Direction::Write },
        Vtd::Blocked { source: CARD, dfn: Dfn(10), reason: Fault::WriteDenied },
        Vtd::FaultRecorded { source: CARD },
        Vtd::FaultEvent,
        Vtd::InterruptBlocked { source: CARD, reason: Fault::CompatibilityBlocked },
        Vtd::FaultCollapsed { source: CARD },
        Vtd::Blocked { source: CARD, dfn: Dfn(11), reason: Fault::ReadDenied },
        Vtd::FaultCollapsed { source: CARD },
    ];
    assert_eq!(events, expect.map(Event::Vtd));
    assert_eq!(size_of::<Entry>(), 40);
}
