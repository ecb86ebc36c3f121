//! A real function in an HVM guest: what its config space shows and lets through in either release, where its BARs are
//! mapped, its trapped table, its ports, and the guests of XSA-120, 126, 128, 129, 131 and 164.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::costs::Costs;
use sim_wasm::actors::hvm::Host;
use sim_wasm::actors::hvm::pass_through::device::{PtDevice, PtSettings};
use sim_wasm::actors::hvm::pass_through::mappings::MapCall;
use sim_wasm::actors::hvm::pass_through::msix::{MsixTable, TableWrite};
use sim_wasm::actors::hvm::pass_through::ports::GuestPorts;
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::Log;
use sim_wasm::hypervisor::message::Message;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::ioreq::Direction;
use sim_wasm::protocols::pci::bar::{BarKind, BarPlace};
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::{Function, HardwareWrite};
use sim_wasm::protocols::pci::msi::{Msi, MsiShape};
use sim_wasm::protocols::pci::msix::{InBar, MsixShape};
use sim_wasm::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, PCI_COMMAND_MASTER};
use sim_wasm::words::ids::Bdf;
use sim_wasm::words::time::Time;

const MEMORY: BarPlace = BarPlace::Bar(0);
const PORTS: BarPlace = BarPlace::Bar(2);
const WIDE: BarPlace = BarPlace::Bar(4);
const HOST_BASE: u64 = 0xF100_0000;
const WIDE_BASE: u64 = 0x8_0000_0000;
/// Where the table of messages lies.
const TABLE_FRAME: u64 = (HOST_BASE >> 12) + 2;
const HOST_MESSAGE: Message = Message { address: 0xFEE0_1000, data: 0x4051 };

/// A card with every kind of BAR, MSI with masks, MSI-X, and four bytes of the vendor's own at the end.
fn card() -> ConfigSpace {
    let shape =
        MsixShape { entries: 5, table: InBar { bar: 0, offset: 0x2000 }, pba: InBar { bar: 0, offset: 0x3000 } };
    let builder = Builder::new(0x8086, 0x10C9, 0x020000)
        .bar(0, BarKind::Memory32 { prefetchable: false }, 0x4000, HOST_BASE)
        .bar(2, BarKind::Io, 0x20, 0xE000)
        .bar(4, BarKind::Memory64 { prefetchable: true }, 0x800, WIDE_BASE)
        .interrupt(1, 11)
        .power_management(0, false)
        .msi(MsiShape { vectors_log2: 0, is_64: true, has_masks: true })
        .msix(shape)
        .flr();
    let mut config = builder.build();
    Msi::program(&mut config, HOST_MESSAGE, 0);
    Msi::enable(&mut config, false);
    config.define(0xF0, Width::Dword, 0, u32::MAX, 0);
    config
}

struct World {
    xen: Xen,
    costs: Costs,
    log: Log,
    function: Function,
    device: PtDevice,
    msi: u16,
}

macro_rules! host {
    ($world:expr) => {
        &mut Host { xen: &mut $world.xen, costs: &mut $world.costs, now: Time(1), log: &mut $world.log }
    };
}

impl World {
    fn new(release: Release, permissive: bool) -> World {
        let (mut xen, mut costs, mut log) = (Xen::new(4), Costs::default(), Log::new());
        let mut function = Function::new(Bdf::new(3, 0, 0), card());
        function.config.write(PCI_COMMAND, Width::Word, 7);
        let msi = Msi::of(&function.config).expect("the card has it").at;
        let mut host = Host { xen: &mut xen, costs: &mut costs, now: Time(0), log: &mut log };
        let device = PtDevice::new(&mut function, PtSettings { release, permissive }, &mut host);
        World { xen, costs, log, function, device, msi }
    }

    fn read(&mut self, offset: u16, width: Width) -> u32 {
        let host = host!(self);
        self.device.read(host, &self.function, offset, width)
    }

    fn write(&mut self, offset: u16, width: Width, value: u32) -> (Vec<HardwareWrite>, Vec<MapCall>) {
        self.device.write(host!(self), &mut self.function, offset, width, value)
    }

    /// The guest puts its BARs somewhere and turns decoding on.
    fn place(&mut self) -> Vec<MapCall> {
        self.write(0x10, Width::Dword, 0xC000_0000);
        self.write(0x18, Width::Dword, 0xC100);
        self.write(0x20, Width::Dword, 0xC001_0000);
        self.write(0x24, Width::Dword, 0);
        self.write(PCI_COMMAND, Width::Word, 7).1
    }
}

