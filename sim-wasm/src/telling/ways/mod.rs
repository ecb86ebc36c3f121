//! Figure "ways": the same packet by each of five ways to a network card, and what each takes.
//!
//! Not modelled: what the figure's own entry lists.

mod route;

mod run;

mod picture;

pub(super) mod weights;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::actors::costs::Way;
use crate::actors::epoch::Drivers;
use crate::actors::log::Event;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Counted, Knob, KnobOption, Numbers, Offers, Retired, RetiredPreset};
use crate::telling::narration;
use crate::telling::narration::ways::name;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{Answers, FigureSpec, Guess, Preset, Quantity, Words};
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
            knobs: &[load(0, 1, 1), 0, 0, 0],
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
            knobs: &[load(1, 1, 1), 0, 0, 0],
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
            knobs: &[load(0, 3, 1), 0, 0, 0],
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
            knobs: &[load(1, 1, 2), 0, 0, 0],
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
            says: "The same packet as in the first run, and a weight for each exit, hypercall and switch of domains: numbers that papers measured on other machines. Write others: the order of the ways hardly notices what an exit weighs, since switches weigh most.",
            knobs: &[load(0, 1, 1), weights::EXIT_WESTMERE, weights::HYPERCALL, weights::SWITCH],
            script: "",
            film: &[
                (3, "Own cards have sent for nothing."),
                (8, "Split drivers: two switches."),
                (15, "Emulated: ten switches."),
            ],
        },
    ],
    knobs: &[
        Knob { name: "load", title: "The guest", unit: "", offers: Offers::Menu(LOADS) },
        weight(
            "exit",
            "An exit weighs",
            &[
                KnobOption { value: weights::EXIT_WESTMERE, title: "Westmere" },
                KnobOption { value: weights::EXIT_PENRYN, title: "Penryn" },
                KnobOption { value: weights::EXIT_PRESCOTT, title: "Prescott" },
            ],
        ),
        weight(
            "hypercall",
            "A hypercall weighs",
            &[KnobOption { value: weights::HYPERCALL, title: "one that does nothing, Xen on x86" }],
        ),
        weight(
            "switch",
            "A switch weighs",
            &[KnobOption { value: weights::SWITCH, title: "from one domain to another, Xen on x86" }],
        ),
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
        question: "Which way takes the fewest exits here, to the end of the last interrupt, and which the most? Some take as many as others.",
        answers: Answers::Order {
            items: &[name(Way::Split), name(Way::PvOwn), name(Way::Emulated), name(Way::HvmSplit), name(Way::HvmOwn)],
            unit: "exits",
        },
    }),
    order: None,
    retired: Some(&Retired { knobs: OLD_KNOBS, presets: OLD_PRESETS, turn }),
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

/// A guest that sends (0) or receives (1) packets of the size with this place in [`SIZES`], and takes interrupts by a line, by
/// message or posted (0 to 2): one menu for what the packets are, so that there are knobs for three weights.
pub(super) const fn load(direction: u32, size: u32, signal: u32) -> u32 {
    direction + 2 * size + 8 * signal
}

/// Bytes of one packet, or of 32.
pub(super) const SIZES: [u32; 4] = [60, 1514, 32 * 60, 32 * 1514];

const LOADS: &[KnobOption] = &[
    KnobOption { value: load(0, 0, 1), title: "sends 60 B; message" },
    KnobOption { value: load(0, 1, 1), title: "sends 1514 B; message" },
    KnobOption { value: load(0, 2, 1), title: "sends 32 times 60 B; message" },
    KnobOption { value: load(0, 3, 1), title: "sends 32 times 1514 B; message" },
    KnobOption { value: load(1, 0, 1), title: "receives 60 B; message" },
    KnobOption { value: load(1, 1, 1), title: "receives 1514 B; message" },
    KnobOption { value: load(1, 2, 1), title: "receives 32 times 60 B; message" },
    KnobOption { value: load(1, 3, 1), title: "receives 32 times 1514 B; message" },
    KnobOption { value: load(0, 0, 2), title: "sends 60 B; posted" },
    KnobOption { value: load(0, 1, 2), title: "sends 1514 B; posted" },
    KnobOption { value: load(0, 2, 2), title: "sends 32 times 60 B; posted" },
    KnobOption { value: load(0, 3, 2), title: "sends 32 times 1514 B; posted" },
    KnobOption { value: load(1, 0, 2), title: "receives 60 B; posted" },
    KnobOption { value: load(1, 1, 2), title: "receives 1514 B; posted" },
    KnobOption { value: load(1, 2, 2), title: "receives 32 times 60 B; posted" },
    KnobOption { value: load(1, 3, 2), title: "receives 32 times 1514 B; posted" },
    KnobOption { value: load(0, 0, 0), title: "sends 60 B; line" },
    KnobOption { value: load(0, 1, 0), title: "sends 1514 B; line" },
    KnobOption { value: load(0, 2, 0), title: "sends 32 times 60 B; line" },
    KnobOption { value: load(0, 3, 0), title: "sends 32 times 1514 B; line" },
    KnobOption { value: load(1, 0, 0), title: "receives 60 B; line" },
    KnobOption { value: load(1, 1, 0), title: "receives 1514 B; line" },
    KnobOption { value: load(1, 2, 0), title: "receives 32 times 60 B; line" },
    KnobOption { value: load(1, 3, 0), title: "receives 32 times 1514 B; line" },
];

/// What something weighs: any number of cycles, and those that were measured by name.
const fn weight(name: &'static str, title: &'static str, named: &'static [KnobOption]) -> Knob {
    let numbers = Numbers { least: 0, most: 100_000, stride: 100, of: Counted::Things, named };
    Knob { name, title, unit: "cycles", offers: Offers::Number(numbers) }
}

const OLD_KNOBS: &[Knob] = &[
    Knob { name: "direction", title: "", unit: "", offers: Offers::Menu(&KnobOption::retired([0, 1])) },
    Knob { name: "bytes", title: "", unit: "B", offers: Offers::Menu(&KnobOption::retired(SIZES)) },
    Knob { name: "interrupts", title: "", unit: "", offers: Offers::Menu(&KnobOption::retired([0, 1, 2])) },
    Knob {
        name: "weight",
        title: "",
        unit: "cycles",
        offers: Offers::Menu(&KnobOption::retired([
            0,
            weights::EXIT_WESTMERE,
            weights::EXIT_PENRYN,
            weights::EXIT_PRESCOTT,
        ])),
    },
];

const OLD_PRESETS: &[RetiredPreset] = &[
    RetiredPreset { name: "send", now: "send", knobs: &[0, 1514, 1, 0] },
    RetiredPreset { name: "receive", now: "receive", knobs: &[1, 1514, 1, 0] },
    RetiredPreset { name: "burst", now: "burst", knobs: &[0, 32 * 1514, 1, 0] },
    RetiredPreset { name: "posted", now: "posted", knobs: &[1, 1514, 2, 0] },
    RetiredPreset { name: "weighed", now: "weighed", knobs: &[0, 1514, 1, weights::EXIT_WESTMERE] },
];

/// An exit's weight brought the other two with it.
fn turn(old: &[u32]) -> Vec<u32> {
    let [direction, bytes, signal, exit] = *old else { return Vec::new() };
    let size = SIZES.iter().position(|size| *size == bytes).unwrap_or(0) as u32;
    let [hypercall, switch] = if exit == 0 { [0; 2] } else { [weights::HYPERCALL, weights::SWITCH] };
    vec![load(direction, size, signal), exit, hypercall, switch]
}

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
