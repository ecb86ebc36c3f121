//! Figure "flow": a guest that offers more than its card sends: where packets wait, and where they are lost.
//!
//! The run is the whole [`Network`](crate::machine::network::Network) over some milliseconds, told by stretches.
//!
//! Not modelled: senders that slow down when packets are lost, as TCP does. The whole list is `FIGURE`'s own.

mod plan;

mod frame;

mod run;

mod tank;

mod picture;

use alloc::boxed::Box;

use crate::actors::epoch::Drivers;
use crate::actors::log::{Event, Who};
use crate::telling::drawing::Tone;
use crate::telling::flow::run::{FlowRun, RESUME, STALL};
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};
use crate::words::text::Text;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "flow",
    title: "Flow control",
    question: "A guest produces faster than the card sends: where do packets wait, and where are they lost?",
    presets: &[
        Preset {
            name: "overload",
            title: "Too much for the card",
            says: "A guest offers 1400 Mb/s to a card of 1000. Step, and watch which queue fills first.",
            knobs: &[1400, 1514, 1000, 0],
            script: "",
            film: &[
                (5, "The card's own ring is full first."),
                (10, "236 slots are out: netfront stops its queue."),
                (15, "104 are answered, and the guest does not know yet."),
                (16, "Half are answered: the bell rings, and it refills."),
                (65, "The guest's own queue is full: packets are lost."),
                (110, "Nothing was lost in dom0."),
            ],
        },
        Preset {
            name: "stalled",
            title: "The card stops",
            says: "All is well until the card stops fetching. What lies in its ring stays there, and with it the guest's slots.",
            knobs: &[900, 1514, 1000, 2],
            script: "",
            film: &[
                (20, "All is well: nothing waits."),
                (21, "The card stops fetching."),
                (25, "236 slots stay out, and the queue stops for good."),
                (39, "The guest's own queue is full: packets are lost."),
                (82, "No slot came back, and dom0 lost nothing."),
            ],
        },
        Preset {
            name: "firewall",
            title: "A filter drops all",
            says: "The same guest, and a rule in dom0 that drops every packet. The guest gets rid of its packets faster than ever.",
            knobs: &[1400, 1514, 1000, 1],
            script: "",
            film: &[
                (1, "Every packet is dropped in dom0."),
                (40, "Slots come back at once, so no queue ever fills."),
                (80, "The guest got rid of more than the card can send."),
            ],
        },
        Preset {
            name: "small",
            title: "64-byte packets",
            says: "Acknowledgements of 64 bytes are copied whole, and their slots go back at once: nobody tells the guest to wait.",
            knobs: &[200, 64, 100, 0],
            script: "",
            film: &[
                (10, "64 bytes are copied whole: slots go straight back."),
                (40, "dom0's queue fills, and the guest hears nothing."),
                (63, "It overflows: packets are lost in dom0."),
                (80, "The ring stayed empty, so nothing stopped the guest."),
            ],
        },
        Preset {
            name: "segments",
            title: "64 KiB packets",
            says: "Packets that the card is to segment take 17 slots each, so 14 of them fill the ring, and still they keep the card busy.",
            knobs: &[10000, 65226, 1000, 0],
            script: "",
            film: &[
                (1, "14 packets of 17 slots each, and the queue stops."),
                (5, "8 are answered before it runs again."),
                (61, "The guest's own queue is full: packets are lost."),
                (103, "The card was never idle."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "offered",
            title: "Guest offers",
            unit: "Mb/s",
            offers: Offers::Menu(&[
                KnobOption { value: 200, title: "200" },
                KnobOption { value: 900, title: "900" },
                KnobOption { value: 1400, title: "1400" },
                KnobOption { value: 10000, title: "10000" },
            ]),
        },
        Knob {
            name: "bytes",
            title: "Packet",
            unit: "bytes",
            offers: Offers::Menu(&[
                KnobOption { value: 64, title: "64" },
                KnobOption { value: 1514, title: "1514" },
                KnobOption { value: 9014, title: "9014" },
                KnobOption { value: 65226, title: "65226" },
            ]),
        },
        Knob {
            name: "card",
            title: "Card",
            unit: "Mb/s",
            offers: Offers::Menu(&[
                KnobOption { value: 100, title: "100" },
                KnobOption { value: 1000, title: "1000" },
                KnobOption { value: 10000, title: "10000" },
            ]),
        },
        Knob {
            name: "twist",
            title: "With",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "nothing unusual" },
                KnobOption { value: 1, title: "a filter that drops all" },
                KnobOption { value: 2, title: "a card that stops" },
                KnobOption { value: 3, title: "a card that reports 1 ms late" },
                KnobOption { value: 4, title: "a netback that copies (Linux 3.4)" },
                KnobOption { value: 5, title: "mainline Linux on both sides" },
            ]),
        },
    ],
    actions: &[
        ActionSpec { letter: STALL, title: "Stall the card", who: Who::Hardware, hint: "the card stops fetching" },
        ActionSpec { letter: RESUME, title: "Let it go on", who: Who::Hardware, hint: "the card fetches again" },
    ],
    quantities: &[
        quantity("outstanding", "slots in use", "", Tone::Xen, true),
        quantity("goodput", "on the wire", "Mb/s", Tone::Hardware, true),
        quantity("drops", "packets lost", "", Tone::Fault, true),
        quantity("qdisc", "guest's queue", "", Tone::Domu, true),
        quantity("answered", "answers not read", "", Tone::Dom0, false),
        quantity("pool", "slots held by netback", "", Tone::Dom0, false),
        quantity("dom0-queue", "dom0's queue", "", Tone::Dom0, false),
        quantity("card", "descriptors in use", "", Tone::Hardware, false),
        quantity("offered", "packets offered", "", Tone::Domu, false),
        quantity("accepted", "packets put on the ring", "", Tone::Domu, false),
        quantity("sent", "packets sent", "", Tone::Hardware, false),
        quantity("guest-drops", "lost in the guest", "", Tone::Fault, false),
        quantity("dom0-drops", "lost in dom0", "", Tone::Fault, false),
        quantity("filtered", "dropped by the filter", "", Tone::Fault, false),
        quantity("stops", "stops of the guest's queue", "", Tone::Domu, false),
        quantity("answers-to-restart", "answers from stop to restart", "", Tone::Dom0, false),
        quantity("pipe-bytes", "bytes on the way", "B", Tone::Soft, false),
        quantity("pipe-time", "the card's time for them", "ns", Tone::Soft, false),
        quantity("slot-time", "mean time that a slot is in use", "ns", Tone::Xen, false),
        quantity("guest-rate", "what the guest gets rid of", "Mb/s", Tone::Domu, false),
        quantity("interrupts", "interrupts of the guest", "", Tone::Domu, false),
    ],
    guess: Some(&Guess {
        question: "Where are most packets lost in this run?",
        answers: Answers::Choice(&[
            "in the guest's own queue",
            "in dom0's queue in front of the card",
            "in dom0's filter",
            "nowhere",
        ]),
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "TCP, which would slow down when packets are lost",
        "the time that code takes (assumed: 4 µs for an event, 1 µs for a softirq, nothing for the rest)",
        "preamble, padding, checksum and gap on the wire",
        "the packet on the wire when the card stops: it still leaves",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(FlowRun::new(setup)),
};

const fn quantity(name: &'static str, title: &'static str, unit: &'static str, tone: Tone, charted: bool) -> Quantity {
    Quantity { name, title, unit, tone, charted }
}

/// Only what turns, and sums.
fn tell(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Summary(event) => narration::summary::tell(out, event),
        Event::Stack(event) => narration::stack::tell(out, event),
        event => narration::tell_way_out(out, event, drivers),
    }
}

fn source(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Summary(event) => source::summary::of(event, drivers),
        // A card that stops or goes on does so by itself.
        Event::Stack(_) => None,
        event => source::of_way_out(event, drivers),
    }
}
