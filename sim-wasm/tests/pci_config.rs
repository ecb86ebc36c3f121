//! Config spaces, BARs, messages, resets and virtual functions, as hardware has them.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::message::Message;
use sim_wasm::protocols::pci::bar::{self, BarKind, BarPlace, Sizing, probe};
use sim_wasm::protocols::pci::builder::{Builder, ExpressType};
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::{FLR_NANOS, Function, ResetCause};
use sim_wasm::protocols::pci::msi::{Msi, MsiShape};
use sim_wasm::protocols::pci::msix::{self, InBar, MsixMemory, MsixShape};
use sim_wasm::protocols::pci::registers::{
    PCI_CAP_ID_AF, PCI_CAP_ID_EXP, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_CAP_ID_PM, PCI_CAP_ID_VNDR, PCI_COMMAND,
    PCI_COMMAND_IO, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, PCI_EXT_CAP_ID_ACS,
    PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_SRIOV, PCI_PM_CTRL, PCI_ROM_ADDRESS, PCI_STATUS,
};
use sim_wasm::protocols::pci::reset::{ResetMethod, ResetStep, Waits, choose, plan};
use sim_wasm::protocols::pci::sriov::{self, PCI_SRIOV_NUM_VF, Sriov, SriovShape, VfBar, virtual_function};
use sim_wasm::words::ids::Bdf;
use sim_wasm::words::time::Time;

const MEMORY64: BarKind = BarKind::Memory64 { prefetchable: true };
const MEMORY32: BarKind = BarKind::Memory32 { prefetchable: false };
const MSIX: MsixShape =
    MsixShape { entries: 65, table: InBar { bar: 3, offset: 0 }, pba: InBar { bar: 3, offset: 0x800 } };

fn nic() -> ConfigSpace {
    Builder::new(0x8086, 0x10FB, 0x02_0000)
        .revision(1)
        .subsystem(0x8086, 3)
        .multifunction()
        .interrupt(1, 11)
        .bar(0, MEMORY64, 0x8_0000, 0x12_FB00_0000)
        .bar(2, BarKind::Io, 0x20, 0xE000)
        .bar(3, MEMORY32, 0x4000, 0xFB20_0000)
        .rom(0x1_0000, 0xFB30_0000)
        .power_management(0x19, false)
        .msi(MsiShape { vectors_log2: 2, is_64: true, has_masks: true })
        .msix(MSIX)
        .flr()
        .vendor(&[1, 2, 3])
        .access_control(0x7F)
        .address_translation(8)
        .build()
}

#[test]
fn a_header_lies_at_the_specification_s_offsets() {
    let nic = nic();
    assert_eq!(nic.bytes()[..16], [0x86, 0x80, 0xFB, 0x10, 0, 0, 0x10, 0, 1, 0, 0, 2, 0, 0, 0x80, 0]);
    assert_eq!(nic.bytes()[0x10..0x20], [0x0C, 0, 0, 0xFB, 0x12, 0, 0, 0, 1, 0xE0, 0, 0, 0, 0, 0x20, 0xFB]);
    assert_eq!(nic.bytes()[0x2C..0x40], [0x86, 0x80, 3, 0, 0, 0, 0x30, 0xFB, 0x40, 0, 0, 0, 0, 0, 0, 0, 11, 1, 0, 0]);
    assert_eq!(nic.size(), 4096);
    assert_eq!(Builder::conventional(1, 2, 3).build().size(), 256);
}

#[test]
fn capabilities_form_two_lists() {
    let nic = nic();
    let ids: Vec<u8> = nic.capabilities().map(|(_, id)| id).collect();
    assert_eq!(ids, [PCI_CAP_ID_PM, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_CAP_ID_EXP, PCI_CAP_ID_VNDR]);
    assert_eq!(nic.find_capability(PCI_CAP_ID_AF), None);
    assert_eq!(nic.find_extended_capability(PCI_EXT_CAP_ID_ACS), Some(0x100));
    assert_eq!(nic.find_extended_capability(PCI_EXT_CAP_ID_ATS), Some(0x108));
    assert_eq!(nic.find_extended_capability(PCI_EXT_CAP_ID_SRIOV), None);
    assert_eq!(nic.read_u32(0x100), 0x1081_000D);
    assert_eq!(Builder::new(1, 2, 3).build().capabilities().count(), 0);
}

