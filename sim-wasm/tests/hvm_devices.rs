//! Emulated devices of an HVM guest: the card whose every register is a trip, and the disk that two ways lead to until the
//! guest unplugs one.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::costs::Costs;
use sim_wasm::actors::hvm::Host;
use sim_wasm::actors::hvm::platform::{
    Emulated, Path, Platform, SharedDisk, UNPLUG_ALL_DISKS, UNPLUG_ALL_NICS, UNPLUG_AUX_IDE_DISKS, UNPLUG_NVME_DISKS,
};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::hypervisor::vm_exits::ExitReason;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::machine::costs::of_network;
use sim_wasm::machine::emulated_nic::EmulatedNic;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{Guest, Settings, Workload};
use sim_wasm::words::time::Time;

fn rows(costs: &Costs) -> Vec<(&'static str, u64)> {
    costs.rows().into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_packet_out_is_five_trips() {
    let mut machine = EmulatedNic::new(Release::Xen33);
    let packet: Vec<u8> = (0..100).collect();
    let costs = machine.transmit(&packet).expect("a descriptor is free");
    let expect = [
        ("exits", 6),
        ("requests", 5),
        ("hypercalls", 7),
        ("switches", 10),
        ("events", 10),
        ("guest-interrupts", 1),
        ("dom0-interrupts", 5),
        ("copies", 3),
        ("copied-bytes", 300),
    ];
    assert_eq!(rows(&costs), expect);
    assert_eq!((costs.exits.of(ExitReason::ExceptionNmi), costs.exits.of(ExitReason::ApicAccess)), (5, 1));
    assert_eq!(machine.sent(), [packet]);
}

#[test]
fn a_packet_in_is_twelve_trips() {
    let mut machine = EmulatedNic::new(Release::Today);
    let packet: Vec<u8> = (0..100).rev().collect();
    let costs = machine.receive(&packet).expect("the ring is empty");
    let expect = [
        ("exits", 13),
        ("requests", 12),
        ("hypercalls", 14),
        ("switches", 24),
        ("events", 24),
        ("guest-interrupts", 1),
        ("dom0-interrupts", 12),
        ("copies", 3),
        ("copied-bytes", 300),
    ];
    assert_eq!(rows(&costs), expect);
    assert_eq!((costs.exits.of(ExitReason::EptViolation), machine.received()), (12, &[packet][..]));
}

#[test]
fn short_packets_are_filled_up_to_sixty_bytes() {
    let mut machine = EmulatedNic::new(Release::Xen33);
    machine.transmit(&[7; 10]).expect("a descriptor is free");
    assert_eq!((machine.sent()[0].len(), &machine.sent()[0][..10]), (60, &[7; 10][..]));
}

/// The same packets by split drivers: no exit, and hypercalls and events shared by many packets.
#[test]
fn split_drivers_fill_the_same_counts() {
    let sends = vec![Workload { start: Time(1), ..Workload::at_once(1514, 40) }];
    let mut network =
        Network::new(&Settings { guests: vec![Guest { sends, ..Guest::default() }], ..Settings::default() })
            .expect("the settings are sound");
    network.run();
    let split = of_network(&network.metrics().total().counters, network.log());
    let mut machine = EmulatedNic::new(Release::Xen33);
    let before = *machine.costs();
    for _ in 0..40 {
        machine.transmit(&[0; 1514]).expect("each is sent at once");
    }
    let emulated = machine.costs().since(&before);
    assert_eq!((split.exits.total(), emulated.exits.total()), (0, 240));
    assert!(split.events > 0 && split.events < emulated.events, "{split:?}");
    assert!(split.hypercalls < emulated.hypercalls && split.maps > 0 && emulated.maps == 0, "{split:?}");
}

proptest! {
    /// Packets of all lengths in both directions, as many as they like, around the ring's end: every byte arrives, and a
    /// packet costs the same whatever came before.
    #[test]
    fn every_byte_arrives_and_each_packet_costs_the_same(
        seeds in proptest::collection::vec((any::<bool>(), 1_usize..1515, any::<u8>()), 1..80),
    ) {
        let mut machine = EmulatedNic::new(Release::Xen33);
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for (out, len, seed) in seeds {
            let packet: Vec<u8> = (0..len).map(|at| seed.wrapping_add(at as u8)).collect();
            if out {
                prop_assert_eq!(machine.transmit(&packet).expect("each is sent at once").requests, 5);
                sent.push(packet);
            } else {
                prop_assert_eq!(machine.receive(&packet).expect("each is taken at once").requests, 12);
                received.push(packet);
            }
        }
        prop_assert!(machine.sent().iter().zip(&sent).all(|(got, sent)| got.starts_with(sent)));
        prop_assert_eq!(machine.sent().len(), sent.len());
        prop_assert_eq!(machine.received(), received);
    }
}

struct World {
    xen: Xen,
    costs: Costs,
    log: Log,
}

macro_rules! host {
    ($world:expr) => {
        &mut Host { xen: &mut $world.xen, costs: &mut $world.costs, now: Time(1), log: &mut $world.log }
    };
}

impl World {
    fn new() -> World {
        World { xen: Xen::new(4), costs: Costs::default(), log: Log::new() }
    }

    fn trouble(&self) -> usize {
        let is_it = |event: &Event| matches!(event, Event::Hvm(Hvm::StaleRead { .. } | Hvm::SectorLost { .. }));
        self.log.entries().iter().filter(|entry| is_it(&entry.event)).count()
    }
}

#[test]
fn a_guest_finds_the_protocol_and_says_what_goes() {
    let mut world = World::new();
    let mut platform = Platform::new(&Emulated::ALL);
    assert_eq!((platform.read(0x10, 2), platform.read(0x12, 1), platform.read(0x14, 2)), (0x49D2, 1, 0xFFFF));
    assert!(platform.write(host!(world), 0x10, 1, 3).is_empty(), "only 16 bits are a mask");
    assert_eq!(platform.write(host!(world), 0x10, 2, u32::from(UNPLUG_AUX_IDE_DISKS)), [Emulated::OtherDisk]);
    assert!(platform.has(Emulated::PrimaryDisk));
    assert_eq!(platform.write(host!(world), 0x10, 2, u32::from(UNPLUG_NVME_DISKS)), [Emulated::NvmeDisk]);
    let mask = UNPLUG_ALL_DISKS | UNPLUG_ALL_NICS;
    assert_eq!(platform.write(host!(world), 0x10, 2, u32::from(mask)), [Emulated::PrimaryDisk, Emulated::Nic]);
    assert_eq!(platform.there(), [Emulated::CdDrive]);
}

#[test]
fn two_ways_to_one_disk_lose_what_was_written() {
    let mut world = World::new();
    let mut disk = SharedDisk::new(4);
    disk.write(Path::Emulated, 1, 10);
    assert_eq!(disk.read(host!(world), Path::Split, 1), Some(0), "the device model has not written it yet");
    disk.write(Path::Split, 1, 20);
    assert_eq!(disk.read(host!(world), Path::Emulated, 1), Some(10));
    disk.flush(host!(world));
    assert_eq!(disk.read(host!(world), Path::Split, 1), Some(10), "the newer data is gone");
    assert_eq!(world.trouble(), 3);
    disk.unplug(host!(world));
    assert_eq!((disk.read(host!(world), Path::Emulated, 1), disk.write(Path::Emulated, 1, 5)), (None, false));
}

proptest! {
    /// The guest that unplugs before its split driver attaches never sees an old sector nor loses a new one, whatever it did
    /// before and does afterwards.
    #[test]
    fn unplugging_first_is_safe(
        before in proptest::collection::vec((any::<bool>(), 0_u32..4, any::<u32>()), 0..30),
        after in proptest::collection::vec((any::<bool>(), any::<bool>(), 0_u32..4, any::<u32>()), 0..30),
    ) {
        let mut world = World::new();
        let mut disk = SharedDisk::new(4);
        let mut model = [0; 4];
        for (writes, sector, value) in before {
            if writes {
                disk.write(Path::Emulated, sector, value);
                model[sector as usize] = value;
            } else {
                prop_assert_eq!(disk.read(host!(world), Path::Emulated, sector), Some(model[sector as usize]));
            }
        }
        disk.unplug(host!(world));
        for (writes, split, sector, value) in after {
            let path = if split { Path::Split } else { Path::Emulated };
            if writes {
                prop_assert_eq!(disk.write(path, sector, value), split);
                if split {
                    model[sector as usize] = value;
                }
            } else {
                let expect = split.then_some(model[sector as usize]);
                prop_assert_eq!(disk.read(host!(world), path, sector), expect);
            }
        }
        prop_assert_eq!(world.trouble(), 0);
    }
}
