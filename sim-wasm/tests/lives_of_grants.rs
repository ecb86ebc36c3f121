//! Stories of single grants: windows that are swapped, pages given away, grants ended too early, owners that end.

use sim_wasm::hypervisor::deferred_grants::{Deferred, DeferredGrants, RETRY, TRIES_PER_RETRY, WhenInUse};
use sim_wasm::hypervisor::domain::{Domain, Entry};
use sim_wasm::hypervisor::event_calls::Sent;
use sim_wasm::hypervisor::grant_calls::{MapOp, UnmapOp};
use sim_wasm::hypervisor::grant_entry::{
    Access, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_TRANSFER_COMMITTED, GrantStatus, write_flags,
};
use sim_wasm::hypervisor::grant_table::{CLASSIC_GRANT_FRAMES, CURRENT_GRANT_FRAMES};
use sim_wasm::hypervisor::guest_grants::{EndAccess, EndTransfer, GuestGrants};
use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::xen::{Errno, Limits, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};
use sim_wasm::words::time::Time;

const DOM0: DomId = DomId::DOM0;
const GUEST: DomId = DomId(1);
const GREF: GrantRef = GrantRef(8);

fn machine() -> (Xen, GuestGrants) {
    let mut xen = Xen::new(64);
    for id in [DOM0, GUEST] {
        xen.create_domain(id, 4).expect("64 frames are enough");
    }
    let guest = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there from the start"));
    (xen, guest)
}

fn frame(xen: &Xen, domain: DomId, pfn: Pfn) -> Mfn {
    xen.domain(domain).and_then(|domain| domain.mfn(pfn)).expect("the page has a frame of its own")
}

/// The guest's page `pfn`, mapped by dom0 at a fresh window.
fn map_at_window(xen: &mut Xen, guest: &GuestGrants, pfn: Pfn, gref: GrantRef, access: Access) -> (Pfn, Handle) {
    let granted = frame(xen, GUEST, pfn);
    guest.grant_access(&mut xen.memory, gref, DOM0, granted, access);
    let window = xen.add_holes(DOM0, 1);
    let mut ops = [MapOp::new(window, GUEST, gref, access)];
    xen.map_grant_refs(DOM0, &mut ops);
    (window, ops[0].result.expect("it is granted").handle)
}

#[test]
fn one_bad_call_of_a_batch_spoils_no_other() {
    let (mut xen, guest) = machine();
    let granted = frame(&xen, GUEST, Pfn(2));
    guest.grant_access(&mut xen.memory, GREF, DOM0, granted, Access::ReadOnly);
    let first = xen.add_holes(DOM0, 2);
    let second = Pfn(first.0 + 1);
    let mut ops = [
        MapOp::new(first, GUEST, GREF, Access::ReadOnly),
        MapOp::new(second, GUEST, GREF, Access::ReadWrite),
        MapOp::new(second, GUEST, GrantRef(512), Access::ReadOnly),
        MapOp::new(first, GUEST, GREF, Access::ReadOnly),
        MapOp::new(Pfn(0), GUEST, GREF, Access::ReadOnly),
        MapOp::new(Pfn(100), GUEST, GREF, Access::ReadOnly),
        MapOp::new(second, GUEST, GREF, Access::ReadOnly),
    ];
    xen.map_grant_refs(DOM0, &mut ops);
    let results = ops.map(|op| op.result.map(|mapped| mapped.frame));
    let expect = [
        Ok(granted),
        Err(GrantStatus::GeneralError),
        Err(GrantStatus::BadGrantRef),
        Err(GrantStatus::GeneralError),
        Err(GrantStatus::GeneralError),
        Err(GrantStatus::BadVirtualAddress),
        Ok(granted),
    ];
    assert_eq!(results, expect);
    let handles = [ops[0], ops[6]].map(|op| op.result.expect("two were made").handle);
    // Both windows show the same frame for the same use, so Xen does not mind which handle is undone at which.
    let mut unmaps =
        [UnmapOp::new(second, handles[0]), UnmapOp::new(second, handles[1]), UnmapOp::new(first, handles[1])];
    xen.unmap_grant_refs(DOM0, &mut unmaps);
    assert_eq!(unmaps.map(|op| op.result), [Ok(()), Err(GrantStatus::GeneralError), Ok(())]);
    assert_eq!(guest.end_access(&mut xen.memory, GREF), EndAccess::Ended);
}