#[test]
fn a_list_that_runs_in_a_circle_ends() {
    let mut config = Builder::new(1, 2, 3).vendor(&[]).build();
    config.set(0x41, Width::Byte, 0x40);
    assert_eq!(config.find_capability(PCI_CAP_ID_MSI), None);
    config.define(0x100, Width::Dword, 0x1001_0000, 0, 0);
    assert_eq!(config.find_extended_capability(PCI_EXT_CAP_ID_ACS), None);
}

/// What is read back after ones were written.
#[test]
fn sizing_reads_back_masks_with_their_type_bits() {
    let mut nic = nic();
    let mut back = |offset: u16, value: u32| {
        nic.write(offset, Width::Dword, value);
        nic.read(offset, Width::Dword)
    };
    let found = [0x10, 0x14, 0x18, 0x1C, 0x20, 0x24].map(|offset| back(offset, u32::MAX));
    assert_eq!(found, [0xFFF8_000C, 0xFFFF_FFFF, 0xFFFF_FFE1, 0xFFFF_C000, 0, 0]);
    assert_eq!(back(PCI_ROM_ADDRESS, !1), 0xFFFF_0000);
    assert_eq!(back(PCI_ROM_ADDRESS, u32::MAX), 0xFFFF_0001);
}

#[test]
fn four_gibibytes_and_more_size_in_the_upper_half() {
    let mut config = Builder::new(1, 2, 3).bar(4, MEMORY64, 1 << 34, 1 << 36).build();
    assert_eq!(probe(&mut config, BarPlace::Bar(4)), Some(Sizing { kind: MEMORY64, size: 1 << 34 }));
    assert_eq!(
        bar::region(&config, BarPlace::Bar(4)).map(|region| (region.base, region.size)),
        Some((1 << 36, 1 << 34))
    );
    assert_eq!(bar::region(&config, BarPlace::Bar(5)), None);
}

#[test]
fn regions_answer_when_they_are_decoded() {
    let mut nic = Function::new(Bdf::new(1, 0, 0), nic());
    let at = |nic: &Function, address| nic.answers(Time::ZERO, address).map(|region| region.place);
    assert_eq!(bar::regions(&nic.config).count(), 4);
    assert_eq!(at(&nic, 0x12_FB00_0000), None);
    nic.write(Time::ZERO, PCI_COMMAND, Width::Word, PCI_COMMAND_MEMORY.into());
    assert_eq!(at(&nic, 0x12_FB07_FFFF), Some(BarPlace::Bar(0)));
    assert_eq!((at(&nic, 0x12_FB08_0000), at(&nic, 0xE000), at(&nic, 0xFB30_0000)), (None, None, None));
    nic.write(Time::ZERO, PCI_COMMAND, Width::Word, (PCI_COMMAND_MEMORY | PCI_COMMAND_IO).into());
    nic.write(Time::ZERO, PCI_ROM_ADDRESS, Width::Dword, 0xFB30_0001);
    assert_eq!((at(&nic, 0xE01F), at(&nic, 0xFB30_0000)), (Some(BarPlace::Bar(2)), Some(BarPlace::Rom)));
}

#[test]
fn status_errors_are_cleared_by_ones() {
    let mut nic = nic();
    nic.set(PCI_STATUS, Width::Word, 0xF910);
    nic.write(PCI_STATUS, Width::Word, 0x8000);
    assert_eq!(nic.read_u16(PCI_STATUS), 0x7910);
    nic.write(PCI_COMMAND, Width::Dword, 0xFFFF_0000);
    assert_eq!(nic.read_u16(PCI_STATUS), 0x0010);
}

#[test]
fn a_message_needs_its_capability_and_bus_mastering() {
    let mut config = nic();
    let message = Message { address: 0xFEE0_1000, data: 0x4040 };
    Msi::program(&mut config, message, 2);
    assert_eq!(Msi::signal(&mut config, 1), None);
    config.write(PCI_COMMAND, Width::Word, PCI_COMMAND_MASTER.into());
    assert_eq!(Msi::signal(&mut config, 1), Some(Message { data: 0x4041, ..message }));
    assert_eq!(
        Msi::signal(&mut config, 7),
        Some(Message { data: 0x4043, ..message }),
        "a vector that it was not given"
    );
    let msi = Msi::of(&config).expect("the card has one");
    config.write(msi.at + 16, Width::Dword, 0b10);
    assert_eq!(Msi::signal(&mut config, 1), None);
    assert_eq!(config.read_u32(msi.at + 20), 0b10, "it is pending");
    Msi::enable(&mut config, false);
    assert_eq!(Msi::signal(&mut config, 0), None);
}

