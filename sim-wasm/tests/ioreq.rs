//! An HVM guest's I/O requests, both halves together: every order of both sides' steps, every state that somebody else may
//! write into a slot, buffered writes, and a guest that changes a request under way.

use std::collections::BTreeSet;

use proptest::prelude::{any, prop_assert_eq, proptest};
use sim_wasm::actors::costs::Costs;
use sim_wasm::actors::hvm::Host;
use sim_wasm::actors::hvm::device_model::{Answered, BUFFER_IO_MAX_DELAY, DeviceModel, IoRepairs, PortAccess, Taken};
use sim_wasm::actors::hvm::io_requests::{IoPages, IoRequests, Posted, Resume};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::hypervisor::vm_exits::ExitReason;
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::protocols::buffered_ioreq::{BUFFER_SLOTS, Buffered, time_offset};
use sim_wasm::protocols::ioreq::{self, Direction, IoReq, IoState};
use sim_wasm::words::ids::{DomId, Pfn, VcpuId};
use sim_wasm::words::time::Time;

const GUEST: DomId = DomId(1);
const VCPUS: [VcpuId; 2] = [VcpuId(0), VcpuId(1)];
const PAGES: IoPages = IoPages { requests: Pfn(1), buffered: Pfn(2) };

#[derive(Clone)]
struct World {
    xen: Xen,
    io: IoRequests,
    model: DeviceModel,
    costs: Costs,
    log: Log,
    /// Whether the device model has a request of each vCPU in service.
    serves: [bool; 2],
}

macro_rules! host {
    ($world:expr) => {
        Host { xen: &mut $world.xen, costs: &mut $world.costs, now: Time(5), log: &mut $world.log }
    };
}

impl World {
    fn new(release: Release) -> World {
        let mut xen = Xen::new(64);
        xen.create_domain(DomId::DOM0, 4).expect("64 frames are enough");
        xen.create_domain_with(GUEST, 8, Limits { vcpus: 2, ..Limits::default() }).expect("64 frames are enough");
        let io = IoRequests::new(&mut xen, GUEST, DomId::DOM0, PAGES, release).expect("the guest has the pages");
        let model = DeviceModel::new(&mut xen, &io, Time(0)).expect("the ports wait for dom0");
        World { xen, io, model, costs: Costs::default(), log: Log::new(), serves: [false; 2] }
    }

    fn state(&self, vcpu: VcpuId) -> u8 {
        ioreq::load_state(self.io.page(&self.xen), vcpu)
    }

    fn post(&mut self, vcpu: VcpuId, request: IoReq) -> Posted {
        let mut host = host!(self);
        self.io.exit(&mut host, vcpu, ExitReason::IoInstruction, request.addr as u32);
        self.io.send_assist_req(&mut host, vcpu, &request)
    }

    fn take(&mut self, vcpu: VcpuId) -> Taken {
        self.model.take(&mut host!(self), vcpu)
    }

    fn answer(&mut self, vcpu: VcpuId, data: u64) -> Answered {
        self.model.answer(&mut host!(self), vcpu, data)
    }

    fn resume(&mut self, vcpu: VcpuId) -> Resume {
        self.io.do_resume(&mut host!(self), vcpu)
    }

    /// The guest writes into the page that it should not look for.
    fn tamper(&mut self, change: impl FnOnce(&mut sim_wasm::hypervisor::page::Page)) {
        change(self.xen.guest_page_mut(GUEST, PAGES.requests).expect("the page is the guest's own"));
    }

    fn told(&self, is_it: impl Fn(&Hvm) -> bool) -> bool {
        self.log.entries().iter().any(|entry| matches!(&entry.event, Event::Hvm(event) if is_it(event)))
    }
}

fn read_of(port: u16) -> IoReq {
    IoReq::port(port, 2, Direction::Read, 0)
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Post,
    Take,
    Answer,
    Resume,
}