/// Delayed copy: the reader of the window sees the guest's bytes until the swap, and the same bytes after it.
#[test]
fn a_window_is_swapped_for_a_page_of_ones_own() {
    let (mut xen, guest) = machine();
    xen.guest_page_mut(GUEST, Pfn(1)).expect("the guest has the page").write(0, b"packet");
    let (window, handle) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadOnly);
    let copy = *xen.guest_page(DOM0, window).expect("it is mapped").bytes();
    xen.guest_page_mut(DOM0, Pfn(3)).expect("dom0 has the page").write(0, &copy);
    let own = frame(&xen, DOM0, Pfn(3));
    assert_eq!(xen.unmap_and_replace(DOM0, window, Pfn(3), handle), Ok(()));
    assert_eq!(guest.end_access(&mut xen.memory, GREF), EndAccess::Ended);
    xen.guest_page_mut(GUEST, Pfn(1)).expect("the guest has the page").write(0, b"reused");
    assert_eq!(xen.guest_page(DOM0, window).expect("the copy is there").read(0), *b"packet");
    assert_eq!((frame(&xen, DOM0, window), xen.guest_page(DOM0, Pfn(3))), (own, Err(Errno::Fault)));
}

/// The call takes the new page's entry before it looks at the old one, and does not put it back.
#[test]
fn a_swap_that_fails_costs_the_new_page_its_entry() {
    let (mut xen, guest) = machine();
    let (window, handle) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadOnly);
    let own = frame(&xen, DOM0, Pfn(3));
    assert_eq!(xen.unmap_and_replace(DOM0, Pfn(0), Pfn(3), handle), Err(GrantStatus::GeneralError));
    assert_eq!(xen.domain(DOM0).and_then(|dom0| dom0.entry(Pfn(3))), Some(Entry::Hole));
    assert_eq!(xen.unmap_and_replace(DOM0, window, Pfn(99), handle), Err(GrantStatus::GeneralError));
    assert_eq!(xen.unmap_and_replace(DOM0, window, Pfn(2), Handle(77)), Err(GrantStatus::BadHandle));
    assert_eq!(xen.domain(DOM0).and_then(|dom0| dom0.mfn(Pfn(2))), Some(frame(&xen, DOM0, Pfn(2))));
    assert_eq!(xen.update_va_mapping(DOM0, Pfn(3), own), Ok(()), "the frame is dom0's still");
    assert_eq!(xen.unmap_and_replace(DOM0, window, Pfn(3), handle), Ok(()));
}

#[test]
fn a_mapping_is_undone_where_it_is_seen() {
    let (mut xen, guest) = machine();
    let (window, at_page) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadWrite);
    let by_handle = xen.map_grant_ref(DOM0, GUEST, GREF, Access::ReadWrite).expect("it is granted").handle;
    let mut ops = [UnmapOp::new(window, by_handle)];
    xen.unmap_grant_refs(DOM0, &mut ops);
    assert_eq!(ops[0].result, Err(GrantStatus::GeneralError));
    assert_eq!(xen.unmap_grant_ref(DOM0, at_page), Err(GrantStatus::GeneralError));
    assert_eq!(xen.unmap_grant_ref(DOM0, by_handle), Ok(()));
    xen.guest_page_mut(DOM0, window).expect("the window stands").write_u8(0, 1);
    assert_eq!(xen.guest_page(GUEST, Pfn(1)).map(|page| page.read_u8(0)), Ok(1));
}

/// A guest that asks first and ends afterwards has asked too early (XSA-396).
#[test]
fn an_answer_about_use_is_old_at_once() {
    let (mut xen, guest) = machine();
    let granted = frame(&xen, GUEST, Pfn(1));
    guest.grant_access(&mut xen.memory, GREF, DOM0, granted, Access::ReadWrite);
    assert!(!guest.query_access(&xen.memory, GREF));
    let handle = xen.map_grant_ref(DOM0, GUEST, GREF, Access::ReadWrite).expect("it is granted").handle;
    assert_eq!(guest.end_access(&mut xen.memory, GREF), EndAccess::StillInUse);
    assert_eq!(guest.entry(&xen.memory, GREF).flags & GTF_PERMIT_ACCESS, GTF_PERMIT_ACCESS);
    xen.unmap_grant_ref(DOM0, handle).expect("the handle is good");
    assert_eq!(guest.end_access(&mut xen.memory, GREF), EndAccess::Ended);
}

