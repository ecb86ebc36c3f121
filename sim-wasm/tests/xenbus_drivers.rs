//! The real drivers, brought together by nothing but keys in the store: they connect, carry a packet, part in order while
//! dom0 still holds one, and connect again.

use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::kernel::{Ask, Kernel, Task};
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netback::Netback;
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::netfront::{FrontSettings, Netfront};
use sim_wasm::actors::skb::{Frag, FragPage, SkbId, Skbs};
use sim_wasm::actors::xenbus::store::Caller;
use sim_wasm::actors::xenbus::{BusAction, DeviceSettings, VifAddress, Xenbus};
use sim_wasm::hypervisor::shared_info::{UpcallScan, clear_pending};
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::protocols::ring::Index;
use sim_wasm::protocols::xenbus::XenbusState::{self, Closed, Closing, Connected};
use sim_wasm::protocols::xenbus::{Rate, key};
use sim_wasm::words::ids::{DomId, Mac, Pfn, VcpuId, VifId};
use sim_wasm::words::time::Time;

const VIF: VifId = VifId(0);
const GUEST: DomId = DomId(1);
const ADDRESS: VifAddress = VifAddress::first_of(GUEST, VIF);

/// A generation of netback.
enum Back {
    Classic(Box<Netback>),
    GrantCopy(Box<GrantCopy>),
    ZeroCopy(Box<ZeroCopy>),
}

macro_rules! back {
    ($back:expr, $inner:ident => $call:expr) => {
        match $back {
            Back::Classic($inner) => $call,
            Back::GrantCopy($inner) => $call,
            Back::ZeroCopy($inner) => $call,
        }
    };
}

struct Machine {
    xen: Xen,
    guest: Skbs,
    dom0: Skbs,
    front: Netfront,
    back: Back,
    bus: Xenbus,
    log: Log,
    asks: Vec<Ask>,
    received: Vec<SkbId>,
    waits: bool,
    address: VifAddress,
}

macro_rules! kernel {
    ($machine:ident, $skbs:ident) => {
        &mut Kernel {
            xen: &mut $machine.xen,
            skbs: &mut $machine.$skbs,
            now: Time::ZERO,
            log: &mut $machine.log,
            asks: &mut $machine.asks,
        }
    };
}

impl Machine {
    fn new(front: FrontEpoch, back: Epoch, base: u32) -> Machine {
        let mut xen = Xen::new(4096);
        xen.create_domain_with(DomId::DOM0, 512, Limits::default()).expect("there is room for dom0");
        xen.create_domain(GUEST, 1024).expect("there is room for a guest");
        let pages = |first: u32, end: u32| (first..end).rev().map(Pfn).collect();
        let (guest, mut dom0) = (Skbs::new(GUEST, pages(2, 1024)), Skbs::new(DomId::DOM0, pages(0, 512)));
        let settings = FrontSettings { epoch: front, base: Index(base), ..FrontSettings::default() };
        let netfront = Netfront::new(&mut xen, VIF, GUEST, DomId::DOM0, [Pfn(0), Pfn(1)], settings);
        let (mut log, mut asks) = (Log::new(), Vec::new());
        let k = &mut Kernel { xen: &mut xen, skbs: &mut dom0, now: Time::ZERO, log: &mut log, asks: &mut asks };
        let netback = match back {
            Epoch::ZeroCopy => Back::ZeroCopy(Box::new(ZeroCopy::new(k, BackSettings::of(back)))),
            Epoch::GrantCopy => Back::GrantCopy(Box::new(GrantCopy::new(k, BackSettings::of(back)))),
            Epoch::Classic => Back::Classic(Box::new(Netback::new(k, BackSettings::of(back)))),
        };
        let features = back!(&netback, back => back.features());
        let device =
            DeviceSettings { mac: Mac::of_guest(VIF), rate: Rate::UNLIMITED, front, back, features, base: Index(base) };
        let mut machine = Machine {
            xen,
            guest,
            dom0,
            front: netfront,
            back: netback,
            bus: Xenbus::default(),
            log,
            asks,
            received: Vec::new(),
            waits: false,
            address: ADDRESS,
        };
        machine.bus.create(Time::ZERO, &mut machine.log, ADDRESS, &device);
        machine
    }

    /// Until nothing is left to do.
    fn run(&mut self) {
        for _ in 0..1000 {
            if let Some(action) = self.bus.next_action() {
                self.carry_out(action);
            } else if !self.asks.is_empty() {
                let ask = self.asks.remove(0);
                self.answer(ask);
            } else if !self.release() && !self.bus.dispatch(Time::ZERO, &mut self.log) {
                return;
            }
        }
        panic!("there is no end to it");
    }

