//! pcifront and pciback over their page: requests, answers in time and late, interrupts, reports of errors, scans.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::pciback::overlay::OverlaySettings;
use sim_wasm::actors::pciback::slots::{DeviceKind, SlotPolicy};
use sim_wasm::actors::pciback::{self, After, Pciback, VirtualOf};
use sim_wasm::actors::pcifront::scan::{Found, Places, Scan};
use sim_wasm::actors::pcifront::{self, PCIBIOS_DEVICE_NOT_FOUND, Pcifront, Poll, Reply, read_result};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::pirqs::{IrqSource, PirqId, Pirqs};
use sim_wasm::protocols::pci::bar::{BarKind, regions};
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msi::{Msi, MsiShape};
use sim_wasm::protocols::pci::msix::{self, InBar, MsixShape};
use sim_wasm::protocols::pci::owners::Owners;
use sim_wasm::protocols::pci::sriov::virtual_function;
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::protocols::pciif::{MsixEntry, PciCmd, PciOp, Place, XEN_PCIF_ACTIVE, is_set};
use sim_wasm::words::ids::{Bdf, DomId, Port};
use sim_wasm::words::time::Time;

const GUEST: DomId = DomId(3);
const CARD: Bdf = Bdf::new(2, 0, 0);
const SHOWN: Place = Place::new(Bdf::new(0, 0, 0));

fn card() -> ConfigSpace {
    let (table, pba) = (InBar { bar: 1, offset: 0 }, InBar { bar: 1, offset: 0x800 });
    Builder::new(0x8086, 0x10FB, 0x02_0000)
        .interrupt(1, 11)
        .bar(0, BarKind::Memory32 { prefetchable: false }, 0x2_0000, 0xFEBC_0000)
        .bar(1, BarKind::Memory32 { prefetchable: false }, 0x1000, 0xFEBE_0000)
        .bar(2, BarKind::Memory64 { prefetchable: true }, 0x10_0000, 0x20_0000_0000)
        .bar(4, BarKind::Io, 0x20, 0xC000)
        .msi(MsiShape { vectors_log2: 0, is_64: true, has_masks: false })
        .msix(MsixShape { entries: 8, table, pba })
        .flr()
        .build()
}

struct Pair {
    page: Page,
    front: Pcifront,
    back: Pciback,
    functions: Vec<Function>,
    pirqs: Pirqs,
    owners: Owners,
    now: Time,
    log: Log,
}

impl Pair {
    fn new(modern: bool) -> Pair {
        Pair::with(modern, &[CARD], SlotPolicy::VirtualPci)
    }

    fn with(modern: bool, devices: &[Bdf], policy: SlotPolicy) -> Pair {
        let mut topology = Topology::new();
        let mut functions = Vec::new();
        for &bdf in devices {
            topology.add(bdf, NodeKind::ENDPOINT);
            functions.push(Function::new(bdf, card()));
        }
        let mut owners = Owners::new(&topology);
        let (settings, epoch) = if modern {
            (OverlaySettings::MODERN, FrontEpoch::Modern)
        } else {
            (OverlaySettings::CLASSIC, FrontEpoch::Classic)
        };
        let mut page = Page::zeroed();
        let front = Pcifront::new(epoch, &mut page);
        for &bdf in devices {
            owners.give(&topology, bdf, GUEST).expect("it is dom0's");
        }
        let back = Pciback::new(GUEST, settings, policy);
        let (pirqs, now, log) = (Pirqs::new(), Time::from_millis(1), Log::new());
        let mut pair = Pair { page, front, back, functions, pirqs, owners, now, log };
        for &bdf in devices {
            pair.back(|back, call| back.export(call, bdf, DeviceKind::Function, None, 17)).expect("there is room");
        }
        pair
    }

