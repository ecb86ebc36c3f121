//! Each of Xen's advisories about devices that are given away, as a guest that makes use of it: wrong before the repair, right
//! after it; XSA-461 has no repair. [`ROWS`] says where each is tried; those without a place of their own are here.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::hvm::pass_through::msix::MsixTable;
use sim_wasm::actors::hvm::pass_through::port_walks::{PortList, Removed, Walked};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::pciback::resources::{ResourceRepairs, Resources, Toolstack};
use sim_wasm::hypervisor::io_permissions::{IoPermissions, MmioAccess};
use sim_wasm::hypervisor::memory::{Memory, Owner};
use sim_wasm::hypervisor::message::Message;
use sim_wasm::hypervisor::passthrough::amd_interrupts::{AmdBlocked, AmdInterrupts, AmdRepairs};
use sim_wasm::hypervisor::passthrough::host_errors::HostFate;
use sim_wasm::hypervisor::passthrough::iommus::{Iommus, PciDevice};
use sim_wasm::hypervisor::passthrough::options::{AssignError, GuestKind, Options, Quarantine, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::pirqs::{IrqSource, PirqError, PirqId, PirqRepairs, Pirqs};
use sim_wasm::hypervisor::vtd::capabilities::{Capabilities, ECAP_COHERENT, ECAP_INTERRUPTS};
use sim_wasm::hypervisor::vtd::interrupts::Interrupt;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::protocols::pci::bar::{BarKind, BarPlace};
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::ConfigSpace;
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msix::{InBar, MsixShape};
use sim_wasm::protocols::pci::msix_base::MsixBase;
use sim_wasm::protocols::pci::owners::Owners;
use sim_wasm::protocols::pci::sharing::{Shared, Sharing, shared_between_owners};
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn, Port};
use sim_wasm::words::time::Time;

