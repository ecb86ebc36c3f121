//! What guests send, drawn, with the current driver: slots are conserved, and any bytes do no harm.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::SkbId;
use sim_wasm::protocols::ring::Shared;
use sim_wasm::words::ids::VifId;

use crate::drivers::zero_copy;
use crate::rig::{Rig, TX_PAGE, Wish};
use crate::slots::{Packet, Verdict, at, garbage, judge, packet, scribble, send};

/// What may happen to a machine.
#[derive(Clone, Debug)]
enum Step {
    Send(usize, Packet),
    Free(usize),
    Clone(usize, bool),
    Reap(usize),
    Ring(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..3, packet()).prop_map(|(guest, packet)| Step::Send(guest, packet)),
        4 => any::<u16>().prop_map(|which| Step::Free(usize::from(which))),
        1 => (any::<u16>(), any::<bool>()).prop_map(|(which, orphan)| Step::Clone(usize::from(which), orphan)),
        3 => (0_usize..3).prop_map(Step::Reap),
        1 => (0_usize..3).prop_map(Step::Ring),
        1 => (0_u64..100_000_000).prop_map(Step::Wait),
    ]
}

/// What the test knows of a guest.
#[derive(Default)]
struct Account {
    next: u16,
    /// Slots that are to be answered, by identifier: with an error, or not, or one or the other.
    owed: Vec<(u16, Option<i16>)>,
    /// Extra infos that are to be answered.
    nulls: usize,
    disabled: bool,
    /// Bytes of the packets that must have come, in order.
    expected: Vec<Vec<u8>>,
}

/// What each slot of a packet that is sound but for its grants is answered, as far as that is certain; nothing if all
/// grants that are used are good. Also where the packet's head ends, since a slot that is in part in the head may be
/// answered for another's fault.
fn faults(packet: &Packet) -> Option<Vec<Option<i16>>> {
    let further = packet.slots.len() - 1;
    let mut head = packet.total().min(128);
    if further >= 17 {
        head = head.max(packet.first_len());
    }
    let mut good = true;
    let answers = packet.slots.iter().enumerate().map(|(number, slot)| {
        let size = if number == 0 { packet.first_len() } else { slot.size };
        let copied = head.min(size);
        let used = head > 0 || size > 0;
        head -= copied;
        good &= slot.good || !used;
        match (slot.good || !used, copied > 0 && copied < size) {
            (true, false) => Some(0),
            (true, true) => None,
            (false, _) => Some(-1),
        }
    });
    let answers = answers.collect();
    (!good).then_some(answers)
}

fn settle_account(rig: &mut Rig<ZeroCopy>, guest: usize, account: &mut Account) -> Result<(), TestCaseError> {
    for (id, status) in rig.reap(guest) {
        if status == 1 {
            prop_assert!(account.nulls > 0, "an extra info is answered once");
            account.nulls -= 1;
            continue;
        }
        let owed = account.owed.iter().position(|&(other, _)| other == id);
        let Some(owed) = owed else { panic!("slot {id} of guest {guest} is answered once") };
        let (_, expected) = account.owed.swap_remove(owed);
        prop_assert!(expected.is_none_or(|expected| expected == status), "{id}: {status}");
    }
    Ok(())
}