#[test]
fn a_guest_sizes_its_bars_by_pages_and_hardware_never_learns_of_it() {
    for release in Release::ALL {
        let mut world = World::new(release, false);
        let before = world.function.config.bytes()[0x10..0x28].to_vec();
        for (offset, size) in [(0x10, 0xFFFF_C000_u32), (0x18, 0xFFFF_FFE1), (0x20, 0xFFFF_F00C), (0x24, u32::MAX)] {
            world.write(offset, Width::Dword, u32::MAX);
            assert_eq!(world.read(offset, Width::Dword), size, "{release:?} {offset:x}");
        }
        assert_eq!(world.function.config.bytes()[0x10..0x28], before);
    }
}

#[test]
fn a_command_write_maps_and_decoding_off_takes_out() {
    for release in Release::ALL {
        let mut world = World::new(release, false);
        world.place();
        assert_eq!(world.device.mapped(MEMORY), Some(0xC000_0000));
        assert_eq!((world.device.mapped(PORTS), world.device.mapped(WIDE)), (Some(0xC100), Some(0xC001_0000)));
        let calls = world.write(PCI_COMMAND, Width::Word, 4).1;
        let expect = [
            MapCall::RemoveMemory { gfn: 0xC_0000, pages: 4 },
            MapCall::RemovePorts { guest: 0xC100, count: 0x20 },
            MapCall::RemoveMemory { gfn: 0xC_0010, pages: 1 },
        ];
        assert_eq!((calls.as_slice(), world.device.mapped(MEMORY)), (&expect[..], None));
        world.place();
        world.write(0x10, Width::Dword, 0xC800_0000);
        let moved = world.write(PCI_COMMAND, Width::Word, 7).1;
        let late = release == Release::Xen33;
        assert_eq!(!moved.is_empty(), late, "QEMU 4.1 has moved it when the BAR was written");
        assert_eq!(world.device.mapped(MEMORY), Some(0xC800_0000));
        assert_eq!(world.device.unmap_all(host!(world)).len(), 3);
    }
}

#[test]
fn the_table_s_page_is_cut_out_of_the_mapping() {
    let mut world = World::new(Release::Xen33, false);
    let calls = world.place();
    let add = MapCall::AddMemory { gfn: 0xC_0000, mfn: HOST_BASE >> 12, pages: 4 };
    assert_eq!(calls[..2], [add, MapCall::RemoveMemory { gfn: 0xC_0002, pages: 1 }]);
    assert_eq!(world.costs.hypercalls, calls.len() as u64);
}

#[test]
fn the_old_device_model_ignores_what_lies_above_4_gib() {
    for (release, mapped) in [(Release::Xen33, None), (Release::Today, Some(0x10_C001_0000))] {
        let mut world = World::new(release, false);
        world.place();
        world.write(0x24, Width::Dword, 0x10);
        world.write(PCI_COMMAND, Width::Word, 7);
        assert_eq!(world.device.mapped(WIDE), mapped);
        assert_eq!(world.read(0x24, Width::Dword), 0x10, "the guest reads what it wrote all the same");
    }
}

#[test]
fn memory_at_address_0_is_not_mapped() {
    let mut world = World::new(Release::Xen33, false);
    assert!(world.write(PCI_COMMAND, Width::Word, 7).1.is_empty());
    assert_eq!(world.device.mapped(MEMORY), None);
}

/// XSA-120 in pciback, XSA-126 here: decoding off, then a touch.
#[test]
fn a_guest_cannot_turn_decoding_off_under_its_mapping() {
    for (release, decodes) in [(Release::Xen33, false), (Release::Today, true)] {
        let mut world = World::new(release, false);
        world.place();
        // A write to the register's upper byte leaves the mapping; so does whatever is cached by another vCPU.
        let mapped = world.device.clone();
        world.write(PCI_COMMAND, Width::Word, u32::from(PCI_COMMAND_MASTER));
        assert_eq!(world.function.config.decodes_memory(), decodes, "{release:?}");
        assert_eq!(mapped.touch(host!(world), &world.function, MEMORY), decodes);
        assert!(world.function.config.masters_bus(), "bus mastering goes through in both");
        world.write(PCI_COMMAND, Width::Word, 7 | u32::from(PCI_COMMAND_INTX_DISABLE));
        assert!(!world.function.config.may_raise_intx(), "and so does the interrupt's disable bit");
        assert_eq!(world.read(PCI_COMMAND, Width::Word) & 3, 3);
    }
}

