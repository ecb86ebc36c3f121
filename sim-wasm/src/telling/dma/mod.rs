//! Figure "dma": a guest's card asks for memory, and the tables between say whether it gets there.
//!
//! The unit, its tables and its memories are those of [`vtd`](crate::hypervisor::vtd).
//!
//! Not modelled: what the figure's own entry lists.

mod guard;

mod world;

mod frame;

mod run;

mod picture;

mod map;

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::{Event, Who};
use crate::telling::dma::guard::{Guard, WINDOW, former_aim};
use crate::telling::dma::run::{AGAIN, CLEAR, DESTROY, DmaRun, FLUSH, GIVE};
use crate::telling::dma::world::FRAMES;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Counted, Knob, KnobOption, Numbers, Offers, Retired, RetiredPreset};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};
use crate::words::text::Text;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "dma",
    title: "A card reaches for memory",
    question: "What exactly keeps a guest's network card from writing into Xen?",
    presets: &[
        Preset {
            name: "nothing-between",
            title: "A paravirtual guest, no IOMMU",
            says: "The guest knows the machine's addresses. Its driver has the card store a packet in a frame of Xen's. Step, and see who objects.",
            knobs: &[0, 3, 0],
            script: "",
            film: &[
                (1, "Any number may stand in a descriptor."),
                (2, "The card asks memory for it."),
                (3, "Nobody objects: a frame of Xen's is overwritten."),
            ],
        },
        Preset {
            name: "blocked",
            title: "An HVM guest behind VT-d",
            says: "The same number that would be a neighbour's frame. The IOMMU looks up whose card it is, and then walks that guest's tables.",
            knobs: &[4, 27, 0],
            script: "",
            film: &[
                (3, "Root table: which bus?"),
                (4, "Context table: which device, whose tables?"),
                (8, "Level 1 has no such page."),
                (9, "Blocked: memory stays as it is."),
                (10, "Xen reads the fault record."),
            ],
        },
        Preset {
            name: "without-pv",
            title: "Xen 3.3 with iommu=1, a paravirtual guest",
            says: "The IOMMU is on. But without pv, Xen 3.3 does not assign cards to paravirtual guests, and this one is still looked up in dom0's tables.",
            knobs: &[2, 27, 0],
            script: "",
            film: &[
                (4, "Domain number 0: dom0's tables."),
                (8, "They have all memory but Xen's."),
                (9, "A neighbour's frame is overwritten."),
            ],
        },
        Preset {
            name: "stale",
            title: "A page is taken away, and the IOMMU not told",
            says: "The card uses the guest's own page. Then Xen clears the entry and gives the frame to domU 2, before the IOMMU has forgotten it.",
            knobs: &[4, 5, 0],
            script: "",
            film: &[
                (9, "All is well: the guest's own frame."),
                (10, "The entry is cleared."),
                (11, "The frame goes to domU 2."),
                (16, "The IOTLB remembers: domU 2's frame is hit."),
                (17, "Told to forget."),
                (25, "Now the same request is blocked."),
            ],
        },
        Preset {
            name: "teardown",
            title: "A guest is destroyed, its card is not stopped",
            says: "The card stores a packet in the guest's own page. Then the guest is destroyed, and the card has a buffer left to fill. Before XSA-302 such a card went back to dom0; today it goes into quarantine: choose VT-d today, and run it again.",
            knobs: &[5, 12, 0],
            script: "",
            film: &[
                (9, "All is well: the guest's own frame."),
                (10, "The guest is destroyed."),
                (11, "Its card is looked up in dom0's tables."),
                (14, "Frames and tables are free."),
                (18, "Domain number 0: dom0's tables."),
                (23, "A late packet overwrites dom0's frame 12."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "guard",
            title: "Guest and guard",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "PV, no IOMMU" },
                KnobOption { value: 1, title: "HVM, no IOMMU" },
                KnobOption { value: 2, title: "PV, Xen 3.3 iommu=1" },
                KnobOption { value: 3, title: "PV, Xen 3.3 iommu=pv" },
                KnobOption { value: 4, title: "HVM, VT-d today" },
                KnobOption { value: 5, title: "HVM, VT-d, no quarantine" },
            ]),
        },
        Knob {
            name: "frame",
            title: "The driver aims at frame",
            unit: "",
            offers: Offers::Number(Numbers {
                least: 0,
                most: FRAMES - 1,
                stride: 1,
                of: Counted::Frames,
                named: &[KnobOption { value: WINDOW, title: "the window for interrupts" }],
            }),
        },
        Knob {
            name: "way",
            title: "The card",
            unit: "",
            offers: Offers::Menu(&[KnobOption { value: 0, title: "writes" }, KnobOption { value: 1, title: "reads" }]),
        },
    ],
    actions: &[
        ActionSpec {
            letter: AGAIN,
            title: "Once more",
            who: Who::Guest,
            hint: "the card is told to do it again, or still has been",
        },
        ActionSpec {
            letter: CLEAR,
            title: "Clear the entry",
            who: Who::Xen,
            hint: "Xen takes its own page from the card's table",
        },
        ActionSpec {
            letter: GIVE,
            title: "Give it to domU 2",
            who: Who::Xen,
            hint: "Xen gives the frame to another guest",
        },
        ActionSpec { letter: FLUSH, title: "Flush", who: Who::Xen, hint: "Xen has the IOMMU forget what it remembers" },
        ActionSpec {
            letter: DESTROY,
            title: "Destroy domU 1",
            who: Who::Xen,
            hint: "the guest goes, and nobody stops its card",
        },
    ],
    quantities: &[
        quantity("requests", "requests", Tone::Hardware),
        quantity("own", "reached the guest's own pages", Tone::Domu),
        quantity("foreign", "reached somebody else's", Tone::Fault),
        quantity("blocked", "blocked", Tone::Fault),
        quantity("interrupts", "interrupts forged", Tone::Fault),
        quantity("logged", "lines in Xen's log", Tone::Xen),
        quantity("table-reads", "entries read from memory", Tone::Hardware),
        quantity("remembered", "look-ups saved", Tone::Hardware),
        quantity("reachable", "frames that the card can reach", Tone::Xen),
    ],
    guess: Some(&Guess {
        question: "What becomes of the card's first request?",
        answers: Answers::Choice(&[
            "it reaches a page of the guest's own",
            "it reaches somebody else's page",
            "it is blocked",
            "it becomes an interrupt",
            "nothing answers it",
        ]),
    }),
    order: None,
    retired: Some(&Retired { knobs: OLD_KNOBS, presets: OLD_PRESETS, turn }),
    not_modelled: &[
        "large pages, and tables of three levels (the engine has both)",
        "more than one card, and requests from one card to another, which a switch may send past the IOMMU",
        "time: a walk costs reads of memory, which are counted",
        "writes that are still under way when an entry is cleared",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(DmaRun::new(setup)),
};

