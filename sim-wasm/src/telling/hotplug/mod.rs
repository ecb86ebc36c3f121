//! Figure "hotplug": a card is to get to a guest, four parties talk about it, and some of them say nothing.
//!
//! The parties are those of [`machine::hotplug`](crate::machine::hotplug).
//!
//! Not modelled: what the figure's own entry lists.

mod frame;

mod run;

mod picture;

mod lanes;

mod panes;

use alloc::boxed::Box;

use crate::actors::epoch::Drivers;
use crate::actors::log::{Event, Who};
use crate::telling::drawing::Tone;
use crate::telling::hotplug::run::{AGAIN, ANOTHER, DETACH, HotplugRun};
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{ActionSpec, Answers, FigureSpec, Guess, Preset, Quantity, Words};
use crate::words::text::Text;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "hotplug",
    title: "The vslot handshake that never answers",
    question: "Why does attaching a card fail after ten seconds, and who said nothing?",
    presets: &[
        Preset {
            name: "no-answer",
            title: "Attach a card, and nobody answers",
            says: "The device model was built where a header was missing. xend writes a command for it into the store, and looks for the answer.",
            knobs: &[1, 0, 1, 1],
            script: "",
            film: &[
                (4, "Xen says yes."),
                (6, "The command stands in the store."),
                (9, "The device model does not know it."),
                (10, "xend looks, and looks."),
                (11, "An error, after ten seconds."),
            ],
        },
        Preset {
            name: "boots-without",
            title: "Boot with a card, and nobody answers",
            says: "The same device model gets the card as an argument when the guest is built. This time not even an error comes of it.",
            knobs: &[1, 0, 0, 1],
            script: "",
            film: &[
                (2, "It takes the argument and forgets it."),
                (4, "xend looks for the slots."),
                (5, "20 looks, and none is told."),
                (6, "One line in xend's log."),
                (7, "The guest boots without its card."),
            ],
        },
        Preset {
            name: "attached",
            title: "Attach a card, as it should be",
            says: "A device model with pass-through chooses a slot, has Xen assign the card, answers, and rings for the guest.",
            knobs: &[0, 0, 1, 1],
            script: "",
            film: &[
                (8, "The command arrives."),
                (9, "A slot is chosen."),
                (12, "The answer stands in the store."),
                (14, "The guest reads which slot it is."),
                (16, "xend puts the state back."),
            ],
        },
        Preset {
            name: "booted",
            title: "Boot with a card, as it should be",
            says: "The card is the guest's and has a slot before the guest's first instruction. xend only wants to know which slot.",
            knobs: &[0, 0, 0, 1],
            script: "",
            film: &[
                (3, "The device model chooses a slot."),
                (4, "Xen makes the card the guest's."),
                (5, "The slots are told."),
                (9, "The guest finds its card."),
            ],
        },
        Preset {
            name: "no-iommu",
            title: "Attach a card, and Xen says no",
            says: "The IOMMU is off. The one party that can say no does, before anything has begun.",
            knobs: &[0, 1, 1, 1],
            script: "",
            film: &[(3, "The guest runs without a card."), (4, "xend asks Xen."), (5, "An error at once.")],
        },
    ],
    knobs: &[
        Knob {
            name: "built",
            title: "qemu-dm was built",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "with libpci's headers" },
                KnobOption { value: 1, title: "without them" },
            ]),
        },
        Knob {
            name: "xen",
            title: "The IOMMU",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "is on" },
                KnobOption { value: 1, title: "is off" },
                KnobOption { value: 2, title: "is on, the card taken" },
            ]),
        },
        Knob {
            name: "when",
            title: "The card comes",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "when the guest boots" },
                KnobOption { value: 1, title: "while the guest runs" },
                KnobOption { value: 2, title: "while a deaf guest runs" },
            ]),
        },
        Knob {
            name: "cards",
            title: "It is the guest's",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 1, title: "first card" },
                KnobOption { value: 2, title: "second card" },
                KnobOption { value: 3, title: "third card" },
            ]),
        },
    ],
    actions: &[
        ActionSpec {
            letter: AGAIN,
            title: "Attach it again",
            who: Who::Dom0,
            hint: "xm pci-attach with the card that was wanted last",
        },
        ActionSpec {
            letter: ANOTHER,
            title: "Attach another",
            who: Who::Dom0,
            hint: "xm pci-attach with one more card",
        },
        ActionSpec { letter: DETACH, title: "Detach", who: Who::Dom0, hint: "xm pci-detach with the latest card" },
    ],
    quantities: &[
        quantity("looks", "looks of xend at the store", "", Tone::Dom0),
        quantity("waited", "xend's waiting", "ms", Tone::Dom0),
        quantity("messages", "values written to the store", "", Tone::Dom0),
        quantity("slots", "hot-plug slots in use", "", Tone::Domu),
        quantity("cards", "cards that the guest has", "", Tone::Domu),
        quantity("known", "cards that xend counts as the guest's", "", Tone::Dom0),
        quantity("assigned", "cards that Xen has assigned", "", Tone::Xen),
        quantity("xend-lines", "lines in xend's log", "", Tone::Dom0),
        quantity("model-lines", "lines in the device model's log", "", Tone::Dom0),
        quantity("errors", "errors for the administrator", "", Tone::Fault),
    ],
    guess: Some(&Guess {
        question: "What does the administrator get?",
        answers: Answers::Choice(&[
            "a guest with its card",
            "an error at once",
            "an error after ten seconds",
            "no error, and a guest without its card",
        ]),
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "later toolstacks: libxl asks Xen to assign the card itself, and knows when nobody answers",
        "Xen 3.4, which has 32 hot-plug slots",
        "a guest that hears that a card is to go, and keeps it",
        "xm, which talks to xend, and the reset of the card",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(HotplugRun::new(setup)),
};

const fn quantity(name: &'static str, title: &'static str, unit: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit, tone, charted: false }
}

fn tell(out: &mut Text, event: &Event, _drivers: Drivers) {
    if let Event::Hotplug(event) = event {
        narration::hotplug::tell(out, event);
    }
}

fn source(event: &Event, _drivers: Drivers) -> Option<SourceRef> {
    if let Event::Hotplug(event) = event { source::hotplug::of(event) } else { None }
}
