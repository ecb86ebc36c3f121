//! A config space as a guest sees it through pciback.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::pciback::overlay::{Fate, Generation, Overlap, Overlay, OverlaySettings, SizeMask};
use sim_wasm::protocols::pci::bar::{BarKind, BarPlace, probe};
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::{Function, HardwareWrite};
use sim_wasm::protocols::pci::msi::MsiShape;
use sim_wasm::protocols::pci::registers::{
    PCI_CAP_ID_PM, PCI_PM_CTRL, PCI_PM_CTRL_DATA_SEL_MASK, PCI_PM_CTRL_PME_STATUS,
};
use sim_wasm::protocols::pci::sriov::virtual_function;
use sim_wasm::protocols::pciif::XEN_PCI_ERR_ACCESS_DENIED;
use sim_wasm::words::ids::Bdf;
use sim_wasm::words::time::Time;

const MEMORY32: BarKind = BarKind::Memory32 { prefetchable: false };
const MEMORY64: BarKind = BarKind::Memory64 { prefetchable: true };

fn nic() -> Builder {
    Builder::conventional(0x8086, 0x100E, 0x02_0000)
        .interrupt(1, 11)
        .self_test()
        .bar(0, MEMORY64, 0x2_0000, 0x1_FEBC_0000)
        .bar(2, BarKind::Io, 0x40, 0xC000)
        .bar(3, MEMORY32, 0x1000, 0xFEBE_0000)
        .rom(0x1_0000, 0xFEB0_0000)
        .vital_product_data()
        .msi(MsiShape { vectors_log2: 0, is_64: true, has_masks: false })
}

struct Guest {
    card: Function,
    overlay: Overlay,
    now: Time,
}

impl Guest {
    fn new(config: ConfigSpace, settings: OverlaySettings) -> Guest {
        let mut card = Function::new(Bdf::new(0, 3, 0), config);
        let overlay = Overlay::seize(&mut card, Time::ZERO, settings, None, 17);
        Guest { card, overlay, now: Time::ZERO }
    }

    fn power_register(&self) -> u16 {
        self.card.config.find_capability(PCI_CAP_ID_PM).expect("it has one") + PCI_PM_CTRL
    }

    fn read(&mut self, offset: i32, size: i32) -> (i32, u32) {
        let answer = self.overlay.read(&mut self.card, self.now, offset, size);
        let cut = Width::from_bytes(size as u32).map_or(u32::MAX, Width::ones);
        (answer.err, answer.value & cut)
    }

    fn write(&mut self, offset: i32, size: i32, value: u32) -> (i32, Fate) {
        let answer = self.overlay.write(&mut self.card, self.now, offset, size, value);
        (answer.err, answer.fate)
    }
}

const CLASSIC: OverlaySettings = OverlaySettings::CLASSIC;
const MODERN: OverlaySettings = OverlaySettings::MODERN;

/// Accesses and their answers, one line each.
#[test]
fn registers_answer_as_the_table_says() {
    for settings in [CLASSIC, MODERN] {
        let mut guest = Guest::new(nic().build(), settings);
        for (offset, size, value) in [
            (0x00, 4, 0x100E_8086),
            (0x0C, 1, 0),
            (0x3C, 1, 17),
            (0x3C, 2, 0x0111),
            (0x10, 4, 0xFEBC_000C),
            (0x14, 4, 1),
            (0x18, 4, 0xC001),
            (0x19, 1, 0xC0),
            (0x1A, 2, 0),
            (0x20, 4, 0),
            (0x30, 4, 0xFEB0_0000),
        ] {
            assert_eq!(guest.read(offset, size), (0, value), "{offset:#x}");
        }
        // Accesses that there are not.
        for (offset, size, err) in
            [(1, 2, -2), (2, 4, -2), (0, 3, -2), (0, 0, -2), (0, 8, -2), (-1, 2, -2), (-4, 4, -22)]
        {
            assert_eq!(guest.read(offset, size).0, err, "{offset} {size}");
            assert_eq!(guest.write(offset, size, 0).0, err, "{offset} {size}");
        }
        assert_eq!((guest.read(0x1000, 4).0, guest.read(0xFFC, 4)), (-22, (0, u32::MAX)));
        assert_eq!(guest.overlay.take_writes(), []);
    }
}