const OLD_KNOBS: &[Knob] = &[
    Knob { name: "guard", title: "", unit: "", offers: Offers::Menu(&KnobOption::retired([0, 1, 2, 3, 4])) },
    Knob { name: "aim", title: "", unit: "", offers: Offers::Menu(&KnobOption::retired([0, 1, 2, 3, 4, 5])) },
    Knob { name: "way", title: "", unit: "", offers: Offers::Menu(&KnobOption::retired([0, 1])) },
];

const OLD_PRESETS: &[RetiredPreset] = &[
    RetiredPreset { name: "nothing-between", now: "nothing-between", knobs: &[0, 3, 0] },
    RetiredPreset { name: "wrong-page", now: "nothing-between", knobs: &[1, 0, 0] },
    RetiredPreset { name: "blocked", now: "blocked", knobs: &[4, 1, 0] },
    RetiredPreset { name: "without-pv", now: "without-pv", knobs: &[2, 1, 0] },
    RetiredPreset { name: "stale", now: "stale", knobs: &[4, 0, 0] },
];

/// Where the driver aimed used to be a choice of six places, some of which are other frames under another guard.
fn turn(old: &[u32]) -> Vec<u32> {
    let [guard, aim, way] = *old else { return Vec::new() };
    vec![guard, former_aim(Guard::of(guard), aim), way]
}

const fn quantity(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}

fn tell(out: &mut Text, event: &Event, _drivers: Drivers) {
    match event {
        Event::Dma(event) => narration::dma::tell(out, event),
        Event::Vtd(event) => narration::vtd::tell(out, event),
        _ => {}
    }
}

fn source(event: &Event, _drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Dma(event) => source::dma::of(event),
        Event::Vtd(event) => source::vtd::of(event),
        _ => None,
    }
}
