//! A guest that writes into the pages of its own I/O requests, which it should not look for: whatever stands there, a vCPU
//! waits or runs or its domain is crashed, and the device model serves or destroys the guest.

use sim_wasm::actors::costs::Costs;
use sim_wasm::actors::hvm::Host;
use sim_wasm::actors::hvm::device_model::{Answered, DeviceModel, PortAccess, Taken};
use sim_wasm::actors::hvm::io_requests::{IoPages, IoRequests, Posted, Resume};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::Log;
use sim_wasm::hypervisor::vm_exits::ExitReason;
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::protocols::ioreq::{Direction, IoKind, IoReq, IoState};
use sim_wasm::words::ids::{DomId, Pfn, VcpuId};
use sim_wasm::words::time::Time;

use super::bytes::Bytes;

const GUEST: DomId = DomId(1);
const VCPUS: u8 = 2;
const PAGES: IoPages = IoPages { requests: Pfn(1), buffered: Pfn(2) };

/// Commands of one play.
const MOST_COMMANDS: usize = 128;

/// Plays the bytes.
pub fn play(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut xen = Xen::new(64);
    xen.create_domain(DomId::DOM0, 4).expect("64 frames are enough");
    let limits = Limits { vcpus: VCPUS, ..Limits::default() };
    xen.create_domain_with(GUEST, 8, limits).expect("64 frames are enough");
    let release = bytes.one_of(&Release::ALL);
    let mut io = IoRequests::new(&mut xen, GUEST, DomId::DOM0, PAGES, release).expect("the guest has the pages");
    let mut model = DeviceModel::new(&mut xen, &io, Time(0)).expect("the ports wait for dom0");
    let (mut costs, mut log) = (Costs::default(), Log::off());
    let mut serves = [false; VCPUS as usize];
    for turn in 0..MOST_COMMANDS {
        let Some(command) = bytes.command() else { break };
        let vcpu = VcpuId(bytes.byte() % VCPUS);
        let place = usize::from(vcpu.0);
        let mut host = Host { xen: &mut xen, costs: &mut costs, now: Time(turn as u64), log: &mut log };
        match command % 8 {
            0 if io.is_runnable(vcpu) => {
                let request = request(&mut bytes);
                io.exit(&mut host, vcpu, ExitReason::IoInstruction, request.addr as u32);
                let posted = io.send_assist_req(&mut host, vcpu, &request);
                assert_eq!(posted == Posted::Crashed, io.is_crashed(), "only a crash keeps a vCPU from waiting");
                assert!(!io.is_runnable(vcpu), "who asked waits");
            }
            1 if io.is_runnable(vcpu) => drop(io.send_buffered(&mut host, &request(&mut bytes))),
            2 => serves[place] |= matches!(model.take(&mut host, vcpu), Taken::Request(_)),
            3 if serves[place] => {
                let request = model.in_service(host.xen, vcpu);
                if request.kind == IoKind::Pio.number() {
                    let access = model.port_of(&mut host, &request);
                    let inside = !matches!(access, PortAccess::Beyond { .. });
                    assert!(inside || release == Release::Xen33, "today's device model cuts a port");
                }
            }
            4 if serves[place] => {
                serves[place] = false;
                if let Answered::Badness { state } = model.answer(&mut host, vcpu, bytes.u32().into()) {
                    assert_ne!(state, IoState::InProcess.number(), "what is in service can be answered");
                    break;
                }
            }
            5 => {
                let resumed = io.do_resume(&mut host, vcpu);
                assert_eq!(matches!(resumed, Resume::Runs { .. }), io.is_runnable(vcpu));
            }
            6 => drop(model.take_buffered(&mut host)),
            _ => {
                let pfn = if bytes.byte() & 3 == 0 { PAGES.buffered } else { PAGES.requests };
                let at = usize::from(bytes.u16() & 0xFFF);
                let written = bytes.take(8);
                let page = xen.guest_page_mut(GUEST, pfn).expect("the page is the guest's own");
                page.write(at, &written[..written.len().min(0x1000 - at)]);
            }
        }
    }
}

fn request(bytes: &mut Bytes) -> IoReq {
    let direction = if bytes.byte() & 1 == 0 { Direction::Read } else { Direction::Write };
    let size = bytes.one_of(&[1_u32, 2, 4, 8]);
    match bytes.byte() & 1 {
        0 => IoReq::port(bytes.u16(), size.min(4), direction, bytes.u32().into()),
        _ => IoReq::memory(bytes.u32().into(), size, direction, bytes.u32().into()),
    }
}
