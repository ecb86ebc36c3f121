//! Random sequences of hypercalls by three domains that keep to no rule: garbage in grant entries, handles of others,
//! windows that are in use, grants to oneself, frames given away twice, domains that end in the middle. Each answer is
//! compared with what plain lists say, and after each call every reference to every frame must have its reason.

mod checks;
mod lists;
mod op;
mod world;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::proptest;
use sim_wasm::hypervisor::grant_entry::{
    Access, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_READONLY, GTF_SUB_PAGE, GrantStatus,
};
use sim_wasm::hypervisor::page::PAGE_SIZE;
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

use crate::op::{Op, Side};
use crate::world::{DOMAINS, FRAMES, HOLES, PAGES, World};

fn any_domain() -> impl Strategy<Value = DomId> {
    proptest::sample::select(&DOMAINS[..])
}

/// A domain as guests name it, perhaps one that does not exist.
fn named_domain() -> impl Strategy<Value = DomId> {
    prop_oneof![12 => any_domain(), 1 => Just(DomId(9))]
}

fn any_gref() -> impl Strategy<Value = GrantRef> {
    prop_oneof![16 => 8_u32..11, 1 => Just(512), 1 => any::<u32>()].prop_map(GrantRef)
}

fn any_pfn() -> impl Strategy<Value = Pfn> {
    prop_oneof![24 => 0..PAGES + HOLES, 1 => any::<u32>()].prop_map(Pfn)
}

fn any_hole() -> impl Strategy<Value = Pfn> {
    prop_oneof![8 => PAGES..PAGES + HOLES, 2 => 0..PAGES + HOLES, 1 => any::<u32>()].prop_map(Pfn)
}

fn any_frame() -> impl Strategy<Value = Mfn> {
    prop_oneof![24 => 0..FRAMES, 1 => any::<u32>()].prop_map(Mfn)
}

fn any_handle() -> impl Strategy<Value = Handle> {
    prop_oneof![24 => 0_u32..5, 1 => any::<u32>()].prop_map(Handle)
}

fn any_access() -> impl Strategy<Value = Access> {
    prop_oneof![Just(Access::ReadOnly), Just(Access::ReadWrite)]
}

fn any_flags() -> impl Strategy<Value = u16> {
    prop_oneof![
        6 => Just(GTF_PERMIT_ACCESS),
        3 => Just(GTF_PERMIT_ACCESS | GTF_READONLY),
        3 => Just(GTF_ACCEPT_TRANSFER),
        1 => Just(GTF_PERMIT_ACCESS | GTF_SUB_PAGE),
        1 => any::<u16>(),
    ]
}

fn any_side() -> impl Strategy<Value = Side> {
    prop_oneof![
        6 => (named_domain(), any_gref()).prop_map(|(domain, gref)| Side::Granted(domain, gref)),
        6 => (0..PAGES).prop_map(|pfn| Side::Page(Pfn(pfn))),
        1 => any_frame().prop_map(Side::Own),
        1 => (named_domain(), any_frame()).prop_map(|(domain, frame)| Side::Foreign(domain, frame)),
    ]
}

fn any_offset() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 0_u16..64, 1 => Just(PAGE_SIZE as u16 - 8), 1 => any::<u16>()]
}

