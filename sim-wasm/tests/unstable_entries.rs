//! Every way in which another vCPU of a guest can write an entry while Xen marks it: between each look and its
//! compare-and-exchange it may do nothing or one of several things, and all sequences of these are tried.

use sim_wasm::hypervisor::grant_entry::{
    Access, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_TYPE_MASK, GTF_WRITING, GrantEntry,
    GrantStatus, MOST_TRIES, write_flags,
};
use sim_wasm::hypervisor::guest_grants::GuestGrants;
use sim_wasm::hypervisor::page::Page;
use sim_wasm::hypervisor::xen::{Errno, Xen};
use sim_wasm::words::ids::{DomId, GrantRef, Mfn, Pfn};

const DOM0: DomId = DomId::DOM0;
const GUEST: DomId = DomId(1);
const OTHER: DomId = DomId(2);
const GREF: GrantRef = GrantRef(8);
/// A cache attribute (`GTF_PWT`), which Xen does not look at; but with it the word is another one.
const ATTRIBUTE: u16 = 1 << 5;

/// What the other vCPU does to the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    Flicker,
    Revoke,
    MakeReadOnly,
    NameAnother,
    Grant,
}

const ACTS: [Act; 6] = [Act::Nothing, Act::Flicker, Act::Revoke, Act::MakeReadOnly, Act::NameAnother, Act::Grant];

impl Act {
    fn perform(self, page: &mut Page, number: u32, valid: u16) {
        let entry = GrantEntry::read(page, number);
        match self {
            Act::Nothing => {}
            Act::Flicker => write_flags(page, number, entry.flags ^ ATTRIBUTE),
            Act::Revoke => write_flags(page, number, 0),
            Act::MakeReadOnly => write_flags(page, number, entry.flags | GTF_READONLY),
            Act::NameAnother => GrantEntry::write_target(page, number, OTHER, entry.frame),
            Act::Grant => {
                GrantEntry::write_target(page, number, DOM0, entry.frame);
                write_flags(page, number, valid);
            }
        }
    }
}

fn machine() -> (Xen, GuestGrants, Mfn) {
    let mut xen = Xen::new(32);
    for id in [DOM0, GUEST, OTHER] {
        xen.create_domain(id, 2).expect("32 frames are enough");
    }
    let guest = GuestGrants::new(GUEST, xen.setup_table(GUEST, 1).expect("one frame is there from the start"));
    let frame = xen.domain(GUEST).and_then(|guest| guest.mfn(Pfn(0))).expect("the guest has the page");
    (xen, guest, frame)
}

/// Calls `run` with every sequence of acts that is as long as Xen is patient.
fn all_sequences(mut run: impl FnMut(&[Act])) {
    let length = MOST_TRIES as usize;
    assert_eq!(length, 5, "`retries++ == 4` lets four failures go by");
    for mut number in 0..ACTS.len().pow(MOST_TRIES) {
        let mut acts = [Act::Nothing; MOST_TRIES as usize];
        for act in &mut acts {
            *act = ACTS[number % ACTS.len()];
            number /= ACTS.len();
        }
        run(&acts);
    }
}

/// What should come of it: each look must be allowed, and the first exchange that finds the looked-at word ends it.
fn expect(acts: &[Act], entry: GrantEntry, valid: u16, allowed: impl Fn(GrantEntry) -> bool) -> Option<GrantEntry> {
    let mut page = Page::zeroed();
    GrantEntry::write_target(&mut page, 0, entry.domain, entry.frame);
    write_flags(&mut page, 0, entry.flags);
    for act in acts {
        let seen = GrantEntry::read(&page, 0);
        if !allowed(seen) {
            return None;
        }
        act.perform(&mut page, 0, valid);
        if GrantEntry::read(&page, 0) == seen {
            return Some(seen);
        }
    }
    None
}

#[test]
fn a_mapping_is_made_of_an_entry_that_held_still() {
    let (fresh, guest, frame) = machine();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let marks = match access {
            Access::ReadOnly => GTF_READING,
            Access::ReadWrite => GTF_READING | GTF_WRITING,
        };
        let mut made = 0;
        all_sequences(|acts| {
            let mut xen = fresh.clone();
            guest.grant_access(&mut xen.memory, GREF, DOM0, frame, Access::ReadWrite);
            let granted = xen.grant_entry(GUEST, GREF).expect("the table has the entry");
            let expect = expect(acts, granted, GTF_PERMIT_ACCESS, |entry| {
                entry.flags & GTF_TYPE_MASK == GTF_PERMIT_ACCESS
                    && entry.domain == DOM0
                    && (access == Access::ReadOnly || entry.flags & GTF_READONLY == 0)
            });
            let mut acts = acts.iter();
            let mapped = xen.map_grant_ref_against(DOM0, (GUEST, GREF, access), |page, number| {
                acts.next().expect("Xen does not look more often").perform(page, number, GTF_PERMIT_ACCESS);
            });
            let left = xen.grant_entry(GUEST, GREF).expect("the table has the entry");
            let pins = xen.domain(GUEST).and_then(|guest| guest.grants.pins(GREF)).expect("the table has the entry");
            let pinned = u32::from(pins.readers) + u32::from(pins.writers);
            assert_eq!(xen.memory.references(frame), Ok(1 + pinned));
            if let Some(still) = expect {
                made += 1;
                assert_eq!(mapped.map(|mapped| mapped.frame), Ok(frame));
                assert_eq!((left.flags, left.domain, pinned), (still.flags | marks, DOM0, 1));
            } else {
                assert_eq!(mapped, Err(GrantStatus::GeneralError));
                assert_eq!((left.flags & (GTF_READING | GTF_WRITING), pinned), (0, 0), "no mark without a pin");
            }
        });
        assert!(made > 0 && made < ACTS.len().pow(MOST_TRIES));
    }
}

#[test]
fn a_page_is_sent_to_an_entry_that_held_still() {
    let (mut fresh, guest, _) = machine();
    fresh.decrease_reservation(GUEST, Pfn(0)).expect("the guest has the page");
    let given = fresh.domain(DOM0).and_then(|dom0| dom0.mfn(Pfn(1))).expect("dom0 has the page");
    all_sequences(|acts| {
        let mut xen = fresh.clone();
        guest.grant_transfer(&mut xen.memory, GREF, DOM0, Pfn(0));
        let waits = xen.grant_entry(GUEST, GREF).expect("the table has the entry");
        // Whatever more there is in the flags than the type, the entry is not one to take a page.
        let allowed = |entry: GrantEntry| (entry.flags, entry.domain) == (GTF_ACCEPT_TRANSFER, DOM0);
        let expect = expect(acts, waits, GTF_ACCEPT_TRANSFER, allowed);
        let mut acts = acts.iter();
        let sent = xen.transfer_against(DOM0, Pfn(1), (GUEST, GREF), |page, number| {
            acts.next().expect("Xen does not look more often").perform(page, number, GTF_ACCEPT_TRANSFER);
        });
        let left = xen.grant_entry(GUEST, GREF).expect("the table has the entry");
        assert_eq!(xen.guest_page(DOM0, Pfn(1)), Err(Errno::Fault), "the page has left dom0 in any case");
        if expect.is_some() {
            assert_eq!((sent, left.flags, left.frame), (Ok(()), 0b1110, given));
            assert_eq!(xen.update_va_mapping(GUEST, Pfn(0), given), Ok(()));
        } else {
            assert_eq!(sent, Err(GrantStatus::GeneralError));
            assert_eq!(xen.memory.references(given), Ok(0), "and is lost when nobody took it");
        }
    });
}
