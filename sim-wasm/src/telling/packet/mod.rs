//! Figure "packet": who owns a packet's memory on its way from the guest to the wire, and when the guest gets its slot back.
//!
//! The run is one packet through the whole [`Network`](crate::machine::network::Network); its steps are the machine's own events.
//!
//! Not modelled: other packets beside the one: nothing waits for anything of theirs. The whole list is `FIGURE`'s own.

mod run;

mod hop;

mod held;

mod picture;

use alloc::boxed::Box;

use crate::telling::drawing::Tone;
use crate::telling::knobs::{Knob, KnobOption, Offers};
use crate::telling::packet::run::PacketRun;
use crate::telling::story::{Answers, FigureSpec, Guess, Preset, Quantity, Words};

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "packet",
    title: "The life of one packet",
    question: "Who owns a packet's memory on its way out, and when does the guest get its slot back?",
    presets: &[
        Preset {
            name: "full-size",
            title: "1514 bytes",
            says: "One packet of full size, in one slot. Netback copies its first 64 bytes; the rest stays in the guest's page.",
            knobs: &[1514, 0, 20, 0],
            script: "",
            film: &[
                (4, "Published, and dom0 is woken."),
                (6, "The guest's page is mapped."),
                (10, "The card knows where the bytes are."),
                (13, "The packet is freed, and netback hears of it."),
                (14, "Unmapped: now the slot may be answered."),
                (19, "The page is the guest's alone again."),
            ],
        },
        Preset {
            name: "small-ack",
            title: "54 bytes",
            says: "A bare acknowledgement fits into the 64 bytes that netback copies. Its slot is answered at netback's next pass, without waiting for the card.",
            knobs: &[54, 0, 20, 0],
            script: "",
            film: &[
                (7, "Copied whole."),
                (11, "Unmapped before the packet has left."),
                (17, "The guest has its page back."),
                (18, "Only now does the card report that it is done."),
            ],
        },
        Preset {
            name: "timestamps",
            title: "66 bytes",
            says: "The same acknowledgement with TCP timestamps is two bytes longer than what netback copies. For those two bytes the slot is held until the card is done.",
            knobs: &[66, 0, 20, 0],
            script: "",
            film: &[
                (7, "64 bytes copied, 2 left behind."),
                (12, "The card is done."),
                (19, "Held all the way, for 2 bytes."),
            ],
        },
        Preset {
            name: "large",
            title: "9014 bytes",
            says: "A large packet lies in three pages and takes three slots. They are mapped together, freed together and answered together.",
            knobs: &[9014, 0, 20, 0],
            script: "",
            film: &[
                (3, "Three requests for one packet."),
                (6, "Three pages mapped at once."),
                (16, "Three answers, one bell."),
            ],
        },
        Preset {
            name: "firewall-drop",
            title: "Dropped in dom0",
            says: "A filter rule in dom0 drops the packet. The guest cannot tell, except that its slot comes back sooner.",
            knobs: &[1514, 0, 20, 1],
            script: "",
            film: &[
                (8, "dom0's stack has the packet."),
                (9, "A rule drops it, and that frees it."),
                (16, "The guest has everything back, and sooner."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "bytes",
            title: "Packet",
            unit: "bytes",
            offers: Offers::Menu(&[
                KnobOption { value: 54, title: "54" },
                KnobOption { value: 64, title: "64" },
                KnobOption { value: 66, title: "66" },
                KnobOption { value: 1514, title: "1514" },
                KnobOption { value: 4096, title: "4096" },
                KnobOption { value: 9014, title: "9014" },
                KnobOption { value: 65_535, title: "65535, to be segmented" },
            ]),
        },
        Knob {
            name: "netback",
            title: "Netback",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "2.6.18: maps" },
                KnobOption { value: 1, title: "3.4: copies" },
                KnobOption { value: 2, title: "today: copies 128 bytes, maps the rest" },
            ]),
        },
        Knob {
            name: "irq_delay_us",
            title: "Card's interrupt delay",
            unit: "µs",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "0" },
                KnobOption { value: 20, title: "20" },
                KnobOption { value: 250, title: "250" },
            ]),
        },
        Knob {
            name: "filter",
            title: "In dom0 it is",
            unit: "",
            offers: Offers::Menu(&[
                KnobOption { value: 0, title: "forwarded" },
                KnobOption { value: 1, title: "dropped by a filter" },
                KnobOption { value: 2, title: "read by tcpdump too" },
            ]),
        },
    ],
    actions: &[],
    quantities: &[
        Quantity { name: "slots-held", title: "ring slots in use", unit: "", tone: Tone::Domu, charted: true },
        Quantity { name: "grants-given", title: "grants given", unit: "", tone: Tone::Domu, charted: false },
        Quantity { name: "pages-mapped", title: "pages mapped in dom0", unit: "", tone: Tone::Xen, charted: true },
        Quantity { name: "bytes-copied", title: "bytes copied", unit: "B", tone: Tone::Dom0, charted: true },
        Quantity { name: "bytes-borrowed", title: "in the guest's pages", unit: "B", tone: Tone::Dom0, charted: true },
        Quantity { name: "packets-in-dom0", title: "packets in dom0", unit: "", tone: Tone::Dom0, charted: false },
        Quantity { name: "slot-residence", title: "slots in use for", unit: "ns", tone: Tone::Domu, charted: false },
        Quantity { name: "mapping-residence", title: "mapped for", unit: "ns", tone: Tone::Xen, charted: false },
        Quantity { name: "packet-residence", title: "in dom0 for", unit: "ns", tone: Tone::Dom0, charted: false },
        Quantity { name: "responses", title: "responses", unit: "", tone: Tone::Dom0, charted: false },
        Quantity { name: "grant-calls", title: "grant hypercalls of dom0", unit: "", tone: Tone::Xen, charted: false },
        Quantity { name: "bells", title: "events sent", unit: "", tone: Tone::Hardware, charted: false },
    ],
    guess: Some(&Guess {
        question: "What gives the guest its slot back: that the packet is copied, queued, sent, or freed?",
        answers: Answers::Choice(&["copied", "queued", "sent", "freed"]),
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "the time that code takes (assumed: 4 µs for an event, 1 µs for a softirq, 100 µs for tcpdump, nothing for the rest)",
        "other packets and other guests",
        "preamble, padding, checksum and gap on the wire",
    ],
    words: &Words::PACKET,
    run: |setup| Box::new(PacketRun::new(setup)),
};
