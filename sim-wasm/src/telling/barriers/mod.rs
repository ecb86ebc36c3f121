//! Figure "barriers": the reader interleaves the two sides of a ring, store by store, and takes barriers away.
//!
//! Not modelled: the way of responses, which is the same the other way round. The whole list is `FIGURE`'s own.

mod play;

mod run;

mod program;

mod lanes;

mod picture;

#[cfg(test)]
mod exhaustive;

use alloc::boxed::Box;

use crate::actors::log::Who;
use crate::telling::barriers::run::BarrierRun;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};

const SWITCH: Offers =
    Offers::Menu(&[KnobOption { value: 1, title: "in place" }, KnobOption { value: 0, title: "taken away" }]);

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "barriers",
    title: "What the barriers are for",
    question: "Can the back end fall asleep for ever beside a request, and what keeps it from that?",
    presets: &[
        Preset {
            name: "all-in-place",
            title: "All barriers in place",
            says: "Request 0 is done with. The front end is about to publish request 1, just as the back end is about to go to sleep. Let the two sides take turns as you like.",
            knobs: &[1, 1, 1, 1],
            script: "fdbbvbfdffbbbbbvb",
            film: &[
                (0, "One side will publish, the other fall asleep."),
                (5, "The wish for a bell is visible first."),
                (6, "Only then the last look: asleep."),
                (9, "req_prod is visible, and then the wish is read."),
                (13, "Woken, the back end takes request 1."),
            ],
        },
        Preset {
            name: "without-front-mb",
            title: "The front end's mb() taken away",
            says: "The front end looks at req_event while its own req_prod still waits in the buffer. This is the shortest way to a sleep without end.",
            knobs: &[1, 0, 1, 1],
            script: "fdffbbvbd",
            film: &[
                (3, "req_prod is stored, and not yet visible."),
                (4, "req_event is read too early: no bell."),
                (8, "The back end sees no request, and sleeps."),
                (9, "Now it is visible, and nobody rings."),
            ],
        },
        Preset {
            name: "without-back-mb",
            title: "The back end's mb() taken away",
            says: "The back end looks once more while its own req_event still waits in the buffer. This too ends in a sleep without end.",
            knobs: &[1, 1, 1, 0],
            script: "fdfbbbdfv",
            film: &[
                (5, "The wish for a bell is not visible yet."),
                (6, "The last look finds nothing: asleep."),
                (8, "The front end sees no wish: no bell."),
                (9, "Now it is visible, and nobody looks."),
            ],
        },
        Preset {
            name: "without-wmb",
            title: "The front end's wmb() taken away",
            says: "Nothing keeps the request ahead of the index any more: req_prod may become visible before the request is in its slot.",
            knobs: &[0, 1, 1, 1],
            script: "ffebb",
            film: &[
                (2, "Two stores wait, in no order."),
                (3, "The index overtakes the request."),
                (5, "What is taken is no request."),
            ],
        },
        Preset {
            name: "without-rmb",
            title: "The back end's rmb() taken away",
            says: "Nothing keeps the back end's processor from reading the slot before it has read req_prod.",
            knobs: &[1, 1, 0, 1],
            script: "ffrddbb",
            film: &[
                (3, "The slot is read before the request is there."),
                (5, "Request and index become visible, in order."),
                (7, "What was read too early is taken."),
            ],
        },
    ],
    knobs: &[
        Knob { name: "front_wmb", title: "Front: wmb()", unit: "", offers: SWITCH },
        Knob { name: "front_mb", title: "Front: mb()", unit: "", offers: SWITCH },
        Knob { name: "back_rmb", title: "Back: rmb()", unit: "", offers: SWITCH },
        Knob { name: "back_mb", title: "Back: mb()", unit: "", offers: SWITCH },
    ],
    actions: &[
        ActionSpec { letter: 'f', title: "Front: next", who: Who::Guest, hint: "the front end's next instruction" },
        ActionSpec {
            letter: 'd',
            title: "Store visible",
            who: Who::Guest,
            hint: "the front end's oldest waiting store becomes visible",
        },
        ActionSpec {
            letter: 'e',
            title: "Later store first",
            who: Who::Guest,
            hint: "the front end's second store becomes visible before the first: only without wmb()",
        },
        ActionSpec { letter: 'b', title: "Back: next", who: Who::Dom0, hint: "the back end's next instruction" },
        ActionSpec {
            letter: 'v',
            title: "Store visible",
            who: Who::Dom0,
            hint: "the back end's waiting store becomes visible",
        },
        ActionSpec {
            letter: 'r',
            title: "Read early",
            who: Who::Dom0,
            hint: "the back end's processor reads the slot ahead of req_prod: only without rmb()",
        },
    ],
    quantities: &[
        Quantity { name: "ways", title: "ways on from here", unit: "", tone: Tone::Ink, charted: true },
        Quantity { name: "asleep", title: "of them asleep for ever", unit: "", tone: Tone::Fault, charted: true },
        Quantity { name: "stale", title: "of them with a false request", unit: "", tone: Tone::Fault, charted: true },
        count("states", "states that can be reached", Tone::Ink),
        count("waiting", "stores that wait", Tone::Soft),
        count("req_prod", "req_prod, as all see it", Tone::Domu),
        count("req_event", "req_event, as all see it", Tone::Dom0),
        count("taken", "requests taken", Tone::Dom0),
    ],
    guess: Some(&Guess {
        question: "Take the steps in any order you like: what can go wrong?",
        answers: Answers::Choice(&[
            "nothing",
            "the back end sleeps for ever beside a request",
            "the back end takes a request that nobody made",
            "either of the two",
        ]),
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "responses, whose way is the same the other way round",
        "what a processor promises beyond the barriers (x86 makes stores visible in their order)",
        "how long a store waits, and how likely an order is",
        "early reads of anything but the slot",
    ],
    words: &Words::INTERLEAVING,
    run: |setup| Box::new(BarrierRun::new(setup)),
};

/// A quantity without a chart.
const fn count(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}
