//! dom0 with nothing but its packets, and a stack between a card, three interfaces and dom0 itself.

use sim_wasm::actors::bridge::BridgePort::{self, Card, Local, Vif};
use sim_wasm::actors::kernel::{Ask, Kernel};
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::actors::stack::{Stack, StackSettings, VIF_QUEUE_LEN};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::ids::{DomId, Mac, Pfn, VifId};
use sim_wasm::words::time::Time;

pub(crate) const OWN: Mac = Mac([0x00, 0x16, 0x3E, 0xFF, 0, 0]);
pub(crate) const OUTSIDE: Mac = Mac([0x00, 0x1B, 0x21, 0, 0, 1]);
pub(crate) const A: BridgePort = Vif(VifId(0));
pub(crate) const B: BridgePort = Vif(VifId(1));
pub(crate) const C: BridgePort = Vif(VifId(2));

/// dom0 with nothing but its packets.
pub(crate) struct Dom0 {
    xen: Xen,
    pub(crate) skbs: Skbs,
    pub(crate) log: Log,
    asks: Vec<Ask>,
    pub(crate) now: Time,
}

impl Dom0 {
    pub(crate) fn new() -> Dom0 {
        let mut xen = Xen::new(16);
        xen.create_domain(DomId::DOM0, 4).expect("there is room for dom0");
        Dom0 { xen, skbs: Skbs::new(DomId::DOM0, Vec::new()), log: Log::new(), asks: Vec::new(), now: Time::ZERO }
    }

    pub(crate) fn kernel(&mut self) -> Kernel<'_> {
        let Dom0 { xen, skbs, log, asks, now } = self;
        Kernel { xen, skbs, now: *now, log, asks }
    }

    /// A packet whose head is the Ethernet header; `foreign` pages of a guest follow it.
    pub(crate) fn packet(&mut self, to: Mac, from: Mac, foreign: u16) -> SkbId {
        let skb = self.skbs.alloc();
        let data = self.skbs.get_mut(skb);
        data.head.extend_from_slice(&to.0);
        data.head.extend_from_slice(&from.0);
        data.head.extend_from_slice(&[8, 0]);
        data.len = 14 + u32::from(foreign) * 100;
        for pending in 0..foreign {
            let page = FragPage::Foreign { host: Pfn(2), vif: VifId(0), pending };
            data.push_frag(Frag { page, offset: 0, size: 100 });
        }
        skb
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.entries().iter().map(|entry| entry.event).collect()
    }
}

pub(crate) fn guest(number: u16) -> Mac {
    Mac::of_guest(VifId(number))
}

pub(crate) fn stack(settings: StackSettings) -> Stack {
    let mut stack = Stack::new(StackSettings { local: Some(OWN), ..settings });
    stack.add_port(Card, 1000);
    for vif in [A, B, C] {
        stack.add_port(vif, VIF_QUEUE_LEN);
    }
    stack.add_port(Local, 1000);
    for (port, address) in [(A, guest(0)), (B, guest(1)), (C, guest(2)), (Card, OUTSIDE)] {
        stack.learn(Time::ZERO, port, address);
    }
    stack
}

pub(crate) fn ignore(_: &mut Kernel<'_>, _: SkbId) {}

/// Every port that a packet comes out of.
pub(crate) fn receivers(stack: &mut Stack) -> Vec<BridgePort> {
    [Card, A, B, C, Local].into_iter().filter(|&port| stack.dequeue(port).is_some()).collect()
}
