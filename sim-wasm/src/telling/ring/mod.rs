//! Figure "ring": how two domains share one array without a lock, and what happens at 2³².
//!
//! Not modelled: memory order, and what the entries say. The whole list is `FIGURE`'s own.

mod frame;

mod run;

mod geometry;

mod looks;

mod circle;

mod registers;

mod tape;

mod picture;

use alloc::boxed::Box;

use crate::actors::log::Who;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::ring::run::RingRun;
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "ring",
    title: "The shared ring and its indexes",
    question: "How do two domains share one array of slots without a lock, and what happens when an index passes 2³²?",
    presets: &[
        Preset {
            name: "one-request",
            title: "One request",
            says: "An empty ring in one shared page. Step to see one request go out and its answer come back.",
            knobs: &[8, 0],
            script: "puttrvg",
            film: &[
                (0, "Empty: all indexes agree."),
                (1, "Written, and still private."),
                (2, "Published, and the bell rings."),
                (3, "Copied: the slot may carry an answer."),
                (6, "Answered, in the very same slot, and the bell rings."),
                (7, "Read: the slot is free again."),
            ],
        },
        Preset {
            name: "burst",
            title: "A burst, answered out of order",
            says: "Four requests go out with one bell. The last one is answered first: a slot's place says nothing about whose answer it holds.",
            knobs: &[8, 0],
            script: "pppputtttsrvgtrrvg",
            film: &[
                (4, "Four requests, none of them published."),
                (5, "One publication, one bell."),
                (10, "Request 4 is answered first, in slot 0."),
                (13, "Two answers read, in slot order."),
            ],
        },
        Preset {
            name: "wrap",
            title: "Across 2³²",
            says: "Watch the indexes pass 2³². Nothing special happens: only their differences count, and those stay right.",
            knobs: &[8, 0xffff_fffc],
            script: "ppputttrrvgpppputttrrrrvg",
            film: &[
                (0, "Four short of 2³²."),
                (4, "Three requests, all before the wrap."),
                (16, "req_prod has passed zero."),
                (25, "Four answers read, two on either side of the wrap."),
            ],
        },
        Preset {
            name: "stops",
            title: "Netfront stops",
            says: "Netfront sends, 59 requests at a time, and no answer comes. It stops before the ring is full, and it asks for its bell half-way through what is out.",
            knobs: &[256, 0],
            script: "putputputpuptrvrvrvg",
            film: &[
                (2, "The first 59 requests."),
                (10, "236 in use: the queue stops."),
                (15, "59 answers, and no bell."),
                (19, "177 answers, 119 among them: the bell."),
                (20, "Answers read: the queue runs again."),
            ],
        },
        Preset {
            name: "lying-index",
            title: "A front end that lies",
            says: "One honest request, and then the claim of a thousand more. No ring holds as many, and the back end can count.",
            knobs: &[8, 0],
            script: "puxt",
            film: &[
                (2, "One honest request."),
                (3, "req_prod claims a thousand more."),
                (4, "More than the ring holds: caught."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "size",
            title: "Ring size",
            unit: "slots",
            offers: Offers::Menu(&[
                KnobOption { value: 4, title: "4" },
                KnobOption { value: 8, title: "8" },
                KnobOption { value: 32, title: "32" },
                KnobOption { value: 256, title: "256" },
            ]),
        },
        Knob {
            name: "start",
            title: "Start index",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "0" },
                KnobOption { value: 0xffff_fff0, title: "0xfffffff0" },
                KnobOption { value: 0xffff_fffc, title: "0xfffffffc" },
            ]),
        },
    ],
    actions: &[
        ActionSpec {
            letter: 'p',
            title: "Put",
            who: Who::Guest,
            hint: "write a request into the next slot: req_prod_pvt moves",
        },
        ActionSpec {
            letter: 'u',
            title: "Publish",
            who: Who::Guest,
            hint: "move req_prod up to req_prod_pvt, and ring if the back end asked for it",
        },
        ActionSpec {
            letter: 'g',
            title: "Reap",
            who: Who::Guest,
            hint: "read all published responses: rsp_cons moves",
        },
        ActionSpec {
            letter: 'x',
            title: "Lie",
            who: Who::Guest,
            hint: "move req_prod by a thousand, without any request",
        },
        ActionSpec {
            letter: 't',
            title: "Take",
            who: Who::Dom0,
            hint: "copy the next request: req_cons moves; if there is none, ask for an event",
        },
        ActionSpec {
            letter: 'r',
            title: "Answer",
            who: Who::Dom0,
            hint: "answer the oldest request taken: rsp_prod_pvt moves",
        },
        ActionSpec {
            letter: 's',
            title: "Answer newest",
            who: Who::Dom0,
            hint: "answer the newest request taken: rsp_prod_pvt moves",
        },
        ActionSpec {
            letter: 'v',
            title: "Publish",
            who: Who::Dom0,
            hint: "move rsp_prod up to rsp_prod_pvt, and ring if the front end asked for it",
        },
    ],
    quantities: &[
        Quantity { name: "outstanding", title: "slots in use", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "unseen-requests", title: "requests not taken", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "unread-responses", title: "responses not read", unit: "", tone: Tone::Dom0, charted: true },
        Quantity { name: "bells", title: "bells so far", unit: "", tone: Tone::Hardware, charted: true },
        count("in-progress", "taken and not answered", Tone::Dom0),
        count("room", "requests that may still be put", Tone::Free),
        count("req_prod_pvt", "req_prod_pvt", Tone::Domu),
        count("req_prod", "req_prod", Tone::Domu),
        count("req_cons", "req_cons", Tone::Dom0),
        count("rsp_prod_pvt", "rsp_prod_pvt", Tone::Dom0),
        count("rsp_prod", "rsp_prod", Tone::Dom0),
        count("rsp_cons", "rsp_cons", Tone::Domu),
        count("req_event", "req_event", Tone::Dom0),
        count("rsp_event", "rsp_event", Tone::Domu),
    ],
    guess: Some(&Guess {
        question: "How many of the 256 slots are in use when netfront stops sending?",
        answers: Answers::Number { most: 256, unit: "slots" },
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "time",
        "the order in which stores become visible (the figure about barriers shows it)",
        "netfront publishing every packet by itself, and reaping responses while it sends",
        "single requests in large rings (one press handles 4 of 32 slots, or 59 of 256)",
        "what the requests ask for",
        "the classic netback, which believes a lie up to one ringful and does not give up",
    ],
    words: &Words::WAY_OUT,
    run: |setup| Box::new(RingRun::new(setup)),
};

/// A quantity without a chart.
const fn count(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}
