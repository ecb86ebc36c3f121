//! The table of hashes that a guest sets: its own numbers lead nowhere but into the table (XSA-270).

use proptest::prelude::{any, prop_assert_eq, prop_oneof, proptest};

use sim_wasm::actors::kernel::Kernel;
use sim_wasm::actors::netback_upstream::zero_copy::hash::ControlStatus;
use sim_wasm::words::ids::{GrantRef, Pfn, VifId};

use crate::drivers::zero_copy;
use crate::rig::{BAD, Rig, Wish};

const VIF: VifId = VifId(0);

fn set(
    rig: &mut Rig<sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy>,
    (gref, len, offset): (GrantRef, u32, u32),
) -> ControlStatus {
    let mut asks = Vec::new();
    let mut k = Kernel { xen: &mut rig.xen, skbs: &mut rig.skbs, now: rig.now, log: &mut rig.log, asks: &mut asks };
    rig.back.set_hash_mapping(&mut k, VIF, (gref, len, offset))
}

#[test]
fn a_part_lies_in_the_table_or_is_refused() {
    use ControlStatus::{InvalidParameter, Success};
    let mut rig = zero_copy(Wish::default());
    assert_eq!(rig.back.set_hash_mapping_size(VIF, 129), InvalidParameter);
    assert_eq!(rig.back.set_hash_mapping_size(VifId(9), 1), InvalidParameter);
    assert_eq!(rig.back.set_hash_mapping_size(VIF, 100), Success);
    let gref = rig.guests[0].data(0);
    let zero = rig.guests[0].data(1);
    rig.xen.guest_page_mut(rig.guests[0].id, Pfn(3)).expect("a guest has its pages").clear();
    for (gref, len, offset, status) in [
        (zero, 100, 0, Success),
        (zero, 1, 99, Success),
        (zero, 0, 100, Success),
        (zero, 1, 100, InvalidParameter),
        (zero, 101, 0, InvalidParameter),
        // The sum wraps to 4.
        (zero, 5, u32::MAX, InvalidParameter),
        (zero, u32::MAX, 5, InvalidParameter),
        (BAD, 4, 0, InvalidParameter),
        // There is no such queue.
        (gref, 4, 0, InvalidParameter),
    ] {
        assert_eq!(set(&mut rig, (gref, len, offset)), status, "{len} {offset}");
    }
}

proptest! {
    /// Whatever a guest asks for is done if it lies in the table, and refused if not.
    #[test]
    fn any_numbers_do_no_harm(
        size in 0_u32..140,
        len in prop_oneof![0_u32..150, any::<u32>()],
        offset in prop_oneof![0_u32..150, any::<u32>()],
    ) {
        let mut rig = zero_copy(Wish::default());
        let zero = rig.guests[0].data(0);
        rig.xen.guest_page_mut(rig.guests[0].id, Pfn(2)).expect("a guest has its pages").clear();
        let sized = rig.back.set_hash_mapping_size(VIF, size);
        prop_assert_eq!(sized == ControlStatus::Success, size <= 128);
        let size = if size <= 128 { u64::from(size) } else { 0 };
        let inside = u64::from(offset) + u64::from(len) <= size;
        prop_assert_eq!(set(&mut rig, (zero, len, offset)) == ControlStatus::Success, inside);
    }
}
