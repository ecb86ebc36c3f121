//! Anything as a unit's tables, queue and registers, and any requests of devices: the unit answers, and once it was told to
//! forget everything it answers as the plain walk does.

use sim_wasm::hypervisor::memory::{Memory, Owner};
use sim_wasm::hypervisor::message::{MSI_BASE, Message};
use sim_wasm::hypervisor::vtd::caches::CacheSizes;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_CM, Capabilities};
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::{AddressType, Direction, Request, translate};
use sim_wasm::words::ids::{Bdf, Mfn};

use super::bytes::Bytes;

/// Frames of the machine; requests and entries name them all, and some beyond.
const FRAMES: u32 = 12;

/// Commands of one play.
const MOST_COMMANDS: usize = 96;

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut memory = Memory::new(FRAMES);
    while memory.alloc(Owner::Xen(None)).is_some() {}
    let modes = bytes.byte();
    let capabilities = if modes & 1 == 0 { Capabilities::typical() } else { Capabilities::typical().with_cap(CAP_CM) };
    let mut unit = Unit::new(capabilities, CacheSizes { context_order: modes >> 1 & 1, iotlb_order: modes >> 2 & 3 });
    unit.write_u64(&mut memory, reg::RTADDR, address_of(Mfn(1)));
    unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_SRTP);
    unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE);
    for _ in 0..MOST_COMMANDS {
        let Some(command) = bytes.command() else { break };
        match command % 8 {
            0 | 1 => write_entry(&mut memory, &mut bytes),
            2 => drop(unit.translate(&memory, request(&mut bytes))),
            3 => check(&mut unit, &mut memory, request(&mut bytes)),
            4 => {
                let (source, address) = (Bdf(bytes.u16()), address(&mut bytes));
                unit.post_write(&mut memory, source, address, bytes.take(16));
            }
            5 => {
                let register = bytes.u16() & 0xFF8;
                let value = u64::from(bytes.u32()) << 32 | u64::from(bytes.u32());
                // A root table elsewhere is as good as another; the register of the queue's error is among these.
                unit.write_u64(&mut memory, register, value);
                unit.write_u32(&mut memory, register | u16::from(bytes.byte()) & 4, bytes.u32());
            }
            6 => {
                unit.take_descriptor(&mut memory);
                unit.drain(&mut memory);
                assert!(unit.under_way().is_empty(), "what was drained has arrived");
            }
            _ => {
                let message = Message { address: MSI_BASE | u64::from(bytes.u32() & 0xF_FFFF), data: bytes.u32() };
                let _ = unit.interrupt(&mut memory, Bdf(bytes.u16()), message);
                unit.take_messages();
            }
        }
    }
}

/// Eight bytes of a frame: an entry that leads somewhere, or anything.
fn write_entry(memory: &mut Memory, bytes: &mut Bytes) {
    let (frame, at) = (Mfn(u32::from(bytes.byte()) % FRAMES), usize::from(bytes.u16() & 0x1FF) * 8);
    let to = Mfn(u32::from(bytes.byte()) % (FRAMES + 2));
    let value = match bytes.byte() % 5 {
        0 => RootEntry::new(to).low,
        1 => ContextEntry::new(to, 4, Did(bytes.byte().into())).low,
        2 => ContextEntry::new(to, 3 + bytes.byte() % 3, Did(bytes.byte().into())).high,
        3 => Pte::new(to, u64::from(bytes.byte())).0,
        _ => u64::from(bytes.u32()) << 32 | u64::from(bytes.u32()),
    };
    let page = memory.bus_page_mut(frame).expect("the machine has the frame");
    page.write_u64(at, value);
}

fn request(bytes: &mut Bytes) -> Request {
    let (source, address, kind) = (Bdf(bytes.u16()), address(bytes), bytes.byte());
    Request {
        source,
        address,
        direction: if kind & 1 == 0 { Direction::Read } else { Direction::Write },
        address_type: if kind & 6 == 6 { AddressType::Translated } else { AddressType::Untranslated },
    }
}

/// Most often a low one, whose look-up can be written down in a few commands.
fn address(bytes: &mut Bytes) -> u64 {
    let (kind, low) = (bytes.byte(), u64::from(bytes.u32()));
    if kind < 192 { low & 0x7_FFFF } else { low << (kind & 31) }
}

/// The unit forgets everything by its registers, if they are in use, and answers as the walk does.
fn check(unit: &mut Unit, memory: &mut Memory, request: Request) {
    if unit.read_u32(reg::GSTS) & reg::GCMD_QIE != 0 || !unit.is_enabled() {
        return;
    }
    unit.write_u64(memory, reg::CCMD, reg::CCMD_ICC | 1 << reg::CCMD_REQUEST_SHIFT);
    let iotlb = unit.capabilities().iotlb_registers_at() + 8;
    unit.write_u64(memory, iotlb, reg::IOTLB_IVT | 1 << reg::IOTLB_REQUEST_SHIFT);
    let walked = translate(memory, unit.capabilities(), unit.root(), request);
    for turn in ["from the tables", "from what it remembers"] {
        let answered = unit.translate(memory, request);
        match (walked, answered) {
            (Ok(walked), Ok(answered)) => {
                assert_eq!((walked.address, walked.did), (answered.address, answered.did), "{turn}");
            }
            (Err(walked), Err(answered)) => assert_eq!(walked.fault, answered.fault, "{turn}"),
            _ => panic!("{turn}: the walk says {walked:?}, the unit {answered:?}"),
        }
    }
}
