//! xend, the device model and the guest over a device that comes or goes: the transcripts of each way to fail, and what
//! holds of every run.

mod golden;

use golden::golden;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::Drivers;
use sim_wasm::actors::hotplug::qemu_dm::{Assignable, Libpci, QemuDm};
use sim_wasm::actors::hotplug::xend::{PciDevice, TestAssign};
use sim_wasm::actors::hvm::release::Release;
use sim_wasm::actors::log::hotplug::{Hotplug, Message, Outcome, Process};
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::xenbus::store::{Quotas, Xenstore};
use sim_wasm::machine::hotplug::{Attempt, Change, GuestSystem, Handshake, Settings, device};
use sim_wasm::telling::narration::phrases::push_time;
use sim_wasm::telling::narration::tell;
use sim_wasm::words::ids::DomId;
use sim_wasm::words::text::Text;
use sim_wasm::words::time::Time;

/// The run as a person reads it: when, and what.
fn transcript(run: &Handshake) -> String {
    let mut text = Text::new();
    for entry in run.log().entries() {
        push_time(&mut text, entry.time);
        text.push_str("  ");
        tell(&mut text, &entry.event, Drivers::default());
        text.push_char('\n');
    }
    text.into_string()
}

fn messages(run: &Handshake, of: Process) -> Vec<Message> {
    let logged = run.log().entries().iter().filter_map(|entry| match entry.event {
        Event::Hotplug(Hotplug::Logged { by, message }) if by == of => Some(message),
        _ => None,
    });
    logged.collect()
}

const ATTACH: Attempt = Attempt::Attach { wanted: 0 };

#[test]
fn a_guest_boots_without_its_device_when_a_header_was_missing() {
    let run = Handshake::run(&Settings { libpci: Libpci::Missing, ..Settings::new(Attempt::Boot { devices: 1 }) });
    assert_eq!((run.outcome(), run.took()), (Outcome::Without, 2_000_000_000));
    assert_eq!(messages(&run, Process::Xend), [Message::NoVslots]);
    assert!(messages(&run, Process::QemuDm).is_empty(), "the device model says nothing at all");
    assert_eq!(run.model().devices().count(), 0);
    golden("hotplug/boot_without_libpci", &transcript(&run));
}

#[test]
fn attaching_times_out_when_a_header_was_missing() {
    let run = Handshake::run(&Settings { libpci: Libpci::Missing, ..Settings::new(ATTACH) });
    assert_eq!((run.outcome(), run.took()), (Outcome::Failed, 10_100_000_000));
    assert_eq!(messages(&run, Process::Xend), [Message::TimedOut]);
    golden("hotplug/attach_without_libpci", &transcript(&run));
}

#[test]
fn attaching_fails_at_once_without_an_iommu() {
    for (test, message) in
        [(TestAssign::NoIommu, Message::NoVtd), (TestAssign::Unavailable, Message::NotAssignable(device(0)))]
    {
        let run = Handshake::run(&Settings { test, ..Settings::new(ATTACH) });
        assert_eq!((run.outcome(), messages(&run, Process::Xend)), (Outcome::Failed, vec![message]));
        let asked = run
            .log()
            .entries()
            .iter()
            .any(|entry| matches!(entry.event, Event::Hotplug(Hotplug::Written { by: Process::Xend, .. })));
        assert!(!asked, "the device model never hears of it");
        if test == TestAssign::NoIommu {
            golden("hotplug/attach_without_iommu", &transcript(&run));
        }
    }
}

#[test]
fn a_device_comes_and_another_one_goes() {
    let run = Handshake::run(&Settings::new(ATTACH));
    assert_eq!(
        (run.outcome(), run.xend().devices()),
        (Outcome::Done, &[PciDevice { device: device(0), vslot: 6 }][..])
    );
    golden("hotplug/attach", &transcript(&run));
    let run = Handshake::run(&Settings::new(Attempt::Detach { devices: 2, which: 1 }));
    assert_eq!(
        (run.outcome(), run.xend().devices()),
        (Outcome::Done, &[PciDevice { device: device(0), vslot: 6 }][..])
    );
    golden("hotplug/detach", &transcript(&run));
}