#[test]
fn success_of_a_write_means_nothing() {
    let mut guest = Guest::new(nic().build(), MODERN);
    let before = guest.card.config.clone();
    // The message's address lies in the MSI capability behind the product data.
    let msi = guest.card.config.find_capability(5).expect("it has one");
    assert_eq!(guest.write(i32::from(msi) + 4, 4, 0xFEE0_0000), (0, Fate::DroppedFirst));
    assert_eq!(guest.write(i32::from(msi) + 12, 2, 0x4041), (0, Fate::Dropped));
    assert_eq!(guest.write(0x2C, 4, 0x1234_5678), (0, Fate::Dropped));
    assert_eq!(guest.write(0x3C, 1, 9), (0, Fate::Handled));
    assert_eq!(guest.read(0x3C, 1), (0, 17));
    assert_eq!((guest.overlay.take_writes(), &guest.card.config), (vec![], &before));
    // The administrator may have it otherwise.
    let mut guest = Guest::new(nic().build(), OverlaySettings { permissive: true, ..MODERN });
    assert_eq!(guest.write(i32::from(msi) + 4, 4, 0xFEE0_1000), (0, Fate::Passed));
    assert_eq!(guest.card.config.read_u32(msi + 4), 0xFEE0_1000);
}

/// A guest that turns decoding off and touches its BAR would make some hosts stop (XSA-120).
#[test]
fn decoding_stays_on_unless_the_driver_is_classic() {
    for (settings, command) in [(CLASSIC, 0), (MODERN, 3), (OverlaySettings { permissive: true, ..MODERN }, 3)] {
        let mut guest = Guest::new(nic().build(), settings);
        guest.write(4, 2, 7);
        assert_eq!((guest.card.config.command(), guest.overlay.is_enabled()), (7, true));
        guest.write(4, 2, 0);
        assert_eq!((guest.card.config.command(), guest.read(4, 2)), (command, (0, 0)), "{settings:?}");
        assert!(!guest.overlay.is_enabled());
    }
}

#[test]
fn interrupt_bits_are_for_device_models_only() {
    let intx = 1 << 10;
    for allow in [false, true] {
        let settings = OverlaySettings { allow_interrupt_control: allow, ..MODERN };
        let mut guest = Guest::new(nic().build(), settings);
        let msi = i32::from(guest.card.config.find_capability(5).expect("it has one")) + 2;
        guest.write(4, 2, 7 | intx);
        assert_eq!((guest.read(4, 2).1, guest.card.config.may_raise_intx()), (7 | u32::from(intx as u16), !allow));
        let flags = guest.read(msi, 2).1;
        assert_eq!(guest.write(msi, 2, flags | 1).0, if allow { 0 } else { -3 });
        assert_eq!(guest.write(msi, 2, flags | 0x10).0, -3);
        // With the line on, messages are refused.
        guest.write(msi, 2, flags);
        guest.write(4, 2, 7);
        assert_eq!(guest.write(msi, 2, flags | 1).0, -3);
    }
}

/// A dword at 0c: its first and last bytes have fields at the access's ends.
#[test]
fn a_field_in_the_middle_of_an_access_is_missed() {
    let mut guest = Guest::new(nic().build(), CLASSIC);
    guest.card.config.write(0x0C, Width::Word, 0x4010);
    assert_eq!(guest.write(0x0C, 4, 0xFFFF_FFAA), (0, Fate::Handled));
    assert_eq!(guest.card.config.read_u16(0x0C), 0x40AA);
    let writes: Vec<u16> = guest.overlay.take_writes().into_iter().map(|write| write.offset).collect();
    assert_eq!(writes, [0x0C], "the self test's other bits would have changed");
    // One register that a quirk passes through, inside a larger write.
    for (overlap, fate, found) in [(Overlap::Ends, Fate::DroppedFirst, 0), (Overlap::Proper, Fate::Handled, 0x55)] {
        let mut config = nic().build();
        config.define(0x80, Width::Dword, 0, u32::MAX, 0);
        let mut guest = Guest::new(config, OverlaySettings { overlap, ..MODERN });
        guest.overlay.add_quirk(0x81, Width::Byte);
        assert_eq!(guest.write(0x80, 4, 0x1122_5533), (0, fate));
        assert_eq!(guest.card.config.read_u32(0x80), found << 8);
        assert_eq!(guest.write(0x81, 1, 0x66), (0, Fate::Handled));
        assert_eq!(guest.card.config.read_u32(0x80), 0x6600);
    }
}

