//! Figure "ways": the same packet by each of five ways to a network card, and what each takes.
//!
//! Not modelled: what the figure's own entry lists.

mod route;

mod run;

mod picture;

pub(super) mod weights;

use alloc::boxed::Box;

use crate::actors::epoch::Drivers;
use crate::actors::log::Event;
use crate::telling::drawing::Tone;
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{Answers, FigureSpec, Guess, Knob, KnobOption, Preset, Quantity, Words};
use crate::telling::ways::run::WaysRun;
use crate::words::text::Text;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "ways",
    title: "Five ways to a network card",
    question: "What does each of five ways to a network card cost for one packet, and whom must the guest trust?",
    presets: &[
        Preset {
            name: "send",
            title: "One packet is sent",
            says: "The same packet sets out by all five ways, a hop of each at a time. Watch who has arrived, and who still travels.",
            knobs: &[0, 1514, 1, 0],
            script: "",
            film: &[
                (2, "An own card is told by a register."),
                (3, "It fetches the packet itself."),
                (8, "The split drivers are done."),
                (15, "The emulated card took 6 exits."),
            ],
        },
        Preset {
            name: "receive",
            title: "One packet is received",
            says: "The packet comes from the wire. The split drivers copy it once, an own card not at all, and the emulated card is asked twelve times: five times before the driver has the packet, seven times after.",
            knobs: &[1, 1514, 1, 0],
            script: "",
            film: &[
                (2, "Split drivers: Xen copies the packet."),
                (4, "The guest has it."),
                (6, "The own cards' interrupts are over."),
                (29, "The emulated card took 13 exits."),
            ],
        },
        Preset {
            name: "burst",
            title: "32 packets at once",
            says: "Thirty-two packets are sent at once. On a ring one bell is for many of them; an emulated card is asked as often for each as for one.",
            knobs: &[0, 32 * 1514, 1, 0],
            script: "",
            film: &[
                (1, "A ring: few bells for 32 packets."),
                (3, "Emulated: every packet for itself."),
                (5, "An own card: its interrupts."),
            ],
        },
        Preset {
            name: "posted",
            title: "One packet, posted interrupts",
            says: "The IOMMU notes the card's interrupt for the guest's processor itself. Nothing is left for Xen to do.",
            knobs: &[1, 1514, 2, 0],
            script: "",
            film: &[
                (3, "The card stores the packet."),
                (4, "The IOMMU notes the interrupt."),
                (5, "No exit, no hypercall, no copy."),
            ],
        },
        Preset {
            name: "weighed",
            title: "One packet is sent, weighed",
            says: "The same packet as in the first run, and a weight for each exit, hypercall and switch of domains: numbers that papers measured on other machines. Turn the weight of an exit: the order of the ways hardly notices, since switches weigh most.",
            knobs: &[0, 1514, 1, weights::EXIT_WESTMERE],
            script: "",
            film: &[
                (3, "Own cards have sent for nothing."),
                (8, "Split drivers: two switches."),
                (15, "Emulated: ten switches."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "direction",
            title: "The guest",
            unit: "",
            options: &[KnobOption { value: 0, title: "sends" }, KnobOption { value: 1, title: "receives" }],
        },
        Knob {
            name: "bytes",
            title: "Bytes",
            unit: "B",
            options: &[
                KnobOption { value: 60, title: "60" },
                KnobOption { value: 1514, title: "1514" },
                KnobOption { value: 32 * 60, title: "32 times 60" },
                KnobOption { value: 32 * 1514, title: "32 times 1514" },
            ],
        },
        Knob {
            name: "interrupts",
            title: "Interrupts come",
            unit: "",
            options: &[
                KnobOption { value: 0, title: "by a line" },
                KnobOption { value: 1, title: "by message" },
                KnobOption { value: 2, title: "posted" },
            ],
        },
        Knob {
            name: "weight",
            title: "An exit weighs",
            unit: "cycles",
            options: &[
                KnobOption { value: 0, title: "nothing: only count" },
                KnobOption { value: weights::EXIT_WESTMERE, title: "761, as on a Westmere" },
                KnobOption { value: weights::EXIT_PENRYN, title: "1266, as on a Penryn" },
                KnobOption { value: weights::EXIT_PRESCOTT, title: "3963, as on a Prescott" },
            ],
        },
    ],
    actions: &[],
    quantities: &[
        quantity("exits-split", "exits: PV, split drivers", Tone::Xen),
        quantity("hypercalls-split", "hypercalls: PV, split drivers", Tone::Xen),
        quantity("switches-split", "domain switches: PV, split drivers", Tone::Xen),
        quantity("events-split", "events: PV, split drivers", Tone::Xen),
        quantity("interrupts-split", "interrupts: PV, split drivers", Tone::Domu),
        quantity("copies-split", "copies: PV, split drivers", Tone::Dom0),
        quantity("look-ups-split", "IOMMU look-ups: PV, split drivers", Tone::Hardware),
        quantity("exits-pv-own", "exits: PV, own card", Tone::Xen),
        quantity("hypercalls-pv-own", "hypercalls: PV, own card", Tone::Xen),
        quantity("switches-pv-own", "domain switches: PV, own card", Tone::Xen),
        quantity("events-pv-own", "events: PV, own card", Tone::Xen),
        quantity("interrupts-pv-own", "interrupts: PV, own card", Tone::Domu),
        quantity("copies-pv-own", "copies: PV, own card", Tone::Dom0),
        quantity("look-ups-pv-own", "IOMMU look-ups: PV, own card", Tone::Hardware),
        quantity("exits-emulated", "exits: HVM, emulated card", Tone::Xen),
        quantity("hypercalls-emulated", "hypercalls: HVM, emulated card", Tone::Xen),
        quantity("switches-emulated", "domain switches: HVM, emulated card", Tone::Xen),
        quantity("events-emulated", "events: HVM, emulated card", Tone::Xen),
        quantity("interrupts-emulated", "interrupts: HVM, emulated card", Tone::Domu),
        quantity("copies-emulated", "copies: HVM, emulated card", Tone::Dom0),
        quantity("look-ups-emulated", "IOMMU look-ups: HVM, emulated card", Tone::Hardware),
        quantity("exits-hvm-split", "exits: HVM, PV drivers", Tone::Xen),
        quantity("hypercalls-hvm-split", "hypercalls: HVM, PV drivers", Tone::Xen),
        quantity("switches-hvm-split", "domain switches: HVM, PV drivers", Tone::Xen),
        quantity("events-hvm-split", "events: HVM, PV drivers", Tone::Xen),
        quantity("interrupts-hvm-split", "interrupts: HVM, PV drivers", Tone::Domu),
        quantity("copies-hvm-split", "copies: HVM, PV drivers", Tone::Dom0),
        quantity("look-ups-hvm-split", "IOMMU look-ups: HVM, PV drivers", Tone::Hardware),
        quantity("exits-hvm-own", "exits: HVM, own card", Tone::Xen),
        quantity("hypercalls-hvm-own", "hypercalls: HVM, own card", Tone::Xen),
        quantity("switches-hvm-own", "domain switches: HVM, own card", Tone::Xen),
        quantity("events-hvm-own", "events: HVM, own card", Tone::Xen),
        quantity("interrupts-hvm-own", "interrupts: HVM, own card", Tone::Domu),
        quantity("copies-hvm-own", "copies: HVM, own card", Tone::Dom0),
        quantity("look-ups-hvm-own", "IOMMU look-ups: HVM, own card", Tone::Hardware),
        weighed("cycles-split", "weighed: PV, split drivers"),
        weighed("cycles-pv-own", "weighed: PV, own card"),
        weighed("cycles-emulated", "weighed: HVM, emulated card"),
        weighed("cycles-hvm-split", "weighed: HVM, PV drivers"),
        weighed("cycles-hvm-own", "weighed: HVM, own card"),
    ],
    guess: Some(&Guess {
        question: "How many exits does the emulated card take here, to the end of the last interrupt?",
        answers: Answers::Number { most: 1000, unit: "exits" },
    }),
    not_modelled: &[
        "what each count costs: a hop has no duration, and weights are other machines' numbers",
        "weights for copies, events and interrupts, and for the time that code takes",
        "dom0's bridge behind the device model, and the interrupts of dom0's own card",
        "interrupts for several packets at once, but for those of a ring",
        "the first bytes of a packet that netback and netfront copy beside its page",
        "where in dom0 the device model and the driver run, and on how many processors: switches are those of one",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(WaysRun::new(setup)),
};

const fn quantity(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}

/// Nothing while nothing is weighed.
const fn weighed(name: &'static str, title: &'static str) -> Quantity {
    Quantity { name, title, unit: "cycles", tone: Tone::Soft, charted: false }
}

fn tell(out: &mut Text, event: &Event, _drivers: Drivers) {
    if let Event::Ways(event) = event {
        narration::ways::tell(out, event);
    }
}

fn source(event: &Event, _drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Ways(event) => source::ways::of(event),
        _ => None,
    }
}
