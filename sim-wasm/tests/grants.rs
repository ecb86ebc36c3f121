//! The grant table against a list of who has what mapped, and what a guest can and cannot do to a frame in use.

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{prop_assert_eq, proptest};
use sim_wasm::hypervisor::grant_copies::{CopyFrame, CopyPointer, GrantCopy};
use sim_wasm::hypervisor::grant_entry::{Access, GTF_READING, GTF_SUB_PAGE, GTF_WRITING, GrantStatus};
use sim_wasm::hypervisor::guest_grants::{EndAccess, GuestGrants};
use sim_wasm::hypervisor::memory::{AccessError, Owner, PageType};
use sim_wasm::hypervisor::xen::{Limits, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

const GUEST: DomId = DomId(1);
const OTHER: DomId = DomId(2);
const PAGES: u32 = 3;
/// How many mappings dom0 and the other guest may have.
const MAPPINGS: u32 = 4;

/// Dom0, a guest that grants, and another guest.
fn machine() -> (Xen, GuestGrants) {
    let mut xen = Xen::new(40);
    for id in [DomId::DOM0, GUEST, OTHER] {
        let limits = Limits { mappings: MAPPINGS, ..Limits::default() };
        xen.create_domain_with(id, PAGES, limits).expect("there is room for three domains");
    }
    let guest = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there from the start"));
    (xen, guest)
}

fn frame(xen: &Xen, domain: DomId, pfn: u32) -> Mfn {
    xen.domain(domain).and_then(|domain| domain.mfn(Pfn(pfn))).expect("no guest has made a hole")
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Grant { gref: u32, to: DomId, pfn: u32, access: Access },
    End { gref: u32 },
    Map { by: DomId, gref: u32, access: Access },
    Unmap { by: DomId, handle: u32 },
    CopyOut { by: DomId, gref: u32, offset: u16, len: u16 },
    CopyIn { by: DomId, gref: u32, offset: u16, len: u16 },
}

fn any_op() -> impl Strategy<Value = Op> {
    let gref = || prop_oneof![9 => 8_u32..11, 1 => Just(512)];
    let by = || prop_oneof![Just(DomId::DOM0), Just(OTHER)];
    let access = || prop_oneof![Just(Access::ReadOnly), Just(Access::ReadWrite)];
    let offset = || prop_oneof![0_u16..64, Just(4000), Just(u16::MAX)];
    let len = || prop_oneof![0_u16..97, Just(4096)];
    prop_oneof![
        3 => (8_u32..11, by(), 0..PAGES, access()).prop_map(|(gref, to, pfn, access)| Op::Grant { gref, to, pfn, access }),
        2 => (8_u32..11).prop_map(|gref| Op::End { gref }),
        6 => (by(), gref(), access()).prop_map(|(by, gref, access)| Op::Map { by, gref, access }),
        4 => (by(), 0..MAPPINGS + 2).prop_map(|(by, handle)| Op::Unmap { by, handle }),
        2 => (by(), gref(), offset(), len()).prop_map(|(by, gref, offset, len)| Op::CopyOut { by, gref, offset, len }),
        2 => (by(), gref(), offset(), len()).prop_map(|(by, gref, offset, len)| Op::CopyIn { by, gref, offset, len }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Granted {
    gref: u32,
    to: DomId,
    frame: Mfn,
    access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    by: DomId,
    handle: Handle,
    gref: u32,
    access: Access,
    frame: Mfn,
}

/// What is granted and what is held, as plain lists.
#[derive(Default)]
struct Model {
    granted: Vec<Granted>,
    held: Vec<Held>,
}

impl Model {
    fn in_use(&self, gref: u32) -> bool {
        self.held.iter().any(|held| held.gref == gref)
    }

    fn may_use(&self, by: DomId, gref: u32, access: Access) -> Result<Mfn, GrantStatus> {
        if gref >= 512 {
            return Err(GrantStatus::BadGrantRef);
        }
        let granted = self.granted.iter().find(|granted| granted.gref == gref && granted.to == by);
        let granted = granted.ok_or(GrantStatus::GeneralError)?;
        if access == Access::ReadWrite && granted.access == Access::ReadOnly {
            return Err(GrantStatus::GeneralError);
        }
        Ok(granted.frame)
    }
}

fn play(xen: &mut Xen, guest: &GuestGrants, model: &mut Model, op: Op) {
    match op {
        Op::Grant { gref, to, pfn, access } => {
            if model.granted.iter().all(|granted| granted.gref != gref) {
                let frame = frame(xen, GUEST, pfn);
                guest.grant_access(&mut xen.memory, GrantRef(gref), to, frame, access);
                model.granted.push(Granted { gref, to, frame, access });
            }
        }
        Op::End { gref } => {
            let ended = guest.end_access(&mut xen.memory, GrantRef(gref));
            assert_eq!(ended == EndAccess::StillInUse, model.in_use(gref));
            if ended == EndAccess::Ended {
                model.granted.retain(|granted| granted.gref != gref);
            }
        }
        Op::Map { by, gref, access } => {
            let room = model.held.iter().filter(|held| held.by == by).count() < MAPPINGS as usize;
            let expect = if room { model.may_use(by, gref, access) } else { Err(GrantStatus::NoSpace) };
            let mapped = xen.map_grant_ref(by, GUEST, GrantRef(gref), access);
            assert_eq!(mapped.map(|mapped| mapped.frame), expect, "{op:?}");
            if let Ok(mapped) = mapped {
                model.held.push(Held { by, handle: mapped.handle, gref, access, frame: mapped.frame });
            }
        }
        Op::Unmap { by, handle } => {
            let place = model.held.iter().position(|held| held.by == by && held.handle == Handle(handle));
            let unmapped = xen.unmap_grant_ref(by, Handle(handle));
            if let Some(place) = place {
                assert_eq!(unmapped, Ok(()));
                model.held.swap_remove(place);
            } else {
                assert_eq!(unmapped, Err(GrantStatus::BadHandle));
            }
        }
        Op::CopyOut { by, gref, offset, len } => {
            let allowed = model.may_use(by, gref, Access::ReadOnly);
            let own = frame(xen, by, 0);
            check_copy(xen, by, CopyFrame::Granted(GUEST, GrantRef(gref)), CopyFrame::Own(own), (offset, len), allowed);
        }
        Op::CopyIn { by, gref, offset, len } => {
            let allowed = model.may_use(by, gref, Access::ReadWrite);
            let own = frame(xen, by, 0);
            check_copy(xen, by, CopyFrame::Own(own), CopyFrame::Granted(GUEST, GrantRef(gref)), (offset, len), allowed);
        }
    }
}

/// Copies `len` bytes from `offset` of the source to the beginning of the destination.
fn check_copy(
    xen: &mut Xen,
    by: DomId,
    source: CopyFrame,
    dest: CopyFrame,
    (offset, len): (u16, u16),
    allowed: Result<Mfn, GrantStatus>,
) {
    let fits = u32::from(offset) + u32::from(len) <= 4096;
    let expect = allowed.and_then(|granted| if fits { Ok(granted) } else { Err(GrantStatus::BadCopyArgument) });
    let copy =
        GrantCopy { source: CopyPointer { frame: source, offset }, dest: CopyPointer { frame: dest, offset: 0 }, len };
    let resolve = |frame, granted| match frame {
        CopyFrame::Own(own) => own,
        CopyFrame::Granted(..) | CopyFrame::Foreign(..) => granted,
    };
    let before = expect.map(|granted| *xen.memory.xen_page(resolve(source, granted)).bytes());
    assert_eq!(xen.grant_copy(by, copy), expect.map(drop), "{copy:?}");
    if let (Ok(granted), Ok(before)) = (expect, before) {
        let copied = &before[usize::from(offset)..][..usize::from(len)];
        assert_eq!(&xen.memory.xen_page(resolve(dest, granted)).bytes()[..usize::from(len)], copied);
    }
}

/// The marks in the guest's table and the counts of the frames say exactly what is held.
fn check(xen: &Xen, guest: &GuestGrants, model: &Model) {
    for gref in 8..11 {
        let held = || model.held.iter().filter(|held| held.gref == gref);
        let writers = held().filter(|held| held.access == Access::ReadWrite).count();
        let flags = guest.entry(&xen.memory, GrantRef(gref)).flags;
        assert_eq!(flags & GTF_READING != 0, held().count() > 0);
        assert_eq!(flags & GTF_WRITING != 0, writers > 0);
        let pins = xen.domain(GUEST).and_then(|domain| domain.grants.pins(GrantRef(gref))).expect("the entry exists");
        assert_eq!((pins.readers as usize, pins.writers as usize), (held().count() - writers, writers));
    }
    for pfn in 0..PAGES {
        let mfn = frame(xen, GUEST, pfn);
        let held = || model.held.iter().filter(|held| held.frame == mfn);
        let writers = held().filter(|held| held.access == Access::ReadWrite).count() as u32;
        assert_eq!(xen.memory.references(mfn), Ok(1 + held().count() as u32));
        assert_eq!(xen.memory.page_type(mfn).map(|(_, count)| count), Ok(writers));
    }
    for own in [DomId::DOM0, OTHER].map(|domain| frame(xen, domain, 0)) {
        assert_eq!(xen.memory.references(own), Ok(1), "a copy lets go of both frames");
    }
    for held in &model.held {
        assert_eq!(xen.mapped_page(held.by, held.handle), Ok(xen.memory.xen_page(held.frame)));
    }
}

proptest! {
    #[test]
    fn the_table_says_who_has_what(ops in proptest::collection::vec(any_op(), 1..60), seeds in [1_u8..255, 1..255, 1..255]) {
        let (mut xen, guest) = machine();
        for (pfn, seed) in (0..PAGES).zip(seeds) {
            let bytes: Vec<u8> = (0..4096_u32).map(|at| (at as u8).wrapping_mul(seed)).collect();
            let mfn = frame(&xen, GUEST, pfn);
            prop_assert_eq!(xen.memory.write(GUEST, mfn, 0, &bytes), Ok(()));
        }
        let mut model = Model::default();
        for op in ops {
            play(&mut xen, &guest, &mut model, op);
            check(&xen, &guest, &model);
        }
        // Everything taken is given back, and the guest is its own master again.
        for held in std::mem::take(&mut model.held) {
            prop_assert_eq!(xen.unmap_grant_ref(held.by, held.handle), Ok(()));
        }
        check(&xen, &guest, &model);
        for gref in 8..11 {
            prop_assert_eq!(guest.end_access(&mut xen.memory, GrantRef(gref)), EndAccess::Ended);
        }
    }
}

#[test]
fn a_mapping_is_the_frame_itself() {
    let (mut xen, guest) = machine();
    let own = frame(&xen, GUEST, 1);
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, own, Access::ReadWrite);
    guest.grant_access(&mut xen.memory, GrantRef(9), DomId::DOM0, own, Access::ReadOnly);
    let writable = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadWrite).expect("it is granted").handle;
    let readable = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(9), Access::ReadOnly).expect("it is granted").handle;
    xen.mapped_page_mut(DomId::DOM0, writable).expect("the mapping is writable").write_u32(8, 0xCAFE);
    assert_eq!(xen.guest_page(GUEST, Pfn(1)).map(|page| page.read_u32(8)), Ok(0xCAFE));
    assert_eq!(xen.mapped_page(DomId::DOM0, readable).map(|page| page.read_u32(8)), Ok(0xCAFE));
    assert_eq!(xen.mapped_page_mut(DomId::DOM0, readable).map(drop), Err(AccessError::ReadOnly));
    assert_eq!(xen.mapped_page(OTHER, readable), Err(AccessError::NoSuchMemory));
}

#[test]
fn scribbling_over_a_used_entry_moves_nothing() {
    let (mut xen, guest) = machine();
    let [used, another] = [0, 1].map(|pfn| frame(&xen, GUEST, pfn));
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, used, Access::ReadOnly);
    let handle = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadOnly).expect("it is granted").handle;
    guest.grant_access(&mut xen.memory, GrantRef(8), OTHER, another, Access::ReadWrite);
    assert_eq!(xen.mapped_page(DomId::DOM0, handle), Ok(xen.memory.xen_page(used)));
    let other = xen.map_grant_ref(OTHER, GUEST, GrantRef(8), Access::ReadOnly);
    assert_eq!(other, Err(GrantStatus::GeneralError), "one domain at a time has an entry pinned");
    let again = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadOnly).expect("the pin stands");
    assert_eq!(again.frame, used);
}

