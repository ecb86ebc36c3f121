//! Figure "bell": how an event index thins out interrupts, and what that costs.
//!
//! Not modelled: several packets' responses published at once. The whole list is `FIGURE`'s own.

mod policy;

mod run;

mod stretch;

mod rows;

mod picture;

use alloc::boxed::Box;

use crate::telling::bell::run::BellRun;
use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::story::{Answers, FigureSpec, Guess, Preset, Quantity, Words};

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "bell",
    title: "When to ring the bell",
    question: "Why do 236 completions cause only 7 interrupts?",
    presets: &[
        Preset {
            name: "half-way",
            title: "Half-way, 236 out",
            says: "236 requests are out, and their answers come one at a time. The classic netfront has asked for its bell half-way through them.",
            knobs: &[1, 236, 0, 0],
            script: "",
            film: &[
                (0, "236 out; the bell is asked for at 119."),
                (1, "118 answers, and nobody is woken."),
                (3, "Answer 119 rings, and all 119 are read."),
                (6, "The next bell: half-way through what is left."),
                (21, "236 answers, 7 interrupts."),
            ],
        },
        Preset {
            name: "every-answer",
            title: "A bell for every answer",
            says: "The same 236 answers without an event index: the back end rings each time, and the guest is interrupted each time.",
            knobs: &[0, 236, 0, 0],
            script: "",
            film: &[(1, "The first answer rings."), (2, "It is read at once."), (22, "236 answers, 236 interrupts.")],
        },
        Preset {
            name: "next-answer",
            title: "The next one, please",
            says: "Today's netfront asks for the very next answer once it has read all there are. A guest that takes 50 µs to look finds several.",
            knobs: &[2, 236, 50, 0],
            script: "",
            film: &[
                (1, "The bell is asked for at 1, and rings."),
                (3, "50 µs later five answers are there."),
                (9, "Nobody rings while netfront is on its way."),
            ],
        },
        Preset {
            name: "eight-out",
            title: "Half-way, 8 out",
            says: "With eight requests out, half-way is near: three interrupts, and no answer waits for long.",
            knobs: &[1, 8, 0, 0],
            script: "",
            film: &[
                (0, "8 out; the bell is asked for at 5."),
                (3, "Five answers read by one interrupt."),
                (8, "8 answers, 3 interrupts."),
            ],
        },
        Preset {
            name: "stalled-card",
            title: "One answer short",
            says: "The card stalls after 118 answers, one short of the bell. 118 slots could be used again, and nobody tells the guest.",
            knobs: &[1, 236, 0, 118],
            script: "",
            film: &[
                (0, "236 out; the bell is asked for at 119."),
                (1, "118 answers are there."),
                (2, "Nobody rings: the guest's queue stays stopped."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "policy",
            title: "Ring at",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "every answer" },
                KnobOption { value: 1, title: "half-way" },
                KnobOption { value: 2, title: "the next one" },
            ]),
        },
        Knob {
            name: "out",
            title: "Requests out",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 8, title: "8" },
                KnobOption { value: 64, title: "64" },
                KnobOption { value: 236, title: "236" },
            ]),
        },
        Knob {
            name: "delay_us",
            title: "From bell to look",
            unit: "µs",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "0" },
                KnobOption { value: 50, title: "50" },
                KnobOption { value: 250, title: "250" },
            ]),
        },
        Knob {
            name: "answers",
            title: "Answers",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "all" },
                KnobOption { value: 118, title: "118, then none" },
            ]),
        },
    ],
    actions: &[],
    quantities: &[
        Quantity { name: "interrupts", title: "interrupts so far", unit: "", tone: Tone::Hardware, charted: true },
        Quantity { name: "outstanding", title: "slots in use", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "unread", title: "answers not read", unit: "", tone: Tone::Dom0, charted: true },
        count("bells", "bells so far", Tone::Hardware),
        count("rsp_prod", "rsp_prod", Tone::Dom0),
        count("rsp_cons", "rsp_cons", Tone::Domu),
        count("rsp_event", "rsp_event", Tone::Domu),
        count("restart", "answers read when the queue ran again", Tone::Domu),
        count("every-answer", "interrupts in all, ringing at every answer", Tone::Hardware),
        count("half-way", "interrupts in all, ringing half-way", Tone::Hardware),
        count("next-answer", "interrupts in all, ringing at the next answer", Tone::Hardware),
        Quantity { name: "first-answer", title: "answer 1 lies unread", unit: "ns", tone: Tone::Domu, charted: true },
    ],
    guess: Some(&Guess {
        question: "How many interrupts does the guest take for these answers?",
        answers: Answers::Number { most: 236, unit: "" },
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "new requests of the guest while the answers come (its own sending reads answers too)",
        "netback publishing several answers at once, as its dealloc pass does",
        "the time between answers (assumed: one full-size packet on 1 Gb/s)",
        "what an interrupt costs",
    ],
    words: &Words::WAKEUPS,
    run: |setup| Box::new(BellRun::new(setup)),
};

/// A quantity without a chart.
const fn count(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}
