//! A guest that keeps to no rule on the page that it shares with pciback: whatever stands there, pciback answers, the card's
//! BARs stay where they are, and a card that is not the guest's is not touched.

use sim_wasm::actors::log::Log;
use sim_wasm::actors::pciback::overlay::OverlaySettings;
use sim_wasm::actors::pciback::slots::{DeviceKind, SlotPolicy};
use sim_wasm::actors::pciback::{After, Call, Pciback};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::pirqs::Pirqs;
use sim_wasm::protocols::pci::bar::BarKind;
use sim_wasm::protocols::pci::builder::Builder;
use sim_wasm::protocols::pci::config::{ConfigSpace, Width};
use sim_wasm::protocols::pci::function::Function;
use sim_wasm::protocols::pci::msi::MsiShape;
use sim_wasm::protocols::pci::msix::{InBar, MsixShape};
use sim_wasm::protocols::pci::owners::Owners;
use sim_wasm::protocols::pci::topology::{NodeKind, Topology};
use sim_wasm::protocols::pciif::{PciCmd, XEN_PCIF_ACTIVE, is_set};
use sim_wasm::words::ids::{Bdf, DomId};
use sim_wasm::words::time::Time;

use super::bytes::Bytes;

const GUEST: DomId = DomId(3);
/// The guest's card, and one of dom0's beside it.
const CARDS: [Bdf; 2] = [Bdf::new(2, 0, 0), Bdf::new(2, 1, 0)];

/// Commands of one play.
const MOST_COMMANDS: usize = 64;

/// Where the request begins on the page.
const OP: usize = 4;

/// Where the BARs are in a config space, and how many bytes they take.
const BARS: std::ops::Range<u16> = 0x10..0x28;

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

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut topology = Topology::new();
    for bdf in CARDS {
        topology.add(bdf, NodeKind::ENDPOINT);
    }
    let mut owners = Owners::new(&topology);
    owners.give(&topology, CARDS[0], GUEST).expect("the card is dom0's");
    let mut functions: Vec<Function> = CARDS.map(|bdf| Function::new(bdf, card())).into();
    let modern = bytes.byte() & 1 == 0;
    let settings = if modern { OverlaySettings::MODERN } else { OverlaySettings::CLASSIC };
    let mut back = Pciback::new(GUEST, settings, SlotPolicy::VirtualPci);
    let (mut page, mut pirqs, mut log) = (Page::zeroed(), Pirqs::new(), Log::off());
    let mut now = Time::from_millis(1);
    macro_rules! call {
        () => {
            &mut Call {
                page: &mut page,
                functions: &mut functions,
                pirqs: &mut pirqs,
                owners: &owners,
                now,
                log: &mut log,
            }
        };
    }
    back.export(call!(), CARDS[0], DeviceKind::Function, None, 17).expect("there is room");
    let (before, stranger) = (bars(&functions[0], now), functions[1].clone());
    for _ in 0..MOST_COMMANDS {
        let Some(command) = bytes.command() else { break };
        match command % 4 {
            // A request that makes some sense.
            0 | 1 => {
                let cmd = bytes.one_of(&[
                    PciCmd::ConfRead,
                    PciCmd::ConfWrite,
                    PciCmd::EnableMsi,
                    PciCmd::DisableMsi,
                    PciCmd::EnableMsix,
                    PciCmd::DisableMsix,
                ]);
                let place = u32::from(bytes.byte() & 1);
                let size = bytes.one_of(&[1_u32, 2, 4, 4, 4, 0, 3, 8]);
                let fields = [cmd as u32, 0, 0, 0, place, u32::from(bytes.u16() & 0x1FF), size, bytes.u32()];
                for (field, at) in fields.into_iter().zip((OP..).step_by(4)) {
                    page.write_u32(at, field);
                }
                page.write_u32(0, XEN_PCIF_ACTIVE | page.read_u32(0));
            }
            // Anything, anywhere.
            2 => {
                let at = usize::from(bytes.u16() & 0xFFF);
                let written = bytes.take(16);
                page.write(at, &written[..written.len().min(0x1000 - at)]);
            }
            _ => {
                if !back.handle_event(call!()) {
                    continue;
                }
                back.begin_op(call!());
                // The guest has a moment between what pciback read and what it does.
                let at = usize::from(bytes.byte()) * 2;
                page.write_u16(at, bytes.u16());
                while back.finish_op(call!()) == After::NotifyAndBegin {
                    page.write_u32(0, 0);
                    back.begin_op(call!());
                }
                assert!(!is_set(&page, XEN_PCIF_ACTIVE), "an answer takes the request's bit away");
            }
        }
        now = Time(now.0 + 1_000_000);
        assert_eq!(bars(&functions[0], now), before, "no guest moves its card's BARs");
        assert_eq!(functions[1], stranger, "nor changes anything of another card, its config space or its messages");
    }
}

fn bars(function: &Function, now: Time) -> Vec<u32> {
    BARS.step_by(4).map(|offset| function.read(now, offset, Width::Dword)).collect()
}
