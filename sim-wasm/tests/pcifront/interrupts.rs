//! Interrupts: numbers for messages, orders that make no sense, and devices of others.

use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::pciback::VirtualOf;
use sim_wasm::actors::pciback::slots::DeviceKind;
use sim_wasm::actors::pcifront::Reply;
use sim_wasm::hypervisor::pirqs::{IrqSource, PirqId, Pirqs};
use sim_wasm::protocols::pci::config::Width;
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msi::Msi;
use sim_wasm::protocols::pci::msix::{self, InBar, MsixShape};
use sim_wasm::protocols::pci::owners::Owners;
use sim_wasm::protocols::pci::sriov::virtual_function;
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::protocols::pciif::{MsixEntry, PciCmd, PciOp, Place};
use sim_wasm::words::ids::{Bdf, Port};

use crate::pair::{CARD, GUEST, Pair, SHOWN};

#[test]
fn a_guest_gets_numbers_and_never_a_message() {
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
        let reply = pair.ask(PciOp::new(PciCmd::EnableMsi, SHOWN));
        assert_eq!((reply.err, reply.value), (0, 255));
        let number = PirqId(255);
        pair.pirqs.bind(GUEST, number, Port(9)).expect("it is mapped");
        let msi = Msi::of(&pair.functions[0].config).expect("it has one");
        assert!(msi.enabled && pair.functions[0].signal(pair.now, 0) == Some(msi.message));
        assert_eq!(pair.pirqs.raise(IrqSource::Message(CARD, 0)), [(GUEST, number, Port(9))]);
        // The address is not the guest's to write, though it is told that it did.
        let written = pair.ask(PciOp::conf_write(SHOWN, i32::from(msi.at) + 4, 4, 0xFEE0_3000));
        assert_eq!((written.err, Msi::of(&pair.functions[0].config)), (0, Some(msi)));
        let off = pair.ask(PciOp::new(PciCmd::DisableMsi, SHOWN));
        assert_eq!((off.err, off.value, pair.pirqs.source(GUEST, number)), (0, 17, None));
        assert!(!Msi::of(&pair.functions[0].config).expect("it has one").enabled);
    }
}

/// In wrong orders the kernel's own assertions would fail (XSA-157): today's driver refuses.
#[test]
fn orders_that_make_no_sense_are_refused() {
    let op = |cmd| PciOp::new(cmd, SHOWN);
    let mut pair = Pair::new(true);
    let msix = |pair: &mut Pair, entries: &[u16]| {
        pair.front(|front, call| front.enable_msix(call, SHOWN, entries)).expect("they fit");
        pair.serve().err
    };
    assert_eq!(msix(&mut pair, &[0]), -6, "its memory does not answer");
    pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
    assert_eq!([msix(&mut pair, &[8]), msix(&mut pair, &[1, 1]), msix(&mut pair, &[])], [-22; 3]);
    assert_eq!(pair.ask(op(PciCmd::EnableMsi)).err, 0);
    assert_eq!([pair.ask(op(PciCmd::EnableMsi)).err, msix(&mut pair, &[0])], [-5, -6]);
    assert_eq!([pair.ask(op(PciCmd::DisableMsix)).err, pair.ask(op(PciCmd::DisableMsi)).err], [0, 0]);
    pair.front(|front, call| front.enable_msix(call, SHOWN, &[3, 0])).expect("they fit");
    let reply = pair.serve();
    let entries = [MsixEntry { vector: 255, entry: 3 }, MsixEntry { vector: 254, entry: 0 }];
    assert_eq!((reply.err, reply.value, reply.entries), (0, 0, entries.to_vec()));
    assert_eq!([msix(&mut pair, &[1]), pair.ask(op(PciCmd::EnableMsi)).err], [-114, -5]);
    let too_many = PciOp { value: 129, ..op(PciCmd::EnableMsix) };
    assert_eq!(pair.ask(too_many).err, -22);
    let many = [0; 129];
    assert_eq!(pair.front(|front, call| front.enable_msix(call, SHOWN, &many)), Err(-22));
    assert_eq!(pair.told(|event| matches!(event, Pciif::OrderUnchecked { .. })), 0);
    // The classic one does not look.
    let mut classic = Pair::new(false);
    classic.ask(op(PciCmd::EnableMsi));
    assert_eq!(classic.ask(op(PciCmd::EnableMsi)).err, 0);
    classic.ask(op(PciCmd::DisableMsix));
    assert_eq!(classic.told(|event| matches!(event, Pciif::OrderUnchecked { .. })), 2);
}