/// XSA-128: an access across several fields rewrites what the host keeps in one of them.
#[test]
fn only_bytes_that_may_change_are_written_back() {
    for (release, spares) in [(Release::Xen33, false), (Release::Today, true)] {
        let mut world = World::new(release, true);
        let data = world.msi + 12;
        let (writes, _) = world.write(data, Width::Dword, 0xAAAA_AAAA);
        let touches = |write: &HardwareWrite| (write.offset..write.offset + write.width.bytes()).any(|at| at == data);
        assert_eq!(!writes.iter().any(touches), spares, "{release:?}: {writes:?}");
        assert_eq!(world.function.config.read_u16(data), HOST_MESSAGE.data as u16);
        assert_eq!(world.read(data, Width::Word), 0xAAAA & if spares { 0xFFFF } else { !0x3800 });
    }
}

/// XSA-129: the bits by which Xen masks the device's messages.
#[test]
fn a_guest_does_not_reach_the_mask_bits() {
    for (release, hardware, offered) in [(Release::Xen33, 1, true), (Release::Today, 0, false)] {
        let mut world = World::new(release, false);
        let mask = world.msi + 16;
        world.write(mask, Width::Dword, 1);
        assert_eq!(world.function.config.read_u32(mask), hardware);
        let flags = world.msi + 2;
        assert_eq!(world.read(flags, Width::Word) & 0x100 != 0, offered);
    }
}

/// XSA-131: what no table lists.
#[test]
fn what_is_not_listed_reaches_hardware_only_by_permission() {
    for (release, permissive, reached) in
        [(Release::Xen33, false, true), (Release::Today, false, false), (Release::Today, true, true)]
    {
        let mut world = World::new(release, permissive);
        world.write(0xF0, Width::Dword, 0xDEAD_BEEF);
        assert_eq!(world.function.config.read_u32(0xF0) == 0xDEAD_BEEF, reached, "{release:?} {permissive}");
    }
}

/// XSA-164: the page is longer than the table.
#[test]
fn entries_behind_the_table_s_end_are_refused() {
    let shape = MsixShape::of(&card()).expect("the card has one");
    for (release, beyond) in
        [(Release::Xen33, TableWrite::Overrun { entry: 5 }), (Release::Today, TableWrite::Refused { entry: 5 })]
    {
        let mut table = MsixTable::new(shape, release);
        assert_eq!(table.write(0x2050, 1), beyond);
        assert_eq!(table.write(0x2048, 0x55), TableWrite::Kept { entry: 4 });
        assert_eq!(table.write(0x2040, 0xFEE0_0000), TableWrite::Kept { entry: 4 });
        let message = Message { address: 0xFEE0_0000, data: 0x55 };
        assert_eq!(table.write(0x204C, 0), TableWrite::Bound { entry: 4, message });
        assert_eq!((table.read(0x2048), table.read(0x2050)), (0x55, 0));
    }
}

/// Nothing of an I/O BAR is direct but the qemu that is skipped.
#[test]
fn a_mapped_port_still_exits_and_asks_no_device_model() {
    let mut world = World::new(Release::Xen33, false);
    let calls = world.place();
    let mut ports = GuestPorts::new();
    calls.iter().for_each(|call| ports.apply(call));
    let before = world.costs;
    assert_eq!(ports.intercept(host!(world), 0xC11F, Direction::Write), Some(0xE01F));
    assert_eq!(ports.intercept(host!(world), 0xC120, Direction::Read), None);
    let costs = world.costs.since(&before);
    assert_eq!((costs.exits.total(), costs.requests, costs.events), (1, 0, 0));
    world.device.unmap_all(host!(world)).iter().for_each(|call| ports.apply(call));
    assert_eq!(ports.translate(0xC100), None);
}

fn any_width() -> impl Strategy<Value = Width> {
    proptest::sample::select(&Width::ALL[..])
}

fn any_value() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), Just(0), Just(u32::MAX), (0_u32..0x1000).prop_map(|page| page << 12)]
}

