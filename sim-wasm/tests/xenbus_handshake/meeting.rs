//! The halves find each other.

use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::xenbus::store::{Caller, StoreError};
use sim_wasm::protocols::xenbus::XenbusState::{Closed, Connected, InitWait};
use sim_wasm::protocols::xenbus::{Rate, key};

use crate::machine::{ADDRESS, GUEST, Machine, VIF, pairs};

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