#[test]
fn sizes_are_answered_in_three_ways() {
    let masks = [0xFFFE_000C, u32::MAX, 0xFFFF_FFC1, 0xFFFF_F000, 0, 0];
    let sizes = [0x2_0000, 1, 0x40, 0x1000, 0, 0];
    for (size_mask, expect) in [(SizeMask::Probed, masks), (SizeMask::Computed, masks), (SizeMask::Size, sizes)] {
        let mut guest = Guest::new(nic().build(), OverlaySettings { size_mask, ..MODERN });
        for (index, expect) in expect.into_iter().enumerate() {
            let offset = 0x10 + 4 * index as i32;
            guest.write(offset, 4, u32::MAX);
            assert_eq!(guest.read(offset, 4), (0, expect), "{size_mask:?} {offset:#x}");
            // Bytes alone do not ask.
            guest.write(offset, 4, 0);
            let plain = guest.read(offset, 4).1;
            guest.write(offset, 1, 0xFF);
            assert_eq!(guest.read(offset, 4), (0, plain));
        }
        guest.write(0x30, 4, !1);
        let rom = if size_mask == SizeMask::Size { 0x1_0000 } else { 0xFFFF_0000 };
        assert_eq!(guest.read(0x30, 4), (0, rom));
        assert_eq!(guest.overlay.take_writes(), []);
    }
}

#[test]
fn todays_driver_takes_ones_in_the_address_bits() {
    let mut modern = Guest::new(nic().build(), MODERN);
    modern.write(0x1C, 4, 0xFFFF_FFF0);
    assert_eq!(modern.read(0x1C, 4).1, 0xFFFF_F000);
    modern.write(0x30, 4, 0xFFFF_F800);
    assert_eq!(modern.read(0x30, 4).1, 0xFFFF_0000);
    let mut classic = Guest::new(nic().build(), CLASSIC);
    classic.write(0x1C, 4, 0xFFFF_FFF0);
    classic.write(0x30, 4, 0xFFFF_F800);
    assert_eq!((classic.read(0x1C, 4).1, classic.read(0x30, 4).1), (0xFEBE_0000, 0xFEB0_0000));
}

#[test]
fn a_bar_that_the_device_lost_can_be_given_back() {
    let mut guest = Guest::new(nic().build(), MODERN);
    guest.card.bus_reset(Time::ZERO);
    assert_eq!((guest.card.config.read_u32(0x1C), guest.read(0x1C, 4).1), (0, 0xFEBE_0000));
    guest.write(0x1C, 4, 0xAAAA_0000);
    assert_eq!(guest.card.config.read_u32(0x1C), 0);
    guest.write(0x1C, 4, 0xFEBE_0000);
    assert_eq!((guest.card.config.read_u32(0x1C), guest.overlay.take_writes().len()), (0xFEBE_0000, 1));
    guest.write(0x1C, 4, 0xFEBE_0000);
    assert_eq!(guest.overlay.take_writes(), []);
}

#[test]
fn power_goes_through_dom0_without_waking_anybody() {
    let mut config = nic().power_management(0x1F, false).build();
    let pm = i32::from(config.find_capability(1).expect("it has one"));
    config.write(pm as u16 + 4, Width::Word, 0x100);
    let mut guest = Guest::new(config, MODERN);
    assert_eq!(guest.card.config.read_u16(pm as u16 + 4), 0, "wake-up is off from the start");
    assert_eq!((guest.read(pm + 2, 2), guest.card.config.read_u16(pm as u16 + 2)), ((0, 3), 0xF803));
    guest.write(pm + 4, 2, 0x0103);
    assert_eq!((guest.card.config.read_u16(pm as u16 + 4), guest.card.power_state()), (3, 3));
    assert_eq!(guest.write(pm + 4, 2, 1).0, -3, "only D0 lies on the way up");
    guest.write(pm + 4, 2, 0);
    assert_eq!((guest.card.power_state(), guest.card.resets()), (0, 1));
    assert_eq!(guest.card.config.read_u32(0x1C), 0xFEBE_0000, "dom0 restores BARs");
    guest.now = Time::from_millis(20);
    assert_eq!(guest.write(pm + 4, 2, 2).0, -3, "it has no D2");
}