    fn carry_out(&mut self, action: BusAction) {
        match action {
            BusAction::SetupDevice(vif, features) => {
                let offer = self.front.setup_device(kernel!(self, guest), features);
                self.bus.offered(Time::ZERO, &mut self.log, vif, offer);
            }
            BusAction::ConnectFront(_) => self.front.connect(kernel!(self, guest)),
            BusAction::DisconnectFront(vif) => {
                self.front.disconnect(kernel!(self, guest));
                self.bus.front_disconnected(Time::ZERO, &mut self.log, vif);
            }
            BusAction::CreateVif(vif) => self.bus.hotplug_ran(vif, true),
            BusAction::ConnectBack(vif, offer) => {
                let limits = VifSettings {
                    credit_bytes: offer.rate.bytes,
                    credit_usec: offer.rate.usec,
                    ..VifSettings::default()
                };
                let connected = back!(&mut self.back, back => {
                    back.connect(kernel!(self, dom0), vif, offer.frontend, &offer.offer, limits)
                });
                let outcome = connected.map_err(ConnectError::errno);
                self.bus.back_connected(Time::ZERO, &mut self.log, vif, outcome);
            }
            BusAction::DisconnectBack(vif) => self.let_go(vif),
            BusAction::Announce(_) | BusAction::RemoveVif(_) | BusAction::Unregister(_) => {}
        }
    }

    fn let_go(&mut self, vif: VifId) {
        let outcome = back!(&mut self.back, back => back.disconnect(kernel!(self, dom0), vif));
        self.waits = outcome != Disconnect::Done;
        self.bus.back_disconnected(Time::ZERO, &mut self.log, vif, outcome);
    }

    /// The upcall's own work: pending ports are acknowledged.
    fn take_events(&mut self, domain: DomId) {
        let page = self.xen.shared_info_mut(domain);
        let mut scan = UpcallScan::new(VcpuId(0));
        scan.begin(page);
        while let Some(port) = scan.next_port(page) {
            clear_pending(page, port);
        }
    }

    fn answer(&mut self, ask: Ask) {
        if let Ask::Upcall(domain, _) = ask {
            self.take_events(domain);
        }
        match ask {
            Ask::Upcall(GUEST, _) => {
                for port in self.front.ports().into_iter().flatten() {
                    let _ = self.front.interrupt(kernel!(self, guest), port);
                }
            }
            Ask::Upcall(_, _) => {
                back!(&mut self.back, back => { back.interrupt(kernel!(self, dom0), VIF); });
            }
            Ask::Run(Task::FrontPoll(_)) => while self.front.poll(kernel!(self, guest)) {},
            Ask::Run(task) => {
                let again = back!(&mut self.back, back => back.run(kernel!(self, dom0), task));
                if again {
                    self.asks.push(ask);
                }
            }
            Ask::Received(_, skb) => self.received.push(skb),
            Ask::Arrived(_, skb) => self.guest.free(skb),
            Ask::Arm(..) | Ask::WakeVif(_) | Ask::WakeFront(_) | Ask::SlotReturned(..) | Ask::CarrierOff(_) => {}
        }
    }

    /// Runs the destructor of freed pages, and lets netback try again what it has to wait for.
    fn release(&mut self) -> bool {
        if let Some(data) = self.dom0.take_unpinned() {
            back!(&mut self.back, back => back.page_release(kernel!(self, dom0), data));
            return true;
        }
        if self.waits {
            self.let_go(VIF);
            return !self.waits;
        }
        false
    }

    /// The guest sends a packet of so many bytes, at most a page.
    fn send(&mut self, bytes: u16) -> Xmit {
        let page = self.guest.alloc_page().expect("the guest has pages");
        let skb = self.guest.alloc();
        let data = self.guest.get_mut(skb);
        data.push_frag(Frag { page: FragPage::Own(page), offset: 0, size: bytes });
        (data.len, data.linear) = (u32::from(bytes), 1);
        let sent = self.front.start_xmit(kernel!(self, guest), skb);
        self.run();
        sent
    }

    fn free_received(&mut self) {
        for skb in std::mem::take(&mut self.received) {
            self.dom0.free(skb);
        }
        self.run();
    }

    fn states(&self) -> (XenbusState, XenbusState) {
        (self.bus.front_state(self.address.vif), self.bus.back_state(self.address.vif))
    }

