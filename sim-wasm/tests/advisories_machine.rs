//! The advisories through the whole machine: a hostile party attacks in the middle of the traffic, and the logs of what comes
//! of it are kept for a person to read.

mod golden;

use golden::golden;
use sim_wasm::actors::epoch::{Drivers, Epoch, FrontEpoch};
use sim_wasm::actors::hostile::advisories::{ADVISORIES, Advisory};
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::log::trouble::{Attack, Party, Trouble};
use sim_wasm::actors::log::{Entry, Event};
use sim_wasm::actors::netback::settings::{BackSettings, Repairs};
use sim_wasm::actors::netfront::Netfront;
use sim_wasm::machine::metrics::counters::Count;
use sim_wasm::machine::network::Network;
use sim_wasm::machine::network::settings::{
    Destination, Dom0, Fault, FaultKind, Filling, Guest, Intent, Settings, Workload,
};
use sim_wasm::telling::narration;
use sim_wasm::words::ids::VifId;
use sim_wasm::words::text::Text;
use sim_wasm::words::time::Time;

/// The guest that attacks or is attacked.
const FIRST: VifId = VifId(0);
/// Its neighbour, which goes on.
const SECOND: VifId = VifId(1);
/// When an attack begins.
const ATTACK: Time = Time::from_micros(500);
/// Lines of a log that are kept: the first ones, and after them the first ones about something that fails.
const LINES: [usize; 2] = [9, 5];

/// What happens in the machine, and to whom.
fn faults(xsa: u16) -> Vec<Fault> {
    let at = |at, what| Fault { at, what };
    let front = |attack| FaultKind::Attack(FIRST, attack);
    let back = |attack| FaultKind::BackAttack(FIRST, attack);
    let later = |millis: u64| Time(ATTACK.0 + millis * 1_000_000);
    match xsa {
        39 => vec![at(ATTACK, front(FrontAttack::ManySlots { further: 21 }))],
        90 => vec![at(ATTACK, front(FrontAttack::CrossesPage))],
        155 => vec![at(ATTACK, front(FrontAttack::ChangeSize { to: 3000 }))],
        332 => vec![at(ATTACK, front(FrontAttack::EventStorm { events: 40, every: 10_000 }))],
        361 => vec![at(ATTACK, front(FrontAttack::BadGrant { grant: BadGrant::NeverGiven, slots: 3, at: 1 }))],
        362 => vec![at(ATTACK, front(FrontAttack::BadGrant { grant: BadGrant::BeyondTable, slots: 1, at: 0 }))],
        367 => vec![at(ATTACK, front(FrontAttack::BadGrant { grant: BadGrant::Revoked, slots: 2, at: 1 }))],
        374 => vec![
            at(ATTACK, front(FrontAttack::Truncated)),
            at(later(1), FaultKind::Unplug(FIRST)),
            at(later(2), FaultKind::Plug(FIRST)),
        ],
        391 => vec![at(ATTACK, back(BackAttack::EventStorm { events: 40, every: 10_000 }))],
        392 => vec![at(ATTACK, front(FrontAttack::WithholdBuffers { leave: 1 }))],
        396 => vec![at(ATTACK, back(BackAttack::AnswerWhileMapped))],
        403 => vec![at(ATTACK, back(BackAttack::ReadBeside))],
        423 => vec![at(ATTACK, front(FrontAttack::SplitHeader { piece: 14 }))],
        424 => vec![at(ATTACK, front(FrontAttack::WithholdBuffers { leave: 0 }))],
        432 => vec![at(ATTACK, front(FrontAttack::TinySlots))],
        448 => vec![at(ATTACK, front(FrontAttack::EmptySlots { count: 3 }))],
        465 => vec![
            at(ATTACK, back(BackAttack::RemoveDevice)),
            at(later(1), FaultKind::Unplug(FIRST)),
            at(later(2), FaultKind::Unplug(FIRST)),
            at(later(3), FaultKind::Plug(FIRST)),
        ],
        // XSA-270 is about the control ring, which is not modelled.
        _ => Vec::new(),
    }
}

