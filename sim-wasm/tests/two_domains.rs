//! A ring between two domains with everything that it takes: a granted page, an event channel, and sleeping.

use proptest::prelude::any;
use proptest::{prop_assert_eq, proptest};
use sim_wasm::hypervisor::event_calls::Sent;
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
use sim_wasm::hypervisor::shared_info::{self, UpcallScan};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::back_ring::BackRing;
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::ring::{Index, RingLayout, shared_ring_init};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Pfn, Port, VcpuId};
use sim_wasm::words::rng::Rng;

const GUEST: DomId = DomId(1);
const VCPU: VcpuId = VcpuId(0);
const RING: Pfn = Pfn(2);

/// Who still has to be called.
#[derive(Default)]
struct Kicks {
    guest: bool,
    dom0: bool,
}

struct Machine {
    xen: Xen,
    front: FrontRing,
    front_port: Port,
    front_scan: UpcallScan,
    back: BackRing,
    back_port: Port,
    back_scan: UpcallScan,
    mapping: Handle,
    kicks: Kicks,
    reaped: u32,
}

impl Machine {
    /// The steps of the handshake: page, grant, port; map, bind.
    fn connect(base: Index) -> (Machine, GuestGrants, GrantRef) {
        let mut xen = Xen::new(40);
        for id in [DomId::DOM0, GUEST] {
            xen.create_domain(id, 4).expect("there is room for two domains");
        }
        let layout = RingLayout::with_entries(12, 8);
        shared_ring_init(xen.guest_page_mut(GUEST, RING).expect("the guest has the page"), base);
        let mut grants = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there"));
        let gref = grants.claim_reference().expect("references are free");
        let frame = xen.domain(GUEST).and_then(|guest| guest.mfn(RING)).expect("the guest has the page");
        grants.grant_access(&mut xen.memory, gref, DomId::DOM0, frame, Access::ReadWrite);
        let front_port = xen.alloc_unbound(GUEST, DomId::DOM0).expect("ports are free");
        let mapping = xen.map_grant_ref(DomId::DOM0, GUEST, gref, Access::ReadWrite).expect("it is granted").handle;
        let (back_port, sent) = xen.bind_interdomain(DomId::DOM0, GUEST, front_port).expect("it waits for dom0");
        let mut machine = Machine {
            xen,
            front: FrontRing::attach(layout, base),
            front_port,
            front_scan: UpcallScan::new(VCPU),
            back: BackRing::attach(layout, base),
            back_port,
            back_scan: UpcallScan::new(VCPU),
            mapping,
            kicks: Kicks::default(),
            reaped: 0,
        };
        machine.kick(sent);
        (machine, grants, gref)
    }

    fn kick(&mut self, sent: Sent) {
        match sent.upcall() {
            Some((DomId::DOM0, _)) => self.kicks.dom0 = true,
            Some(_) => self.kicks.guest = true,
            None => {}
        }
    }

    fn transmit(&mut self, requests: u32) {
        let page = self.xen.guest_page_mut(GUEST, RING).expect("the guest has the page");
        for _ in 0..requests.min(self.front.free_requests()) {
            self.front.write_request(page, &[0xAB; 12]);
        }
        if self.front.push_requests_and_check_notify(page) {
            let sent = self.xen.send(GUEST, self.front_port).expect("the channel stands");
            self.kick(sent);
        }
    }

    /// Dom0's upcall: takes what there is, answers it, sleeps.
    fn back_upcall(&mut self) {
        if !std::mem::take(&mut self.kicks.dom0) {
            return;
        }
        let info = self.xen.shared_info_mut(DomId::DOM0);
        self.back_scan.begin(info);
        assert_eq!(self.back_scan.next_port(info), Some(self.back_port));
        shared_info::ack(info, self.back_port);
        loop {
            let page = self.xen.mapped_page_mut(DomId::DOM0, self.mapping).expect("the ring is mapped");
            while self.back.unconsumed_requests(page) > 0 {
                assert_eq!(self.back.copy_request::<12>(page, self.back.req_cons), [0xAB; 12]);
                self.back.req_cons = self.back.req_cons.plus(1);
                self.back.write_response(page, &[0xCD; 4]);
            }
            let notify = self.back.push_responses_and_check_notify(page);
            let more = self.back.final_check_for_requests(page);
            if notify {
                let sent = self.xen.send(DomId::DOM0, self.back_port).expect("the channel stands");
                self.kick(sent);
            }
            if !more {
                break;
            }
        }
        shared_info::unmask(self.xen.shared_info_mut(DomId::DOM0), self.back_port, VCPU);
    }

    /// The guest's upcall: reaps what there is, sleeps.
    fn front_upcall(&mut self) {
        if !std::mem::take(&mut self.kicks.guest) {
            return;
        }
        let info = self.xen.shared_info_mut(GUEST);
        self.front_scan.begin(info);
        assert_eq!(self.front_scan.next_port(info), Some(self.front_port));
        shared_info::ack(info, self.front_port);
        let page = self.xen.guest_page_mut(GUEST, RING).expect("the guest has the page");
        while self.front.final_check_for_responses(page) {
            assert_eq!(self.front.copy_response::<4>(page, self.front.rsp_cons), [0xCD; 4]);
            self.front.rsp_cons = self.front.rsp_cons.plus(1);
            self.reaped += 1;
        }
        shared_info::unmask(self.xen.shared_info_mut(GUEST), self.front_port, VCPU);
    }
}

proptest! {
    /// Nobody polls here: what is not notified is lost, so everything answered at the end means that nothing was.
    #[test]
    fn when_all_is_quiet_all_is_answered(base in any::<u32>(), seed in any::<u64>()) {
        let (mut machine, grants, gref) = Machine::connect(Index(base | 0xFFFF_FF00));
        let mut rng = Rng::new(seed);
        for _ in 0..400 {
            match rng.below(3) {
                0 => machine.transmit(rng.below(5)),
                1 => machine.back_upcall(),
                _ => machine.front_upcall(),
            }
        }
        while machine.kicks.guest || machine.kicks.dom0 {
            machine.back_upcall();
            machine.front_upcall();
        }
        prop_assert_eq!(machine.front.outstanding(), 0);
        prop_assert_eq!(machine.front.req_prod_pvt.since(Index(base | 0xFFFF_FF00)), machine.reaped);
        // The order of teardown: the guest has its page back only after dom0 has let go.
        let memory = &mut machine.xen.memory;
        prop_assert_eq!(grants.end_access(memory, gref), EndAccess::StillInUse);
        prop_assert_eq!(machine.xen.unmap_grant_ref(DomId::DOM0, machine.mapping), Ok(()));
        prop_assert_eq!(grants.end_access(&mut machine.xen.memory, gref), EndAccess::Ended);
    }
}
