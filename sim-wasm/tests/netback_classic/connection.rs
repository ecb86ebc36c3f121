//! Interfaces come and go, whatever is on its way.

use sim_wasm::actors::handshake::{Offer, Xmit};
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::hypervisor::grant_entry::GrantStatus;
use sim_wasm::hypervisor::guest_grants::EndAccess;
use sim_wasm::hypervisor::xen::Errno;
use sim_wasm::words::ids::{DomId, GrantRef, Port, VifId};

use crate::world::{DOM0, Wish, World};

fn mappings(world: &World) -> u32 {
    world.xen.domain(DOM0).expect("dom0 is there").grants.mappings()
}

#[test]
fn a_bad_offer_leaves_nothing_behind() {
    let mut world = World::with_guest(BackSettings::default());
    assert_eq!(world.disconnect(0), Disconnect::Done);
    let good = world.guests[0].offer;
    let ports = |world: &World| {
        let channels = &world.xen.domain(DOM0).expect("dom0 is there").channels;
        format!("{channels:?}")
    };
    let before = ports(&world);
    let offer = |change: fn(&mut Offer)| {
        let mut offer = good;
        change(&mut offer);
        offer
    };
    for (offer, error) in [
        (offer(|offer| offer.tx_ring = GrantRef(700)), ConnectError::TransmitRing(GrantStatus::GeneralError)),
        (offer(|offer| offer.rx_ring = GrantRef(5000)), ConnectError::ReceiveRing(GrantStatus::BadGrantRef)),
        (offer(|offer| offer.tx_port = Port(9)), ConnectError::Channel(Errno::Invalid)),
    ] {
        let connected = world.with(|back, k| back.connect(k, VifId(0), DomId(1), &offer, VifSettings::default()));
        assert_eq!(connected, Err(error));
        assert_eq!((mappings(&world), ports(&world)), (0, before.clone()));
        assert!(error.errno() < 0);
    }
    let missing = world.with(|back, k| back.connect(k, VifId(0), DomId(9), &good, VifSettings::default()));
    assert_eq!(missing, Err(ConnectError::TransmitRing(GrantStatus::BadDomain)));
}

#[test]
fn an_interface_is_connected_once() {
    let mut world = World::with_guest(BackSettings::default());
    assert_eq!(world.reconnect(0, Wish::default()), Err(ConnectError::Busy));
}

/// A packet that is stuck in dom0 keeps its interface; so does one that waits for delivery.
#[test]
fn what_is_stuck_keeps_the_interface() {
    let mut world = World::with_guest(BackSettings::default());
    let free = world.guests[0].grants.free_references();
    world.post(0, 40);
    world.send_many(0, 3);
    world.settle();
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
    assert_eq!(world.disconnect(0), Disconnect::Waiting(4));
    assert!(!world.back.can_queue(VifId(0)));
    // Nothing more is taken, and nothing is accepted.
    world.send_many(0, 1);
    world.interrupt(0);
    assert_eq!(world.disconnect(0), Disconnect::Waiting(4));
    world.settle();
    assert_eq!((world.disconnect(0), world.kept.len()), (Disconnect::Waiting(3), 3));
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(0, skb), Xmit::Dropped);
    world.free(1);
    assert_eq!(world.disconnect(0), Disconnect::Waiting(3), "it is not answered yet");
    world.settle();
    assert_eq!(world.disconnect(0), Disconnect::Waiting(2));
    world.free_all();
    world.settle();
    assert_eq!(world.disconnect(0), Disconnect::Done);
    assert_eq!(world.disconnect(0), Disconnect::Done);
    assert_eq!((mappings(&world), world.back.port(VifId(0))), (0, None));
    // The guest can take everything back: the answers were written before the ring went.
    assert_eq!(world.answers(0).len(), 3);
    world.take_received(0);
    let guest = &world.guests[0];
    for ring in [guest.offer.tx_ring, guest.offer.rx_ring] {
        assert_eq!(guest.grants.end_access(&mut world.xen.memory, ring), EndAccess::Ended);
    }
    assert_eq!(free - guest.grants.free_references(), 39 + 1, "buffers and a request that nobody took");
}

/// The same guest connects again, with rings that begin elsewhere.
#[test]
fn a_guest_comes_back() {
    let mut world = World::with_guest(BackSettings::default());
    for base in [5, u32::MAX - 2, 1_000_000] {
        world.send_many(0, 6);
        world.settle();
        assert_eq!(world.disconnect(0), Disconnect::Waiting(6));
        world.free_all();
        world.settle();
        assert_eq!(world.disconnect(0), Disconnect::Done);
        world.reconnect(0, Wish { base, ..Wish::default() }).expect("it is gone");
        assert_eq!(mappings(&world), 2);
        world.send_many(0, 6);
        world.settle();
        world.free_all();
        world.settle();
        assert_eq!(world.answers(0).len(), 6);
    }
}

/// The guest is destroyed while its pages are in dom0: it stays a zombie until the last of them is let go.
#[test]
fn a_guest_that_is_gone_stays_until_its_packets_go() {
    let mut world = World::with_guest(BackSettings::default());
    world.post(0, 40);
    world.send_many(0, 2);
    world.settle();
    let guest = world.guests[0].domain;
    world.xen.destroy_domain(guest);
    assert!(world.xen.is_zombie(guest));
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
    assert_eq!(world.disconnect(0), Disconnect::Waiting(3));
    world.settle();
    assert_eq!(world.disconnect(0), Disconnect::Waiting(2));
    world.free_all();
    world.settle();
    assert!(world.xen.is_zombie(guest));
    assert_eq!(world.disconnect(0), Disconnect::Done);
    assert!(!world.xen.is_zombie(guest) && world.xen.domain(guest).is_none());
}
