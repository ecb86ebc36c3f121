//! Frontends that keep to no rule harm themselves.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::trouble::{Attack, Trouble};
use sim_wasm::actors::netback::Race;
use sim_wasm::actors::netback::settings::Repairs;
use sim_wasm::protocols::netif::TxRequest;
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;

use crate::world::{EXTRA, MORE, NO_GRANT, Wish, World, slot, with};

/// A producer far ahead: the old driver reads garbage, a ring's worth in each pass; a repaired one gives the guest up. The
/// other guest is served all the same.
#[test]
fn a_forged_producer_costs_a_ring_for_each_pass() {
    for shuts_down in [false, true] {
        let mut world = World::new(with(Repairs { shuts_down, ..Repairs::ALL }), 600, 2);
        let (bad, good) = (world.add_guest(Wish::default()), world.add_guest(Wish::default()));
        Shared::ReqProd.store(world.tx_page(bad), Index(1_000_000));
        world.interrupt(bad);
        world.send_one(good, 1514);
        for pass in 1..20 {
            world.tasklet();
            let taken = world.told(|event| match event {
                Event::RequestsTaken { count, id, .. } if *id == 0 => Some(*count),
                _ => None,
            });
            let garbage: u32 = taken.iter().sum::<u32>();
            assert!(garbage <= pass * 256 + 1, "{garbage} after {pass}");
            assert_eq!(garbage == 1, shuts_down);
        }
        assert_eq!(world.kept.len(), 1);
        assert_eq!(world.carriers_off.len(), usize::from(shuts_down));
        let caught = world.told(|event| match event {
            Event::OverflowCaught { distance } => Some(*distance),
            _ => None,
        });
        assert_eq!(caught, if shuts_down { vec![1_000_000] } else { vec![] });
        // A guest that was given up is not heard any more.
        let before = world.log.entries().len();
        world.interrupt(bad);
        world.transmit_due = true;
        world.tasklet();
        assert_eq!(world.log.entries().len() == before, shuts_down);
    }
}

#[test]
fn garbage_shuts_a_repaired_driver_down() {
    for (requests, why) in [
        (vec![(0, 100, MORE)], Some(Refusal::Truncated)),
        (vec![(0, 100, EXTRA)], Some(Refusal::BadExtra)),
        (vec![(4000, 97, 0)], Some(Refusal::CrossesPage)),
        (vec![(0, 100, MORE), (0, 101, 0)], Some(Refusal::LongerThanPacket)),
        (vec![(0, 13, 0)], None),
    ] {
        let mut world = World::with_guest(with(Repairs::ALL));
        let held = world.send_one(0, 1514).expect("the guest has pages");
        world.settle();
        let requests: Vec<TxRequest> = (20..)
            .zip(&requests)
            .map(|(id, &(offset, size, flags))| TxRequest { gref: NO_GRANT, offset, flags, id, size })
            .collect();
        world.send_raw(0, &requests);
        world.settle();
        let disabled = world.told(|event| match event {
            Event::Backend(Backend::FrontendDisabled { why }) => Some(*why),
            _ => None,
        });
        assert_eq!(disabled, Vec::from_iter(why));
        world.free_all();
        world.settle();
        // What is held is answered all the same.
        let answers = world.answers(0);
        assert!(answers.contains(&(held, 0)));
        assert_eq!(answers.contains(&(20, -1)), why.is_none());
    }
}

/// The guest changes a request between netback's check and its use.
#[test]
fn what_is_checked_is_what_is_used_if_it_was_copied() {
    for copies_requests in [true, false] {
        for (slot_number, offset, size) in [(1, 4000, 500), (1, 0xFFFF, 0xFFFF), (0, 4090, 100)] {
            let mut world = World::with_guest(with(Repairs { copies_requests, ..Repairs::ALL }));
            let ids = world.send(0, 0, &[slot(0, 1000), slot(0, 500)], &[]).expect("the guest has pages");
            let gref = world.grant(0, 77);
            let request = TxRequest { gref, offset, flags: 0, id: ids[usize::from(slot_number)], size };
            world.with(|back, _| back.race(Race { vif: VifId(0), slot: slot_number, request }));
            world.settle();
            let (_, skb) = world.kept[0];
            let bytes = world.bytes_of(skb);
            let attacks = world.told(|event| match event {
                Event::Trouble(Trouble::Attacked { attack: Attack::ChangedRequest, xsa, .. }) => Some(*xsa),
                _ => None,
            });
            if copies_requests {
                assert_eq!((bytes.len(), attacks), (1000, vec![]));
            } else {
                assert_eq!(attacks, [155]);
                let len = match slot_number {
                    0 => 6 + 500,
                    _ => 500 + (4096 - usize::from(offset.min(4096))),
                };
                assert_eq!((bytes.len(), world.skbs.get(skb).len), (len, len as u32), "it ends with its page");
            }
            world.free_all();
            world.settle();
            assert_eq!(world.back.held(), 0);
        }
    }
}