#[test]
fn a_page_changes_hands() {
    let (mut xen, guest) = machine();
    xen.guest_page_mut(DOM0, Pfn(2)).expect("dom0 has the page").write(0, b"received");
    let given = frame(&xen, DOM0, Pfn(2));
    xen.decrease_reservation(GUEST, Pfn(0)).expect("the guest has the page");
    guest.grant_transfer(&mut xen.memory, GREF, DOM0, Pfn(0));
    assert_eq!(xen.transfer(DOM0, Pfn(2), GUEST, GREF), Ok(()));
    assert_eq!(xen.guest_page(DOM0, Pfn(2)), Err(Errno::Fault));
    assert_eq!(guest.end_transfer(&mut xen.memory, GREF), EndTransfer::Completed(given));
    assert_eq!(xen.update_va_mapping(GUEST, Pfn(0), given), Ok(()));
    assert_eq!(xen.guest_page(GUEST, Pfn(0)).map(|page| page.read(0)), Ok(*b"received"));
    assert_eq!(xen.transfer(DOM0, Pfn(1), GUEST, GREF), Err(GrantStatus::GeneralError), "an entry takes one page");
}

/// What goes wrong after Xen has taken the page costs the page: how netback loses memory in flip mode (`net_rx_action`).
#[test]
fn a_page_that_nobody_takes_is_lost() {
    let (mut xen, guest) = machine();
    let pages = |xen: &Xen| (xen.domain(DOM0).map(Domain::frames), xen.memory.free_frames());
    let (Some(own), free) = pages(&xen) else { unreachable!("dom0 runs") };
    assert_eq!(xen.transfer(DOM0, Pfn(0), DomId(9), GREF), Err(GrantStatus::BadDomain));
    guest.grant_transfer(&mut xen.memory, GREF, DOM0, Pfn(0));
    assert_eq!(xen.transfer(DOM0, Pfn(1), GUEST, GREF), Err(GrantStatus::GeneralError), "the guest has no room");
    assert_eq!(guest.end_transfer(&mut xen.memory, GREF), EndTransfer::NotStarted);
    xen.decrease_reservation(GUEST, Pfn(0)).expect("the guest has the page");
    assert_eq!(xen.transfer(DOM0, Pfn(2), GUEST, GrantRef(512)), Err(GrantStatus::GeneralError));
    assert_eq!(pages(&xen), (Some(own - 3), free + 4));
    assert_eq!(xen.transfer(DOM0, Pfn(2), GUEST, GREF), Err(GrantStatus::BadPage), "there is a hole now");
    let granted = frame(&xen, GUEST, Pfn(1));
    guest.grant_access(&mut xen.memory, GREF, DOM0, granted, Access::ReadOnly);
    xen.map_grant_ref(DOM0, GUEST, GREF, Access::ReadOnly).expect("it is granted");
    assert_eq!(xen.transfer(GUEST, Pfn(1), DOM0, GREF), Err(GrantStatus::BadPage), "somebody has it mapped");
    assert_eq!(frame(&xen, GUEST, Pfn(1)), granted, "a bad page stays");
}

#[test]
fn waiting_for_a_page_can_be_given_up_until_it_is_sent() {
    let (mut xen, guest) = machine();
    xen.decrease_reservation(GUEST, Pfn(0)).expect("the guest has the page");
    guest.grant_transfer(&mut xen.memory, GREF, DOM0, Pfn(0));
    assert_eq!(guest.end_transfer(&mut xen.memory, GREF), EndTransfer::NotStarted);
    assert_eq!(xen.transfer(DOM0, Pfn(0), GUEST, GREF), Err(GrantStatus::GeneralError));
    // Between Xen's mark and Xen's frame number, another vCPU sees that the page is on its way.
    let table = xen.setup_table(GUEST, 1).expect("one frame is there")[0];
    let page = xen.memory.page_mut(GUEST, table).expect("the table is lent to the guest");
    write_flags(page, GREF.0, GTF_ACCEPT_TRANSFER | GTF_TRANSFER_COMMITTED);
    assert_eq!(guest.end_transfer(&mut xen.memory, GREF), EndTransfer::UnderWay);
    // A receiver that gives up just before Xen's exchange keeps the sender from sending, and costs it the page.
    guest.grant_transfer(&mut xen.memory, GREF, DOM0, Pfn(0));
    let gone = xen.transfer_against(DOM0, Pfn(1), (GUEST, GREF), |page, number| write_flags(page, number, 0));
    assert_eq!((gone, xen.guest_page(DOM0, Pfn(1))), (Err(GrantStatus::GeneralError), Err(Errno::Fault)));
}

#[test]
fn a_frame_that_was_given_back_is_not_taken_up_again() {
    let (mut xen, guest) = machine();
    let (_, handle) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadOnly);
    let given_back = frame(&xen, GUEST, Pfn(1));
    xen.decrease_reservation(GUEST, Pfn(1)).expect("the guest has the page");
    assert_eq!(xen.memory.owner(given_back), Ok(Owner::Domain(GUEST)), "dom0 has it mapped still");
    assert_eq!(xen.update_va_mapping(GUEST, Pfn(1), given_back), Err(Errno::Fault));
    assert!(xen.mapped_page(DOM0, handle).is_ok());
}

