//! Both halves on one bus, and drivers that do what they are asked.

use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::handshake::{BackFeatures, Offer};
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::xenbus::store::Caller;
use sim_wasm::actors::xenbus::{BackOffer, BusAction, DeviceSettings, VifAddress, Xenbus};
use sim_wasm::protocols::ring::Index;
use sim_wasm::protocols::xenbus::Rate;
use sim_wasm::protocols::xenbus::XenbusState::{self, Connected};
use sim_wasm::words::ids::{DomId, GrantRef, Mac, Port, VifId};
use sim_wasm::words::time::Time;

pub(crate) const VIF: VifId = VifId(0);
pub(crate) const GUEST: DomId = DomId(7);
pub(crate) const ADDRESS: VifAddress = VifAddress::first_of(GUEST, VIF);
pub(crate) const TOOLS: Caller = Caller::of(DomId::DOM0);
const FRONTS: [FrontEpoch; 2] = [FrontEpoch::Classic, FrontEpoch::Modern];
pub(crate) const BACKS: [Epoch; 3] = [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy];

fn settings(front: FrontEpoch, back: Epoch) -> DeviceSettings {
    DeviceSettings {
        mac: Mac::of_guest(VIF),
        rate: Rate { bytes: 125_000, usec: 50_000 },
        front,
        back,
        features: BackFeatures { sg: true, gso: true, rx_copy: true, rx_flip: false, split_event_channels: true },
        base: Index(0),
    }
}

/// Both drivers, as far as the bus can tell, and what they must never be asked.
pub(crate) struct Machine {
    pub(crate) bus: Xenbus,
    pub(crate) settings: DeviceSettings,
    pub(crate) log: Log,
    pub(crate) now: Time,
    /// How often netfront has set rings up; the present ones' numbers follow from it.
    pub(crate) setups: u32,
    /// What netfront offers, while it has rings.
    pub(crate) rings: Option<Offer>,
    /// What netback has mapped.
    pub(crate) mapped: Option<Offer>,
    /// Packets that keep netback from letting the interface go.
    pub(crate) references: u32,
    waits: bool,
    /// Whether dom0 has the interface.
    pub(crate) vif: bool,
    /// Whether the script runs as soon as it can.
    pub(crate) script: bool,
    script_due: bool,
    /// Whether netback refuses to connect.
    pub(crate) refuses: bool,
    pub(crate) registered: bool,
    pub(crate) announced: u32,
    pub(crate) offers: Vec<BackOffer>,
    /// Netfront let its rings go while netback had them.
    pub(crate) torn: u32,
}

impl Machine {
    pub(crate) fn new(front: FrontEpoch, back: Epoch) -> Machine {
        let settings = settings(front, back);
        let mut machine = Machine {
            bus: Xenbus::default(),
            settings,
            log: Log::new(),
            now: Time::ZERO,
            setups: 0,
            rings: None,
            mapped: None,
            references: 0,
            waits: false,
            vif: false,
            script: true,
            script_due: false,
            refuses: false,
            registered: true,
            announced: 0,
            offers: Vec::new(),
            torn: 0,
        };
        machine.bus.create(machine.now, &mut machine.log, ADDRESS, &settings);
        machine
    }

    pub(crate) fn connected(front: FrontEpoch, back: Epoch) -> Machine {
        let mut machine = Machine::new(front, back);
        machine.run();
        assert_eq!(machine.states(), (Connected, Connected));
        machine
    }

    pub(crate) fn states(&self) -> (XenbusState, XenbusState) {
        (self.bus.front_state(VIF), self.bus.back_state(VIF))
    }

    /// Until nothing is left to do; that comes soon.
    pub(crate) fn run(&mut self) {
        for _ in 0..100 {
            self.act();
            if self.script && std::mem::take(&mut self.script_due) {
                self.bus.hotplug_ran(VIF, true);
            }
            if !self.bus.dispatch(self.now, &mut self.log) && !self.bus.is_busy() {
                return;
            }
        }
        panic!("the halves go round in a circle");
    }

    /// Up to the frontend's word that it is connected, which the backend has not read.
    pub(crate) fn run_to_the_offer(&mut self) {
        self.act();
        while self.bus.front_state(VIF) != Connected {
            assert!(self.bus.dispatch(self.now, &mut self.log), "the frontend comes to offer something");
            self.act();
        }
    }

    pub(crate) fn act(&mut self) {
        for _ in 0..20 {
            let Some(action) = self.bus.next_action() else { return };
            self.carry_out(action);
        }
        panic!("one word asks for no end of actions");
    }