#[test]
fn a_third_device_gets_a_slot_that_it_cannot_be_taken_out_of() {
    let run = Handshake::run(&Settings::new(Attempt::Detach { devices: 3, which: 2 }));
    assert_eq!((run.outcome(), run.model().devices().count()), (Outcome::Failed, 3));
    assert_eq!(messages(&run, Process::QemuDm), [Message::NoLiveMigration]);
    assert_eq!(messages(&run, Process::Xend), [Message::NotConnected(device(2))]);
    let later = Settings { release: Release::Today, ..Settings::new(Attempt::Boot { devices: 20 }) };
    assert!(messages(&Handshake::run(&later), Process::QemuDm).is_empty());
}

/// Since 3.4: every slot that no emulated device is in, and what is in one can be taken out again.
#[test]
fn later_all_slots_of_the_bus_are_hot_plug_slots() {
    let settings = Settings { release: Release::Today, ..Settings::new(Attempt::Boot { devices: 20 }) };
    let mut run = Handshake::boot(&settings, 20);
    let vslots = |run: &Handshake| run.xend().devices().iter().map(|known| known.vslot).collect::<Vec<u8>>();
    assert_eq!(vslots(&run), (4..24).collect::<Vec<u8>>());
    run.attempt(Change::Detach(device(17)));
    assert_eq!((run.outcome(), vslots(&run).contains(&21)), (Outcome::Done, false));
    run.attempt(Change::Attach(PciDevice { device: device(31), vslot: 31 }));
    assert_eq!((run.outcome(), vslots(&run).last()), (Outcome::Done, Some(&31)));
    run.attempt(Change::Attach(PciDevice { device: device(30), vslot: 0 }));
    assert_eq!((run.outcome(), vslots(&run).last()), (Outcome::Done, Some(&21)));
    // The guest was told which each time, by a byte that 3.3 has no room for.
    let seen = run.log().entries().iter().filter_map(|entry| match entry.event {
        Event::Hotplug(Hotplug::EventSeen { slot, added }) => Some((slot, added)),
        _ => None,
    });
    assert_eq!(seen.collect::<Vec<_>>(), [(21, false), (31, true), (21, true)]);
    // The graphics card's slot is not to be had.
    run.attempt(Change::Attach(PciDevice { device: device(29), vslot: 2 }));
    assert_eq!(
        (run.outcome(), messages(&run, Process::QemuDm).last()),
        (Outcome::Failed, Some(&Message::SlotExceeds(-1)))
    );
    // 28 there are: the 29th device stays for good.
    let mut full = Handshake::boot(&settings, 29);
    assert_eq!((vslots(&full)[27], vslots(&full)[28]), (31, 0));
    full.attempt(Change::Detach(device(28)));
    assert_eq!(messages(&full, Process::Xend), [Message::NotConnected(device(28))]);
}

/// The device model knows why and writes it where xend does not look: into the parameter, not into the state.
#[test]
fn a_slot_that_is_no_slot_ends_in_the_same_time_out() {
    let run = Handshake::run(&Settings::new(Attempt::Attach { wanted: 5 }));
    assert_eq!(messages(&run, Process::Xend), [Message::TimedOut]);
    assert_eq!(messages(&run, Process::QemuDm), [Message::HotInsert, Message::SlotExceeds(-1)]);
}

/// What the guest has taken does not wait for it any more, though no time has passed.
#[test]
fn a_guest_that_answers_at_once_answers_once() {
    for attempt in [ATTACH, Attempt::Detach { devices: 1, which: 0 }] {
        for watch in [0, 1_000_000] {
            let run = Handshake::run(&Settings { watch, answer: 0, ..Settings::new(attempt) });
            let seen = |event: &Event| matches!(event, Event::Hotplug(Hotplug::EventSeen { .. }));
            let times = run.log().entries().iter().filter(|entry| seen(&entry.event)).count();
            assert_eq!((run.outcome(), times), (Outcome::Done, 1), "{attempt:?}");
        }
    }
}

#[test]
fn a_guest_that_does_not_listen_keeps_its_device() {
    let deaf = Settings { guest: GuestSystem::Deaf, ..Settings::new(Attempt::Detach { devices: 1, which: 0 }) };
    let run = Handshake::run(&deaf);
    assert_eq!((run.outcome(), run.model().devices().count()), (Outcome::Failed, 1));
    assert_eq!(messages(&run, Process::Xend), [Message::TimedOut]);
}