fn any_op() -> impl Strategy<Value = Op> {
    let (domain, gref, pfn, access) = (any_domain, any_gref, any_pfn, any_access);
    prop_oneof![
        9 => (domain(), gref(), named_domain(), (0..PAGES).prop_map(Pfn), any_flags())
            .prop_map(|(by, gref, to, pfn, flags)| Op::Grant { by, gref, to, pfn, flags }),
        1 => (domain(), gref(), named_domain(), any_frame(), any_flags())
            .prop_map(|(by, gref, to, frame, flags)| Op::Scribble { by, gref, to, frame, flags }),
        2 => (domain(), gref()).prop_map(|(by, gref)| Op::End { by, gref }),
        1 => (domain(), named_domain(), gref(), access())
            .prop_map(|(by, granter, gref, access)| Op::Map { by, granter, gref, access }),
        2 => (domain(), any_hole(), named_domain(), gref(), access())
            .prop_map(|(by, host, granter, gref, access)| Op::MapAt { by, host, granter, gref, access }),
        1 => (domain(), any_handle()).prop_map(|(by, handle)| Op::Unmap { by, handle }),
        2 => (domain(), any_hole(), any_handle()).prop_map(|(by, host, handle)| Op::UnmapAt { by, host, handle }),
        14 => (any_domain(), any_gref(), any_access())
            .prop_map(|(granter, gref, access)| Op::MapGranted { granter, gref, access }),
        3 => (any_domain(), any_gref(), 0..PAGES)
            .prop_map(|(granter, gref, into)| Op::CopyGranted { granter, gref, into: Pfn(into) }),
        5 => (any_domain(), any_gref(), 0..PAGES)
            .prop_map(|(to, gref, pfn)| Op::TransferAwaited { to, gref, pfn: Pfn(pfn) }),
        4 => any::<proptest::sample::Index>().prop_map(|which| Op::UnmapHeld { which }),
        2 => (domain(), any_hole(), pfn(), any_handle())
            .prop_map(|(by, host, new, handle)| Op::Replace { by, host, new, handle }),
        3 => (domain(), any_side(), any_side(), [any_offset(), any_offset()], 0_u16..96)
            .prop_map(|(by, source, dest, offsets, len)| Op::Copy { by, source, dest, offsets, len }),
        1 => (domain(), pfn(), named_domain(), gref())
            .prop_map(|(by, pfn, to, gref)| Op::Transfer { by, pfn, to, gref }),
        2 => (domain(), any_hole(), any_frame()).prop_map(|(by, pfn, frame)| Op::UpdateMapping { by, pfn, frame }),
        5 => (domain(), 0..PAGES).prop_map(|(by, pfn)| Op::Populate { by, pfn: Pfn(pfn) }),
        1 => (domain(), pfn()).prop_map(|(by, pfn)| Op::Populate { by, pfn }),
        1 => (domain(), pfn()).prop_map(|(by, pfn)| Op::Decrease { by, pfn }),
        2 => (domain(), pfn(), any::<u8>()).prop_map(|(by, pfn, byte)| Op::Write { by, pfn, byte }),
        1 => domain().prop_map(|id| Op::Destroy { id }),
        4 => domain().prop_map(|id| Op::Create { id }),
    ]
}

proptest! {
    #[test]
    fn every_pin_is_one_mapping(ops in proptest::collection::vec(any_op(), 1..120)) {
        let mut world = World::new();
        for op in ops {
            world.play(op);
            world.check();
        }
        world.end();
    }
}

/// The sequences do reach what they are there for: each status at least once, in runs that are always the same.
#[test]
fn the_sequences_reach_every_status() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut seen, mut zombies) = (Vec::new(), 0);
    for _ in 0..400 {
        let ops =
            proptest::collection::vec(any_op(), 100).new_tree(&mut runner).expect("nothing is filtered").current();
        let mut world = World::new();
        for op in ops {
            world.play(op);
            zombies += u32::from(world.has_zombie());
        }
        seen.append(&mut world.statuses);
    }
    for status in [
        GrantStatus::GeneralError,
        GrantStatus::BadDomain,
        GrantStatus::BadGrantRef,
        GrantStatus::BadHandle,
        GrantStatus::BadVirtualAddress,
        GrantStatus::PermissionDenied,
        GrantStatus::BadPage,
        GrantStatus::BadCopyArgument,
        GrantStatus::NoSpace,
    ] {
        assert!(seen.contains(&Err(status)), "{status:?} was never answered");
    }
    for status in
        [GrantStatus::BadDeviceAddress, GrantStatus::NoDeviceSpace, GrantStatus::AddressTooBig, GrantStatus::Again]
    {
        assert!(!seen.contains(&Err(status)), "{status:?} has no cause in this machine");
    }
    assert!(zombies > 100, "{zombies} calls were made beside a zombie");
    let good = seen.iter().filter(|status| status.is_ok()).count();
    assert!(good * 10 > seen.len(), "{good} of {} calls went well", seen.len());
}
