//! Boot options, and what they make of an assignment.

use sim_wasm::hypervisor::passthrough::options::{
    AssignError, Dom0Mode, GuestKind, Options, Quarantine, Reach, Switch, UnitPresence, Verdict, Version, Wanted,
};

use crate::world::options;

#[test]
fn the_option_as_each_version_reads_it() {
    let old = |text| Options::parse(Version::Xen33, text, None);
    assert_eq!(old(None).0.wanted, Wanted::No);
    assert_eq!((old(Some("1")).0.wanted, old(Some("1")).0.pv), (Wanted::Yes, Switch::Off));
    assert_eq!((old(Some("pv,force")).0.wanted, old(Some("pv,force")).0.pv), (Wanted::Required, Switch::On));
    assert_eq!(old(Some("pv,no-pv")).0.pv, Switch::Off);
    assert_eq!(old(Some("pv,disable")).0.wanted, Wanted::No);
    assert_eq!(old(Some("intremap")).1, Some("intremap"));

    let (new, unknown) = Options::parse(Version::Today, Some("pv,no-intremap,quarantine=scratch-page"), Some("strict"));
    assert_eq!((unknown, new.wanted, new.pv), (Some("pv"), Wanted::Yes, Switch::On));
    assert_eq!((new.intremap, new.quarantine, new.dom0), (Switch::Off, Quarantine::ScratchPage, Dom0Mode::Strict));
    assert_eq!(options(Version::Today, Some("no-quarantine")).quarantine, Quarantine::No);
}

#[test]
fn what_an_assignment_comes_to() {
    let verdict = |version, text, guest, unit| options(version, text).verdict(guest, unit);
    let (present, absent) = (UnitPresence::Present, UnitPresence::Absent);
    let (old, new) = (Version::Xen33, Version::Today);
    for (version, text, guest, unit, expect) in [
        (old, None, GuestKind::Pv, present, Verdict::RunsUnassigned(Reach::AllMemory)),
        (old, Some("1"), GuestKind::Pv, present, Verdict::RunsUnassigned(Reach::Dom0Tables)),
        (old, Some("1,pv"), GuestKind::Pv, present, Verdict::Runs(Reach::OwnPages)),
        (old, Some("1,pv"), GuestKind::Pv, absent, Verdict::RunsUnassigned(Reach::AllMemory)),
        (old, None, GuestKind::Hvm, present, Verdict::Refused(AssignError::NotImplemented)),
        (old, Some("1"), GuestKind::Hvm, present, Verdict::Runs(Reach::OwnPages)),
        (old, Some("force"), GuestKind::Hvm, absent, Verdict::NoBoot),
        (new, None, GuestKind::Pv, present, Verdict::Runs(Reach::OwnPages)),
        (new, None, GuestKind::Pv, absent, Verdict::RunsUnassigned(Reach::AllMemory)),
        (new, None, GuestKind::Hvm, absent, Verdict::Refused(AssignError::NotImplemented)),
    ] {
        assert_eq!(verdict(version, text, guest, unit), expect, "{version:?} {text:?} {guest:?} {unit:?}");
    }
    assert_eq!(AssignError::NotImplemented.code(), -38);
}