#[test]
fn a_table_holds_messages_back_until_they_are_unmasked() {
    let mut config = nic();
    assert_eq!(MsixShape::of(&config), Some(MSIX));
    let mut memory = MsixMemory::new(MSIX);
    assert_eq!((memory.table().len(), memory.pba().len()), (65 * 16, 16));
    msix::enable(&mut config, true);
    config.write(PCI_COMMAND, Width::Word, PCI_COMMAND_MASTER.into());
    for (offset, value) in [(0x400, 0xFEE0_0003), (0x404, 0), (0x408, 0x31)] {
        assert!(memory.write(3, offset, value));
    }
    assert_eq!(memory.signal(&config, 64), None);
    assert_eq!((memory.is_pending(64), memory.read(3, 0x808)), (true, Some(1)));
    assert!(memory.write(3, 0x808, 0) && memory.is_pending(64), "pending bits are the device's");
    assert_eq!(memory.released(&config), []);
    assert!(memory.write(3, 0x40C, 0xFFFF_FFFE));
    let message = Message { address: 0xFEE0_0000, data: 0x31 };
    assert_eq!(memory.read(3, 0x40C), Some(0));
    assert_eq!(memory.released(&config), [(64, message)]);
    assert_eq!(memory.signal(&config, 64), Some(message));
    // Past the last entry and between table and pending bits nothing of it lies.
    assert!(!memory.write(3, 0x410, 1) && memory.read(0, 0).is_none());
}

#[test]
fn function_level_reset_forgets_everything_and_takes_a_while() {
    let now = Time::from_millis(5);
    let mut nic = Function::new(Bdf::new(1, 0, 0), nic());
    let devctl = nic.config.find_capability(PCI_CAP_ID_EXP).expect("it is express") + PCI_EXP_DEVCTL;
    nic.write(now, PCI_COMMAND, Width::Word, 7);
    let asked = nic.write(now, devctl, Width::Word, u32::from(PCI_EXP_DEVCTL_BCR_FLR | 0x2810));
    assert_eq!((asked, nic.resets()), (Some(ResetCause::ExpressFlr), 1));
    let busy = now + (FLR_NANOS - 1);
    assert_eq!((nic.read(busy, 0, Width::Dword), nic.write(busy, PCI_COMMAND, Width::Word, 7)), (u32::MAX, None));
    let done = now + FLR_NANOS;
    assert_eq!(nic.read(done, 0, Width::Dword), 0x10FB_8086);
    assert_eq!([PCI_COMMAND, 0x10, devctl].map(|at| nic.read(done, at, Width::Word)), [0, 0x0C, 0x2810]);
    // By its upper byte too.
    assert_eq!(nic.write(done, devctl + 1, Width::Byte, 0x80), Some(ResetCause::ExpressFlr));
}

#[test]
fn coming_back_from_d3hot_resets_unless_the_function_says_otherwise() {
    for no_soft_reset in [false, true] {
        let config = Builder::new(1, 2, 3).power_management(0, no_soft_reset).build();
        let mut function = Function::new(Bdf::new(0, 3, 0), config);
        function.write(Time::ZERO, PCI_COMMAND, Width::Word, 6);
        let control = 0x40 + PCI_PM_CTRL;
        assert_eq!(function.write(Time::ZERO, control, Width::Word, 3), None);
        assert_eq!((function.power_state(), function.may_send(Time::ZERO)), (3, false));
        let cause = function.write(Time::ZERO, control, Width::Word, 0);
        assert_eq!(cause, (!no_soft_reset).then_some(ResetCause::PowerState));
        assert_eq!(function.config.command(), if no_soft_reset { 6 } else { 0 });
    }
}