    fn front<T>(&mut self, act: impl FnOnce(&mut Pcifront, &mut pcifront::Call<'_>) -> T) -> T {
        let Pair { page, front, now, log, .. } = self;
        act(front, &mut pcifront::Call { page, now: *now, log })
    }

    fn back<T>(&mut self, act: impl FnOnce(&mut Pciback, &mut pciback::Call<'_>) -> T) -> T {
        let Pair { page, back, functions, pirqs, owners, now, log, .. } = self;
        act(back, &mut pciback::Call { page, functions, pirqs, owners, now: *now, log })
    }

    fn post(&mut self, op: PciOp) {
        self.front(|front, call| front.post(call, op));
    }

    fn poll(&mut self) -> Poll {
        self.front(Pcifront::poll)
    }

    /// A request that is answered at once.
    fn ask(&mut self, op: PciOp) -> Reply {
        self.post(op);
        self.serve()
    }

    fn serve(&mut self) -> Reply {
        assert!(self.back(Pciback::handle_event));
        assert_eq!(self.back(Pciback::do_op), After::Notify);
        match self.poll() {
            Poll::Done(reply) => reply,
            Poll::Wait(until) => panic!("it waits until {until:?}"),
        }
    }

    fn read(&mut self, offset: i32, size: i32) -> Result<u32, i32> {
        let Reply { err, value, .. } = self.ask(PciOp::conf_read(SHOWN, offset, size));
        read_result(err, value)
    }

    fn scan(&mut self, places: Places) -> Vec<Found> {
        let mut scan = Scan::new(0, places, []);
        while let Some(op) = scan.next_op() {
            let Reply { err, value, .. } = self.ask(op);
            scan.answer(self.now, &mut self.log, err, value);
        }
        scan.into_found()
    }

    fn told(&self, wanted: impl Fn(&Pciif) -> bool) -> usize {
        let is = |event: &Event| matches!(event, Event::Pciif(event) if wanted(event));
        self.log.entries().iter().filter(|entry| is(&entry.event)).count()
    }
}

#[test]
fn a_request_goes_there_and_back() {
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        assert_eq!((pair.read(0, 4), pair.read(0x3C, 1)), (Ok(0x10FB_8086), Ok(17)));
        assert_eq!(pair.read(1, 4), Err(0x87));
        let absent = pair.ask(PciOp::conf_read(Place::new(Bdf::new(0, 9, 0)), 0, 4));
        // The front would take -19 for an absent device that reads 0, but the back says -1.
        assert_eq!((absent.err, read_result(absent.err, 0)), (-1, Err(PCIBIOS_DEVICE_NOT_FOUND)));
        assert_eq!(read_result(-19, 5), Ok(0));
        let strange = pair.ask(PciOp { cmd: 77, ..PciOp::conf_read(SHOWN, 0, 4) });
        assert_eq!(strange.err, -4);
        let elsewhere = pair.ask(PciOp { domain: 1, ..PciOp::conf_read(SHOWN, 0, 4) });
        assert_eq!(elsewhere.err, -1);
    }
}

#[test]
fn a_silent_backend_is_given_up() {
    let mut pair = Pair::new(true);
    let began = pair.now;
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    let seconds = 1_000_000_000;
    assert_eq!(pair.poll(), Poll::Wait(began + 3 * seconds));
    // An event that is none of its own makes another poll of three seconds.
    pair.now = began + seconds;
    assert_eq!(pair.poll(), Poll::Wait(began + 4 * seconds));
    pair.now = began + 2 * seconds;
    assert_eq!(pair.poll(), Poll::Wait(began + 5 * seconds));
    pair.now = began + (2 * seconds + 1);
    let Poll::Done(reply) = pair.poll() else { panic!("two seconds are over") };
    assert_eq!((reply.err, is_set(&pair.page, XEN_PCIF_ACTIVE)), (-1, false));
    assert!(!pair.front.is_waiting());
}

/// The back reads a request, the front gives it up and makes another one, and the answer to the first completes the second.
#[test]
fn a_late_answer_completes_the_next_request() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    assert!(pair.back(Pciback::handle_event));
    pair.back(Pciback::begin_op);
    pair.now += 3_000_000_000;
    assert!(matches!(pair.poll(), Poll::Done(Reply { err: -1, .. })));
    pair.post(PciOp::conf_read(SHOWN, 0x3C, 1));
    assert!(!pair.back(Pciback::handle_event), "it is at work");
    assert_eq!(pair.back(Pciback::finish_op), After::Notify);
    let Poll::Done(reply) = pair.poll() else { panic!("bit 0 is clear") };
    assert_eq!((reply.err, reply.value), (0, 0x10FB_8086), "IDs instead of an interrupt line");
    assert_eq!(pair.told(|event| matches!(event, Pciif::AnsweredLate { .. })), 1);
    // Nobody looks at the second request any more, and the third is answered as it should be.
    assert_eq!(pair.read(0x3C, 1), Ok(17));
}

