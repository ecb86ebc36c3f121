//! Boot options, and what they make of an assignment.

use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::passthrough::iommus::Iommus;
use sim_wasm::hypervisor::passthrough::options::{
    AssignError, DOM0_IGNORED, Dom0Mode, GuestKind, IGNORED, Options, Quarantine, Reach, Switch, UnitPresence, Verdict,
    Version, Wanted,
};
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::words::ids::Mfn;

use crate::world::{CARD, DOM1, FRAMES, XEN_HEAP, machine, options};

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

/// Every word of both options, as today's Xen reads them and as 3.3 does.
#[test]
fn every_known_word_is_known_and_no_other() {
    let plain = Options::default_of(Version::Today);
    let ignored = ["verbose", "debug", "sharept", "crash-disable", "snoop", "igfx"];
    let ignored_of_dom0 = ["map-inclusive", "map-reserved"];
    assert_eq!((IGNORED, DOM0_IGNORED), (ignored, ignored_of_dom0));
    for word in ignored {
        for word in [word.to_owned(), format!("no-{word}")] {
            assert_eq!(Options::parse(Version::Today, Some(&word), None), (plain, None), "{word}");
            assert_eq!(
                Options::parse(Version::Today, None, Some(&word)),
                (plain, Some(&*word)),
                "{word} is not dom0's"
            );
            assert_eq!(Options::parse(Version::Xen33, Some(&word), None).1, Some(&*word), "{word} in 3.3");
        }
    }
    for word in ignored_of_dom0 {
        for word in [word.to_owned(), format!("no-{word}")] {
            assert_eq!(Options::parse(Version::Today, None, Some(&word)), (plain, None), "{word}");
            assert_eq!(Options::parse(Version::Today, Some(&word), None), (plain, Some(&*word)), "{word} is dom0's");
            assert_eq!(Options::parse(Version::Xen33, None, Some(&word)).1, Some(&*word), "{word} in 3.3");
        }
    }
    let switches = ["off", "no", "false", "0", "disable", "", "1", "on", "yes", "true", "enable", "force", "required"];
    for word in switches {
        for version in [Version::Xen33, Version::Today] {
            assert_eq!(Options::parse(version, Some(word), None).1, None, "{word:?}");
        }
    }
    let modelled = ["quarantine", "quarantine=scratch-page", "intremap", "intpost", "superpages", "qinval"];
    for word in modelled {
        assert_eq!(Options::parse(Version::Today, Some(word), None).1, None, "{word}");
        assert_eq!(Options::parse(Version::Xen33, Some(word), None).1, Some(word), "{word} in 3.3");
    }
    for word in ["passthrough", "strict", "no-passthrough", "no-strict"] {
        assert_eq!(Options::parse(Version::Today, None, Some(word)).1, None, "{word}");
    }
    // The first of the words that are not known is told, and what stands around it is read.
    let (read, unknown) =
        Options::parse(Version::Today, Some("verbose,pt,no-intremap,sharedpt"), Some("map-inclusive"));
    assert_eq!((read.intremap, unknown), (Switch::Off, Some("pt")));
    for word in ["verbos", "verbose=1", "no-no-debug", "Debug", "snoop "] {
        assert_eq!(Options::parse(Version::Today, Some(word), None), (plain, Some(word)));
    }
    assert_eq!(Options::parse(Version::Today, None, Some("map-everything")), (plain, Some("map-everything")));
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
        assert_eq!(tried(options(version, text), guest, unit), expect, "{version:?} {text:?} {guest:?} {unit:?}");
    }
    assert_eq!(AssignError::NotImplemented.code(), -38);
}

/// What a boot, an assignment and the device's requests really come to, as a verdict. A paravirtual guest runs on when the
/// assignment is refused, as the toolstacks have it.
fn tried(options: Options, guest: GuestKind, unit: UnitPresence) -> Verdict {
    let units: &[Capabilities] = match unit {
        UnitPresence::Present => &[Capabilities::typical()],
        UnitPresence::Absent => &[],
    };
    if let Err(error) = Iommus::boot(&mut Memory::new(FRAMES), options, units, XEN_HEAP) {
        assert_eq!(error, AssignError::NoSuchDevice);
        return Verdict::NoBoot;
    }
    let mut machine = machine(options, units, guest);
    let assigned = machine.assign(CARD, DOM1);
    let reach = if machine.iommus.are_enabled() {
        let reached = machine.reach(CARD);
        let all: Vec<Mfn> = (0..FRAMES).map(Mfn).collect();
        if reached == all[XEN_HEAP as usize..] {
            Reach::Dom0Tables
        } else {
            // An HVM guest has no page mapped yet: give it one, which is then all that the device reaches.
            if guest == GuestKind::Hvm && assigned.is_ok() {
                assert_eq!(reached, []);
                let own = machine.guests[0][0];
                machine.p2m(DOM1, 9, Some(own)).expect("there is room");
                assert_eq!(machine.reach(CARD), [own]);
            } else {
                assert_eq!(reached, machine.guests[0]);
            }
            Reach::OwnPages
        }
    } else {
        // Nothing lies between device and memory.
        Reach::AllMemory
    };
    match (assigned, guest) {
        (Ok(()), _) => Verdict::Runs(reach),
        (Err(error), GuestKind::Hvm) => Verdict::Refused(error),
        (Err(error), GuestKind::Pv) => {
            assert_eq!(error, AssignError::NotImplemented);
            Verdict::RunsUnassigned(reach)
        }
    }
}