/// Every order in which both sides can do what they may do, on two vCPUs at once.
#[test]
fn states_go_round_one_by_one_and_a_vcpu_runs_exactly_while_its_slot_is_empty() {
    for release in Release::ALL {
        let mut seen = BTreeSet::new();
        let mut edges = BTreeSet::new();
        let mut open = vec![World::new(release)];
        while let Some(world) = open.pop() {
            let key = (VCPUS.map(|vcpu| world.state(vcpu)), VCPUS.map(|v| world.io.is_runnable(v)), world.serves);
            if !seen.insert(key) {
                continue;
            }
            for vcpu in VCPUS {
                for step in [Step::Post, Step::Take, Step::Answer, Step::Resume] {
                    let mut next = world.clone();
                    let place = usize::from(vcpu.0);
                    let may = match step {
                        Step::Post => world.io.is_runnable(vcpu),
                        Step::Take | Step::Resume => true,
                        Step::Answer => world.serves[place],
                    };
                    if !may {
                        continue;
                    }
                    match step {
                        Step::Post => assert!(matches!(next.post(vcpu, read_of(0x60)), Posted::Waits { .. })),
                        Step::Take => next.serves[place] |= matches!(next.take(vcpu), Taken::Request(_)),
                        Step::Answer => {
                            assert_eq!(next.answer(vcpu, 7), Answered::Done);
                            next.serves[place] = false;
                        }
                        Step::Resume => assert_ne!(next.resume(vcpu), Resume::Crashed),
                    }
                    for other in VCPUS {
                        let (before, after) = (world.state(other), next.state(other));
                        if other == vcpu {
                            let from = IoState::of(before).expect("honest sides write states");
                            assert!(after == before || after == from.next().number(), "{step:?}: {before} {after}");
                            edges.insert((before, after));
                        } else {
                            assert_eq!(before, after, "{step:?} is about the other vCPU");
                        }
                        assert_eq!(next.io.is_runnable(other), after == IoState::None.number(), "{step:?}");
                    }
                    open.push(next);
                }
            }
        }
        assert_eq!(seen.len(), 16, "each slot has four states");
        assert!([(0, 1), (1, 2), (2, 3), (3, 0)].into_iter().all(|edge| edges.contains(&edge)));
    }
}

/// Every number that somebody else may write into the slot, at every point of the trip.
#[test]
fn a_state_that_cannot_be_crashes_the_domain() {
    for release in Release::ALL {
        for before in [IoState::Ready, IoState::InProcess] {
            for found in 0..16 {
                let mut world = World::new(release);
                let vcpu = VcpuId(0);
                world.post(vcpu, read_of(0x60));
                if before == IoState::InProcess {
                    world.take(vcpu);
                }
                assert_eq!(world.resume(vcpu), Resume::Waits);
                world.tamper(|page| ioreq::store_state(page, vcpu, found));
                let expect = match (IoState::of(found), release) {
                    (None, _) => Resume::Crashed,
                    (Some(IoState::Ready), Release::Today) if before == IoState::InProcess => Resume::Crashed,
                    (Some(IoState::Ready | IoState::InProcess), _) => Resume::Waits,
                    (Some(IoState::RespReady), _) => Resume::Runs { data: Some(0) },
                    (Some(IoState::None), Release::Xen33) => Resume::Runs { data: None },
                    (Some(IoState::None), Release::Today) => Resume::Runs { data: Some(u64::MAX) },
                };
                assert_eq!(world.resume(vcpu), expect, "{release:?} {before:?} {found}");
                assert_eq!(world.io.is_crashed(), expect == Resume::Crashed);
                assert_eq!(world.told(|event| matches!(event, Hvm::DomainCrashed { .. })), expect == Resume::Crashed);
            }
        }
    }
}

#[test]
fn a_request_on_top_of_another_crashes_the_domain() {
    let mut world = World::new(Release::Xen33);
    world.tamper(|page| ioreq::store_state(page, VcpuId(1), IoState::RespReady.number()));
    assert_eq!(world.post(VcpuId(1), read_of(0x60)), Posted::Crashed);
    assert!(!world.io.is_runnable(VcpuId(0)), "the whole domain is gone");
}

#[test]
fn an_answer_to_a_slot_that_left_service_destroys_the_guest() {
    let mut world = World::new(Release::Today);
    world.post(VcpuId(0), read_of(0x60));
    world.take(VcpuId(0));
    world.tamper(|page| ioreq::store_state(page, VcpuId(0), IoState::Ready.number()));
    assert_eq!(world.answer(VcpuId(0), 1), Answered::Badness { state: 1 });
    assert_eq!(world.take(VcpuId(1)), Taken::NotReady { state: 0 });
}

#[test]
fn a_trip_is_an_exit_a_request_two_events_and_two_switches() {
    let mut world = World::new(Release::Xen33);
    let vcpu = VcpuId(1);
    world.post(vcpu, read_of(0x60));
    assert_eq!(world.model.upcall(&mut host!(world)), [vcpu]);
    assert_eq!(world.take(vcpu), Taken::Request(read_of(0x60)));
    world.answer(vcpu, 0xABCD);
    assert_eq!(world.resume(vcpu), Resume::Runs { data: Some(0xABCD) });
    let expect = [1, 1, 0, 1, 2, 2, 0, 1, 0, 0, 0, 0];
    assert_eq!(world.costs.rows().map(|(_, count)| count), expect);
    assert_eq!(world.log.steps(), 1, "the trip is one step");
}