#[test]
fn a_frame_given_back_while_mapped_waits_for_the_unmap() {
    let (mut xen, guest) = machine();
    let mfn = frame(&xen, GUEST, 0);
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, mfn, Access::ReadWrite);
    let handle = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadWrite).expect("it is granted").handle;
    xen.decrease_reservation(GUEST, Pfn(0)).expect("the frame is the guest's");
    assert!(xen.guest_page(GUEST, Pfn(0)).is_err());
    xen.mapped_page_mut(DomId::DOM0, handle).expect("the mapping stands").write_u8(0, 1);
    assert_eq!(xen.memory.owner(mfn), Ok(Owner::Domain(GUEST)));
    xen.unmap_grant_ref(DomId::DOM0, handle).expect("the handle is good");
    assert_eq!(xen.memory.owner(mfn), Ok(Owner::Nobody));
    assert_eq!(xen.populate(GUEST, Pfn(0)), Ok(mfn));
    assert_eq!(xen.guest_page(GUEST, Pfn(0)).map(|page| page.read_u8(0)), Ok(0));
}

#[test]
fn a_bad_frame_leaves_no_mark() {
    let (mut xen, guest) = machine();
    let foreign = frame(&xen, OTHER, 0);
    for bad in [foreign, Mfn(0), Mfn(40), Mfn(u32::MAX)] {
        guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, bad, Access::ReadWrite);
        let mapped = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadWrite);
        assert_eq!(mapped, Err(GrantStatus::BadPage));
        assert_eq!(guest.end_access(&mut xen.memory, GrantRef(8)), EndAccess::Ended);
    }
    let table = frame(&xen, GUEST, 0);
    assert!(xen.memory.get_page_type(table, PageType::PageTable));
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, table, Access::ReadWrite);
    let written = xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadWrite);
    assert_eq!(written, Err(GrantStatus::GeneralError));
    assert!(!guest.query_access(&xen.memory, GrantRef(8)));
    assert!(xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadOnly).is_ok());
    assert_eq!(xen.memory.references(table), Ok(2));
}

