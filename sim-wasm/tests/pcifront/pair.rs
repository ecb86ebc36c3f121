//! The two halves, and the page between them.

use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::pciback::overlay::OverlaySettings;
use sim_wasm::actors::pciback::slots::{DeviceKind, SlotPolicy};
use sim_wasm::actors::pciback::{self, After, Pciback};
use sim_wasm::actors::pcifront::scan::{Found, Places, Scan};
use sim_wasm::actors::pcifront::{self, Pcifront, Poll, Reply, read_result};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::pirqs::Pirqs;
use sim_wasm::protocols::pci::bar::BarKind;
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::ConfigSpace;
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msi::MsiShape;
use sim_wasm::protocols::pci::msix::{InBar, MsixShape};
use sim_wasm::protocols::pci::owners::Owners;
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::protocols::pciif::{PciOp, Place};
use sim_wasm::words::ids::{Bdf, DomId};
use sim_wasm::words::time::Time;

pub(crate) const GUEST: DomId = DomId(3);
pub(crate) const CARD: Bdf = Bdf::new(2, 0, 0);
pub(crate) const SHOWN: Place = Place::new(Bdf::new(0, 0, 0));

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

pub(crate) struct Pair {
    pub(crate) page: Page,
    pub(crate) front: Pcifront,
    pub(crate) back: Pciback,
    pub(crate) functions: Vec<Function>,
    pub(crate) pirqs: Pirqs,
    pub(crate) owners: Owners,
    pub(crate) now: Time,
    pub(crate) log: Log,
}

impl Pair {
    pub(crate) fn new(modern: bool) -> Pair {
        Pair::with(modern, &[CARD], SlotPolicy::VirtualPci)
    }

    pub(crate) fn with(modern: bool, devices: &[Bdf], policy: SlotPolicy) -> Pair {
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

    pub(crate) fn front<T>(&mut self, act: impl FnOnce(&mut Pcifront, &mut pcifront::Call<'_>) -> T) -> T {
        let Pair { page, front, now, log, .. } = self;
        act(front, &mut pcifront::Call { page, now: *now, log })
    }

    pub(crate) fn back<T>(&mut self, act: impl FnOnce(&mut Pciback, &mut pciback::Call<'_>) -> T) -> T {
        let Pair { page, back, functions, pirqs, owners, now, log, .. } = self;
        act(back, &mut pciback::Call { page, functions, pirqs, owners, now: *now, log })
    }

    pub(crate) fn post(&mut self, op: PciOp) {
        self.front(|front, call| front.post(call, op));
    }

    pub(crate) fn poll(&mut self) -> Poll {
        self.front(Pcifront::poll)
    }

    /// A request that is answered at once.
    pub(crate) fn ask(&mut self, op: PciOp) -> Reply {
        self.post(op);
        self.serve()
    }

    pub(crate) fn serve(&mut self) -> Reply {
        assert!(self.back(Pciback::handle_event));
        assert_eq!(self.back(Pciback::do_op), After::Notify);
        match self.poll() {
            Poll::Done(reply) => reply,
            Poll::Wait(until) => panic!("it waits until {until:?}"),
        }
    }

    pub(crate) fn read(&mut self, offset: i32, size: i32) -> Result<u32, i32> {
        let Reply { err, value, .. } = self.ask(PciOp::conf_read(SHOWN, offset, size));
        read_result(err, value)
    }

    pub(crate) fn scan(&mut self, places: Places) -> Vec<Found> {
        let mut scan = Scan::new(0, places, []);
        while let Some(op) = scan.next_op() {
            let Reply { err, value, .. } = self.ask(op);
            scan.answer(self.now, &mut self.log, err, value);
        }
        scan.into_found()
    }

    pub(crate) fn told(&self, wanted: impl Fn(&Pciif) -> bool) -> usize {
        let is = |event: &Event| matches!(event, Event::Pciif(event) if wanted(event));
        self.log.entries().iter().filter(|entry| is(&entry.event)).count()
    }
}