    fn carry_out(&mut self, action: BusAction) {
        let (now, log) = (self.now, &mut self.log);
        match action {
            BusAction::SetupDevice(vif, features) => {
                assert!(self.rings.is_none(), "rings are set up once");
                self.setups += 1;
                let first = self.setups * 10;
                let split = self.settings.front == FrontEpoch::Modern && features.split_event_channels;
                self.rings = Some(Offer {
                    tx_ring: GrantRef(first),
                    rx_ring: GrantRef(first + 1),
                    tx_port: Port(first),
                    rx_port: Port(first + u32::from(split)),
                    rx_copy: features.rx_copy,
                    rx_notify: true,
                    sg: features.sg,
                    gso: features.gso,
                    no_csum_offload: false,
                    base: Index(0),
                });
                self.bus.offered(now, log, vif, self.rings);
            }
            BusAction::ConnectFront(_) => assert!(self.rings.is_some(), "who connects has rings"),
            BusAction::Announce(_) => self.announced += 1,
            BusAction::DisconnectFront(vif) => {
                self.torn += u32::from(self.rings.is_some() && self.mapped == self.rings);
                self.rings = None;
                self.bus.front_disconnected(now, log, vif);
            }
            BusAction::CreateVif(_) => {
                assert!(!self.vif, "an interface is made once");
                self.vif = true;
                self.script_due = true;
            }
            BusAction::ConnectBack(vif, offer) => {
                assert!(self.mapped.is_none() && self.vif && self.registered);
                self.offers.push(offer);
                let known = self.rings == Some(offer.offer) && !self.refuses;
                self.mapped = known.then_some(offer.offer);
                self.bus.back_connected(now, log, vif, if known { Ok(()) } else { Err(-22) });
            }
            BusAction::DisconnectBack(vif) => {
                assert!(self.mapped.is_some(), "who disconnects was connected");
                self.waits = self.references > 0;
                if !self.waits {
                    self.mapped = None;
                }
                let outcome = if self.waits { Disconnect::Waiting(self.references) } else { Disconnect::Done };
                self.bus.back_disconnected(now, log, vif, outcome);
            }
            BusAction::RemoveVif(_) => {
                assert!(self.vif && self.mapped.is_none());
                (self.vif, self.script_due) = (false, false);
            }
            BusAction::Unregister(_) => {
                assert!(self.registered && self.mapped.is_none() && !self.vif);
                self.registered = false;
            }
        }
    }

    /// The last packet that netback waited for is freed.
    pub(crate) fn free(&mut self) {
        self.references = 0;
        if std::mem::take(&mut self.waits) {
            self.mapped = None;
            self.bus.back_disconnected(self.now, &mut self.log, VIF, Disconnect::Done);
        }
    }

    pub(crate) fn call(&mut self, call: impl FnOnce(&mut Xenbus, Time, &mut Log, VifId)) {
        call(&mut self.bus, self.now, &mut self.log, VIF);
    }

    /// dom0's driver is loaded again.
    pub(crate) fn probe_back(&mut self) {
        self.registered = true;
        self.bus.probe_back(self.now, &mut self.log, ADDRESS, &self.settings);
    }

    pub(crate) fn front_key(&mut self, name: &str) -> String {
        self.key(&ADDRESS.front(), name)
    }

    pub(crate) fn back_key(&mut self, name: &str) -> String {
        self.key(&ADDRESS.back(), name)
    }

    pub(crate) fn key(&mut self, directory: &str, name: &str) -> String {
        let value = self.bus.store.read(TOOLS, &format!("{directory}/{name}"));
        value.map_or_else(|error| format!("{error:?}"), |value| String::from_utf8_lossy(value).into_owned())
    }

    /// What was told, a word each.
    pub(crate) fn told(&self) -> Vec<String> {
        let word = |event: &Event| match event {
            Event::Bus(Bus::StateChanged { half, state }) => {
                format!("{half:?} {:?}", XenbusState::ALL[usize::from(*state)])
            }
            Event::Bus(Bus::KeysWritten { half, count }) => format!("{half:?} {count} keys"),
            Event::Bus(Bus::ConnectFailed { errno }) => format!("failed {errno}"),
            other => panic!("the bus tells nothing of {other:?}"),
        };
        self.log.entries().iter().map(|entry| word(&entry.event)).collect()
    }

    pub(crate) fn failures(&self) -> Vec<i16> {
        let errno = |event: &Event| match event {
            Event::Bus(Bus::ConnectFailed { errno }) => Some(*errno),
            _ => None,
        };
        self.log.entries().iter().filter_map(|entry| errno(&entry.event)).collect()
    }
}

/// All pairs of drivers.
pub(crate) fn pairs() -> impl Iterator<Item = (FrontEpoch, Epoch)> {
    FRONTS.into_iter().flat_map(|front| BACKS.into_iter().map(move |back| (front, back)))
}
