//! Figure "migration": a guest with a card of its own moves to another host, in the order in which a reader lays the
//! steps.
//!
//! What each step does is decided by [`migration`](crate::actors::migration).
//!
//! Not modelled: what the figure's own entry lists.

mod frame;

mod orders;

mod run;

mod cards;

mod picture;

use alloc::boxed::Box;

use crate::actors::epoch::Drivers;
use crate::actors::log::migration::Step;
use crate::actors::log::{Event, Who};
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers, Sequence};
use crate::telling::migration::run::{MigrationRun, letter};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};
use crate::words::text::Text;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "migration",
    title: "Moving a guest with a card",
    question: "In which order does a guest with a card of its own get to another host without losing its connection?",
    presets: &[
        Preset {
            name: "in-order",
            title: "The order that works",
            says: "The guest's packets go through its card. Step: they take the way through dom0 until there is a card again, on the other host.",
            knobs: &[1024, 3_000, 1_000, 10_000],
            script: "",
            film: &[
                (1, "The bond is told to use eth0."),
                (2, "The card is taken out, and nobody misses it."),
                (3, "All memory goes over, and 8192 pages change."),
                (7, "The fifth round sends 8 pages."),
                (8, "A short stop, and it runs on host B."),
                (10, "A card again, and used."),
            ],
        },
        Preset {
            name: "unplug-first",
            title: "Unplugged before the bond is told",
            says: "Nobody tells the bond. It finds out when it next looks for its card, and until then sends to nobody.",
            knobs: &[1024, 3_000, 1_000, 10_000],
            script: "",
            film: &[
                (1, "Taken out in use: 100 ms of silence."),
                (6, "Five rounds, as ever."),
                (7, "The stop is shorter than that silence."),
                (9, "It arrives all the same."),
            ],
        },
        Preset {
            name: "with-its-card",
            title: "Moved with the card in it",
            says: "The packets go through netfront, but the guest still has its card. Somebody tries to copy and to switch.",
            knobs: &[1024, 3_000, 1_000, 10_000],
            script: "",
            film: &[
                (2, "Copying is refused: -EINVAL."),
                (3, "So is switching. Nothing is lost by it."),
                (4, "Without its card"),
                (9, "it may be copied,"),
                (12, "and arrives as it should."),
            ],
        },
        Preset {
            name: "plugged-too-early",
            title: "Plugged before the switch",
            says: "The memory is over there, and somebody wants the card back in before the guest is. Xen still logs which pages it writes, and says no.",
            knobs: &[1024, 3_000, 1_000, 10_000],
            script: "",
            film: &[
                (7, "Five rounds, and host B lacks nothing."),
                (8, "Pages are logged: no device, -EXDEV."),
                (9, "Over there logging is at an end,"),
                (10, "and the same step is welcome."),
            ],
        },
        Preset {
            name: "busy-guest",
            title: "A guest that writes faster than the link",
            says: "The order is right. But in each round the guest writes as many pages as it did in the round before.",
            knobs: &[1024, 100_000, 1_000, 10_000],
            script: "",
            film: &[
                (3, "All memory once."),
                (4, "The second round leaves as many pages"),
                (16, "as the fourteenth."),
                (31, "The 29th is the last one all the same."),
                (32, "The guest stops for all that is left."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "memory",
            title: "The guest's memory",
            unit: "",
            offers: Offers::Menu(&[option(256, "256 MiB"), option(1024, "1 GiB"), option(4096, "4 GiB")]),
        },
        Knob {
            name: "writes",
            title: "It writes",
            unit: "",
            offers: Offers::Menu(&[
                option(300, "300 pages/s"),
                option(3_000, "3,000 pages/s"),
                option(20_000, "20,000 pages/s"),
                option(100_000, "100,000 pages/s"),
            ]),
        },
        Knob {
            name: "link",
            title: "Between the hosts",
            unit: "",
            offers: Offers::Menu(&[option(100, "100 Mb/s"), option(1_000, "1 Gb/s"), option(10_000, "10 Gb/s")]),
        },
        Knob {
            name: "packets",
            title: "Packets",
            unit: "",
            offers: Offers::Menu(&[option(1_000, "1,000/s"), option(10_000, "10,000/s"), option(80_000, "80,000/s")]),
        },
    ],
    actions: &[
        action(Step::FailOver, "Fail over", Who::Guest, "have the bond use eth0, netfront"),
        action(Step::Unplug, "Unplug", Who::Dom0, "take the card out of the guest"),
        action(Step::Copy, "Copy", Who::Dom0, "send the guest's memory in rounds while it runs: xc_domain_save()"),
        action(Step::Switch, "Switch", Who::Dom0, "stop the guest here, send the rest, and let it run there"),
        action(Step::Plug, "Plug", Who::Dom0, "put a card of its present host into the guest"),
        action(Step::FailBack, "Fail back", Who::Guest, "have the bond use eth1, the card"),
    ],
    quantities: &[
        Quantity { name: "missing", title: "pages that host B lacks", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "path", title: "domains that handle a packet", unit: "", tone: Tone::Dom0, charted: true },
        Quantity { name: "lost", title: "packets lost", unit: "", tone: Tone::Fault, charted: true },
        Quantity { name: "silent", title: "time without packets", unit: "ns", tone: Tone::Fault, charted: true },
        count("longest", "the longest time without packets", "ns", Tone::Fault),
        count("rounds", "rounds of copying", "", Tone::Dom0),
        count("sent", "pages sent", "", Tone::Dom0),
        count("refused", "steps refused", "", Tone::Fault),
        count("there", "on host B", "", Tone::Domu),
        count("home", "on host B, with a card in use", "", Tone::Domu),
        count("orders", "orders of the steps that are left", "", Tone::Ink),
        count("work", "of them arriving with a card in use", "", Tone::Domu),
        count("late", "of them so too, after an outage", "", Tone::Fault),
    ],
    guess: Some(&Guess {
        question: "In this order, for how long do the guest's packets find nobody, at the longest?",
        answers: Answers::Number { most: 60_000, unit: "ms" },
    }),
    order: Some(&Sequence { title: "The six steps", letters: "fucspb" }),
    retired: None,
    not_modelled: &[
        "an orderly unplug, of which the guest's kernel tells the bond at once",
        "memory: this is a model of orders and times, in which pages are a number without contents",
        "which pages are written: the guest writes so many a second, and to a 32nd of its memory again and again",
        "single packets, and queues that keep some of them through a silence",
        "pages of zeros, compression, and copying after the switch",
        "measured times: 2 ms to tell the bond, 300 ms for a plug and 50 ms to start the guest are assumptions",
        "what a peer does about a lost packet, and when it gives up",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(MigrationRun::new(setup)),
};

const fn option(value: u32, title: &'static str) -> KnobOption {
    KnobOption { value, title }
}

const fn action(step: Step, title: &'static str, who: Who, hint: &'static str) -> ActionSpec {
    ActionSpec { letter: letter(step), title, who, hint }
}

/// A quantity without a chart.
const fn count(name: &'static str, title: &'static str, unit: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit, tone, charted: false }
}

fn tell(out: &mut Text, event: &Event, _drivers: Drivers) {
    if let Event::Migration(event) = event {
        narration::migration::tell(out, event);
    }
}

fn source(event: &Event, _drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Migration(event) => source::migration::of(event),
        _ => None,
    }
}
