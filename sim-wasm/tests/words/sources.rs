//! Each event names the code that does it, unless no code does.

use sim_wasm::actors::epoch::{Drivers, Epoch, FrontEpoch};
use sim_wasm::actors::log::hvm::Hvm;
use sim_wasm::actors::log::migration::{Migration, Refusal as MoveRefusal};
use sim_wasm::actors::log::pages::Pages;
use sim_wasm::actors::log::receive::Receive;
use sim_wasm::actors::log::stack::Stack;
use sim_wasm::actors::log::trouble::Trouble;
use sim_wasm::actors::log::ways::Ways;
use sim_wasm::actors::log::{Event, Who};
use sim_wasm::actors::netfront::STOP_LINE;
use sim_wasm::telling::source;
use sim_wasm::telling::source::index::Kind;

use crate::sentences::sentence;
use crate::tried::{drivers, events};

#[test]
fn every_event_names_its_code_unless_no_code_does_it() {
    let trees = ["classic", "linux 3.4", "linux", "xen", "xen 3.3"];
    for event in events(2, 7, 3, true) {
        for drivers in drivers() {
            let attack = matches!(
                event,
                Event::ProducerForged { .. }
                    | Event::Trouble(Trouble::Attacked { .. } | Trouble::BytesSeen { .. })
                    | Event::Pages(Pages::EntryErased { .. } | Pages::FrameReturned { .. })
                    | Event::Hvm(Hvm::Unplugged { .. } | Hvm::StaleRead { .. } | Hvm::SectorLost { .. })
                    | Event::Migration(Migration::Refused {
                        why: MoveRefusal::NothingCopied | MoveRefusal::NoCard | MoveRefusal::AlreadyThere,
                        ..
                    })
                    | Event::Ways(Ways::Summed { .. })
            );
            // What a program or an administrator decides: the code only obeys.
            let decided = matches!(
                event,
                Event::Stack(Stack::TapOpened { .. } | Stack::TapClosed { .. })
                    | Event::Receive(Receive::FramesTaken { .. } | Receive::ListenerBegan)
            );
            match source::of(&event, drivers) {
                Some(reference) => {
                    assert!(reference.function.ends_with("()"), "{event:?}: {reference:?}");
                    let known = [".c", ".h", ".py"].iter().any(|ending| reference.file.ends_with(ending));
                    assert!(known, "{event:?}: {reference:?}");
                    assert!(trees.contains(&reference.tree.name()), "{event:?}: {reference:?}");
                    assert!(!attack && !decided, "{event:?}: {reference:?}");
                }
                None => assert!(attack || decided || event.who() == Who::Hardware, "{event:?}"),
            }
        }
    }
}

#[test]
fn every_code_that_is_named_stands_in_the_index() {
    // On the ring of 256 slots it is the stop line that refuses.
    let stopped = Event::RingFull { outstanding: STOP_LINE };
    for event in events(2, 7, 3, true).into_iter().chain([stopped]) {
        for drivers in drivers() {
            if let Some(reference) = source::of(&event, drivers) {
                let entry = source::index::of(&reference).unwrap_or_else(|| panic!("{event:?}: {reference:?}"));
                assert!(matches!(entry.kind, Kind::Function | Kind::Macro), "{event:?}: {entry:?}");
            }
        }
    }
}

#[test]
fn each_generation_is_told_from_its_own_code() {
    let event = Event::ResponsesWritten { index: 0, id: 1, count: 1 };
    let file = |back| source::of(&event, Drivers { back, ..Drivers::default() }).expect("netback does it");
    let found =
        [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy].map(|back| (file(back).tree.name(), file(back).file));
    assert_eq!(
        found,
        [
            ("classic", "drivers/xen/netback/netback.c"),
            ("linux 3.4", "drivers/net/xen-netback/netback.c"),
            ("linux", "drivers/net/xen-netback/netback.c"),
        ]
    );
    let stopped = Event::QueueStopped { outstanding: 237 };
    let modern = Drivers { front: FrontEpoch::Modern, back: Epoch::ZeroCopy };
    assert_eq!(source::of(&stopped, modern).map(|reference| reference.function), Some("xennet_start_xmit()"));
    assert!(sentence(&stopped, modern).ends_with("need 19."));
}
