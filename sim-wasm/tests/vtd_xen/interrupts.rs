//! Messages of devices, forged and remapped and posted.

use sim_wasm::hypervisor::message::Message;
use sim_wasm::hypervisor::passthrough::host_errors::HostFate;
use sim_wasm::hypervisor::passthrough::intremap::{Guard, Taken, Target, guard_of};
use sim_wasm::hypervisor::passthrough::iommus::PciDevice;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_POSTING, Capabilities};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::interrupts::{Arrival, Interrupt};
use sim_wasm::hypervisor::vtd::structures::address_of;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Mfn};

use crate::world::{CARD, DOM1, Machine, OTHER, machine, options, today};

fn ring(machine: &mut Machine, source: Bdf, message: Message) -> Ending {
    let unit = &mut machine.iommus.unit_mut(0).unit;
    unit.dma_write(&mut machine.memory, source, message.address, &message.data.to_le_bytes()).ending
}

#[test]
fn a_forged_message_rings_unless_interrupts_are_remapped() {
    let target = Target::Processor { vector: 0x41, processor: 2 };
    for remapped in [true, false] {
        let text = if remapped { None } else { Some("no-intremap") };
        let mut machine = machine(options(Version::Today, text), &[Capabilities::typical()], GuestKind::Hvm);
        let own = machine.iommus.map_msi(&mut machine.memory, CARD, target).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.iommus.untrusted_msi.is_on(), !remapped);
        let interrupt = Interrupt { vector: 0x41, delivery: 0, destination: 2 };
        // The guest may have its other device write what is this one's, or write what it likes.
        let forged = Message { address: 0xFEE0_0000, data: 0x80 };
        if remapped {
            assert_eq!(ring(&mut machine, CARD, own), Ending::Interrupt(Arrival::Remapped(interrupt)));
            assert_eq!(ring(&mut machine, OTHER, own), Ending::Blocked(Fault::SourceMismatch));
            assert_eq!(ring(&mut machine, CARD, forged), Ending::Blocked(Fault::CompatibilityBlocked));
            machine.iommus.unmap_msi(&mut machine.memory, 0, own);
            assert_eq!(ring(&mut machine, CARD, own), Ending::Blocked(Fault::InterruptNotPresent));
        } else {
            assert_eq!(ring(&mut machine, OTHER, own), Ending::Interrupt(Arrival::AsWritten(interrupt)));
            let arrived = ring(&mut machine, CARD, forged);
            assert_eq!(
                arrived,
                Ending::Interrupt(Arrival::AsWritten(Interrupt { vector: 0x80, destination: 0, ..interrupt }))
            );
        }
    }
    assert_eq!(
        [0x0E, 0x80, 0x82, 0x41].map(guard_of),
        [Guard::HeldBack, Guard::Checked, Guard::Checked, Guard::Nothing]
    );
}

/// CVE-2011-1898: each of the 256 vectors, forged at a Xen that remaps, at one that has given the device away without
/// remapping, at one that has not given it away, and at 3.3.
#[test]
fn a_forged_vector_meets_the_guard_that_is_up() {
    let forged = |vector: u8| Message::to(2, vector);
    let is_call = |vector: u8| [0x80, 0x82].contains(&vector);
    let (old, new) = (Version::Xen33, Version::Today);
    for (version, text, is_given) in
        [(new, None, true), (new, Some("no-intremap"), true), (new, Some("no-intremap"), false), (old, Some("1"), true)]
    {
        let mut machine = machine(options(version, text), &[Capabilities::typical()], GuestKind::Hvm);
        if is_given {
            machine.assign(CARD, DOM1).expect("it is free");
        }
        for vector in 0..=u8::MAX {
            let taken = machine.iommus.send_message(&mut machine.memory, CARD, forged(vector));
            let expect = match vector {
                _ if text.is_none() => Err(Fault::CompatibilityBlocked),
                0..0x20 if version == new => Ok(Taken::HeldBack(vector)),
                0..0x20 => Ok(Taken::Mistaken(vector)),
                _ if is_call(vector) && version == new && is_given => Ok(Taken::XenStops(vector)),
                _ if is_call(vector) => Ok(Taken::Mistaken(vector)),
                _ => Ok(Taken::Handled(vector)),
            };
            assert_eq!(taken, expect, "{version:?} {text:?} given: {is_given}");
            // The same as a write on the bus, and what becomes of the host.
            let ending = ring(&mut machine, CARD, forged(vector));
            let stops = is_call(vector) && version == new && is_given && text.is_some();
            let fate = if stops { HostFate::Stops } else { HostFate::GoesOn };
            assert_eq!(machine.iommus.host_fate(ending), fate, "{version:?} {text:?} given: {is_given}, {vector:#x}");
        }
    }
}

