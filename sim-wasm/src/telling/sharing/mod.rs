//! Figure "sharing": whether guests behind one backend get fair shares, and of what.
//!
//! Three guests send through one netback to one card. Each has a ring of its own; netback takes one packet of each in turn,
//! as long as the guest has credit and the pool has room.
//!
//! Not modelled: the processor's time, for which guests compete besides. The whole list is `FIGURE`'s own.

mod plan;

mod frame;

mod run;

mod picture;

mod bars;

use alloc::boxed::Box;

use crate::actors::log::Who;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::narration;
use crate::telling::sharing::run::{LET_GO, LISTEN, SharingRun};
use crate::telling::source;
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};

/// A count of a guest's, drawn nowhere.
const fn of_guest(name: &'static str, title: &'static str, unit: &'static str) -> Quantity {
    Quantity { name, title, unit, tone: Tone::Domu, charted: false }
}

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "sharing",
    title: "Several guests, one backend",
    question: "Several guests send through one netback. Is that fair, and fair in what?",
    presets: &[
        Preset {
            name: "by-packet",
            title: "Turns are packets",
            says: "Three guests send more than the card takes, in packets of 1514, 66 and 590 bytes. Each gets as many turns as the others, and not as many bytes.",
            knobs: &[0, 0, 1, 0],
            script: "",
            film: &[
                (1, "Full rings, a full pool, a busy card."),
                (30, "Each slot that comes back gives one turn."),
                (60, "As many packets each; of the bytes, 70 : 3 : 27."),
            ],
        },
        Preset {
            name: "stalled",
            title: "A listener that stopped",
            says: "A tcpdump in dom0 listens to domU 3, and has been stopped. The packets that it keeps hold half of the pool, and the two other guests fall silent.",
            knobs: &[3, 0, 2, 0],
            script: "",
            film: &[
                (4, "All is well: each packet passes at once."),
                (6, "domU 3's packets have left, and tcpdump keeps them."),
                (8, "128 held: no event starts a pass any more."),
                (14, "Silence, and the card idles."),
                (23, "tcpdump reads on: slots come back, and turns."),
                (36, "All is well again."),
            ],
        },
        Preset {
            name: "limited",
            title: "A guest with a limit",
            says: "domU 1 may send 15 kB in 50 ms and wants to send five times as much. Its requests wait on its own ring, while pool and card have room to spare.",
            knobs: &[3, 15, 1, 0],
            script: "",
            film: &[
                (2, "Nine packets in, domU 1's credit is spent."),
                (32, "The others have pool and card to themselves."),
                (66, "domU 1's ring is full, and only its own."),
                (73, "domU 1 has had its credit, and not a byte more."),
            ],
        },
        Preset {
            name: "broken-off",
            title: "Spent credit, earliest driver",
            says: "In the netback of Xen 3.0 a pass ends where credit is spent. domU 2 has no limit, stands behind domU 1 on the list, and waits for domU 1's timer.",
            knobs: &[3, 60, 0, 1],
            script: "",
            film: &[
                (6, "Both send a packet in each millisecond."),
                (9, "domU 1 was out of credit; domU 2 waited with it."),
                (23, "The third time: 39 packets of each wait."),
                (65, "domU 2 has no limit, and was held up three times."),
            ],
        },
        Preset {
            name: "own-pools",
            title: "A pool for each",
            says: "The same tcpdump beside the netback of mainline Linux: what it keeps is copied first, every interface has a pool of its own, and nobody notices.",
            knobs: &[3, 0, 2, 2],
            script: "",
            film: &[
                (4, "Three pools; none is in need."),
                (10, "tcpdump keeps 150 packets, and not a slot."),
                (40, "Nobody has noticed."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "packets",
            title: "Guests send",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "1514, 66, 590 B, greedily" },
                KnobOption { value: 1, title: "1514, 64, 590 B, greedily" },
                KnobOption { value: 2, title: "1514 B each, greedily" },
                KnobOption { value: 3, title: "1514 B each, 1 in 1 ms" },
            ]),
        },
        Knob {
            name: "limit",
            title: "domU 1's limit in 50 ms",
            unit: "kB",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "none" },
                KnobOption { value: 15, title: "15" },
                KnobOption { value: 60, title: "60" },
            ]),
        },
        Knob {
            name: "third",
            title: "domU 3 sends",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "nothing" },
                KnobOption { value: 1, title: "to the card" },
                KnobOption { value: 2, title: "to the card, tcpdump stopped" },
            ]),
        },
        Knob {
            name: "netback",
            title: "Netback",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "linux-2.6.18-xen" },
                KnobOption { value: 1, title: "Xen 3.0" },
                KnobOption { value: 2, title: "mainline" },
            ]),
        },
    ],
    actions: &[
        ActionSpec {
            letter: LISTEN,
            title: "Stop a tcpdump",
            who: Who::Dom0,
            hint: "a program that listens to domU 3 stops reading for half a second",
        },
        ActionSpec {
            letter: LET_GO,
            title: "End tcpdump",
            who: Who::Dom0,
            hint: "what it keeps is freed, and slots go back",
        },
    ],
    quantities: &[
        Quantity { name: "outstanding-1", title: "domU 1's ring", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "outstanding-2", title: "domU 2's ring", unit: "", tone: Tone::Domu, charted: true },
        of_guest("outstanding-3", "domU 3's ring", ""),
        of_guest("packets-1", "packets of domU 1", ""),
        of_guest("packets-2", "packets of domU 2", ""),
        of_guest("packets-3", "packets of domU 3", ""),
        of_guest("bytes-1", "bytes of domU 1", "B"),
        of_guest("bytes-2", "bytes of domU 2", "B"),
        of_guest("bytes-3", "bytes of domU 3", "B"),
        of_guest("held-1", "slots held of domU 1", ""),
        of_guest("held-2", "slots held of domU 2", ""),
        of_guest("held-3", "slots held of domU 3", ""),
        of_guest("lost-1", "lost in domU 1", ""),
        of_guest("lost-2", "lost in domU 2", ""),
        of_guest("lost-3", "lost in domU 3", ""),
        of_guest("packet-share-1", "domU 1's share of packets", "%"),
        of_guest("packet-share-2", "domU 2's share of packets", "%"),
        of_guest("packet-share-3", "domU 3's share of packets", "%"),
        of_guest("byte-share-1", "domU 1's share of bytes", "%"),
        of_guest("byte-share-2", "domU 2's share of bytes", "%"),
        of_guest("byte-share-3", "domU 3's share of bytes", "%"),
        Quantity { name: "pool", title: "slots held in dom0", unit: "", tone: Tone::Dom0, charted: true },
        Quantity { name: "card", title: "the card sends", unit: "Mb/s", tone: Tone::Hardware, charted: true },
        Quantity { name: "gate", title: "gate shut", unit: "", tone: Tone::Fault, charted: false },
        Quantity { name: "credit", title: "domU 1's credit", unit: "B", tone: Tone::Dom0, charted: false },
        Quantity { name: "kept", title: "packets that tcpdump keeps", unit: "", tone: Tone::Dom0, charted: false },
    ],
    guess: Some(&Guess {
        question: "Of the bytes that netback takes from domU 1 and domU 2, how many percent are domU 1's?",
        answers: Answers::Number { most: 100, unit: "%" },
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "the time that code takes (assumed: 4 µs for an event, 1 µs for a softirq, 20 µs for the card's interrupt)",
        "the processor's time, for which guests compete too",
        "groups and threads of later forks",
        "how Xen 3.0 counted credit, save that its pass ended there",
    ],
    words: &Words { tell: narration::tell_sharing, source: source::of_sharing },
    run: |setup| Box::new(SharingRun::new(setup)),
};