#[test]
#[should_panic(expected = "one request is under way at a time")]
fn a_second_request_is_never_under_way() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
}

/// A guest changes its request while it is worked on (XSA-155).
#[test]
fn the_classic_back_uses_what_it_did_not_check() {
    for (modern, offset) in [(false, 0x04), (true, 0x2C)] {
        let mut pair = Pair::new(modern);
        pair.post(PciOp::conf_write(SHOWN, 0x2C, 2, 0x0006));
        assert!(pair.back(Pciback::handle_event));
        pair.back(Pciback::begin_op);
        PciOp::conf_write(SHOWN, 4, 2, 0x0007).store(&mut pair.page);
        assert_eq!(pair.back(Pciback::finish_op), After::Notify);
        let command = pair.functions[0].config.command();
        assert_eq!((command, modern), if offset == 4 { (7, false) } else { (0, true) });
        assert_eq!(pair.told(|event| matches!(event, Pciif::RequestChanged { .. })), usize::from(!modern));
    }
    // The entry of MSI-X that was checked is not the one that is used.
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
        pair.front(|front, call| front.enable_msix(call, SHOWN, &[0, 1])).expect("two fit");
        assert!(pair.back(Pciback::handle_event));
        pair.back(Pciback::begin_op);
        MsixEntry { vector: 0, entry: 0x700 }.store(&mut pair.page, 1);
        assert_eq!(pair.back(Pciback::finish_op), After::Notify);
        let mapped = pair.pirqs.raise(IrqSource::Message(CARD, 0x700));
        let last = pair.pirqs.source(GUEST, PirqId(254));
        let used = if modern { 1 } else { 0x700 };
        assert_eq!((mapped, last), (vec![], Some(IrqSource::Message(CARD, used))));
    }
}

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

#[test]
fn a_report_that_nobody_answers_is_given_up() {
    let mut pair = Pair::new(true);
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
    pair.now += pciback::AER_WAIT_NANOS - 1;
    assert!(!pair.back(Pciback::give_up_report));
    pair.now += 1;
    assert!(pair.back(Pciback::give_up_report) && !pair.back(Pciback::give_up_report));
    assert!(!pair.front(Pcifront::handle_event), "bit 2 is clear");
}

#[test]
fn a_report_is_found_beside_a_request() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    assert!(pair.back(Pciback::handle_event));
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
    assert!(!pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)), "one at a time");
    assert!(!pair.front(Pcifront::handle_event), "the wait eats the event");
    assert_eq!(pair.back(Pciback::do_op), After::Notify);
    let Poll::Done(reply) = pair.poll() else { panic!("it is answered") };
    assert!(reply.report);
    let report = pair.front(|front, call| front.report(call));
    assert_eq!((report.cmd, report.err, report.bus, report.devfn), (6, 2, 0, 0));
    assert!(pair.back.aer_deadline().is_some());
    assert!(!pair.front(|front, call| front.do_aer(call, 3)));
    assert!(!pair.back(Pciback::handle_event));
    assert_eq!(pair.back.aer_deadline(), None);
    // Without a request under way the event is enough; the classic front handles none.
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerResume, CARD, 0)));
    assert!(pair.front(Pcifront::handle_event));
    let mut classic = Pair::new(false);
    assert!(!classic.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
}

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