#[test]
fn what_is_not_there_has_its_own_status() {
    let (mut xen, guest) = machine();
    let map = |xen: &mut Xen, granter, gref| xen.map_grant_ref(DomId::DOM0, granter, gref, Access::ReadOnly).map(drop);
    assert_eq!(map(&mut xen, DomId(9), GrantRef(8)), Err(GrantStatus::BadDomain));
    assert_eq!(map(&mut xen, GUEST, GrantRef(512)), Err(GrantStatus::BadGrantRef));
    assert_eq!(map(&mut xen, GUEST, GrantRef(8)), Err(GrantStatus::GeneralError));
    assert_eq!(xen.unmap_grant_ref(DomId::DOM0, Handle(0)), Err(GrantStatus::BadHandle));
    assert_eq!(GrantStatus::BadGrantRef.code(), -3);
    assert_eq!(xen.setup_table(GUEST, 4).map(<[Mfn]>::len), Ok(4));
    assert_eq!(xen.setup_table(GUEST, 5), Err(GrantStatus::GeneralError));
    assert_eq!(map(&mut xen, GUEST, GrantRef(512)), Err(GrantStatus::GeneralError));
    // A part of a frame may be copied, not mapped.
    let mfn = frame(&xen, GUEST, 0);
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, mfn, Access::ReadOnly);
    let table = xen.setup_table(GUEST, 1).expect("the table is there")[0];
    let flags = guest.entry(&xen.memory, GrantRef(8)).flags | GTF_SUB_PAGE;
    xen.memory.write(GUEST, table, 8 * 8, &flags.to_le_bytes()).expect("the table is lent to the guest");
    assert_eq!(map(&mut xen, GUEST, GrantRef(8)), Err(GrantStatus::GeneralError));
}

