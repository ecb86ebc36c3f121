//! What netback makes of requests that an honest front end never writes: each is answered, and nothing is kept.

use sim_wasm::actors::first_netback::Netback;
use sim_wasm::actors::log::Log;
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::protocols::front_ring::FrontRing;
use sim_wasm::protocols::netif::{NETTXF_MORE_DATA, TX_RESPONSE_SIZE, TX_RING, TxRequest, TxResponse};
use sim_wasm::protocols::ring::{Index, shared_ring_init};
use sim_wasm::words::ids::{DomId, GrantRef, Pfn};
use sim_wasm::words::time::Time;

const GUEST: DomId = DomId(1);
const RING: Pfn = Pfn(0);
const DATA: Pfn = Pfn(1);
const MORE: u16 = NETTXF_MORE_DATA;

/// A slot as a case writes it: offset, size, flags, and whether its grant is a good one.
type Slot = (u16, u16, u16, bool);

/// Sends the slots, with ids from 0 in order; returns the lengths of the packets that netback built, and the responses as
/// (id, status).
fn send(slots: &[Slot]) -> (Vec<u32>, Vec<(u16, i16)>) {
    let mut xen = Xen::new(40);
    for id in [DomId::DOM0, GUEST] {
        xen.create_domain(id, 4).expect("there is room for two domains");
    }
    shared_ring_init(xen.guest_page_mut(GUEST, RING).expect("the guest has the page"), Index(0));
    let mut grants = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there"));
    let mut grant = |xen: &mut Xen, page, access| {
        let gref = grants.claim_reference().expect("references are free");
        let frame = xen.domain(GUEST).and_then(|guest| guest.mfn(page)).expect("the guest has the page");
        grants.grant_access(&mut xen.memory, gref, DomId::DOM0, frame, access);
        gref
    };
    let ring = grant(&mut xen, RING, Access::ReadWrite);
    let data = grant(&mut xen, DATA, Access::ReadOnly);
    let port = xen.alloc_unbound(GUEST, DomId::DOM0).expect("ports are free");
    let mut back = Netback::new(DomId::DOM0);
    back.connect(&mut xen, GUEST, ring, port);

    let mut front = FrontRing::attach(TX_RING, Index(0));
    let page = xen.guest_page_mut(GUEST, RING).expect("the guest has the page");
    for (id, &(offset, size, flags, good)) in slots.iter().enumerate() {
        let gref = if good { data } else { GrantRef(500) };
        front.write_request(page, &TxRequest { gref, offset, flags, id: id as u16, size }.encode());
    }
    front.push_requests(page);

    let mut log = Log::new();
    assert!(back.be_int(0));
    let received = back.tx_action(&mut xen, Time::ZERO, &mut log).received;
    for skb in &received {
        back.page_release(skb, Time::ZERO, &mut log);
    }
    back.tx_action(&mut xen, Time::ZERO, &mut log);
    assert_eq!(back.held(), 0);
    assert_eq!(grants.end_access(&mut xen.memory, data), EndAccess::Ended);
    let page = xen.guest_page(GUEST, RING).expect("the guest has the page");
    let responses = (0..front.unconsumed_responses(page))
        .map(|index| TxResponse::decode(front.copy_response::<TX_RESPONSE_SIZE>(page, Index(index))))
        .map(|response| (response.id, response.status))
        .collect();
    (received.iter().map(|skb| skb.bytes).collect(), responses)
}

#[test]
fn what_makes_no_packet_is_answered_with_an_error() {
    let whole = (0, 100, 0, true);
    for (name, bad) in [
        ("shorter than a header", vec![(0, 13, 0, true)]),
        ("first slot across a page's end", vec![(4000, 97, 0, true)]),
        ("further slot across a page's end", vec![(0, 300, MORE, true), (4000, 97, 0, true)]),
        ("further slots longer than the whole", vec![(0, 100, MORE, true), (0, 101, 0, true)]),
    ] {
        let count = bad.len() as u16;
        let slots: Vec<Slot> = bad.into_iter().chain([whole]).collect();
        let (packets, responses) = send(&slots);
        assert_eq!(packets, [100], "{name}");
        let expect: Vec<(u16, i16)> = (0..count).map(|id| (id, -1)).chain([(count, 0)]).collect();
        assert_eq!(responses, expect, "{name}");
    }
    assert_eq!(send(&[(0, 100, MORE, true)]), (vec![], vec![(0, -1)]), "its end is not published");
}

#[test]
fn a_packet_has_eighteen_further_slots_at_most() {
    let chain = |further: usize| -> Vec<Slot> {
        let flags = |slot| if slot < further { MORE } else { 0 };
        (0..=further).map(|slot| (0, if slot == 0 { 1000 } else { 20 }, flags(slot), true)).collect()
    };
    let (packets, responses) = send(&chain(18));
    assert_eq!((packets, responses.len()), (vec![1000], 19));
    assert!(responses.iter().all(|&(_, status)| status == 0));
    // The first nineteen are refused together; what is left is read as a packet of its own.
    let (packets, responses) = send(&chain(19));
    assert_eq!(packets, [20]);
    assert_eq!(responses[..19], (0..19).map(|id| (id, -1)).collect::<Vec<_>>());
    assert_eq!(responses[19..], [(19, 0)]);
}

#[test]
fn a_bad_grant_fails_its_packet_and_its_own_slot() {
    let slots = [(0, 300, MORE, true), (0, 100, MORE, false), (0, 100, 0, true)];
    assert_eq!(send(&slots), (vec![], vec![(1, -1), (0, 0), (2, 0)]));
}
