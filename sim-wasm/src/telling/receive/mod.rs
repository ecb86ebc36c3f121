//! Figure "receive": whether giving a page away is cheaper than copying it.
//!
//! Packets that dom0 has for a guest go through the classic netback and netfront. Either the guest's buffer is a page that
//! Xen copies into, or it is a hole that a page of dom0's moves to; the figure counts what is done for it.
//!
//! Not modelled: what anything costs. The whole list is `FIGURE`'s own.

mod world;

mod retell;

mod tally;

mod run;

mod picture;

mod totals;

use alloc::boxed::Box;

use crate::actors::log::Who;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::narration;
use crate::telling::receive::run::ReceiveRun;
use crate::telling::receive::world::{FREE, LISTEN, TAKE};
use crate::telling::source;
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};

const BYTES: usize = 0;
const WAY: usize = 1;
const BATCH: usize = 2;
const SQUEEZE: usize = 3;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "receive",
    title: "Flip or copy",
    question: "A packet for a guest lies in a page of dom0's. Is giving the page away cheaper than copying it?",
    presets: &[
        Preset {
            name: "flip",
            title: "The page is given",
            says: "Each packet lies alone in a page of dom0's. Xen makes the page the guest's, and three frames change their owner for it.",
            knobs: &[1514, 1, 4, 0],
            script: "",
            film: &[
                (0, "Packets in dom0's pages, holes in the guest's."),
                (5, "Four pages go, and dom0 gets fresh ones."),
                (8, "The guest maps what it got."),
                (13, "For new holes it gives four frames back."),
            ],
        },
        Preset {
            name: "copy",
            title: "The bytes are copied",
            says: "The guest keeps its pages and lets dom0 write into them. One hypercall copies four packets, and no frame changes its owner.",
            knobs: &[1514, 0, 4, 0],
            script: "",
            film: &[
                (0, "The guest's buffers are pages that dom0 may write."),
                (5, "Xen copies 6056 bytes in one call."),
                (12, "The guest has read its own pages."),
                (13, "Posted again; no frame changed its owner."),
            ],
        },
        Preset {
            name: "shared",
            title: "A page that cannot be given",
            says: "A listener in dom0 has a clone of each packet, so the page cannot go. Netback copies the packet first and gives the copy away: both prices are paid.",
            knobs: &[1514, 2, 4, 0],
            script: "",
            film: &[
                (0, "The pages are the listener's too."),
                (8, "Netback has copied all four packets."),
                (9, "The copies are given away."),
                (17, "Copied, and 16 page operations besides."),
            ],
        },
        Preset {
            name: "squeeze",
            title: "Xen has no free frame",
            says: "For each page that goes, dom0 wants a fresh one at once. For half a second Xen has none, and nothing is delivered for a second.",
            knobs: &[1514, 1, 4, 1],
            script: "",
            film: &[
                (4, "Four packets wait for netback."),
                (5, "No fresh frame: netback pauses for a second."),
                (9, "Four more wait; the queue stops."),
                (11, "A second later all eight are delivered."),
            ],
        },
        Preset {
            name: "always-copied",
            title: "The driver of 2.6.18",
            says: "The netback of linux-2.6.18-xen copies every packet that it is to give away, one that could go as it is among them. It no longer offers to give pages at all.",
            knobs: &[1514, 4, 4, 0],
            script: "",
            film: &[
                (0, "Pages that could go as they are."),
                (8, "All of them are copied first."),
                (9, "Then the copies are given away."),
                (17, "As dear as a page that cannot be given."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "bytes",
            title: "Packet",
            unit: "bytes",
            offers: Offers::Menu(&[
                KnobOption { value: 60, title: "60" },
                KnobOption { value: 590, title: "590" },
                KnobOption { value: 1514, title: "1514" },
            ]),
        },
        Knob {
            name: "way",
            title: "Delivery",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "copy" },
                KnobOption { value: 1, title: "give: alone in its page" },
                KnobOption { value: 2, title: "give: shared with a listener" },
                KnobOption { value: 3, title: "give: in ordinary memory" },
                KnobOption { value: 4, title: "give: driver of 2.6.18" },
            ]),
        },
        Knob {
            name: "batch",
            title: "Packets at once",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 1, title: "1" },
                KnobOption { value: 4, title: "4" },
                KnobOption { value: 8, title: "8" },
            ]),
        },
        Knob {
            name: "squeeze",
            title: "Free frames",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "plenty" },
                KnobOption { value: 1, title: "none for 0.5 s" },
                KnobOption { value: 2, title: "none for 1.5 s" },
            ]),
        },
    ],
    actions: &[
        ActionSpec { letter: TAKE, title: "Take all free frames", who: Who::Xen, hint: "another domain starts" },
        ActionSpec { letter: FREE, title: "Free them", who: Who::Xen, hint: "the other domain ends" },
        ActionSpec {
            letter: LISTEN,
            title: "Listen",
            who: Who::Dom0,
            hint: "a program like tcpdump has a clone of each further packet",
        },
    ],
    quantities: &[
        Quantity { name: "operations", title: "page operations", unit: "", tone: Tone::Xen, charted: true },
        Quantity { name: "copied", title: "bytes copied", unit: "B", tone: Tone::Dom0, charted: true },
        Quantity { name: "hypercalls", title: "hypercalls", unit: "", tone: Tone::Xen, charted: true },
        Quantity { name: "waiting", title: "packets waiting", unit: "", tone: Tone::Dom0, charted: true },
        Quantity { name: "packets", title: "packets delivered", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "returned", title: "frames given back", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "transfers", title: "pages transferred", unit: "", tone: Tone::Xen, charted: false },
        Quantity { name: "fresh", title: "fresh frames", unit: "", tone: Tone::Dom0, charted: false },
        Quantity { name: "mapped", title: "frames mapped", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "flushes", title: "TLB flushes", unit: "", tone: Tone::Hardware, charted: false },
        Quantity { name: "copied-by-xen", title: "bytes copied by Xen", unit: "B", tone: Tone::Xen, charted: false },
        Quantity { name: "copied-in-dom0", title: "bytes copied in dom0", unit: "B", tone: Tone::Dom0, charted: false },
        Quantity { name: "owner-changes", title: "changes of owner", unit: "", tone: Tone::Xen, charted: false },
        Quantity { name: "guest-frames", title: "guest's frames", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "free-frames", title: "free frames", unit: "", tone: Tone::Xen, charted: false },
        Quantity { name: "dom0-frames", title: "dom0's frames", unit: "", tone: Tone::Dom0, charted: false },
    ],
    guess: Some(&Guess {
        question: "How many frames change their owner for each packet?",
        answers: Answers::Number { most: 20, unit: "" },
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "what an operation, a copied byte or a flush costs: they are counted, not timed",
        "the time that code takes (assumed: 4 µs for an event, 1 µs for a softirq, nothing for the rest)",
        "netback's stock of 64 fresh frames, which saves some of its calls",
        "packets of several pieces, which are always copied before they are given, and several guests",
    ],
    words: &Words { tell: narration::tell_way_in, source: source::of_way_in },
    run: |setup| Box::new(ReceiveRun::new(setup)),
};
