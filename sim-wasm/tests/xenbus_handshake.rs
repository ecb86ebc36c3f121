//! The two halves of a device find each other, and part: with every pair of drivers, with every key damaged, and in any
//! order of commands.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::handshake::{BackFeatures, Offer};
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::xenbus::store::{Caller, StoreError};
use sim_wasm::actors::xenbus::{BackOffer, BusAction, DeviceSettings, VifAddress, Xenbus};
use sim_wasm::protocols::ring::Index;
use sim_wasm::protocols::xenbus::XenbusState::{self, Closed, Connected, InitWait, Unknown};
use sim_wasm::protocols::xenbus::{Rate, key};
use sim_wasm::words::ids::{DomId, GrantRef, Mac, Port, VifId};
use sim_wasm::words::time::Time;

const VIF: VifId = VifId(0);
const GUEST: DomId = DomId(7);
const ADDRESS: VifAddress = VifAddress::first_of(GUEST, VIF);
const TOOLS: Caller = Caller::of(DomId::DOM0);
const FRONTS: [FrontEpoch; 2] = [FrontEpoch::Classic, FrontEpoch::Modern];
const BACKS: [Epoch; 3] = [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy];

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
struct Machine {
    bus: Xenbus,
    settings: DeviceSettings,
    log: Log,
    now: Time,
    /// How often netfront has set rings up; the present ones' numbers follow from it.
    setups: u32,
    /// What netfront offers, while it has rings.
    rings: Option<Offer>,
    /// What netback has mapped.
    mapped: Option<Offer>,
    /// Packets that keep netback from letting the interface go.
    references: u32,
    waits: bool,
    /// Whether dom0 has the interface.
    vif: bool,
    /// Whether the script runs as soon as it can.
    script: bool,
    script_due: bool,
    /// Whether netback refuses to connect.
    refuses: bool,
    registered: bool,
    announced: u32,
    offers: Vec<BackOffer>,
    /// Netfront let its rings go while netback had them.
    torn: u32,
}