#[test]
fn xend_chooses_a_reset_by_bus_and_capability() {
    let express = |flr: bool| Builder::new(1, 2, 3).express(ExpressType::Endpoint, u32::from(flr) << 28);
    let conventional = || Builder::conventional(1, 2, 3);
    let (chipset, slot) = (Bdf::new(0, 29, 7), Bdf::new(4, 0, 0));
    for (bdf, config, expect) in [
        (slot, express(true), ResetMethod::ExpressFlr),
        (chipset, express(true), ResetMethod::ExpressFlr),
        (slot, express(false), ResetMethod::SecondaryBus),
        (chipset, express(false).power_management(0, false), ResetMethod::PowerState),
        (chipset, express(false).power_management(0, true), ResetMethod::PowerState),
        (chipset, express(false), ResetMethod::Vendor),
        (slot, conventional().advanced_features(true), ResetMethod::SecondaryBus),
        (chipset, conventional().advanced_features(true), ResetMethod::AdvancedFlr),
        (chipset, conventional().advanced_features(false).power_management(0, false), ResetMethod::PowerState),
        (slot, conventional(), ResetMethod::SecondaryBus),
    ] {
        assert_eq!(choose(bdf, &config.build()), expect, "{bdf:?}");
    }
}

/// Every plan, carried out with any waits that are long enough, resets its function once and leaves it awake.
#[test]
fn plans_do_what_they_say() {
    let bridge = Builder::new(9, 9, 0x06_0400).bridge(0, 4, 4).build();
    let config = || Builder::new(1, 2, 3).power_management(0, false).advanced_features(true).flr().build();
    for method in
        [ResetMethod::ExpressFlr, ResetMethod::AdvancedFlr, ResetMethod::PowerState, ResetMethod::SecondaryBus]
    {
        for waits in [Waits::XEND, Waits::SPECIFIED] {
            let mut function = Function::new(Bdf::new(4, 0, 0), config());
            let (mut now, mut held) = (Time::ZERO, 0);
            let steps = plan(method, &function.config, Some(&bridge), waits);
            assert_eq!((steps.first(), steps.last()), (Some(&ResetStep::Save), Some(&ResetStep::Restore)));
            for step in steps {
                match step {
                    ResetStep::Write { offset, width, value } => {
                        function.write(now, offset, width, value);
                    }
                    ResetStep::WriteBridge { value, .. } if value & 0x40 != 0 => held += 1,
                    ResetStep::WriteBridge { .. } => function.bus_reset(now),
                    ResetStep::Wait(nanos) => now += nanos,
                    ResetStep::Save | ResetStep::Restore | ResetStep::Vendor => {}
                }
            }
            assert_eq!(
                (function.resets(), function.is_silent(now), function.power_state()),
                (1, false, 0),
                "{method:?}"
            );
            assert_eq!(held, u8::from(method == ResetMethod::SecondaryBus));
        }
    }
    let plain = Builder::new(1, 2, 3).build();
    assert_eq!(plan(ResetMethod::ExpressFlr, &plain, None, Waits::XEND), []);
    assert_eq!(plan(ResetMethod::SecondaryBus, &plain, None, Waits::XEND), []);
}

fn shape(total: u16, first_offset: u16, stride: u16) -> SriovShape {
    let bar = |index, address| Some(VfBar { index, kind: MEMORY64, size: 0x4000, address });
    let bars = [bar(0, 0x20_0000_0000), None, None, bar(3, 0x20_0010_0000), None, None];
    SriovShape { total, first_offset, stride, device: 0x10ED, bars }
}

#[test]
fn a_virtual_function_says_little_of_itself() {
    let mut config = virtual_function(0x02_0000).flr().build();
    config.write(PCI_COMMAND, Width::Word, 0xFFFF);
    config.write(0x3C, Width::Byte, 0x55);
    assert_eq!((config.ids(), config.command(), config.read_u16(0x3C)), ((0xFFFF, 0xFFFF), PCI_COMMAND_MASTER, 0));
    for index in 0..6 {
        config.write(0x10 + 4 * index, Width::Dword, u32::MAX);
        assert_eq!(config.read_u32(0x10 + 4 * index), 0);
    }
}