#[test]
fn a_buffered_write_lets_the_guest_go_on_and_only_today_rings() {
    for (release, events) in [(Release::Xen33, 0), (Release::Today, 1)] {
        let mut world = World::new(release);
        let write = IoReq::memory(0xA_0000, 1, Direction::Write, 9);
        assert_eq!(world.io.send_buffered(&mut host!(world), &write), Buffered::Taken { slots: 1 });
        assert_eq!((world.costs.events, world.costs.switches, world.io.is_runnable(VcpuId(0))), (events, 0, true));
        let expect = (release == Release::Xen33).then_some(Time(BUFFER_IO_MAX_DELAY));
        assert_eq!((world.model.timer(), world.model.buffered_port().is_some()), (expect, events == 1));
        assert_eq!(world.model.take_buffered(&mut host!(world)).map(|request| request.data), Ok(9));
        world.model.rearm(Time(BUFFER_IO_MAX_DELAY));
        assert_eq!(world.model.timer(), expect.map(|time| time + BUFFER_IO_MAX_DELAY));
    }
}

#[test]
fn a_full_page_of_buffered_writes_sends_the_next_one_the_long_way() {
    let mut world = World::new(Release::Xen33);
    let write = IoReq::memory(0xA_0000, 1, Direction::Write, 9);
    for _ in 0..BUFFER_SLOTS - 1 {
        assert_eq!(world.io.send_buffered(&mut host!(world), &write), Buffered::Taken { slots: 1 });
    }
    assert_eq!(world.io.send_buffered(&mut host!(world), &time_offset(3600)), Buffered::Full);
    assert!(world.told(|event| matches!(event, Hvm::BufferFull { waiting: 510 })));
    assert!(matches!(world.post(VcpuId(0), time_offset(3600)), Posted::Waits { .. }));
}

/// XSA-197: a request is changed between the look that checks it and the look that uses it.
#[test]
fn a_request_read_once_cannot_be_changed_under_the_device_model() {
    for (release, served) in [(Release::Xen33, 0xFFFF_0060), (Release::Today, 0x60)] {
        let mut world = World::new(release);
        world.post(VcpuId(0), read_of(0x60));
        world.take(VcpuId(0));
        world.tamper(|page| ioreq::store_addr(page, VcpuId(0), 0xFFFF_0060));
        assert_eq!(world.model.in_service(&world.xen, VcpuId(0)).addr, served);
    }
}

/// XSA-199: a port beyond the last one.
#[test]
fn a_port_is_cut_to_sixteen_bits() {
    for (release, access) in
        [(Release::Xen33, PortAccess::Beyond { addr: 0x1_0060 }), (Release::Today, PortAccess::Port(0x60))]
    {
        let mut world = World::new(release);
        let request = IoReq { addr: 0x1_0060, ..read_of(0) };
        assert_eq!(world.model.port_of(&mut host!(world), &request), access);
        let clamped = release == Release::Today;
        assert!(world.told(|event| *event == Hvm::PortOutOfRange { addr: 0x1_0060, clamped }));
    }
}

proptest! {
    /// However a guest scribbles on its page, the repaired device model never leaves its tables, and a vCPU whose slot is
    /// sound gets an answer or waits.
    #[test]
    fn no_scribbling_leads_the_repaired_device_model_out_of_its_tables(
        addr in any::<u64>(),
        later in any::<u64>(),
        scribbled in any::<[u8; 16]>(),
    ) {
        let mut world = World::new(Release::Today);
        prop_assert_eq!(IoRepairs::of(Release::Today), IoRepairs { read_once: true, clamp_port: true });
        world.tamper(|page| page.write(8, &scribbled));
        world.post(VcpuId(0), IoReq { addr, ..read_of(0) });
        world.tamper(|page| ioreq::store_addr(page, VcpuId(0), later));
        let Taken::Request(taken) = world.take(VcpuId(0)) else { panic!("the request is ready") };
        world.tamper(|page| page.write(0, &scribbled));
        let served = world.model.in_service(&world.xen, VcpuId(0));
        prop_assert_eq!(served, taken);
        prop_assert_eq!(world.model.port_of(&mut host!(world), &served), PortAccess::Port(later as u16));
        prop_assert_eq!(world.answer(VcpuId(0), 5), Answered::Done);
        prop_assert_eq!(world.resume(VcpuId(0)), Resume::Runs { data: Some(5) });
    }
}