#[test]
fn what_xen_has_written_into_the_table_needs_no_guard_and_a_mode_has_none() {
    let mut machine = today(GuestKind::Hvm);
    let target = Target::Processor { vector: 0x41, processor: 2 };
    let own = machine.iommus.map_msi(&mut machine.memory, CARD, target).expect("there is room");
    machine.assign(CARD, DOM1).expect("it is free");
    assert_eq!(machine.iommus.send_message(&mut machine.memory, CARD, own), Ok(Taken::Handled(0x41)));
    assert_eq!(machine.iommus.send_message(&mut machine.memory, OTHER, own), Err(Fault::SourceMismatch));
    // SMI, NMI, INIT and external interrupts, with a vector that would be held back.
    let options = options(Version::Today, Some("no-intremap"));
    let mut machine = crate::world::machine(options, &[Capabilities::typical()], GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    for mode in [2, 4, 5, 7] {
        let message = Message { data: u32::from(mode) << 8 | 0x0E, ..Message::to(0, 0) };
        let taken = machine.iommus.send_message(&mut machine.memory, CARD, message);
        assert_eq!(taken, Ok(Taken::ByMode(mode)));
    }
    // Lowest priority goes by its vector.
    let message = Message { data: 1 << 8 | 0x0E, ..Message::to(0, 0) };
    assert_eq!(machine.iommus.send_message(&mut machine.memory, CARD, message), Ok(Taken::HeldBack(0x0E)));
}

/// Without a unit the assignment is refused, and a paravirtual guest runs on with the device: nobody notes it.
#[test]
fn without_a_unit_nobody_notes_that_messages_are_not_to_be_trusted() {
    let mut machine = machine(options(Version::Today, None), &[], GuestKind::Pv);
    assert!(machine.assign(CARD, DOM1).is_err() && !machine.iommus.untrusted_msi.is_on());
    let mut ring = |vector| machine.iommus.send_message(&mut machine.memory, CARD, Message::to(0, vector));
    assert_eq!(ring(0x82), Ok(Taken::Mistaken(0x82)), "it is taken for a hypercall");
    assert_eq!((ring(0x0E), ring(0xFD)), (Ok(Taken::HeldBack(0x0E)), Ok(Taken::Handled(0xFD))));
}

#[test]
fn an_entry_takes_interrupts_from_all_numbers_of_its_device() {
    let target = Target::Processor { vector: 0x51, processor: 0 };
    let mut machine = today(GuestKind::Hvm);
    let (phantoms, bridged) = (Bdf::new(4, 0, 0), Bdf::new(5, 2, 0));
    let device = PciDevice::new(phantoms, 0).with_phantoms(&[Bdf::new(4, 0, 4)]);
    machine.iommus.add_device(&mut machine.memory, device).expect("there is room");
    let device = PciDevice::new(bridged, 0).behind_bridge(Bdf::new(0, 30, 0), 5);
    machine.iommus.add_device(&mut machine.memory, device).expect("there is room");
    for (device, strangers) in [(phantoms, [Bdf::new(4, 0, 1), Bdf::new(4, 1, 0)]), (bridged, [Bdf::new(6, 0, 0); 2])] {
        let message = machine.iommus.map_msi(&mut machine.memory, device, target).expect("there is room");
        for source in machine.iommus.device(device).expect("it was added").sources() {
            assert!(
                matches!(ring(&mut machine, source, message), Ending::Interrupt(Arrival::Remapped(_))),
                "{source:?}"
            );
        }
        for stranger in strangers {
            assert_eq!(ring(&mut machine, stranger, message), Ending::Blocked(Fault::SourceMismatch));
        }
    }
}

#[test]
fn posting_is_off_unless_asked_for_and_the_unit_can() {
    let target = Target::Posted { vector: 0x61, descriptor: address_of(Mfn(30)) };
    let posts = Capabilities::typical().with_cap(CAP_POSTING);
    for (text, unit, expect) in
        [(None, posts, false), (Some("intpost"), Capabilities::typical(), false), (Some("intpost"), posts, true)]
    {
        let mut machine = machine(options(Version::Today, text), &[unit], GuestKind::Hvm);
        let message = machine.iommus.map_msi(&mut machine.memory, CARD, target);
        assert_eq!(message.is_ok(), expect);
        if let Ok(message) = message {
            assert!(matches!(ring(&mut machine, CARD, message), Ending::Interrupt(Arrival::Notified(_))));
            assert_eq!(ring(&mut machine, CARD, message), Ending::Interrupt(Arrival::Noted));
        }
    }
}
