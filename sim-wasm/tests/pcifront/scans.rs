//! Scans of the virtual buses.

use sim_wasm::actors::pciback::slots::SlotPolicy;
use sim_wasm::actors::pcifront::Reply;
use sim_wasm::actors::pcifront::scan::{Places, Scan};
use sim_wasm::protocols::pci::bar::regions;
use sim_wasm::protocols::pciif::Place;
use sim_wasm::words::ids::Bdf;

use crate::pair::{CARD, Pair, SHOWN};

#[test]
fn a_scan_finds_devices_as_they_are() {
    let devices = [CARD, Bdf::new(2, 0, 3), Bdf::new(5, 1, 0)];
    for modern in [false, true] {
        let mut pair = Pair::with(modern, &devices, SlotPolicy::VirtualPci);
        let before = pair.functions[0].config.clone();
        let found = pair.scan(Places::All);
        let places: Vec<Bdf> = found.iter().map(|found| found.place).collect();
        assert_eq!(places, [Bdf::new(0, 0, 0), Bdf::new(0, 0, 3), Bdf::new(0, 1, 0)]);
        let truth: Vec<_> = regions(&before).collect();
        for device in found {
            assert_eq!((device.ids, device.interrupt, &device.regions), ((0x8086, 0x10FB), (17, 1), &truth));
        }
        assert_eq!(pair.functions[0].config, before, "decoding was off from the start, and BARs were never touched");
    }
    // A kernel that goes by slots misses a function without a function 0 that says there are more.
    let mut pair = Pair::with(false, &devices, SlotPolicy::VirtualPci);
    assert_eq!(pair.scan(Places::Slots).len(), 2);
}

#[test]
fn a_rescan_leaves_out_what_is_known() {
    let mut pair = Pair::new(true);
    let mut scan = Scan::new(0, Places::All, [SHOWN.bdf]);
    assert_eq!(scan.next_op().and_then(|op| op.place()), Some(Place::new(Bdf::new(0, 0, 1))));
    let mut asked = 0;
    while let Some(op) = scan.next_op() {
        let Reply { err, value, .. } = pair.ask(op);
        scan.answer(pair.now, &mut pair.log, err, value);
        asked += 1;
    }
    assert_eq!((asked, scan.into_found()), (255, vec![]));
}
