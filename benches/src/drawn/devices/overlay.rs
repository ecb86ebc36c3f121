//! A guest's config space behind pciback: any accesses to a card with any features, and its messages on and off, over the shared
//! page.

use sim::actors::epoch::FrontEpoch;
use sim::actors::log::Log;
use sim::actors::pciback::overlay::{Overlap, OverlaySettings, SizeMask};
use sim::actors::pciback::slots::{DeviceKind, SlotPolicy};
use sim::actors::pciback::{self, After, Pciback};
use sim::actors::pcifront::{self, Pcifront, Poll};
use sim::hypervisor::page::Page;
use sim::hypervisor::pirqs::Pirqs;
use sim::protocols::pci::bar::BarKind;
use sim::protocols::pci::builder::Builder;
use sim::protocols::pci::function::Function;
use sim::protocols::pci::msi::MsiShape;
use sim::protocols::pci::msix::{InBar, MsixShape};
use sim::protocols::pci::owners::Owners;
use sim::protocols::pci::topology::{NodeKind, Topology};
use sim::protocols::pciif::{PciCmd, PciOp, Place};
use sim::words::hash::Fnv1a;
use sim::words::ids::{Bdf, DomId};
use sim::words::time::Time;

use crate::drawn::Draw;
use crate::drawn::devices::{DeviceRun, take_in};

const GUEST: DomId = DomId(3);
const CARD: Bdf = Bdf::new(2, 0, 0);
const SHOWN: Place = Place::new(Bdf::new(0, 0, 0));

pub(super) fn run(draw: &mut Draw) -> DeviceRun {
    let mut topology = Topology::new();
    topology.add(CARD, NodeKind::ENDPOINT);
    let mut owners = Owners::new(&topology);
    if !draw.once_in(8) {
        owners.give(&topology, CARD, GUEST).expect("it is dom0's");
    }
    let mut functions = [draw.function()];
    let (epoch, settings) = draw.overlay();
    let mut page = Page::zeroed();
    let mut front = Pcifront::new(epoch, &mut page);
    let mut back = Pciback::new(GUEST, settings, SlotPolicy::VirtualPci);
    let (mut pirqs, mut log, mut now, mut hash) = (Pirqs::new(), Log::new(), Time::ZERO, Fnv1a::new());
    macro_rules! call {
        () => {
            &mut pciback::Call {
                page: &mut page,
                functions: &mut functions,
                pirqs: &mut pirqs,
                owners: &owners,
                now,
                log: &mut log,
            }
        };
    }
    back.export(call!(), CARD, DeviceKind::Function, None, 17).expect("there is room");
    for _ in 0..30 + draw.below(60) {
        now += draw.nanos(200_000_000);
        let mut call = pcifront::Call { page: &mut page, now, log: &mut log };
        if draw.once_in(12) {
            let entries: Vec<u16> = draw.several(4, |draw| draw.below(10) as u16);
            front.enable_msix(&mut call, SHOWN, &entries).expect("so few fit");
        } else {
            front.post(&mut call, draw.request());
        }
        if draw.once_in(10) {
            // The guest changes its request as soon as it is seen.
            assert!(back.handle_event(call!()), "the request is seen");
            back.begin_op(call!());
            draw.request().store(&mut page);
            take_in(&mut hash, &back.finish_op(call!()));
        } else {
            assert!(back.handle_event(call!()), "the request is seen");
            let after: After = back.do_op(call!());
            take_in(&mut hash, &after);
        }
        let poll: Poll = front.poll(&mut pcifront::Call { page: &mut page, now, log: &mut log });
        take_in(&mut hash, &poll);
        if !matches!(poll, Poll::Done(_)) {
            break;
        }
    }
    hash.write(page.bytes());
    take_in(&mut hash, &(&functions, &back, &front, &pirqs));
    DeviceRun { log, state: hash.finish() }
}

impl Draw {
    fn function(&mut self) -> Function {
        let (table, pba) = (InBar { bar: 1, offset: 0 }, InBar { bar: 1, offset: 0x800 });
        let mut builder = if self.once_in(2) {
            Builder::new(0x8086, 0x10FB, 0x02_0000)
        } else {
            Builder::conventional(0x8086, 0x100E, 0x02_0000)
        };
        builder = builder
            .interrupt(1, 11)
            .bar(0, BarKind::Memory32 { prefetchable: self.once_in(2) }, 0x1000 << self.below(6), 0xFE00_0000)
            .bar(1, BarKind::Memory32 { prefetchable: false }, 0x1000, 0xFEBE_0000)
            .bar(4, BarKind::Io, 0x20, 0xC000);
        if self.once_in(2) {
            builder = builder.bar(2, BarKind::Memory64 { prefetchable: true }, 0x10_0000, 0x20_0000_0000);
        }
        if self.once_in(2) {
            builder = builder.rom(0x1_0000, 0xFEB0_0000).self_test();
        }
        if self.once_in(2) {
            builder = builder.vital_product_data();
        }
        if self.once_in(2) {
            builder = builder.power_management(0x1F, self.once_in(2));
        }
        if !self.once_in(3) {
            let shape =
                MsiShape { vectors_log2: self.below(3) as u8, is_64: self.once_in(2), has_masks: self.once_in(2) };
            builder = builder.msi(shape);
        }
        if !self.once_in(3) {
            builder = builder.msix(MsixShape { entries: 8, table, pba });
        }
        Function::new(CARD, builder.build())
    }

    fn overlay(&mut self) -> (FrontEpoch, OverlaySettings) {
        let (epoch, settings) = self
            .one_of(&[(FrontEpoch::Classic, OverlaySettings::CLASSIC), (FrontEpoch::Modern, OverlaySettings::MODERN)]);
        let settings = OverlaySettings {
            overlap: self.one_of(&[Overlap::Ends, Overlap::Ends, Overlap::Proper]),
            size_mask: self.one_of(&[settings.size_mask, SizeMask::Probed, SizeMask::Size, SizeMask::Computed]),
            permissive: self.once_in(4),
            allow_interrupt_control: self.once_in(4),
            ..settings
        };
        (epoch, settings)
    }

    /// Mostly accesses, and mostly such as there are.
    fn request(&mut self) -> PciOp {
        let place = if self.once_in(15) { Place::new(Bdf::new(0, 1, 0)) } else { SHOWN };
        let size = self.one_of(&[1, 2, 4, 4, 4]);
        let offset = match self.below(6) {
            0 => self.below(0x100) as i32,
            1 => 4,
            2 => (0x10 + 4 * self.below(6)) as i32,
            _ => (self.below(0x40) * 4) as i32,
        };
        match self.below(16) {
            0 => PciOp::new(PciCmd::EnableMsi, place),
            1 => PciOp::new(PciCmd::DisableMsi, place),
            2 => PciOp::new(PciCmd::DisableMsix, place),
            3 => PciOp { cmd: self.below(16), ..PciOp::conf_read(place, offset, size) },
            4 => PciOp::conf_read(place, self.rng.next_u32() as i32, self.below(9) as i32),
            5..=9 => PciOp::conf_read(place, offset, size),
            _ => {
                let any = self.rng.next_u32();
                let value = self.one_of(&[u32::MAX, 0, 7, any]);
                PciOp::conf_write(place, offset, size, value)
            }
        }
    }
}