#[test]
fn the_number_of_virtual_functions_stays_while_they_exist() {
    let mut physical =
        Function::new(Bdf::new(1, 0, 0), Builder::new(1, 2, 3).virtual_functions(&shape(64, 128, 2)).build());
    sriov::enable(&mut physical.config, 4);
    physical.write(Time::ZERO, 0x100 + PCI_SRIOV_NUM_VF, Width::Word, 60);
    let sriov = Sriov::of(&physical.config).expect("it has them");
    assert_eq!((sriov.number, sriov.existing(), sriov.decodes_memory), (4, 4, true));
    let region = |n, index| sriov.region(&physical.config, n, index).map(|region| region.base);
    assert_eq!([region(0, 0), region(3, 0), region(3, 3)], [0x20_0000_0000, 0x20_0000_C000, 0x20_0010_C000].map(Some));
    assert_eq!([region(4, 0), region(0, 1), region(0, 2)], [None; 3]);
}

fn any_bar() -> impl Strategy<Value = (BarKind, u64)> {
    prop_oneof![
        (2_u32..16).prop_map(|log2| (BarKind::Io, 1 << log2)),
        (4_u32..31, any::<bool>()).prop_map(|(log2, prefetchable)| (BarKind::Memory32 { prefetchable }, 1 << log2)),
        (4_u32..40, any::<bool>()).prop_map(|(log2, prefetchable)| (BarKind::Memory64 { prefetchable }, 1 << log2)),
    ]
}

fn any_access() -> impl Strategy<Value = (u16, Width)> {
    let width = prop_oneof![Just(Width::Byte), Just(Width::Word), Just(Width::Dword)];
    (0_u16..64, width).prop_map(|(place, width)| (place * 4 / width.bytes() * width.bytes(), width))
}

proptest! {
    /// Whatever the size, sizing finds it, and leaves everything as it was.
    #[test]
    fn every_size_is_found((kind, size) in any_bar(), index in 0_u8..5, number in any::<u32>()) {
        let most = if kind.is_64() { 1 << 24 } else { 0x8000_0000 / size };
        let address = u64::from(number) % most * size;
        let mut config = Builder::new(1, 2, 3).bar(index, kind, size, address).build();
        let before = config.clone();
        prop_assert_eq!(probe(&mut config, BarPlace::Bar(index)), Some(Sizing { kind, size }));
        prop_assert_eq!(&config, &before);
        let region = bar::region(&config, BarPlace::Bar(index)).expect("it has that BAR");
        prop_assert_eq!((region.base, region.size, region.kind), (address, size, kind));
    }

    /// A write changes only what it covers, and of that only what its masks allow; narrow reads are parts of wide ones.
    #[test]
    fn writes_keep_to_their_masks(writes in proptest::collection::vec((any_access(), any::<u32>()), 1..20)) {
        let mut config = nic();
        for ((offset, width), value) in writes {
            let before = config.clone();
            config.write(offset, width, value);
            for at in 0..config.size() {
                let covered = (offset..offset + width.bytes()).contains(&at);
                let (old, new) = (before.read_u8(at), config.read_u8(at));
                let free = config.writable(at, Width::Byte) as u8;
                // Status errors can only be cleared.
                let cleared = if (0x06..0x08).contains(&at) || !covered { 0 } else { (old ^ new) & !free & new };
                prop_assert_eq!(cleared, 0);
                prop_assert!(covered || old == new);
                prop_assert!(!covered || (new ^ (value >> (8 * (at - offset))) as u8) & free == 0);
            }
            let wide = config.read_u32(offset & !3);
            prop_assert_eq!(config.read(offset, width), wide >> (8 * (offset & 3)) & width.ones());
        }
    }

    #[test]
    fn virtual_functions_are_counted_from_their_physical_one(
        physical in any::<u16>(), total in 1_u16..256, offset in 1_u16..512, stride in 1_u16..4, number in 0_u16..300,
    ) {
        let mut config = Builder::new(1, 2, 3).virtual_functions(&shape(total, offset, stride)).build();
        let rids = |config: &ConfigSpace| -> Vec<Option<Bdf>> {
            let sriov = Sriov::of(config).expect("it has them");
            (0..300).map(|n| sriov.rid(Bdf(physical), n)).collect()
        };
        prop_assert!(rids(&config).iter().all(Option::is_none), "none before they are enabled");
        sriov::enable(&mut config, number);
        for (n, rid) in rids(&config).into_iter().enumerate() {
            let expect = u32::from(physical) + u32::from(offset) + n as u32 * u32::from(stride);
            let exists = n < usize::from(number.min(total)) && expect <= 0xFFFF;
            prop_assert_eq!(rid, exists.then_some(Bdf(expect as u16)));
        }
    }
}
