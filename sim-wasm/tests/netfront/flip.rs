//! Pages that change hands instead of being copied to.

use sim_wasm::actors::handshake::BackFeatures;
use sim_wasm::actors::netfront::{FrontSettings, Netfront};
use sim_wasm::hypervisor::grant_entry::GrantStatus;
use sim_wasm::protocols::netif::RxResponse;
use sim_wasm::words::ids::DomId;

use crate::bench::{ALL, Bench, FLIP, GUEST, PAGES};
use crate::receive::{content, pages};

/// Delivers a buffer with so many bytes, in the way that was agreed on.
pub(crate) fn deliver(bench: &mut Bench, flip: bool, size: u16, flags: u16) {
    let bytes = content(9, size);
    if !flip {
        bench.fill(0, &bytes, flags);
        return;
    }
    let request = bench.next_buffer().expect("buffers are posted");
    let page = bench.dom0_page();
    bench.xen.guest_page_mut(DomId::DOM0, page).expect("dom0 has the page").write(0, &bytes);
    bench.xen.transfer(DomId::DOM0, page, GUEST, request.gref).expect("the guest waits for a page");
    bench.say(RxResponse { id: request.id, offset: 0, flags, status: size as i16 });
}

#[test]
fn flipped_pages_change_hands() {
    let mut bench = Bench::new(FLIP);
    let (frames, posted) = (bench.xen.memory.free_frames(), bench.front.posted_buffers());
    assert_eq!((bench.offer.rx_copy, posted), (false, 64));
    for number in 0..200 {
        deliver(&mut bench, true, 1400, 0);
        let [skb] = bench.receive()[..] else { panic!("packet {number} was sent") };
        assert_eq!(bench.bytes(skb), content(9, 1400));
        bench.skbs.free(skb);
        assert_eq!(pages(&bench), PAGES - 2);
    }
    // Xen has the guest's old pages now, but for those that are posted anew.
    let given = 200 + bench.front.posted_buffers() - posted;
    assert_eq!(bench.xen.memory.free_frames(), frames + given);
}

/// A page that was announced and never given: the buffer goes back on the ring with a grant that is used up, and the page
/// that a backend gives for it later is lost to both.
#[test]
fn a_page_that_did_not_come_is_an_error() {
    let mut bench = Bench::new(FLIP);
    let request = bench.next_buffer().expect("buffers are posted");
    bench.say(RxResponse { id: request.id, offset: 0, flags: 0, status: 100 });
    assert!(bench.receive().is_empty());
    assert_eq!((bench.front.counters().rx_errors, pages(&bench)), (1, PAGES - 2));
    while let Some(next) = bench.next_buffer() {
        if next.gref == request.gref {
            let page = bench.dom0_page();
            let given = bench.xen.transfer(DomId::DOM0, page, GUEST, next.gref);
            assert_eq!(given, Err(GrantStatus::GeneralError));
        }
    }
    assert_eq!(bench.front.broken(), None);
}

/// A page that came and was not announced is found when the backend is gone.
#[test]
fn a_page_that_nobody_spoke_of_is_not_lost() {
    let mut bench = Bench::new(FLIP);
    let request = bench.next_buffer().expect("buffers are posted");
    let page = bench.dom0_page();
    bench.xen.transfer(DomId::DOM0, page, GUEST, request.gref).expect("the guest waits for a page");
    bench.say(RxResponse { id: request.id, offset: 0, flags: 0, status: -1 });
    assert!(bench.receive().is_empty());
    let (frames, posted) = (bench.xen.memory.free_frames(), bench.front.posted_buffers());
    bench.detach();
    bench.call(Netfront::disconnect);
    // The guest has one page more than holes, until it gives it back to post it.
    assert_eq!((bench.xen.memory.free_frames(), pages(&bench)), (frames, PAGES - 2));
    assert!(bench.reattach(ALL));
    let given = 1 + bench.front.posted_buffers() - posted;
    assert_eq!((bench.xen.memory.free_frames(), pages(&bench)), (frames + given, PAGES - 2));
}

#[test]
fn the_way_of_reception_is_agreed_on() {
    let features = |rx_copy, rx_flip| BackFeatures { rx_copy, rx_flip, ..ALL };
    for (settings, features, copy) in [
        (FrontSettings::CLASSIC, features(true, true), true),
        (FrontSettings::CLASSIC, features(false, true), false),
        (FLIP, features(true, true), false),
        (FLIP, features(true, false), true),
        (FrontSettings::MODERN, features(true, false), true),
    ] {
        assert_eq!(Bench::with_pages(settings, PAGES, features).offer.rx_copy, copy);
    }
    let mut bench = Bench::new(FrontSettings::MODERN);
    bench.call(Netfront::disconnect);
    assert!(!bench.reattach(features(false, true)), "the modern driver only copies");
}