#[test]
fn pins_are_counted_up_to_a_limit() {
    let mut xen = Xen::new(20);
    for id in [DomId::DOM0, GUEST] {
        xen.create_domain(id, 1).expect("there is room for two domains");
    }
    let guest = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there"));
    let mfn = frame(&xen, GUEST, 0);
    guest.grant_access(&mut xen.memory, GrantRef(8), DomId::DOM0, mfn, Access::ReadOnly);
    let mapped = |xen: &mut Xen| xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(8), Access::ReadOnly);
    let handles: Vec<Handle> = (0..128).map(|_| mapped(&mut xen).expect("the counter has room").handle).collect();
    assert_eq!(mapped(&mut xen), Err(GrantStatus::GeneralError));
    for handle in handles {
        assert_eq!(guest.end_access(&mut xen.memory, GrantRef(8)), EndAccess::StillInUse);
        xen.unmap_grant_ref(DomId::DOM0, handle).expect("the handle is good");
    }
    assert_eq!(guest.end_access(&mut xen.memory, GrantRef(8)), EndAccess::Ended);
}

#[test]
fn references_are_claimed_lowest_first_and_never_the_reserved_ones() {
    let (_, mut guest) = machine();
    assert_eq!(guest.free_references(), 504);
    let first = guest.claim_reference();
    assert_eq!((first, guest.claim_reference()), (Some(GrantRef(8)), Some(GrantRef(9))));
    guest.release_reference(GrantRef(8));
    assert_eq!(guest.claim_reference(), first);
    assert_eq!((0..600).map_while(|_| guest.claim_reference()).count(), 502);
}