#[test]
fn product_data_can_be_read_and_not_written() {
    let mut guest = Guest::new(nic().build(), MODERN);
    let vpd = i32::from(guest.card.config.find_capability(3).expect("it has some"));
    assert_eq!(guest.write(vpd + 2, 2, 0x0010), (0, Fate::Handled));
    assert_eq!(guest.write(vpd + 2, 2, 0x8010), (-3, Fate::Refused));
    assert_eq!(guest.write(vpd + 4, 4, 0x1111_1111), (0, Fate::Handled));
    let config = &guest.card.config;
    assert_eq!((config.read_u16(vpd as u16 + 2), config.read_u32(vpd as u16 + 4)), (0x10, 0));
}

#[test]
fn a_virtual_function_has_the_ids_that_dom0_gives_it() {
    let mut card = Function::new(Bdf::new(1, 16, 0), virtual_function(0x02_0000).build());
    let mut modern = Overlay::seize(&mut card, Time::ZERO, MODERN, Some((0x8086, 0x10ED)), 0);
    assert_eq!(modern.read(&mut card, Time::ZERO, 0, 4).value, 0x10ED_8086);
    assert_eq!(modern.read(&mut card, Time::ZERO, 2, 2).value, 0x10ED);
    let mut classic = Overlay::seize(&mut card, Time::ZERO, CLASSIC, Some((0x8086, 0x10ED)), 0);
    assert_eq!(classic.read(&mut card, Time::ZERO, 0, 4).value, u32::MAX);
}

#[test]
fn a_device_is_ready_for_another_guest() {
    let mut guest = Guest::new(nic().build(), MODERN);
    guest.write(4, 2, 7);
    guest.write(0x10, 4, u32::MAX);
    guest.overlay.reset_device(&mut guest.card, Time::ZERO);
    assert_eq!((guest.card.config.command(), guest.read(0x10, 4).1), (0, 0xFEBC_000C));
}

fn any_settings() -> impl Strategy<Value = OverlaySettings> {
    let generation = prop_oneof![Just(Generation::Classic), Just(Generation::Modern)];
    let overlap = prop_oneof![Just(Overlap::Ends), Just(Overlap::Proper)];
    let size_mask = prop_oneof![Just(SizeMask::Probed), Just(SizeMask::Size), Just(SizeMask::Computed)];
    (generation, overlap, size_mask, any::<(bool, bool)>()).prop_map(
        |(generation, overlap, size_mask, (permissive, allow_interrupt_control))| OverlaySettings {
            generation,
            overlap,
            size_mask,
            permissive,
            allow_interrupt_control,
        },
    )
}

fn any_write() -> impl Strategy<Value = (i32, i32, u32)> {
    let place = prop_oneof![3 => 0_i32..0x40, 2 => 0x40_i32..0x80, 1 => -8_i32..0x1010];
    let value = prop_oneof![Just(u32::MAX), Just(0xFFFF_FFFE), Just(0), Just(0xFEBE_0000), any::<u32>()];
    let size = prop_oneof![Just(1), Just(2), Just(4), Just(4), Just(4), 0_i32..6];
    (place, size, value).prop_map(|(place, size, value)| (place / size.max(1) * size.max(1), size, value))
}

/// A write to the power register of [`nic`], if it has one: any state, the last write of a device in D3hot among them.
fn any_power_write() -> impl Strategy<Value = (i32, i32, u32)> {
    let register =
        nic().power_management(0, true).build().find_capability(PCI_CAP_ID_PM).expect("it has one") + PCI_PM_CTRL;
    (any::<u16>(), prop_oneof![Just(1), Just(2), Just(4)]).prop_map(move |(value, size)| {
        let offset = i32::from(register);
        (offset / size * size, size, value.into())
    })
}