#[test]
fn a_domain_whose_pages_are_held_is_a_zombie() {
    let (mut xen, guest) = machine();
    let free = xen.memory.free_frames();
    xen.guest_page_mut(GUEST, Pfn(1)).expect("the guest has the page").write(0, b"last");
    let (window, handle) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadOnly);
    let front = xen.alloc_unbound(GUEST, DOM0).expect("ports are free");
    let (back, _) = xen.bind_interdomain(DOM0, GUEST, front).expect("the port waits for dom0");
    xen.destroy_domain(GUEST);
    assert!(xen.is_zombie(GUEST));
    assert_eq!(
        xen.memory.free_frames(),
        free + 3,
        "all pages but the one that is held, which stays with table and shared page"
    );
    assert_eq!(xen.guest_page(DOM0, window).map(|page| page.read(0)), Ok(*b"last"));
    assert_eq!(xen.guest_page(GUEST, Pfn(0)), Err(Errno::Fault));
    assert_eq!(xen.send(DOM0, back).map(Sent::upcall), Ok(None), "the other end is unbound");
    assert_eq!(xen.create_domain(GUEST, 1), Err(Errno::Exists));
    assert_eq!(xen.transfer(DOM0, Pfn(3), GUEST, GREF), Err(GrantStatus::GeneralError));
    let mut ops = [UnmapOp::new(window, handle)];
    xen.unmap_grant_refs(DOM0, &mut ops);
    assert_eq!(ops[0].result, Ok(()));
    assert!(!xen.is_zombie(GUEST) && xen.domain(GUEST).is_none());
    assert_eq!(xen.memory.free_frames(), free + 7, "six frames of the guest and the one that the transfer cost");
    assert_eq!(xen.create_domain(GUEST, 4), Ok(()));
}

#[test]
fn a_domain_that_ends_lets_go_of_what_it_held() {
    let (mut xen, guest) = machine();
    let (_, handle) = map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadWrite);
    xen.destroy_domain(DOM0);
    assert!(xen.domain(DOM0).is_none() && !xen.is_zombie(DOM0));
    assert_eq!(guest.end_access(&mut xen.memory, GREF), EndAccess::Ended);
    xen.destroy_domain(DOM0);
    assert_eq!(xen.create_domain(DOM0, 4), Ok(()));
    assert_eq!(xen.unmap_grant_ref(DOM0, handle), Err(GrantStatus::BadHandle), "a new domain has no old mappings");
}

/// Two domains that hold each other, and one that holds itself.
#[test]
fn zombies_do_not_keep_each_other() {
    let (mut xen, guest) = machine();
    let free = Xen::new(64).memory.free_frames();
    let dom0 = GuestGrants::new(DOM0, xen.setup_table(DOM0, 1).expect("one frame is there"));
    map_at_window(&mut xen, &guest, Pfn(1), GREF, Access::ReadWrite);
    let own = frame(&xen, GUEST, Pfn(2));
    guest.grant_access(&mut xen.memory, GrantRef(9), GUEST, own, Access::ReadWrite);
    xen.map_grant_ref(GUEST, GUEST, GrantRef(9), Access::ReadWrite).expect("one may grant to oneself");
    let other = frame(&xen, DOM0, Pfn(1));
    dom0.grant_access(&mut xen.memory, GREF, GUEST, other, Access::ReadOnly);
    xen.map_grant_ref(GUEST, DOM0, GREF, Access::ReadOnly).expect("it is granted");
    xen.destroy_domain(GUEST);
    assert!(xen.is_zombie(GUEST), "dom0 holds a page of the guest");
    xen.destroy_domain(DOM0);
    assert_eq!((xen.domains().len(), xen.memory.free_frames()), (0, free));
}