proptest! {
    /// Whatever a guest writes wherever: hardware's BARs stay, the guest reads back what it wrote and nothing of the host's
    /// addresses, and the host's message stays.
    #[test]
    fn hardware_s_bars_stay_and_the_guest_never_sees_them(
        today in any::<bool>(),
        permissive in any::<bool>(),
        writes in proptest::collection::vec((0_u16..0x40, any_width(), any_value()), 0..60),
    ) {
        let release = if today { Release::Today } else { Release::Xen33 };
        let mut world = World::new(release, permissive);
        let before = world.function.config.bytes()[0x10..0x28].to_vec();
        let mut model = [0_u32; 6];
        let masks = [0xFFFF_C000_u32, 0, 0xFFFF_FFE0, 0, 0xFFFF_F000, u32::MAX];
        for (place, width, value) in writes {
            let offset = (place * 4) & !(width.bytes() - 1);
            world.write(offset, width, value);
            if (0x10..0x28).contains(&offset) {
                let (index, shift) = (usize::from((offset - 0x10) / 4), 8 * u32::from(offset % 4));
                let mask = (width.ones() << shift) & masks[index];
                model[index] = model[index] & !mask | (value << shift) & mask;
            }
            prop_assert_eq!(&world.function.config.bytes()[0x10..0x28], &before[..]);
            for index in [0, 2, 4, 5] {
                let shown = world.read(0x10 + 4 * index as u16, Width::Dword) & masks[index];
                prop_assert_eq!(shown, model[index], "BAR {}", index);
            }
        }
        let message = Msi::of(&world.function.config).expect("it is still there").message;
        prop_assert_eq!(message, HOST_MESSAGE);
    }

    /// Mapped is exactly what the guest has asked for while it decodes, and the calls add up to it; to nothing when the device
    /// goes. The BAR of 64 bits lies apart from the other one or may lie over it.
    #[test]
    fn mappings_follow_the_shadows(
        today in any::<bool>(),
        apart in any::<bool>(),
        steps in proptest::collection::vec((0_u8..5, 0_u32..8, any::<bool>()), 1..40),
    ) {
        let release = if today { Release::Today } else { Release::Xen33 };
        let mut world = World::new(release, false);
        let (mut there, mut ports) = (BTreeSet::new(), GuestPorts::new());
        let wide = if apart { 0x8000_0000 } else { 0 };
        for (what, page, on) in steps {
            let calls = match what {
                0 => world.write(0x10, Width::Dword, page << 14).1,
                1 => world.write(0x24, Width::Dword, page & 1).1,
                2 => world.write(0x20, Width::Dword, wide | page << 16).1,
                3 => world.write(0x18, Width::Dword, page << 8).1,
                _ => world.write(PCI_COMMAND, Width::Word, if on { 7 } else { 4 | page & 3 }).1,
            };
            apply(&calls, &mut there, &mut ports);
            prop_assert!(there.iter().all(|(_, mfn)| *mfn != TABLE_FRAME), "the table's page is never there");
            let mut asked = BTreeSet::new();
            for (place, base, pages) in [(MEMORY, HOST_BASE, 4), (WIDE, WIDE_BASE, 1)] {
                let gfn = world.device.mapped(place).map(|address| address >> 12);
                let frames = (0..pages).map(|page| (base >> 12) + page).filter(|frame| *frame != TABLE_FRAME);
                asked.extend(gfn.into_iter().flat_map(|gfn| frames.clone().map(move |mfn| (gfn + mfn - (base >> 12), mfn))));
            }
            prop_assert!(there.is_subset(&asked));
            prop_assert!(!apart || there == asked, "{there:x?} but {asked:x?}");
            let port = world.device.mapped(PORTS).map(|address| address as u16);
            for offset in [0, 0x1F] {
                prop_assert_eq!(port.and_then(|port| ports.translate(port + offset)), port.map(|_| 0xE000 + offset));
            }
        }
        apply(&world.device.unmap_all(host!(world)), &mut there, &mut ports);
        prop_assert_eq!((there, ports), (BTreeSet::new(), GuestPorts::new()), "nothing is left");
        prop_assert_eq!([MEMORY, PORTS, WIDE].map(|place| world.device.mapped(place)), [None; 3]);
    }
}

/// What the hypervisor makes of calls: frames as the guest and as the machine counts them, and ports. The later of two
/// mappings of a frame does not take the place of the former here.
fn apply(calls: &[MapCall], there: &mut BTreeSet<(u64, u64)>, ports: &mut GuestPorts) {
    for call in calls {
        match *call {
            MapCall::AddMemory { gfn, mfn, pages } => there.extend((0..pages).map(|page| (gfn + page, mfn + page))),
            MapCall::RemoveMemory { gfn, pages } => there.retain(|(at, _)| !(gfn..gfn + pages).contains(at)),
            MapCall::AddPorts { .. } | MapCall::RemovePorts { .. } => {}
        }
        ports.apply(call);
    }
}
