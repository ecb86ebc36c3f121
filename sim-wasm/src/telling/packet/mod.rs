//! Figure "packet": who owns a packet's memory on its way from the guest to the wire, and when the guest gets its slot back.
//!
//! The run is one packet through the whole [`Network`]; its steps are the machine's own events.
//!
//! Not modelled: other packets beside the one: nothing waits for anything of theirs. The whole list is `FIGURE`'s own.

mod hop;

mod picture;

use alloc::boxed::Box;
use alloc::vec;

use crate::actors::log::Log;
use crate::actors::netfilter::Filter;
use crate::actors::nic::{CardSettings, Moderation};
use crate::machine::network::Network;
use crate::machine::network::settings::{Guest, Settings, Workload};
use crate::telling::drawing::Drawing;
use crate::telling::story::{FigureSpec, Knob, KnobOption, Layout, Preset, Run, Setup, Words};

const BYTES: usize = 0;
const MEGABITS: usize = 1;
const DELAY: usize = 2;
const FILTER: usize = 3;

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
            knobs: &[1514, 1000, 20, 0],
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
            knobs: &[54, 1000, 20, 0],
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
            knobs: &[66, 1000, 20, 0],
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
            knobs: &[9014, 1000, 20, 0],
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
            knobs: &[1514, 1000, 20, 1],
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
            options: &[
                KnobOption { value: 54, title: "54" },
                KnobOption { value: 64, title: "64" },
                KnobOption { value: 66, title: "66" },
                KnobOption { value: 1514, title: "1514" },
                KnobOption { value: 4096, title: "4096" },
                KnobOption { value: 9014, title: "9014" },
            ],
        },
        Knob {
            name: "nic_mbps",
            title: "Card",
            unit: "Mb/s",
            options: &[
                KnobOption { value: 10, title: "10" },
                KnobOption { value: 100, title: "100" },
                KnobOption { value: 1000, title: "1000" },
                KnobOption { value: 10000, title: "10000" },
            ],
        },
        Knob {
            name: "irq_delay_us",
            title: "Card's interrupt delay",
            unit: "µs",
            options: &[
                KnobOption { value: 0, title: "0" },
                KnobOption { value: 20, title: "20" },
                KnobOption { value: 250, title: "250" },
            ],
        },
        Knob {
            name: "filter",
            title: "Filter in dom0",
            unit: "",
            options: &[KnobOption { value: 0, title: "accepts" }, KnobOption { value: 1, title: "drops" }],
        },
    ],
    actions: &[],
    quantities: &[],
    guess: None,
    not_modelled: &[
        "the time that code takes (assumed: 4 µs for an event, 1 µs for a softirq, nothing for the rest)",
        "other packets and other guests",
        "preamble, padding, checksum and gap on the wire",
    ],
    words: &Words::WAY_OUT,
    run: |setup| Box::new(PacketRun::new(setup)),
};

/// One packet's whole life.
struct PacketRun {
    log: Log,
}

impl PacketRun {
    fn new(setup: &Setup) -> Self {
        let delay = u64::from(setup.knobs[DELAY]) * 1_000;
        let sends = vec![Workload::at_once(setup.knobs[BYTES], 1)];
        let mut settings = Settings {
            guests: vec![Guest { sends, ..Guest::default() }],
            card: CardSettings { transmit: Moderation::after(delay), ..CardSettings::e1000(setup.knobs[MEGABITS]) },
            ..Settings::default()
        };
        if setup.knobs[FILTER] == 1 {
            settings.dom0.stack.filter = Filter::DROP;
        }
        let mut network = Network::new(&settings).expect("the knobs offer what makes a machine");
        network.run();
        Self { log: network.into_log() }
    }
}

impl Run for PacketRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(&self.log, step, layout)
    }

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
    }
}