impl Machine {
    fn new(front: FrontEpoch, back: Epoch) -> Machine {
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

    fn connected(front: FrontEpoch, back: Epoch) -> Machine {
        let mut machine = Machine::new(front, back);
        machine.run();
        assert_eq!(machine.states(), (Connected, Connected));
        machine
    }

    fn states(&self) -> (XenbusState, XenbusState) {
        (self.bus.front_state(VIF), self.bus.back_state(VIF))
    }

    /// Until nothing is left to do; that comes soon.
    fn run(&mut self) {
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
    fn run_to_the_offer(&mut self) {
        self.act();
        while self.bus.front_state(VIF) != Connected {
            assert!(self.bus.dispatch(self.now, &mut self.log), "the frontend comes to offer something");
            self.act();
        }
    }

    fn act(&mut self) {
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
    fn free(&mut self) {
        self.references = 0;
        if std::mem::take(&mut self.waits) {
            self.mapped = None;
            self.bus.back_disconnected(self.now, &mut self.log, VIF, Disconnect::Done);
        }
    }

    fn call(&mut self, call: impl FnOnce(&mut Xenbus, Time, &mut Log, VifId)) {
        call(&mut self.bus, self.now, &mut self.log, VIF);
    }

    /// dom0's driver is loaded again.
    fn probe_back(&mut self) {
        self.registered = true;
        self.bus.probe_back(self.now, &mut self.log, ADDRESS, &self.settings);
    }

    fn front_key(&mut self, name: &str) -> String {
        self.key(&ADDRESS.front(), name)
    }

    fn back_key(&mut self, name: &str) -> String {
        self.key(&ADDRESS.back(), name)
    }

    fn key(&mut self, directory: &str, name: &str) -> String {
        let value = self.bus.store.read(TOOLS, &format!("{directory}/{name}"));
        value.map_or_else(|error| format!("{error:?}"), |value| String::from_utf8_lossy(value).into_owned())
    }

    /// What was told, a word each.
    fn told(&self) -> Vec<String> {
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

    fn failures(&self) -> Vec<i16> {
        let errno = |event: &Event| match event {
            Event::Bus(Bus::ConnectFailed { errno }) => Some(*errno),
            _ => None,
        };
        self.log.entries().iter().filter_map(|entry| errno(&entry.event)).collect()
    }
}

/// All pairs of drivers.
fn pairs() -> impl Iterator<Item = (FrontEpoch, Epoch)> {
    FRONTS.into_iter().flat_map(|front| BACKS.into_iter().map(move |back| (front, back)))
}

#[test]
fn the_handshake_in_order() {
    let mut machine = Machine::connected(FrontEpoch::Classic, Epoch::Classic);
    assert_eq!(machine.told(), ["Back 4 keys", "Back InitWait", "Front 8 keys", "Front Connected", "Back Connected"]);
    assert_eq!(machine.announced, 1);
    let nodes: Vec<String> = machine
        .bus
        .store
        .nodes()
        .filter(|(path, _)| path.contains("vif/"))
        .map(|(path, value)| format!("{path} = {}", String::from_utf8_lossy(value)))
        .collect();
    assert_eq!(
        nodes.join("\n"),
        "/local/domain/0/backend/vif/7 = \n\
         /local/domain/0/backend/vif/7/0 = \n\
         /local/domain/0/backend/vif/7/0/bridge = xenbr0\n\
         /local/domain/0/backend/vif/7/0/feature-gso-tcpv4 = 1\n\
         /local/domain/0/backend/vif/7/0/feature-rx-copy = 1\n\
         /local/domain/0/backend/vif/7/0/feature-rx-flip = 0\n\
         /local/domain/0/backend/vif/7/0/feature-sg = 1\n\
         /local/domain/0/backend/vif/7/0/frontend = /local/domain/7/device/vif/0\n\
         /local/domain/0/backend/vif/7/0/frontend-id = 7\n\
         /local/domain/0/backend/vif/7/0/handle = 0\n\
         /local/domain/0/backend/vif/7/0/hotplug-status = connected\n\
         /local/domain/0/backend/vif/7/0/mac = 00:16:3e:00:00:00\n\
         /local/domain/0/backend/vif/7/0/online = 1\n\
         /local/domain/0/backend/vif/7/0/rate = 125000,50000\n\
         /local/domain/0/backend/vif/7/0/script = /etc/xen/scripts/vif-bridge\n\
         /local/domain/0/backend/vif/7/0/state = 4\n\
         /local/domain/7/device/vif/0 = \n\
         /local/domain/7/device/vif/0/backend = /local/domain/0/backend/vif/7/0\n\
         /local/domain/7/device/vif/0/backend-id = 0\n\
         /local/domain/7/device/vif/0/event-channel = 10\n\
         /local/domain/7/device/vif/0/feature-gso-tcpv4 = 1\n\
         /local/domain/7/device/vif/0/feature-no-csum-offload = 0\n\
         /local/domain/7/device/vif/0/feature-rx-notify = 1\n\
         /local/domain/7/device/vif/0/feature-sg = 1\n\
         /local/domain/7/device/vif/0/handle = 0\n\
         /local/domain/7/device/vif/0/mac = 00:16:3e:00:00:00\n\
         /local/domain/7/device/vif/0/request-rx-copy = 1\n\
         /local/domain/7/device/vif/0/rx-ring-ref = 11\n\
         /local/domain/7/device/vif/0/state = 4\n\
         /local/domain/7/device/vif/0/tx-ring-ref = 10"
    );
    assert_eq!(machine.offers[0].rate, Rate { bytes: 125_000, usec: 50_000 });
    assert_eq!(machine.back_key(key::ERROR), "NoEntry");
}

#[test]
fn every_pair_of_drivers_connects() {
    for (front, back) in pairs() {
        let mut machine = Machine::connected(front, back);
        assert_eq!(machine.mapped, machine.rings, "{front:?} {back:?}");
        assert_eq!(machine.announced, 1, "{front:?} {back:?}");
        let split = front == FrontEpoch::Modern && back == Epoch::ZeroCopy;
        assert_eq!(machine.front_key("event-channel-rx") == "11", split, "{front:?} {back:?}");
        assert_eq!(machine.front_key("event-channel") == "10", !split, "{front:?} {back:?}");
        assert_eq!(machine.front_key("multi-queue-num-queues") == "1", split, "{front:?} {back:?}");
    }
}

#[test]
fn mainline_says_connected_when_the_script_is_done() {
    for (front, back) in pairs() {
        let mut machine = Machine::new(front, back);
        machine.script = false;
        machine.run();
        let waits = back != Epoch::Classic;
        assert_eq!(machine.states(), (Connected, if waits { InitWait } else { Connected }), "{back:?}");
        assert_eq!(machine.mapped, machine.rings, "it is connected all the same");
        machine.bus.hotplug_ran(VIF, false);
        machine.run();
        assert_eq!(machine.states().1 == Connected, !waits, "a script that failed connects nothing");
        machine.bus.hotplug_ran(VIF, true);
        machine.run();
        assert_eq!(machine.states(), (Connected, Connected));
    }
}

/// What is damaged in a key.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Missing,
    Not,
    Empty,
    Huge,
    Negative,
    Foreign,
    Long,
}

const DAMAGES: [Damage; 7] =
    [Damage::Missing, Damage::Not, Damage::Empty, Damage::Huge, Damage::Negative, Damage::Foreign, Damage::Long];

fn damage(machine: &mut Machine, path: &str, damage: Damage) {
    let store = &mut machine.bus.store;
    let done = match damage {
        Damage::Missing => store.remove(TOOLS, path),
        Damage::Not => store.write(TOOLS, path, b"ring\xFF"),
        Damage::Empty => store.write(TOOLS, path, b""),
        // Beyond 64 bits: what is left of it is 9, which is not what was offered.
        Damage::Huge => store.write(TOOLS, path, b"18446744073709551625"),
        Damage::Negative => store.write(TOOLS, path, b"-10"),
        Damage::Foreign => store.write(TOOLS, path, b"4000"),
        // Still 0.
        Damage::Long => store.write(TOOLS, path, &[b'0'; 2000]),
    };
    done.expect("dom0 may write everywhere");
}

#[test]
fn every_key_damaged_in_every_way() {
    for (front, back) in pairs() {
        for damaged in DAMAGES {
            let cases: [(String, &str, i16, i16); 6] = [
                // The key, and the error where it is missing and where it is no number.
                (ADDRESS.front(), key::TX_RING_REF, -2, -22),
                (ADDRESS.front(), key::RX_RING_REF, -2, -22),
                (ADDRESS.front(), key::EVENT_CHANNEL, -2, -22),
                (ADDRESS.front(), key::REQUEST_RX_COPY, if back == Epoch::Classic { 0 } else { -95 }, -34),
                (ADDRESS.back(), key::HANDLE, -2, -34),
                (ADDRESS.back(), key::MAC, -2, -2),
            ];
            for (directory, name, missing, senseless) in cases {
                let case = format!("{front:?} {back:?} {name} {damaged:?}");
                let mut machine = Machine::new(front, back);
                let split = front == FrontEpoch::Modern && back == Epoch::ZeroCopy && name == key::EVENT_CHANNEL;
                machine.run_to_the_offer();
                let path = format!("{directory}/{name}{}", if split { "-tx" } else { "" });
                damage(&mut machine, &path, damaged);
                machine.run();
                let signed = matches!(name, key::REQUEST_RX_COPY | key::HANDLE);
                let expect = match damaged {
                    Damage::Missing => missing,
                    Damage::Not | Damage::Empty => senseless,
                    Damage::Negative if !signed => senseless,
                    Damage::Huge | Damage::Foreign | Damage::Long | Damage::Negative => match name {
                        key::TX_RING_REF | key::RX_RING_REF | key::EVENT_CHANNEL => -22,
                        key::MAC => -2,
                        key::HANDLE => 0,
                        // A number that is not 0 says yes, and "000…" says no.
                        _ => match damaged {
                            Damage::Long if back != Epoch::Classic => -95,
                            _ => 0,
                        },
                    },
                };
                // The offer that netback refuses is one that netfront did not make; flipping is another offer too.
                let failures = machine.failures();
                let flipped = back == Epoch::Classic
                    && name == key::REQUEST_RX_COPY
                    && matches!(damaged, Damage::Missing | Damage::Long);
                if split && matches!(damaged, Damage::Missing | Damage::Not | Damage::Empty | Damage::Negative) {
                    // Without both channels it looks for the one.
                    assert_eq!(failures, [-2], "{case}");
                } else if flipped {
                    assert!(!machine.offers[0].offer.rx_copy, "{case}");
                } else if expect == 0 {
                    assert_eq!(
                        (machine.states(), failures.as_slice()),
                        ((Connected, Connected), [].as_slice()),
                        "{case}"
                    );
                } else {
                    assert_eq!(failures, [expect], "{case}");
                }
                if !failures.is_empty() {
                    // Both halves close, and nothing is left mapped.
                    assert_eq!(machine.states(), (Closed, Closed), "{case}");
                    assert_eq!((machine.mapped, machine.rings), (None, None), "{case}");
                    assert!(machine.told().contains(&"Back Closing".to_owned()), "{case}");
                    assert_ne!(machine.back_key(key::ERROR), "NoEntry", "{case}");
                }
            }
        }
    }
}

#[test]
fn features_and_rates_that_make_no_sense_are_not_there() {
    for damaged in [Damage::Missing, Damage::Not, Damage::Empty] {
        let mut machine = Machine::new(FrontEpoch::Classic, Epoch::Classic);
        machine.run_to_the_offer();
        for name in [key::FEATURE_SG, key::FEATURE_GSO_TCPV4, key::FEATURE_RX_NOTIFY, key::FEATURE_NO_CSUM_OFFLOAD] {
            damage(&mut machine, &format!("{}/{name}", ADDRESS.front()), damaged);
        }
        damage(&mut machine, &format!("{}/{}", ADDRESS.back(), key::RATE), damaged);
        machine.run();
        let BackOffer { offer, rate, .. } = machine.offers[0];
        assert_eq!((offer.sg, offer.gso, offer.rx_notify, offer.no_csum_offload), (false, false, false, false));
        assert_eq!(rate, Rate::UNLIMITED);
    }
}

#[test]
fn a_guest_that_asks_for_queues_that_are_not_there_is_refused() {
    for (number, fails) in [("0", true), ("1", false), ("2", true), ("x", false), ("4294967297", true)] {
        let mut machine = Machine::new(FrontEpoch::Modern, Epoch::ZeroCopy);
        machine.run_to_the_offer();
        let path = format!("{}/{}", ADDRESS.front(), key::MULTI_QUEUE_NUM_QUEUES);
        machine.bus.store.write(Caller::of(GUEST), &path, number.as_bytes()).expect("it is the guest's own");
        machine.run();
        assert_eq!(machine.failures(), if fails { vec![-22] } else { vec![] }, "{number}");
    }
}

#[test]
fn no_state_of_the_other_half_is_more_than_a_word() {
    // From every state of the backend's half, each number that a frontend may write.
    for back in BACKS {
        for reached in 0..5 {
            for number in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-1", "x", "", "99999999999999999999"] {
                let mut machine = Machine::new(FrontEpoch::Classic, back);
                for _ in 0..reached * 3 {
                    machine.act();
                    machine.bus.dispatch(machine.now, &mut machine.log);
                }
                let path = format!("{}/{}", ADDRESS.front(), key::STATE);
                machine.bus.store.write(Caller::of(GUEST), &path, number.as_bytes()).expect("it is the guest's own");
                machine.run();
                let (_, state) = machine.states();
                let joined = machine.mapped.is_some();
                assert_eq!(joined, state == Connected, "{back:?} {reached} {number}: {state:?}");
            }
        }
    }
}

#[test]
fn closing_waits_for_the_last_packet() {
    for (front, back) in pairs() {
        let mut machine = Machine::connected(front, back);
        machine.references = 3;
        machine.call(Xenbus::close_front);
        machine.run();
        assert_eq!(machine.states(), (XenbusState::Closing, Connected), "{front:?} {back:?}");
        assert!(machine.rings.is_some() && machine.mapped.is_some());
        machine.free();
        machine.run();
        assert_eq!(machine.states(), (Closed, Closed), "{front:?} {back:?}");
        assert_eq!((machine.rings, machine.mapped, machine.torn, machine.registered), (None, None, 0, true));
        // And again.
        machine.call(Xenbus::restart_front);
        machine.run();
        assert_eq!((machine.states(), machine.setups), ((Connected, Connected), 2), "{front:?} {back:?}");
    }
}

#[test]
fn the_toolstack_takes_a_device_away() {
    for (front, back) in pairs() {
        let mut machine = Machine::connected(front, back);
        machine.bus.detach(VIF);
        machine.run();
        assert_eq!(machine.states(), (Closed, Unknown), "{front:?} {back:?}");
        assert_eq!((machine.rings, machine.mapped, machine.registered, machine.vif), (None, None, false, false));
        assert_eq!((machine.torn, machine.back_key(key::STATE)), (0, "6".to_owned()));
        // Without asking: the backend's half goes, and the modern frontend notices.
        let mut machine = Machine::connected(front, back);
        machine.bus.destroy(VIF);
        machine.run();
        assert_eq!((machine.mapped, machine.registered, machine.vif), (None, false, false));
        assert_eq!(machine.rings.is_none(), front == FrontEpoch::Modern);
        assert_eq!(machine.bus.store.directory(TOOLS, "/local/domain/7/device/vif").as_deref(), Ok([].as_slice()));
    }
}

#[test]
fn a_backend_comes_back() {
    for (front, back) in pairs() {
        let mut machine = Machine::connected(front, back);
        machine.references = 1;
        machine.call(Xenbus::remove_back);
        machine.run();
        assert!(machine.registered, "a packet is still somewhere");
        machine.free();
        machine.run();
        assert!(!machine.registered && !machine.vif);
        // The classic frontend does not look at a backend that closes without a word before, and has to be unloaded: a new
        // backend would find it connected, and connect to rings that are in the middle of something.
        assert_eq!(machine.states(), (if front == FrontEpoch::Modern { Closed } else { Connected }, Unknown));
        machine.call(Xenbus::close_front);
        machine.probe_back();
        machine.run();
        machine.call(Xenbus::restart_front);
        machine.run();
        assert_eq!((machine.states(), machine.setups), ((Connected, Connected), 2), "{front:?} {back:?}");
        assert_eq!(machine.mapped, machine.rings);
    }
}

#[test]
fn a_guest_goes_on_as_another_domain() {
    for (front, back) in pairs() {
        let mut machine = Machine::connected(front, back);
        // It was saved: its domain is destroyed, and the backend's half with it.
        machine.bus.destroy(VIF);
        while machine.registered {
            machine.act();
            machine.bus.dispatch(machine.now, &mut machine.log);
        }
        let address = VifAddress::first_of(DomId(8), VIF);
        machine.registered = true;
        machine.bus.resume(machine.now, &mut machine.log, address, &machine.settings.clone());
        machine.run();
        assert_eq!((machine.states(), machine.setups), ((Connected, Connected), 2), "{front:?} {back:?}");
        assert_eq!(machine.offers.last().map(|offer| offer.frontend), Some(DomId(8)));
        assert_eq!(machine.key(&address.front(), key::STATE), "4");
        assert_eq!(machine.front_key(key::STATE), "NoEntry");
    }
}

#[test]
fn a_guest_without_room_in_the_store_gives_up() {
    let mut machine = Machine::new(FrontEpoch::Classic, Epoch::Classic);
    // Its share is used up by other nodes.
    for number in 0..1000 {
        let path = format!("{}/x{number}", ADDRESS.front());
        if machine.bus.store.write(Caller::of(GUEST), &path, b"") == Err(StoreError::NoSpace) {
            break;
        }
    }
    machine.run();
    assert_eq!((machine.rings, machine.mapped, machine.states()), (None, None, (Closed, Closed)));
}

/// What may happen to a device.
#[derive(Clone, Debug)]
enum Command {
    Dispatch,
    Run,
    Close,
    Restart,
    Hold,
    Free,
    RemoveBack,
    ProbeBack,
    Script(bool),
    Detach,
    Refuse(bool),
    /// A frontend writes what it likes into its own directory.
    Write(&'static str, String),
    Remove(&'static str),
}

fn honest() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => Just(Command::Dispatch),
        3 => Just(Command::Run),
        2 => Just(Command::Close),
        2 => Just(Command::Restart),
        1 => Just(Command::Hold),
        2 => Just(Command::Free),
        1 => Just(Command::RemoveBack),
        1 => Just(Command::ProbeBack),
        1 => any::<bool>().prop_map(Command::Script),
        1 => any::<bool>().prop_map(Command::Refuse),
    ]
}

fn hostile() -> impl Strategy<Value = Command> {
    let name = || {
        prop_oneof![
            6 => Just(key::STATE),
            1 => Just(key::TX_RING_REF),
            1 => Just(key::EVENT_CHANNEL),
            1 => Just(key::REQUEST_RX_COPY),
            1 => Just(key::MULTI_QUEUE_NUM_QUEUES),
            1 => Just(""),
        ]
    };
    let value = prop_oneof![4 => (0_u32..9).prop_map(|number| number.to_string()), 1 => ".{0,12}"];
    prop_oneof![
        6 => honest(),
        6 => (name(), value).prop_map(|(name, value)| Command::Write(name, value)),
        1 => name().prop_map(Command::Remove),
        1 => Just(Command::Detach),
    ]
}

impl Machine {
    fn obey(&mut self, command: Command) {
        let own = |name: &str| {
            if name.is_empty() { ADDRESS.front() } else { format!("{}/{name}", ADDRESS.front()) }
        };
        match command {
            Command::Dispatch => {
                self.bus.dispatch(self.now, &mut self.log);
            }
            Command::Run => self.run(),
            Command::Close => self.call(Xenbus::close_front),
            Command::Restart => self.call(Xenbus::restart_front),
            Command::Hold => self.references = 1,
            Command::Free => self.free(),
            Command::RemoveBack => self.call(Xenbus::remove_back),
            Command::ProbeBack => {
                if !self.registered {
                    self.probe_back();
                }
            }
            Command::Script(well) => self.bus.hotplug_ran(VIF, well),
            Command::Detach => self.bus.detach(VIF),
            Command::Refuse(refuses) => self.refuses = refuses,
            Command::Write(name, value) => {
                let _ = self.bus.store.write(Caller::of(GUEST), &own(name), value.as_bytes());
            }
            Command::Remove(name) => {
                let _ = self.bus.store.remove(Caller::of(GUEST), &own(name));
            }
        }
        self.act();
    }

    /// Lets go of everything that holds the halves up.
    fn settle(&mut self) {
        self.refuses = false;
        self.free();
        self.run();
        self.bus.hotplug_ran(VIF, true);
        self.run();
    }
}

proptest! {
    /// After any commands of honest drivers, loading them again connects the device.
    #[test]
    fn honest_halves_always_find_each_other_again(
        pair in 0_usize..6,
        commands in proptest::collection::vec(honest(), 0..60),
    ) {
        let (front, back) = pairs().nth(pair).expect("there are six");
        let mut machine = Machine::new(front, back);
        commands.into_iter().for_each(|command| machine.obey(command));
        machine.settle();
        if !machine.registered {
            machine.probe_back();
        }
        machine.settle();
        machine.call(Xenbus::close_front);
        machine.settle();
        machine.call(Xenbus::restart_front);
        machine.settle();
        prop_assert_eq!(machine.states(), (Connected, Connected));
        prop_assert!(machine.mapped.is_some() && machine.mapped == machine.rings);
    }

    /// Whatever a frontend writes, both halves come to rest, netback's calls make sense (the machine's own assertions), and
    /// when the device is taken away nothing of it is left in dom0.
    #[test]
    fn a_hostile_frontend_holds_nothing(
        pair in 0_usize..6,
        commands in proptest::collection::vec(hostile(), 0..80),
    ) {
        let (front, back) = pairs().nth(pair).expect("there are six");
        let mut machine = Machine::new(front, back);
        for command in commands {
            machine.obey(command);
            prop_assert!(machine.mapped.is_none() || machine.vif);
        }
        machine.settle();
        machine.bus.destroy(VIF);
        machine.settle();
        prop_assert_eq!((machine.mapped, machine.vif, machine.registered), (None, false, false));
        prop_assert_eq!(machine.bus.back_state(VIF), Unknown);
    }

    /// Equal commands, equal logs and equal stores.
    #[test]
    fn a_handshake_is_a_function_of_its_commands(commands in proptest::collection::vec(hostile(), 0..40)) {
        let run = || {
            let mut machine = Machine::new(FrontEpoch::Modern, Epoch::ZeroCopy);
            commands.iter().for_each(|command| machine.obey(command.clone()));
            let nodes: Vec<_> = machine.bus.store.nodes().map(|(path, value)| (path.to_owned(), value.to_vec())).collect();
            (machine.log.hash(), nodes)
        };
        prop_assert_eq!(run(), run());
    }
}
