//! Figure "grants": how dom0 can send a page that it does not own, and what keeps the page where it is meanwhile.
//!
//! Not modelled: the ring between the two, and whose turn it is. The whole list is `FIGURE`'s own.

mod world;

mod frame;

mod run;

mod table;

mod picture;

use alloc::boxed::Box;

use crate::actors::log::Who;
use crate::telling::drawing::Tone;
use crate::telling::grants::run::GrantsRun;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "grants",
    title: "Grants and foreign pages",
    question: "How can dom0 send a page that it does not own?",
    presets: &[
        Preset {
            name: "the-way",
            title: "There and back",
            says: "A packet lies in one of the guest's pages. Step to see dom0 get at the page, and let go of it again.",
            knobs: &[0, 0],
            script: "gmpfuae",
            film: &[
                (1, "Granted: dom0 may read the frame."),
                (2, "Mapped: Xen marks the entry as in use."),
                (3, "In a packet of dom0's, by reference."),
                (4, "Freed: netback is called instead."),
                (5, "Unmapped: nobody in dom0 sees it any more."),
                (7, "Ended: the page is the guest's alone."),
            ],
        },
        Preset {
            name: "tcpdump",
            title: "A clone delays the end",
            says: "tcpdump in dom0 keeps a clone of the packet. Freeing the packet then frees nothing: the page waits for the last of both.",
            knobs: &[0, 0],
            script: "gmpcffuae",
            film: &[
                (4, "Two packets, one page."),
                (5, "The first is freed, and the page stays."),
                (6, "The last is freed: the destructor runs."),
                (9, "Only then does the guest get its page."),
            ],
        },
        Preset {
            name: "impatient-guest",
            title: "The guest takes it back too early",
            says: "The guest tries to end its grant while dom0 has the page mapped. Its own entry says that it may not.",
            knobs: &[0, 0],
            script: "gmpefuag",
            film: &[
                (2, "Mapped: reading is set."),
                (4, "The guest may not end it: page and entry are lost."),
                (6, "Unmapped, but nobody comes back for it."),
                (8, "The next packet takes another page and entry."),
            ],
        },
        Preset {
            name: "early-answer",
            title: "dom0 answers too early",
            says: "Netback answers before it unmaps. The guest believes the answer, finds its grant in use, and stops.",
            knobs: &[0, 0],
            script: "gmpfaeu",
            film: &[
                (4, "Freed, and still mapped."),
                (5, "Answered too early."),
                (6, "The entry is in use: the guest stops."),
                (7, "Unmapped, too late."),
            ],
        },
        Preset {
            name: "astray",
            title: "A guest that gives the frame away",
            says: "The guest erases its entry and gives the frame back, though dom0 has it mapped. Xen has counted for itself.",
            knobs: &[0, 0],
            script: "gmpxbfua",
            film: &[
                (3, "A packet of dom0's points to the page."),
                (4, "The entry is erased. Xen's count stands."),
                (5, "The frame is given back. One reference is left."),
                (7, "Unmapped: only now the frame is free."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "access",
            title: "dom0 maps",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "to read" },
                KnobOption { value: 1, title: "to read and write" },
            ]),
        },
        Knob {
            name: "kernel",
            title: "The guest's kernel",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "2.6.18" },
                KnobOption { value: 1, title: "today's" },
            ]),
        },
    ],
    actions: &[
        ActionSpec {
            letter: 'g',
            title: "Grant",
            who: Who::Guest,
            hint: "let dom0 read the page of the next packet: gnttab_grant_foreign_access_ref()",
        },
        ActionSpec {
            letter: 'e',
            title: "End access",
            who: Who::Guest,
            hint: "take the grant back: gnttab_end_foreign_access_ref()",
        },
        ActionSpec {
            letter: 'x',
            title: "Erase entry",
            who: Who::Guest,
            hint: "against the rules: write zero over the entry's flags",
        },
        ActionSpec {
            letter: 'b',
            title: "Give frame back",
            who: Who::Guest,
            hint: "against the rules: XENMEM_decrease_reservation of a frame that dom0 uses",
        },
        ActionSpec {
            letter: 'm',
            title: "Map",
            who: Who::Dom0,
            hint: "have Xen map the page into netback's window: GNTTABOP_map_grant_ref",
        },
        ActionSpec {
            letter: 'p',
            title: "Build packet",
            who: Who::Dom0,
            hint: "copy the first 64 bytes, and point to the rest: an sk_buff",
        },
        ActionSpec {
            letter: 'c',
            title: "Clone",
            who: Who::Dom0,
            hint: "a second sk_buff with the same data, for tcpdump: skb_clone()",
        },
        ActionSpec { letter: 'f', title: "Free", who: Who::Dom0, hint: "free the oldest sk_buff: kfree_skb()" },
        ActionSpec {
            letter: 'u',
            title: "Unmap",
            who: Who::Dom0,
            hint: "unmap what is on the dealloc ring: GNTTABOP_unmap_grant_ref",
        },
        ActionSpec {
            letter: 'a',
            title: "Answer",
            who: Who::Dom0,
            hint: "tell the guest that it may end the grant: make_tx_response()",
        },
    ],
    quantities: &[
        Quantity { name: "grants-given", title: "grants given", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "pages-mapped", title: "pages mapped in dom0", unit: "", tone: Tone::Xen, charted: true },
        Quantity { name: "packets-in-dom0", title: "packets in dom0", unit: "", tone: Tone::Dom0, charted: true },
        Quantity { name: "references", title: "Xen's references", unit: "", tone: Tone::Xen, charted: true },
        Quantity { name: "flags", title: "flags of entry 8", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "pins", title: "pins of entry 8", unit: "", tone: Tone::Xen, charted: false },
        Quantity { name: "dealloc-ring", title: "on the dealloc ring", unit: "", tone: Tone::Dom0, charted: false },
        Quantity { name: "refusals", title: "refused so far", unit: "", tone: Tone::Fault, charted: false },
        Quantity {
            name: "pages-lost",
            title: "pages that the guest lost",
            unit: "",
            tone: Tone::Fault,
            charted: false,
        },
    ],
    guess: Some(&Guess {
        question: "The guest wants its grant back. What must happen first: that the packet is sent, freed, or unmapped?",
        answers: Answers::Choice(&["sent", "freed", "unmapped"]),
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "time",
        "the ring, which carries the reference to dom0 and the answer back",
        "the order in which netback takes its 256 windows: the first free one, and three are drawn",
        "the card, which reads the frame by DMA",
        "page tables: an entry of a page is kept as such",
        "grant tables of version 2",
    ],
    words: &Words::GRANTS,
    run: |setup| Box::new(GrantsRun::new(setup)),
};