fn run(base: u32, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut rig = zero_copy(Wish { guests: 3, base, ..Wish::default() });
    let mut accounts: [Account; 3] = Default::default();
    let mut kept: Vec<(SkbId, Vec<u8>)> = Vec::new();
    for step in steps {
        match step {
            Step::Send(guest, packet) => {
                let account = &mut accounts[*guest];
                // An honest frontend leaves the ring's last slots alone.
                if rig.guests[*guest].tx.free_requests() < packet.len() {
                    continue;
                }
                let bytes = send(&mut rig, *guest, packet, account.next);
                let ids = (0..packet.slots.len() as u16).map(|number| account.next.wrapping_add(number));
                if !account.disabled {
                    match judge(packet) {
                        Verdict::Sound => match faults(packet) {
                            Some(answers) => account.owed.extend(ids.zip(answers)),
                            None => {
                                account.owed.extend(ids.map(|id| (id, Some(0))));
                                account.expected.push(bytes);
                            }
                        },
                        Verdict::Error => account.owed.extend(ids.map(|id| (id, Some(-1)))),
                        Verdict::Fatal => account.disabled = true,
                    }
                    account.nulls += usize::from(packet.gso.is_some() && !account.disabled);
                }
                account.next = account.next.wrapping_add(packet.slots.len() as u16);
            }
            Step::Free(which) => {
                if !kept.is_empty() {
                    let (skb, bytes) = kept.swap_remove(which % kept.len());
                    prop_assert_eq!(rig.bytes(skb), bytes);
                    rig.free(skb);
                }
            }
            Step::Clone(which, orphan) => {
                if !kept.is_empty() {
                    let (skb, bytes) = kept[which % kept.len()].clone();
                    if *orphan && rig.skbs.get(skb).dataref() == 1 {
                        rig.orphan(skb);
                    }
                    let clone = rig.skbs.clone_skb(skb);
                    kept.push((clone, bytes));
                }
            }
            Step::Reap(guest) => settle_account(&mut rig, *guest, &mut accounts[*guest])?,
            Step::Ring(guest) => rig.ring(*guest),
            Step::Wait(nanos) => {
                let to = rig.now + *nanos;
                rig.advance(to);
            }
        }
        for (vif, skb) in std::mem::take(&mut rig.received) {
            let account = &mut accounts[usize::from(vif.0)];
            prop_assert!(!account.expected.is_empty(), "a packet came that nobody sent");
            let expected = account.expected.remove(0);
            prop_assert_eq!(rig.bytes(skb), expected.clone());
            kept.push((skb, expected));
        }
        for (guest, account) in accounts.iter().enumerate() {
            let vif = VifId(guest as u16);
            prop_assert_eq!(account.expected.len(), 0, "a sound packet is not lost");
            prop_assert_eq!(rig.back.is_disabled(vif), account.disabled);
            prop_assert_eq!(rig.back.waiting_to_unmap(vif), 0, "the dealloc thread has run");
            let (cons, prod) = rig.back.transmit_indexes(vif).expect("it is connected");
            prop_assert!(cons.since(prod) <= 256 && rig.back.held_by(vif) <= cons.since(prod));
            // Whoever sleeps has asked for the next request, so that no wake-up is lost.
            if !account.disabled {
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqEvent), cons.plus(1));
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqProd), cons);
            }
        }
    }
    for (skb, bytes) in kept {
        prop_assert_eq!(rig.bytes(skb), bytes);
        rig.free(skb);
    }
    for (guest, account) in accounts.iter_mut().enumerate() {
        settle_account(&mut rig, guest, account)?;
        prop_assert_eq!((account.owed.len(), account.nulls), (0, 0), "every slot is answered");
        prop_assert_eq!(rig.disconnect(guest), Disconnect::Done);
        for page in 0..24 {
            prop_assert!(!rig.in_use(guest, rig.guests[guest].data(page)), "what is answered is unmapped");
        }
        prop_assert!(!rig.in_use(guest, rig.guests[guest].offer.tx_ring));
    }
    prop_assert_eq!((rig.skbs.alive(), rig.back.held()), (0, 0));
    Ok(())
}

proptest! {
    /// Three guests send whatever they like, dom0 frees, clones and copies as it likes. Every sound packet arrives with its
    /// bytes, every slot of a guest that is not disabled is answered once and rightly, no page stays mapped, and nobody
    /// touches another guest's slots.
    #[test]
    fn slots_are_conserved(base in prop_oneof![any::<u32>(), u32::MAX - 300..u32::MAX], steps in proptest::collection::vec(step(), 1..60)) {
        run(base, &steps)?;
    }

    /// A guest writes any bytes anywhere into its rings. The driver ends every pass, and holds nothing that it does not
    /// account for; the other guest's packets arrive.
    #[test]
    fn any_bytes_do_no_harm(
        base in any::<u32>(),
        garbage in proptest::collection::vec(garbage(), 1..40),
    ) {
        let mut rig = zero_copy(Wish { guests: 2, base, pages: 60, ..Wish::default() });
        for (sent, garbage) in (0..).zip(garbage) {
            scribble(&mut rig, garbage);
            rig.ring(0);
            send(&mut rig, 1, &Packet::of(&[at(1, 200), at(2, 600)]), 2 * sent);
            let of_other = rig.received.iter().filter(|(vif, _)| *vif == VifId(1)).count();
            prop_assert_eq!(of_other, 1, "the other guest's packet arrives");
            for (_, skb) in std::mem::take(&mut rig.received) {
                rig.free(skb);
            }
            prop_assert_eq!(rig.back.held(), 0);
            prop_assert_eq!(rig.reap(1).len(), 2);
        }
        prop_assert_eq!(rig.disconnect(0), Disconnect::Done);
        prop_assert_eq!(rig.disconnect(1), Disconnect::Done);
        prop_assert_eq!(rig.skbs.alive(), 0);
    }
}