/// A machine of two guests, of which the first attacks or is attacked.
fn settings(advisory: &Advisory, drivers: Drivers) -> Settings {
    let hostile = |by| if advisory.by == by { Intent::Hostile } else { Intent::Honest };
    let sends = vec![Workload { start: Time(1000), ..Workload::every(300, 200_000, 40) }];
    let first = Guest {
        front: drivers.front,
        intent: hostile(Party::Frontend),
        sends: sends.clone(),
        credit: (advisory.xsa == 155).then_some((600, 50_000)),
        trusted: drivers.front == FrontEpoch::Classic,
        ..Guest::default()
    };
    let second = Guest { front: drivers.front, sends, ..Guest::default() };
    let flood = |vif, count| Workload {
        to: Destination::Guest(vif),
        start: Time(5000),
        ..Workload::every(4500, 40_000, count)
    };
    let outside = match advisory.xsa {
        392 | 424 => vec![flood(FIRST, 600), flood(SECOND, 100)],
        _ => vec![flood(SECOND, 40)],
    };
    Settings {
        epoch: drivers.back,
        guests: vec![first, second],
        dom0: Dom0 {
            intent: hostile(Party::Backend),
            back: BackSettings { repairs: Repairs::ALL, ..BackSettings::of(drivers.back) },
            ..Dom0::default()
        },
        outside,
        faults: faults(advisory.xsa),
        until: Time::from_millis(30_000),
        filling: Filling::Whole,
        ..Settings::default()
    }
}

fn run(advisory: &Advisory, drivers: Drivers) -> Network {
    let mut network = Network::new(&settings(advisory, drivers)).expect("the settings are sound");
    network.run();
    network
}

/// The generations that an advisory concerns: of netback if a guest attacks, of netfront if dom0 does.
fn concerned(advisory: &Advisory) -> Vec<Drivers> {
    match advisory.by {
        Party::Frontend => {
            advisory.backs.iter().map(|back| Drivers { back: *back, front: FrontEpoch::Modern }).collect()
        }
        Party::Backend => advisory.fronts.iter().map(|front| Drivers { front: *front, back: Epoch::Classic }).collect(),
    }
}

fn modelled() -> impl Iterator<Item = (&'static Advisory, Drivers)> {
    let advisories = ADVISORIES.iter().filter(|advisory| !faults(advisory.xsa).is_empty());
    advisories.flat_map(|advisory| concerned(advisory).into_iter().map(move |drivers| (advisory, drivers)))
}

#[test]
fn the_neighbour_does_not_suffer() {
    for (advisory, drivers) in modelled() {
        let network = run(advisory, drivers);
        let place = format!("XSA-{}, {drivers:?}", advisory.xsa);
        let metrics = network.metrics();
        let count = |what| metrics.vifs()[usize::from(SECOND.0)].counters.get(what);
        assert_eq!(count(Count::Sent), 40, "{place}");
        assert_eq!(count(Count::Delivered), if matches!(advisory.xsa, 392 | 424) { 100 } else { 40 }, "{place}");
        let second = network.front(SECOND).expect("the neighbour is honest");
        assert_eq!((second.broken(), second.outstanding(), network.is_disabled(SECOND)), (None, 0, false), "{place}");
        if advisory.xsa != 396 {
            assert_eq!(network.levels().held, 0, "{place}");
        }
        assert_eq!(network.packets_alive().0, 0, "{place}");
    }
}