proptest! {
    /// Whatever a guest writes, its BARs read as they were or as their masks, and those of the device stay where they are.
    #[test]
    fn no_write_moves_a_bar(
        settings in any_settings(),
        writes in proptest::collection::vec(any_write(), 1..60),
    ) {
        let config = nic().power_management(0, false).build();
        let bars = [0x10, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x30];
        let real = bars.map(|offset| config.read_u32(offset));
        let mut guest = Guest::new(config, settings);
        let masks = bars.map(|offset| {
            guest.write(offset.into(), 4, if offset == 0x30 { !1 } else { u32::MAX });
            let mask = guest.read(offset.into(), 4).1;
            guest.write(offset.into(), 4, 0);
            mask
        });
        prop_assert_eq!(guest.overlay.take_writes(), vec![], "asking for sizes reaches nothing");
        for (offset, size, value) in writes {
            // A device that comes back from D3hot is silent for a while.
            guest.now += 20_000_000;
            guest.write(offset, size, value);
            guest.now += 20_000_000;
            for ((offset, real), mask) in bars.into_iter().zip(real).zip(masks) {
                let seen = guest.read(offset.into(), 4).1;
                prop_assert!(seen == real || seen == mask, "{offset:#x} reads {seen:#x}");
                prop_assert_eq!(guest.card.config.read_u32(offset), real);
            }
            for write in guest.overlay.take_writes() {
                let bar = bars.iter().position(|&bar| (bar..bar + 4).contains(&write.offset));
                prop_assert!(bar.is_none_or(|at| write.value == real[at]), "{write:?}");
            }
        }
    }

    /// Today's driver keeps decoding on, once it is, whatever the guest is allowed.
    #[test]
    fn decoding_stays_on(settings in any_settings(), writes in proptest::collection::vec(any_write(), 1..40)) {
        let mut guest = Guest::new(nic().build(), OverlaySettings { generation: Generation::Modern, ..settings });
        guest.write(4, 2, 3);
        for (offset, size, value) in writes {
            guest.write(offset, size, value);
            prop_assert_eq!(guest.card.config.command() & 3, 3);
        }
    }

    /// Without permission nothing reaches the device but by a field, and an error means that nothing did; but for the power
    /// register, where `pm_ctrl_write` writes the selected datum and the wake-up status before it asks for the state that is
    /// refused.
    #[test]
    fn only_fields_reach_the_device(
        settings in any_settings(),
        writes in proptest::collection::vec(prop_oneof![3 => any_write(), 1 => any_power_write()], 1..40),
    ) {
        let settings = OverlaySettings { permissive: false, ..settings };
        let mut guest = Guest::new(nic().power_management(0, true).build(), settings);
        let power = guest.power_register();
        for (offset, size, value) in writes {
            let before = guest.card.config.clone();
            let (err, fate) = guest.write(offset, size, value);
            let same = before == guest.card.config;
            let writes = guest.overlay.take_writes();
            match fate {
                Fate::Dropped | Fate::DroppedFirst => prop_assert!(same && err == 0 && writes.is_empty()),
                Fate::Passed => prop_assert!(false, "nothing is passed"),
                Fate::Refused if (power..power + 2).contains(&(offset as u16)) && !writes.is_empty() => {
                    let kept = !(PCI_PM_CTRL_DATA_SEL_MASK | PCI_PM_CTRL_PME_STATUS);
                    let (old, new) = (before.read_u16(power), guest.card.config.read_u16(power));
                    prop_assert_eq!((err, new & kept), (XEN_PCI_ERR_ACCESS_DENIED, old & kept));
                    let [HardwareWrite { offset, width, value }] = writes[..] else { panic!("one write: {writes:?}") };
                    prop_assert_eq!((offset, width, value as u16 & kept), (power, Width::Word, old & kept));
                    let mut rest = guest.card.config.clone();
                    rest.set(power, Width::Word, old.into());
                    prop_assert_eq!(rest, before, "nothing else has changed");
                }
                Fate::Refused => prop_assert!(same && err != 0 && writes.is_empty()),
                Fate::Handled => prop_assert_eq!(err, 0),
            }
            prop_assert_eq!(writes.is_empty() && !same, false, "writes are told");
        }
    }

    /// What a guest computes from the answers is what the device has.
    #[test]
    fn a_guest_learns_the_true_size(log2 in 4_u32..31, is_64 in any::<bool>(), settings in any_settings()) {
        let kind = if is_64 { MEMORY64 } else { MEMORY32 };
        let mut config = Builder::new(1, 2, 3).bar(0, kind, 1 << log2, 0).build();
        // A BAR at 0 counts as unset; put it up.
        config.write(0x10, Width::Dword, 0x8000_0000);
        let truth = probe(&mut config, BarPlace::Bar(0)).expect("it has one");
        let mut guest = Guest::new(config, settings);
        guest.write(0x10, 4, u32::MAX);
        guest.write(0x14, 4, u32::MAX);
        let low = guest.read(0x10, 4).1 & !0xF;
        prop_assert_eq!(u64::from(low & low.wrapping_neg()), truth.size);
    }
}