/// Where a row is tried.
enum Tried {
    /// By a test of a file.
    In(&'static str, &'static str),
    /// Not: the file says so, and why, where it names the advisory.
    Not(&'static str),
}

use Tried::{In, Not};

const HERE: &str = include_str!("device_advisories.rs");
const ASSIGNMENT: &str = include_str!("vtd_xen/assignment.rs");
const FORGETTING: &str = include_str!("vtd_xen/forgetting.rs");
const TAKING: &str = include_str!("vtd_xen/taking.rs");
const PASS_THROUGH: &str = include_str!("pass_through.rs");
const REQUESTS: &str = include_str!("pcifront/requests.rs");
const INTERRUPTS: &str = include_str!("pcifront/interrupts.rs");
const IOREQ: &str = include_str!("ioreq.rs");
const JOINED: &str = include_str!("given_away/attacks.rs");
const RESERVED: &str = include_str!("given_away/reserved.rs");
const TABLES: &str = include_str!("given_away/tables.rs");
const PASSTHROUGH_DOC: &str = include_str!("../src/hypervisor/passthrough/mod.rs");

/// Every advisory about devices that are given away, but CVE-2011-1898 is older than the numbers: it counts as 0.
const ROWS: &[(u16, Tried)] = &[
    (0, In(include_str!("vtd_xen/interrupts.rs"), "a_forged_message_rings_unless_interrupts_are_remapped")),
    (0, In(include_str!("vtd_xen/interrupts.rs"), "a_forged_vector_meets_the_guard_that_is_up")),
    (0, In(HERE, "a_unit_that_is_required_is_to_remap_interrupts")),
    (0, In(JOINED, "a_forged_message_rings_unless_interrupts_are_remapped")),
    (36, In(HERE, "a_device_rings_with_entries_of_another_s_table_only_if_there_is_one_table")),
    (59, In(HERE, "a_write_that_is_no_message_stops_the_host_unless_errors_are_masked")),
    (120, In(include_str!("pciback_overlay.rs"), "decoding_stays_on_unless_the_driver_is_classic")),
    (124, Not(include_str!("../src/actors/hvm/pass_through/mod.rs"))),
    (124, Not(include_str!("../src/actors/pciback/overlay.rs"))),
    (126, In(PASS_THROUGH, "a_guest_cannot_turn_decoding_off_under_its_mapping")),
    (128, In(PASS_THROUGH, "only_bytes_that_may_change_are_written_back")),
    (129, In(PASS_THROUGH, "a_guest_does_not_reach_the_mask_bits")),
    (130, In(HERE, "a_guest_does_not_fill_dom0_s_disk_with_lines")),
    (130, In(TABLES, "a_write_behind_a_table_s_end_hits_the_device_model_of_3_3")),
    (131, In(PASS_THROUGH, "what_is_not_listed_reaches_hardware_only_by_permission")),
    (155, In(REQUESTS, "the_classic_back_uses_what_it_did_not_check")),
    (157, In(INTERRUPTS, "orders_that_make_no_sense_are_refused")),
    (164, In(PASS_THROUGH, "entries_behind_the_table_s_end_are_refused")),
    (164, In(TABLES, "a_write_behind_a_table_s_end_hits_the_device_model_of_3_3")),
    (197, In(IOREQ, "a_request_read_once_cannot_be_changed_under_the_device_model")),
    (199, In(IOREQ, "a_port_is_cut_to_sixteen_bits")),
    (237, In(HERE, "a_message_is_its_owner_s_and_stays_when_it_is_mapped_once_more")),
    (237, In(INTERRUPTS, "a_device_of_another_s_gets_no_interrupt")),
    (302, In(TAKING, "writes_under_way_after_teardown_hit_dom0_s_view_unless_there_is_quarantine")),
    (302, In(JOINED, "what_is_under_way_when_a_guest_goes_lands_with_nobody_if_there_is_quarantine")),
    (306, In(HERE, "a_device_taken_from_a_guest_is_nobody_s_without_being_asked_for")),
    (321, In(FORGETTING, "entries_are_written_back_before_a_unit_that_sees_no_caches_reads_them")),
    (321, In(HERE, "a_large_page_that_was_split_in_the_cache_alone_is_whole_to_the_unit")),
    (337, In(HERE, "xen_masks_an_entry_where_the_table_was_when_the_function_was_found")),
    (337, In(include_str!("pcibus.rs"), "a_device_that_forgot_its_bars_leaves_nothing_behind")),
    (337, In(TABLES, "xen_masks_where_it_found_the_table_and_not_where_a_bar_says")),
    (373, In(FORGETTING, "a_page_is_another_s_only_when_the_unit_has_said_that_it_forgot")),
    (373, In(JOINED, "a_page_is_another_s_only_when_the_unit_has_forgotten_it")),
    (378, In(TAKING, "a_device_is_taken_even_if_its_reserved_memory_is_not_as_it_was")),
    (378, In(RESERVED, "a_guest_does_not_unmap_reserved_memory")),
    (386, In(TAKING, "a_device_is_taken_even_if_its_reserved_memory_is_not_as_it_was")),
    (390, In(TAKING, "quarantine_fits_the_unit")),
    (399, In(include_str!("vtd_xen/numbers.rs"), "a_number_s_owner_is_cleared_before_the_number_is_free")),
    (400, In(ASSIGNMENT, "reserved_memory_is_there_at_every_moment")),
    (400, In(RESERVED, "reserved_memory_is_there_on_the_way")),
    (442, In(FORGETTING, "translations_are_flushed_by_the_number_they_were_remembered_with")),
    (449, In(ASSIGNMENT, "if_one_function_cannot_be_moved_none_is")),
    (450, Not(PASSTHROUGH_DOC)),
    (460, In(ASSIGNMENT, "reserved_memory_that_was_mapped_in_part_is_unmapped")),
    (461, In(HERE, "functions_that_share_a_line_or_a_page_are_told_with_their_owners")),
    (461, In(HERE, "who_shares_a_page_or_a_line_reaches_the_other_s")),
    (476, In(HERE, "a_guest_keeps_no_bar_above_4_gib")),
    (491, In(HERE, "no_walk_comes_to_an_entry_that_was_freed")),
];

/// Their numbers, each once: a row that goes is missed here.
const NUMBERS: [u16; 33] = [
    0, 36, 59, 120, 124, 126, 128, 129, 130, 131, 155, 157, 164, 197, 199, 237, 302, 306, 321, 337, 373, 378, 386, 390,
    399, 400, 442, 449, 450, 460, 461, 476, 491,
];

const DOM1: DomId = DomId(1);
const DOM2: DomId = DomId(2);
const CARD: Bdf = Bdf::new(3, 0, 0);
const OTHER: Bdf = Bdf::new(3, 1, 0);

#[test]
fn every_row_is_tried_or_said_not_to_be_modelled() {
    for (xsa, tried) in ROWS {
        match tried {
            In(file, test) => assert!(file.contains(&format!("fn {test}()")), "XSA-{xsa}: {test}"),
            Not(file) => {
                let (_, not_modelled) = file.split_once("//! Not modelled:").expect("every module says it");
                assert!(not_modelled.contains(&format!("XSA-{xsa}")), "XSA-{xsa}");
            }
        }
    }
    let mut numbers: Vec<u16> = ROWS.iter().map(|(xsa, _)| *xsa).collect();
    assert!(numbers.is_sorted());
    numbers.dedup();
    assert_eq!(numbers, NUMBERS);
}

/// Two cards of dom0's behind one unit, and two guests.
fn machine(units: Capabilities) -> (Memory, Iommus) {
    let mut memory = Memory::new(400);
    let (options, _) = Options::parse(Version::Today, None, None);
    let mut iommus = Iommus::boot(&mut memory, options, &[units], 1).expect("it boots");
    for device in [CARD, OTHER] {
        iommus.add_device(&mut memory, PciDevice::new(device, 0)).expect("there is room");
    }
    for guest in [DOM1, DOM2] {
        iommus.add_domain(&mut memory, guest, GuestKind::Hvm).expect("there is room");
    }
    (memory, iommus)
}

/// CVE-2011-1898: who asks for a unit or no boot gets remapped interrupts or no boot.
#[test]
fn a_unit_that_is_required_is_to_remap_interrupts() {
    let plain = Capabilities::typical().without_ecap(ECAP_INTERRUPTS);
    for (text, units, boots) in [
        ("force", Capabilities::typical(), true),
        ("force", plain, false),
        ("force,no-intremap", plain, true),
        ("on", plain, true),
    ] {
        let (options, _) = Options::parse(Version::Today, Some(text), None);
        let booted = Iommus::boot(&mut Memory::new(400), options, &[units], 1);
        assert_eq!(booted.err(), (!boots).then_some(AssignError::NoSuchDevice), "{text}");
    }
    // 3.3 never remapped what a guest can forge, and booted.
    let (options, _) = Options::parse(Version::Xen33, Some("force"), None);
    assert!(Iommus::boot(&mut Memory::new(400), options, &[plain], 1).is_ok());
}

/// XSA-36: one table of interrupts for all devices behind AMD's units, and entries that outlive their interrupt.
#[test]
fn a_device_rings_with_entries_of_another_s_table_only_if_there_is_one_table() {
    let interrupt = |vector, destination| Interrupt { vector, delivery: 0, destination };
    for (repairs, own, old) in [
        (AmdRepairs::ALL, true, false),
        (AmdRepairs { clears_entries: false, ..AmdRepairs::ALL }, true, true),
        (AmdRepairs { own_tables: false, ..AmdRepairs::ALL }, false, false),
        (AmdRepairs::NONE, false, true),
    ] {
        let mut memory = Memory::new(8);
        let mut unit = AmdInterrupts::new(repairs);
        // Dom0's disk, and a card that a guest drives.
        let disk = unit.map(&mut memory, OTHER, 0x31, 2).expect("there is room");
        let card = unit.map(&mut memory, CARD, 0x41, 1).expect("there is room");
        assert_eq!(unit.interrupt(&memory, OTHER, disk), Ok(interrupt(0x31, 2)));
        assert_eq!(unit.interrupt(&memory, CARD, card), Ok(interrupt(0x41, 1)));
        // The card writes what is the disk's.
        let forged = unit.interrupt(&memory, CARD, disk);
        assert_eq!(forged, if own { Err(AmdBlocked::NotPresent) } else { Ok(interrupt(0x31, 2)) }, "{repairs:?}");
        // And it writes what was its own.
        unit.unmap(&mut memory, CARD, card);
        let after = unit.interrupt(&memory, CARD, card);
        assert_eq!(after, if old { Ok(interrupt(0x41, 1)) } else { Err(AmdBlocked::NotPresent) }, "{repairs:?}");
        let again = unit.map(&mut memory, CARD, 0x41, 3);
        assert_eq!(again.err(), old.then_some(AssignError::Busy));
        // In no table is there anything but what was mapped.
        let smi = Message { data: 0x231, ..Message::to(0, 0) };
        assert_eq!(unit.interrupt(&memory, CARD, smi), Err(AmdBlocked::NotPresent));
        let beyond = Message { data: 0x431, ..smi };
        assert_eq!(unit.interrupt(&memory, CARD, beyond), Err(AmdBlocked::Beyond));
        let stranger = unit.interrupt(&memory, Bdf::new(9, 0, 0), disk);
        assert_eq!(stranger, if own { Err(AmdBlocked::NoTable) } else { Ok(interrupt(0x31, 2)) });
        while memory.alloc(Owner::Domain(DOM1)).is_some() {}
        let full = unit.map(&mut memory, Bdf::new(9, 0, 0), 0x51, 0).err();
        assert_eq!(full, own.then_some(AssignError::NoMemory));
    }
}

/// XSA-59: a write into the window of interrupts that is no message.
#[test]
fn a_write_that_is_no_message_stops_the_host_unless_errors_are_masked() {
    for (masks_errors, fate) in [(true, HostFate::GoesOn), (false, HostFate::Stops)] {
        let (mut memory, mut iommus) = machine(Capabilities::typical());
        iommus.repairs = Repairs { masks_errors, ..Repairs::ALL };
        iommus.assign(&mut memory, CARD, DOM1).expect("it is free");
        let write = |iommus: &mut Iommus, memory: &mut Memory, address, bytes: &[u8]| {
            let ending = iommus.unit_mut(0).unit.dma_write(memory, CARD, address, bytes).ending;
            (ending, iommus.host_fate(ending))
        };
        for (address, bytes) in [(0xFEE0_0000, &[0x31, 0][..]), (0xFEE0_0002, &[0; 4]), (0xFEE0_0000, &[0; 8])] {
            let written = write(&mut iommus, &mut memory, address, bytes);
            assert_eq!(written, (Ending::Unsupported, fate), "{address:x} {bytes:?}");
        }
        // A message that makes sense and is refused is recorded, and what no table maps is too.
        for address in [0xFEE0_0000, 0x5000] {
            let (ending, fate) = write(&mut iommus, &mut memory, address, &[0x31, 0, 0, 0]);
            assert!(matches!(ending, Ending::Blocked(_)) && fate == HostFate::GoesOn, "{ending:?}");
        }
    }
}

/// XSA-130: writes that make no sense are lines in a log on dom0's disk.
#[test]
fn a_guest_does_not_fill_dom0_s_disk_with_lines() {
    let place = |offset| InBar { bar: 0, offset };
    let shape = MsixShape { entries: 2, table: place(0x1000), pba: place(0x1800) };
    for (release, lines) in [(Release::Xen33, 2_000), (Release::Today, 0)] {
        let mut table = MsixTable::new(shape, release);
        table.write(0x1000, 0xFEE0_0000);
        table.write(0x100C, 0);
        assert_eq!(table.lines(), 0, "a driver that does as it should leaves none");
        for number in 0..1_000 {
            table.write(0x1000, number << 12);
            table.write(0x1020, number);
        }
        assert_eq!(table.lines(), lines, "{release:?}");
    }
}

/// XSA-237: messages of a device that is another's, and one that is mapped twice.
#[test]
fn a_message_is_its_owner_s_and_stays_when_it_is_mapped_once_more() {
    for (repairs, checks, stays) in [(PirqRepairs::ALL, true, true), (PirqRepairs::NONE, false, false)] {
        let mut pirqs = Pirqs::new().with_repairs(repairs);
        let foreign = pirqs.map_message(DOM1, Some(DOM2), OTHER, 0);
        assert_eq!(foreign, if checks { Err(PirqError::NoDevice) } else { Ok(PirqId(255)) });
        if let Ok(number) = foreign {
            pirqs.bind(DOM1, number, Port(7)).expect("it is mapped");
            assert_eq!(
                pirqs.raise(IrqSource::Message(OTHER, 0)),
                [(DOM1, PirqId(255), Port(7))],
                "the other's interrupts are its"
            );
            assert_eq!(pirqs.map_message(DOM2, Some(DOM2), OTHER, 0), Err(PirqError::Exists), "and the owner has none");
        }
        assert_eq!(pirqs.map_message(DOM1, None, CARD, 0), Err(PirqError::NoDevice));

        let own = pirqs.map_message(DOM1, Some(DOM1), CARD, 0).expect("it is its own");
        pirqs.bind(DOM1, own, Port(9)).expect("it is mapped");
        assert_eq!(pirqs.map_message(DOM1, Some(DOM1), CARD, 0), Err(PirqError::Exists));
        let raised = pirqs.raise(IrqSource::Message(CARD, 0));
        assert_eq!(raised == [(DOM1, own, Port(9))], stays, "{raised:?}");
        assert_eq!(pirqs.source(DOM1, own), Some(IrqSource::Message(CARD, 0)), "Xen believes that it is mapped");
    }
}

/// XSA-306: quarantine was there since XSA-302, for who asked.
#[test]
fn a_device_taken_from_a_guest_is_nobody_s_without_being_asked_for() {
    for (quarantine, owner) in
        [(Options::default_of(Version::Today).quarantine, DomId::IO), (Quarantine::No, DomId::DOM0)]
    {
        let (mut memory, mut iommus) = machine(Capabilities::typical());
        iommus.options.quarantine = quarantine;
        iommus.assign(&mut memory, CARD, DOM1).expect("it is free");
        iommus.destroy_domain(&mut memory, DOM1).expect("nothing stands in the way");
        assert_eq!(iommus.device(CARD).map(|device| device.owner), Some(owner));
        // Dom0 has memory there, and the card still writes.
        let ending = iommus.unit_mut(0).unit.dma_write(&mut memory, CARD, 0x18_0000, &[0xEE]).ending;
        assert_eq!(ending == Ending::Done, owner == DomId::DOM0, "{ending:?}");
    }
}

/// XSA-321: the entries of a split large page lie in the cache, and so does what links them.
#[test]
fn a_large_page_that_was_split_in_the_cache_alone_is_whole_to_the_unit() {
    let incoherent = Capabilities::typical().without_ecap(ECAP_COHERENT);
    for syncs_cache in [true, false] {
        let (mut memory, mut iommus) = machine(incoherent);
        iommus.p2m_changed(&mut memory, DOM1, Dfn(512), Some(Mfn(1024)), 9).expect("there is room");
        iommus.assign(&mut memory, CARD, DOM1).expect("it is free");
        let reaches = |iommus: &mut Iommus, memory: &Memory, page: u64| {
            let found = iommus.unit_mut(0).unit.translate(memory, Request::write(CARD, page << 12));
            found.ok().map(|found| Mfn((found.address >> 12) as u32))
        };
        assert_eq!(reaches(&mut iommus, &memory, 514), Some(Mfn(1026)));
        iommus.repairs.syncs_cache = syncs_cache;
        iommus.take_steps();
        iommus.p2m_changed(&mut memory, DOM1, Dfn(514), None, 0).expect("there is room");
        let steps = iommus.take_steps();
        assert_eq!(steps[0], Step::SuperpageSplit { domain: DOM1, dfn: Dfn(514), order: 9 });
        // 512 entries, the one that links them, and the one that was cleared.
        assert_eq!(steps.contains(&Step::CacheSynced { entries: 514 }), syncs_cache);
        assert_eq!(iommus.look_up(&memory, DOM1, Dfn(514)), None, "the processor has it split");
        let page = reaches(&mut iommus, &memory, 514);
        assert_eq!(page, if syncs_cache { None } else { Some(Mfn(1026)) }, "flushed, and looked up in the old entry");
        assert_eq!(reaches(&mut iommus, &memory, 515), Some(Mfn(1027)), "the rest is there in both cases");
    }
}

/// XSA-337: the device has a way of its own to reset itself.
#[test]
fn xen_masks_an_entry_where_the_table_was_when_the_function_was_found() {
    let place = |offset| InBar { bar: 2, offset };
    let config = Builder::new(0x8086, 0x10FB, 0x02_0000)
        .bar(2, BarKind::Memory32 { prefetchable: false }, 0x4000, 0xFEBC_0000)
        .msix(MsixShape { entries: 8, table: place(0x3000), pba: place(0x3800) })
        .build();
    for (trusts_record, written) in [(true, 0xFEBC_303C), (false, 0x303C)] {
        let mut function = Function::new(CARD, config.clone());
        let base = MsixBase::record(&function.config, trusts_record).expect("it has a table");
        assert_eq!(base.control(&function.config, 3), Some(0xFEBC_303C));
        function.bus_reset(Time::ZERO);
        let control = base.control(&function.config, 3);
        assert_eq!((control, base.control(&function.config, 8)), (Some(written), None));
        // Below the end of memory it is a frame of somebody's.
        let memory = Memory::new(16);
        assert_eq!(memory.bus_page(Mfn((written >> 12) as u32)).is_some(), !trusts_record);
    }
    assert_eq!(MsixBase::record(&Builder::new(1, 2, 3).build(), true), None);
}

/// A function with a line and a BAR of 256 bytes.
fn small(bdf: Bdf, line: u8, base: u64) -> Function {
    let config = Builder::new(0x10EC, 0x8139, 0x02_0000)
        .interrupt(1, line)
        .bar(1, BarKind::Memory32 { prefetchable: false }, 0x100, base)
        .build();
    Function::new(bdf, config)
}

fn owned(functions: &[Function], to: &[(Bdf, DomId)]) -> Owners {
    let mut topology = Topology::new();
    for function in functions {
        topology.add(function.bdf, NodeKind::ENDPOINT);
    }
    let mut owners = Owners::new(&topology);
    for (bdf, guest) in to {
        owners.give(&topology, *bdf, *guest).expect("it is dom0's");
    }
    owners
}

/// XSA-461: nothing forbids it, so somebody has to tell.
#[test]
fn functions_that_share_a_line_or_a_page_are_told_with_their_owners() {
    let third = Bdf::new(4, 0, 0);
    let functions = [small(CARD, 11, 0xFEBC_0000), small(OTHER, 11, 0xFEBC_0100), small(third, 10, 0xFEBC_1000)];
    let bars = [BarPlace::Bar(1); 2];
    let sharing = |owners| {
        [Shared::Line { line: 11 }, Shared::Page { page: 0xF_EBC0, bars }].map(|what| Sharing {
            what,
            functions: [CARD, OTHER],
            owners,
        })
    };
    let told = |to: &[(Bdf, DomId)]| shared_between_owners(&functions, &owned(&functions, to));
    assert_eq!(told(&[(CARD, DOM1), (OTHER, DOM2)]), sharing([Some(DOM1), Some(DOM2)]));
    assert_eq!(told(&[(OTHER, DOM2)]), sharing([Some(DomId::DOM0), Some(DOM2)]), "dom0 is no better off");
    assert_eq!(told(&[(CARD, DOM1), (OTHER, DOM1), (third, DOM2)]), [], "one owner may share with itself");
    // A function without a pin has no line, and ports are no pages.
    let config = Builder::new(1, 2, 3).bar(0, BarKind::Io, 0x20, 0xC000).build();
    let quiet = [Function::new(CARD, config.clone()), Function::new(OTHER, config)];
    assert_eq!(shared_between_owners(&quiet, &owned(&quiet, &[(CARD, DOM1)])), []);
}

/// XSA-461: what comes of it.
#[test]
fn who_shares_a_page_or_a_line_reaches_the_other_s() {
    let (one, other) = (small(CARD, 11, 0xFEBC_0000), small(OTHER, 11, 0xFEBC_0100));
    let mut may = IoPermissions::new();
    Resources::of(&one.config).grant(&mut may, DOM1, Toolstack::Libxl).expect("libxl gives it");
    let registers = Mfn(0xF_EBC0);
    assert_eq!((may.frame(DOM1, registers), may.frame(DOM2, registers)), (MmioAccess::ReadWrite, MmioAccess::None));
    Resources::of(&other.config).grant(&mut may, DOM2, Toolstack::Libxl).expect("libxl gives it");
    assert_eq!(may.frame(DOM2, registers), MmioAccess::ReadWrite, "the first guest's card is in the same page");
    // xend refused both.
    assert!(Resources::of(&one.config).grant(&mut may, DOM1, Toolstack::Xend33).is_err());

    let mut pirqs = Pirqs::new();
    let line = IrqSource::Gsi(11);
    for guest in [DOM1, DOM2] {
        let number = pirqs.map_gsi(guest, 11).expect("it is free");
        pirqs.bind(guest, number, Port(5)).expect("it is mapped");
    }
    assert_eq!(pirqs.raise(line), [DOM1, DOM2].map(|guest| (guest, PirqId(11), Port(5))));
    assert_eq!(pirqs.end(DOM1, PirqId(11)), Ok(false));
    assert_eq!(pirqs.raise(line), [], "the second guest says nothing, and the first gets no interrupt any more");
}

fn wide() -> ConfigSpace {
    Builder::new(0x8086, 0x10FB, 0x02_0000)
        .bar(0, BarKind::Memory64 { prefetchable: true }, 0x4000, 0x8_FEBC_0000)
        .bar(2, BarKind::Memory32 { prefetchable: false }, 0x1000, 0xFEBE_0000)
        .build()
}

/// XSA-476: the device is somebody else's by now.
#[test]
fn a_guest_keeps_no_bar_above_4_gib() {
    for (repairs, kept) in [(ResourceRepairs::ALL, MmioAccess::None), (ResourceRepairs::NONE, MmioAccess::ReadWrite)] {
        let mut may = IoPermissions::new();
        let resources = Resources::of(&wide());
        resources.grant(&mut may, DOM1, Toolstack::Libxl).expect("libxl gives it");
        resources.revoke_as(&mut may, DOM1, repairs);
        assert_eq!((may.frame(DOM1, Mfn(0x8F_EBC0)), may.frame(DOM1, Mfn(0xF_EBE0))), (kept, MmioAccess::None));
        assert_eq!(may == IoPermissions::new(), repairs == ResourceRepairs::ALL);
    }
}

/// A list of three stretches, the last of which was added last.
fn ports(locks: bool) -> PortList {
    let mut list = PortList::new(locks);
    for number in 0..3 {
        list.add(0xC000 + 0x100 * number, 0xE000 + 0x20 * number, 0x20);
    }
    list
}

/// XSA-491: every stretch, taken away at every moment of a walk that goes through the whole list.
#[test]
fn no_walk_comes_to_an_entry_that_was_freed() {
    for locks in [true, false] {
        let mut freed = 0;
        for removed in [0xC000, 0xC100, 0xC200] {
            for moment in 0..4 {
                let mut list = ports(locks);
                let mut walk = list.begin(0xFFFF);
                let mut last = Walked::Further;
                for step in 0..4 {
                    if step == moment {
                        let outcome = list.remove(removed);
                        assert_eq!(outcome, if locks { Removed::Waits } else { Removed::Done });
                    }
                    last = list.step(&mut walk);
                    if last != Walked::Further {
                        break;
                    }
                }
                assert!(matches!(last, Walked::Ended(None) | Walked::Freed), "{last:?}");
                freed += usize::from(last == Walked::Freed);
            }
        }
        // Each of the three, at the moment at which the walk stood before it.
        assert_eq!(freed, if locks { 0 } else { 3 });
    }
}

proptest! {
    /// With the lock the list answers as if there were one processor.
    #[test]
    fn walks_and_removals_that_exclude_each_other_are_one_after_the_other(
        port in 0xBFF0_u16..0xC240,
        removals in proptest::collection::vec(0_u16..4, 0..8),
    ) {
        let mut list = ports(true);
        let mut there = vec![0_u16, 1, 2];
        let mut removals = removals.into_iter();
        let mut walk = list.begin(port);
        loop {
            if let Some(number) = removals.next() {
                let waits = list.remove(0xC000 + 0x100 * number);
                prop_assert_eq!(waits, Removed::Waits);
            }
            match list.step(&mut walk) {
                Walked::Further => {}
                Walked::Ended(found) => {
                    let number = there.iter().find(|number| port.wrapping_sub(0xC000 + 0x100 * **number) < 0x20);
                    prop_assert_eq!(found, number.map(|number| 0xE000 + 0x20 * number + (port & 0x1F)));
                    break;
                }
                Walked::Freed => prop_assert!(false, "nobody frees while somebody walks"),
            }
        }
        for number in removals {
            let place = there.iter().position(|other| *other == number);
            let removed = list.remove(0xC000 + 0x100 * number);
            prop_assert_eq!(removed, if place.is_some() { Removed::Done } else { Removed::NotThere });
            place.map(|place| there.remove(place));
        }
    }
}