/// What shows in the log of a run that the right reaction took place.
#[test]
fn the_reaction_is_the_right_one() {
    for (advisory, drivers) in modelled() {
        let network = run(advisory, drivers);
        let place = format!("XSA-{}, {drivers:?}", advisory.xsa);
        let happened = |test: &dyn Fn(&Event) -> bool| {
            network.log().entries().iter().any(|entry| entry.vif == FIRST && test(&entry.event))
        };
        let sent = network.metrics().vifs()[0].counters.get(Count::Sent);
        let front = network.front(FIRST);
        match advisory.xsa {
            39 | 90 => {
                let given_up = |event: &Event| matches!(event, Event::Backend(Backend::FrontendDisabled { .. }));
                assert!(happened(&given_up) && sent < 10, "{place}");
            }
            155 => assert_eq!((network.is_disabled(FIRST), sent), (false, 40), "{place}"),
            332 | 391 => {
                let deferred = |event: &Event| matches!(event, Event::Trouble(Trouble::EventDeferred { .. }));
                assert!(happened(&deferred) && sent == 40, "{place}");
                let kind = if advisory.xsa == 332 { Count::Dom0Interrupts } else { Count::GuestInterrupts };
                let quiet = Settings { faults: Vec::new(), ..settings(advisory, drivers) };
                let mut quiet = Network::new(&quiet).expect("the settings are sound");
                quiet.run();
                let calls = [&network, &quiet].map(|network| network.metrics().total().counters.get(kind));
                assert!(calls[0] < calls[1] + 20, "{place}: {calls:?} interrupts, with a storm of 40 and without");
            }
            361 | 362 | 367 => {
                assert_eq!((network.is_disabled(FIRST), sent), (false, 40), "{place}");
                assert_eq!(network.back_counters(FIRST).errors, 1, "{place}");
            }
            374 => {
                let given_up = |event: &Event| matches!(event, Event::Backend(Backend::FrontendDisabled { .. }));
                assert!(happened(&given_up) && !network.is_disabled(FIRST) && sent > 20, "{place}");
            }
            392 | 424 => {
                let dropped = network.back_counters(FIRST).receive_dropped;
                assert!(dropped > 0 && sent == 40, "{place}: {dropped} packets dropped");
            }
            396 => {
                let kept = Attack::KeptMapping;
                let down = |event: &Event| match drivers.front {
                    FrontEpoch::Classic => *event == Event::Trouble(Trouble::GuestCrashed { attack: kept }),
                    FrontEpoch::Modern => *event == Event::Trouble(Trouble::DeviceBroken { attack: kept }),
                };
                assert!(happened(&down) && front.is_some_and(|front| front.broken().is_some()), "{place}");
            }
            403 => assert_eq!(network.seen_beside(FIRST), 0, "{place}"),
            423 | 432 | 448 => {
                assert_eq!((network.is_disabled(FIRST), sent), (false, 41), "{place}");
                assert_eq!(network.back_counters(FIRST).errors, 0, "{place}");
            }
            465 => assert!(front.is_some_and(Netfront::is_up) && sent > 20, "{place}"),
            other => panic!("XSA-{other} has no reaction"),
        }
        assert_eq!(
            network.receipts().damaged,
            if advisory.xsa == 155 { network.receipts().damaged } else { 0 },
            "{place}"
        );
    }
}

fn push_line(out: &mut Text, entry: &Entry, drivers: Drivers) {
    narration::phrases::push_time(out, entry.time);
    out.push_str("  ").push_str(narration::name(entry.event.who())).push_str(": ");
    narration::tell(out, &entry.event, drivers);
    out.push_char('\n');
}

/// What is said about the first guest from the attack on; not what becomes of packets beyond netback.
fn log_of(advisory: &Advisory, drivers: Drivers) -> Text {
    let mut out = Text::new();
    let network = run(advisory, drivers);
    let about = |entry: &&Entry| {
        let beyond = matches!(
            entry.event,
            Event::Stack(_)
                | Event::PacketForwarded
                | Event::DescriptorsPosted { .. }
                | Event::PacketSent { .. }
                | Event::TransmitDone
                | Event::SlotReleased { .. }
        );
        entry.vif == FIRST && !beyond
    };
    let entries = network.log().entries().iter().filter(about);
    let mut from_attack = entries.skip_while(|entry| !matches!(entry.event, Event::Trouble(Trouble::Attacked { .. })));
    for entry in from_attack.by_ref().take(LINES[0]) {
        push_line(&mut out, entry, drivers);
    }
    for entry in from_attack.filter(|entry| entry.event.fails()).take(LINES[1]) {
        push_line(&mut out, entry, drivers);
    }
    out
}

#[test]
fn the_logs_read_as_they_did() {
    let mut found = String::new();
    for (advisory, drivers) in modelled() {
        let of = match advisory.by {
            Party::Frontend => format!("{:?} netback", drivers.back),
            Party::Backend => format!("{:?} netfront", drivers.front),
        };
        found.push_str(&format!("XSA-{} ({}), {of}\n", advisory.xsa, advisory.cves.join(", ")));
        found.push_str(&format!("{}\n{}\n", advisory.what, advisory.right));
        found.push_str(log_of(advisory, drivers).as_str());
        found.push('\n');
    }
    golden("advisories", &found);
}