/// xend asks Xen before it builds a guest, too: there is no guest then.
#[test]
fn a_guest_is_not_built_without_an_iommu_for_its_device() {
    let run = Handshake::run(&Settings { test: TestAssign::NoIommu, ..Settings::new(Attempt::Boot { devices: 1 }) });
    assert_eq!((run.outcome(), run.took(), run.guest_runs()), (Outcome::Failed, 0, false));
    assert_eq!(messages(&run, Process::Xend), [Message::NoVtd]);
    let run = Handshake::run(&Settings { test: TestAssign::NoIommu, ..Settings::new(Attempt::Boot { devices: 0 }) });
    assert!(run.guest_runs(), "nothing is asked for");
}

/// Were xend not to ask: the device model shows a device that reaches nothing, and tells its slot.
#[test]
fn the_old_device_model_goes_on_if_xen_refuses() {
    let (mut store, mut log) = (Xenstore::new(Quotas::default()), Log::new());
    let mut model = QemuDm::new(DomId(1), Release::Xen33, Libpci::Found);
    let machine = Assignable { present: &[device(0)], iommu: false };
    model.start(&mut store, Time::ZERO, &mut log, &[device(0)], machine);
    let said = Event::Hotplug(Hotplug::Logged { by: Process::QemuDm, message: Message::AssignFailed });
    assert!(log.entries().iter().any(|entry| entry.event == said));
    assert_eq!(model.devices().count(), 1);
}

/// The line about the vslots leaves xend with a device that it can neither attach nor detach.
#[test]
fn after_a_boot_without_its_device_xend_still_counts_it() {
    let settings = Settings { libpci: Libpci::Missing, ..Settings::new(Attempt::Boot { devices: 1 }) };
    let mut run = Handshake::boot(&settings, 1);
    run.attempt(Change::Attach(PciDevice { device: device(0), vslot: 0 }));
    run.attempt(Change::Detach(device(0)));
    let lines = [Message::NoVslots, Message::AlreadyInserted, Message::NotConnected(device(0))];
    assert_eq!(messages(&run, Process::Xend), lines);
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let attempt = prop_oneof![
        (0_u8..5).prop_map(|devices| Attempt::Boot { devices }),
        (0_u8..9).prop_map(|wanted| Attempt::Attach { wanted }),
        (1_u8..5).prop_flat_map(|devices| (0..devices).prop_map(move |which| Attempt::Detach { devices, which })),
    ];
    let test = prop_oneof![Just(TestAssign::Assignable), Just(TestAssign::NoIommu), Just(TestAssign::Unavailable)];
    (attempt, test, any::<[bool; 3]>(), 0_u64..300_000_000, 0_u64..12_000_000_000).prop_map(
        |(attempt, test, [found, deaf, old], watch, answer)| Settings {
            attempt,
            test,
            watch,
            answer,
            libpci: if found { Libpci::Found } else { Libpci::Missing },
            guest: if deaf { GuestSystem::Deaf } else { GuestSystem::Cooperates },
            release: if old { Release::Xen33 } else { Release::Today },
        },
    )
}

proptest! {
    /// Whatever is late, missing or deaf: xend's waits end, nothing is done without a word of somebody's, and both sides
    /// agree on the device if xend says that it is done.
    #[test]
    fn every_attempt_ends_and_success_means_that_both_sides_agree(settings in any_settings()) {
        let run = Handshake::run(&settings);
        prop_assert!(run.took() <= 10_100_000_000, "{}", run.took());
        let mut known: Vec<_> = run.xend().devices().iter().map(|known| known.device).collect();
        let mut there: Vec<_> = run.model().devices().collect();
        known.sort_unstable();
        there.sort_unstable();
        match run.outcome() {
            Outcome::Done if settings.libpci == Libpci::Found => prop_assert_eq!(known, there),
            Outcome::Done => prop_assert!(there.is_empty() && known.is_empty()),
            Outcome::Without | Outcome::Failed => {
                let lines = messages(&run, Process::Xend);
                prop_assert!(!lines.is_empty(), "xend says at least one line");
            }
        }
        if settings.libpci == Libpci::Missing {
            prop_assert_eq!(run.model().devices().count(), 0, "there is nobody who could");
        }
        prop_assert_eq!(run.log().hash(), Handshake::run(&settings).log().hash());
    }
}