    /// Grant references of the guest's, free or in a posted buffer.
    fn references(&self) -> u32 {
        self.front.free_references() + self.front.posted_buffers()
    }

    fn told(&self, which: Bus) -> usize {
        self.log.entries().iter().filter(|entry| entry.event == Event::Bus(which)).count()
    }
}

fn pairs() -> impl Iterator<Item = (FrontEpoch, Epoch, u32)> {
    let fronts = [FrontEpoch::Classic, FrontEpoch::Modern];
    let backs = [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy];
    fronts.into_iter().flat_map(move |front| {
        backs.into_iter().flat_map(move |back| [0, u32::MAX - 5].map(|base| (front, back, base)))
    })
}

#[test]
fn drivers_meet_by_their_keys_and_part_when_the_last_packet_is_freed() {
    for (front, back, base) in pairs() {
        let case = format!("{front:?} {back:?} from {base}");
        let mut machine = Machine::new(front, back, base);
        machine.run();
        assert_eq!(machine.states(), (Connected, Connected), "{case}");
        assert!(machine.front.is_up() && machine.front.posted_buffers() > 0, "{case}");
        let (references, pages) = (machine.references(), machine.guest.free_pages());
        // A packet goes, and comes back.
        assert_eq!(machine.send(1514), Xmit::Sent, "{case}");
        // A backend that copies all answers at once and holds nothing.
        let held = u32::from(back != Epoch::GrantCopy);
        assert_eq!((machine.received.len(), machine.front.outstanding()), (1, held), "{case}");
        machine.free_received();
        assert_eq!((machine.front.outstanding(), machine.references()), (0, references), "{case}");
        assert_eq!(machine.guest.free_pages(), pages, "{case}");
        // Another stays in dom0 while the guest closes its device.
        assert_eq!(machine.send(1514), Xmit::Sent, "{case}");
        machine.bus.close_front(Time::ZERO, &mut machine.log, VIF);
        machine.run();
        assert_eq!(machine.states(), if held > 0 { (Closing, Connected) } else { (Closed, Closed) }, "{case}");
        assert_eq!(machine.front.is_up(), held > 0, "{case}: what may still be mapped is not taken back");
        assert_eq!(machine.told(Bus::DisconnectWaits { references: 1 }) > 0, held > 0, "{case}");
        machine.free_received();
        assert_eq!(machine.states(), (Closed, Closed), "{case}");
        assert_eq!((machine.front.is_up(), machine.dom0.alive(), machine.guest.alive()), (false, 0, 0), "{case}");
        assert_eq!(machine.front.waiting_grants(), 0, "{case}: nobody had to wait for a grant");
        // And once more.
        machine.bus.restart_front(Time::ZERO, &mut machine.log, VIF);
        machine.run();
        assert_eq!(machine.states(), (Connected, Connected), "{case}");
        assert_eq!(machine.send(60), Xmit::Sent, "{case}");
        machine.free_received();
        assert_eq!((machine.front.outstanding(), machine.references()), (0, references), "{case}");
        assert_eq!((machine.told(Bus::Connected), machine.told(Bus::Disconnected)), (2, 1), "{case}");
    }
}

#[test]
fn keys_of_something_else_connect_nothing() {
    for (front, back, base) in pairs() {
        for name in [key::TX_RING_REF, key::RX_RING_REF, key::EVENT_CHANNEL] {
            let mut machine = Machine::new(front, back, base);
            // Up to the offer, which the backend has not read.
            while machine.bus.front_state(VIF) != Connected {
                match machine.bus.next_action() {
                    Some(action) => machine.carry_out(action),
                    None => assert!(machine.bus.dispatch(Time::ZERO, &mut machine.log)),
                }
            }
            let split = name == key::EVENT_CHANNEL && machine.front.ports().is_some_and(|[tx, rx]| tx != rx);
            let path = format!("{}/{name}{}", ADDRESS.front(), if split { "-tx" } else { "" });
            // Far beyond what the guest has, so that Xen itself refuses.
            machine.bus.store.write(Caller::of(GUEST), &path, b"100000").expect("it is the guest's own");
            machine.run();
            let case = format!("{front:?} {back:?} {name}");
            assert_eq!(machine.states(), (Closed, Closed), "{case}");
            assert_eq!((machine.told(Bus::Connected), machine.front.is_up()), (0, false), "{case}");
            assert_eq!(machine.told(Bus::ConnectFailed { errno: -22 }), 1, "{case}");
            assert_eq!(machine.front.waiting_grants(), 0, "{case}");
        }
    }
}