#[test]
#[should_panic(expected = "one request is under way at a time")]
fn a_second_request_is_not_posted_over_the_first() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    pair.post(PciOp::conf_read(SHOWN, 4, 4));
}

proptest! {
    /// Whoever does what when: each request comes to one answer or is given up, and whoever takes an answer takes the one to
    /// his own request, unless somebody gave up before; then it may be the one that the back was at work on. In which order
    /// bit 0 and the answer become visible cannot be seen in one page: `protocols::pciif_model` walks every such order.
    #[test]
    fn each_request_comes_to_its_own_answer(steps in proptest::collection::vec((0_u8..6, any::<u16>()), 1..80)) {
        let mut alone = Pair::new(true);
        let answers: Vec<u32> = (0..16).map(|register| alone.read(register * 4, 4).expect("the device is shown")).collect();
        let mut pair = Pair::new(true);
        // Registers: of the request under way, of the one that the back has read, and of the last that was answered.
        let (mut asked, mut at_work, mut answered) = (None, None, None);
        let (mut posted, mut taken, mut given_up) = (0, 0, 0);
        for (step, number) in steps {
            pair.now += u64::from(number) * 20_000;
            match step {
                0 if !pair.front.is_waiting() => {
                    let register = usize::from(number >> 2 & 0xF);
                    pair.post(PciOp::conf_read(SHOWN, register as i32 * 4, 4));
                    prop_assert!(is_set(&pair.page, XEN_PCIF_ACTIVE));
                    asked = Some(register);
                    posted += 1;
                }
                1 => {
                    let (waits, works) = (is_set(&pair.page, XEN_PCIF_ACTIVE), pair.back.is_working());
                    let queued = pair.back(Pciback::handle_event);
                    prop_assert_eq!(queued, waits && !works, "one is at work at a time");
                }
                2 if pair.back.is_working() && at_work.is_none() => {
                    pair.back(Pciback::begin_op);
                    // Who gave up meanwhile has left the request where it was.
                    at_work = asked;
                }
                3 if at_work.is_some() => {
                    let after = pair.back(Pciback::finish_op);
                    answered = at_work.take();
                    prop_assert_eq!(after, After::Notify, "bit 0 has just fallen");
                    let lying = PciOp::load(&pair.page);
                    let told = pair.log.entries().iter().rev().find_map(|entry| match entry.event {
                        Event::Pciif(Pciif::Answered { err, value }) => Some((err, value)),
                        _ => None,
                    });
                    prop_assert_eq!(told, Some((lying.err, lying.value)));
                    prop_assert_eq!((lying.err, lying.value), (0, answers[answered.expect("it was at work")]));
                    prop_assert!(!is_set(&pair.page, XEN_PCIF_ACTIVE) && !pair.back.is_working());
                }
                4 if pair.front.is_waiting() => {
                    let falls = !is_set(&pair.page, XEN_PCIF_ACTIVE);
                    match pair.poll() {
                        Poll::Wait(_) => prop_assert!(!falls),
                        Poll::Done(reply) if falls => {
                            taken += 1;
                            let whose = answered.expect("only the back lets bit 0 fall while somebody waits");
                            prop_assert_eq!((reply.err, reply.value), (0, answers[whose]));
                            prop_assert!(given_up > 0 || Some(whose) == asked, "{:?} for {:?}", whose, asked);
                        }
                        Poll::Done(reply) => {
                            given_up += 1;
                            prop_assert!(reply.err != 0 && !is_set(&pair.page, XEN_PCIF_ACTIVE));
                        }
                    }
                }
                _ => {}
            }
            prop_assert_eq!(posted - taken - given_up, i32::from(pair.front.is_waiting()), "one at a time, and none is lost");
        }
    }
}
