//! The halves part, and find each other again.

use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::xenbus::{VifAddress, Xenbus};
use sim_wasm::protocols::xenbus::XenbusState::{self, Closed, Connected, Unknown};
use sim_wasm::protocols::xenbus::key;
use sim_wasm::words::ids::DomId;

use crate::machine::{Machine, TOOLS, VIF, pairs};

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