#[test]
fn limits_are_those_of_their_time() {
    let mut xen = Xen::new(256);
    let limits = Limits { grant_frames: CURRENT_GRANT_FRAMES, ..Limits::default() };
    xen.create_domain_with(DOM0, 1, limits).expect("256 frames are enough");
    xen.create_domain(GUEST, 1).expect("256 frames are enough");
    let limits = Limits { mappings: u32::MAX, ..Limits::default() };
    assert_eq!(xen.create_domain_with(DomId(2), 1, limits), Ok(()), "handles are made when they are needed");
    xen.destroy_domain(DomId(2));
    assert_eq!(xen.setup_table(DOM0, 64).map(<[Mfn]>::len), Ok(64));
    assert_eq!(xen.setup_table(DOM0, 65), Err(GrantStatus::GeneralError));
    assert_eq!(xen.setup_table(GUEST, CLASSIC_GRANT_FRAMES).map(<[Mfn]>::len), Ok(4));
    assert_eq!(xen.setup_table(GUEST, CLASSIC_GRANT_FRAMES + 1), Err(GrantStatus::GeneralError));
    assert_eq!(xen.create_domain(DomId(0x7FF0), 1), Err(Errno::Invalid), "the number means something else");
    assert_eq!(xen.create_domain(DomId(0x7FEF), 1), Ok(()));
    xen.destroy_domain(DomId(0x7FEF));
    assert_eq!(xen.domains().iter().map(|domain| domain.id).collect::<Vec<_>>(), [DOM0, GUEST]);
}

#[test]
fn a_batch_of_references_comes_and_goes_in_order() {
    let (mut xen, mut guest) = machine();
    let mut batch = guest.reserve(3).expect("references are free");
    assert_eq!(guest.claim_reference(), Some(GrantRef(11)), "three are taken");
    assert_eq!((batch.claim(), batch.claim(), batch.len()), (Some(GrantRef(8)), Some(GrantRef(9)), 1));
    batch.release(GrantRef(8));
    assert_eq!(batch.claim(), Some(GrantRef(8)));
    batch.release(GrantRef(9));
    guest.unreserve(batch);
    assert_eq!([(); 3].map(|()| guest.claim_reference()), [Some(GrantRef(9)), Some(GrantRef(10)), Some(GrantRef(12))]);
    assert!(guest.reserve(500).is_none() && guest.reserve(499).is_some());
    let frames = xen.setup_table(GUEST, 2).expect("the table may grow").to_vec();
    guest.expand(&frames);
    assert_eq!(guest.claim_reference(), Some(GrantRef(512)), "new entries go first");
    guest.grant_access(&mut xen.memory, GrantRef(1023), DOM0, Mfn(1), Access::ReadOnly);
    assert_eq!(guest.entry(&xen.memory, GrantRef(1023)).domain, DOM0);
}

/// Fifteen grants in use: the classic kernel forgets them, mainline tries ten a second.
#[test]
fn grants_in_use_are_leaked_or_tried_again() {
    for when_in_use in [WhenInUse::Leak, WhenInUse::Defer] {
        let (mut xen, mut guest) = machine();
        let granted = frame(&xen, GUEST, Pfn(1));
        let before = guest.free_references();
        let grefs: Vec<GrantRef> = (0..15).map(|_| guest.claim_reference().expect("references are free")).collect();
        let mut handles = Vec::new();
        for gref in &grefs {
            guest.grant_access(&mut xen.memory, *gref, DOM0, granted, Access::ReadOnly);
            handles.push(xen.map_grant_ref(DOM0, GUEST, *gref, Access::ReadOnly).expect("it is granted").handle);
        }
        let mut deferred = DeferredGrants::new(when_in_use);
        for gref in &grefs {
            let grant = Deferred { gref: *gref, page: Some(Pfn(gref.0)) };
            let ended = deferred.end_access(&mut guest, &mut xen.memory, grant, Time(5));
            assert_eq!(ended, EndAccess::StillInUse);
        }
        if when_in_use == WhenInUse::Leak {
            assert_eq!((deferred.leaked(), deferred.waiting(), deferred.due()), (15, 0, None));
            continue;
        }
        assert_eq!((deferred.leaked(), deferred.waiting(), deferred.due()), (0, 15, Some(Time(5 + RETRY))));
        // The first three stay in use; of the other twelve, seven are among the ten that are tried first.
        for handle in &handles[3..] {
            xen.unmap_grant_ref(DOM0, *handle).expect("the handle is good");
        }
        let mut freed = Vec::new();
        let now = Time(5 + RETRY);
        deferred.handle(&mut guest, &mut xen.memory, now, |grant| freed.push(grant.gref));
        assert_eq!((freed.as_slice(), deferred.waiting()), (&grefs[3..TRIES_PER_RETRY as usize], 8));
        assert_eq!(deferred.due(), Some(now + RETRY));
        for handle in &handles[..3] {
            xen.unmap_grant_ref(DOM0, *handle).expect("the handle is good");
        }
        deferred.handle(&mut guest, &mut xen.memory, now + RETRY, |grant| freed.push(grant.gref));
        assert_eq!((freed.len(), deferred.waiting(), deferred.due()), (15, 0, None));
        assert_eq!(guest.free_references(), before);
    }
}