/// Xen maps a message only for the device's owner (XSA-237).
#[test]
fn a_device_of_another_s_gets_no_interrupt() {
    let mut pair = Pair::new(true);
    let mut topology = Topology::new();
    topology.add(CARD, NodeKind::ENDPOINT);
    pair.owners = Owners::new(&topology);
    assert_eq!(pair.ask(PciOp::new(PciCmd::EnableMsi, SHOWN)).err, -5);
    pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
    pair.front(|front, call| front.enable_msix(call, SHOWN, &[0, 1])).expect("they fit");
    assert_eq!(pair.serve().err, -19);
    assert_eq!(pair.pirqs, Pirqs::new(), "nothing half done stays");
}

/// Two entries get numbers, and the third is in use already: the two are given back.
#[test]
fn entries_that_were_mapped_before_one_fails_are_unmapped() {
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
        assert_eq!(pair.pirqs.map_message(GUEST, Some(GUEST), CARD, 5), Ok(PirqId(255)));
        let before = pair.pirqs.clone();
        pair.front(|front, call| front.enable_msix(call, SHOWN, &[0, 3, 5])).expect("they fit");
        assert_eq!(pair.serve().err, -19);
        assert_eq!(pair.pirqs, before, "nothing half done stays");
        assert!(!msix::is_enabled(&pair.functions[0].config));
        assert_eq!(pair.told(|event| matches!(event, Pciif::MessagesEnabled { .. })), 0);
        pair.front(|front, call| front.enable_msix(call, SHOWN, &[0, 3])).expect("they fit");
        let Reply { err, entries, .. } = pair.serve();
        let entry = |vector, entry| MsixEntry { vector, entry };
        assert_eq!((err, entries), (0, vec![entry(254, 0), entry(253, 3)]), "and can be given again");
    }
}

/// A virtual function's own command register says nothing of its memory.
#[test]
fn a_virtual_function_s_memory_answers_by_its_physical_one() {
    let mut pair = Pair::new(true);
    let (table, pba) = (InBar { bar: 0, offset: 0 }, InBar { bar: 0, offset: 0x800 });
    let shape = MsixShape { entries: 3, table, pba };
    let real = Bdf::new(2, 16, 2);
    pair.functions.push(Function::new(real, virtual_function(0x02_0000).msix(shape).build()));
    let mut topology = Topology::new();
    for bdf in [CARD, real] {
        topology.add(bdf, NodeKind::ENDPOINT);
    }
    pair.owners = Owners::new(&topology);
    pair.owners.give(&topology, real, GUEST).expect("it is dom0's");
    let of = VirtualOf { physical: CARD, ids: (0x8086, 0x10ED) };
    let shown = pair.back(|back, call| back.export(call, real, DeviceKind::VirtualFunction, Some(of), 0));
    assert_eq!(shown, Ok(Bdf::new(0, 1, 0)));
    // Its key says function 0, but it answers to its real number.
    let place = Place::new(Bdf::new(0, 1, 2));
    assert_eq!(pair.ask(PciOp::conf_read(Place::new(Bdf::new(0, 1, 0)), 0, 4)).err, -1);
    assert_eq!(pair.ask(PciOp::conf_read(place, 0, 4)).value, 0x10ED_8086);
    for (physical, err) in [(0, -6), (6, 0)] {
        pair.functions[0].config.write(4, Width::Word, physical);
        pair.front(|front, call| front.enable_msix(call, place, &[0, 1, 2])).expect("they fit");
        assert_eq!(pair.serve().err, err);
    }
}
