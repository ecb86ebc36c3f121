//! Scenario "forged-message": a card writes a message of its guest's choice.
//!
//! Not modelled: what an exception's handler makes of it.

use crate::hypervisor::passthrough::options::{GuestKind, Options, Switch, Wanted};
use crate::machine::given_away::settings::{Act, Payload, Settings, Target};
use crate::machine::given_away::tally::Count;
use crate::telling::scenario::devices::{CARD, GUEST, XEN, in_turn, machine, version};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "forged-message",
    title: "A message that no driver asked for",
    question: "Which interrupts can a guest ring by having its card write them?",
    presets: &[
        Preset {
            name: "another-s",
            says: "Vector 50 is the neighbour's card's: the neighbour is interrupted for nothing.",
            values: &[("remapping", 1)],
        },
        Preset {
            name: "an-exception-s",
            says: "Xen 3.3 takes vector 14 for a page fault.",
            values: &[("xen", 1), ("vector", 14)],
        },
        Preset {
            name: "a-call-s",
            says: "Today's Xen stops before it takes vector 130 for a call of a program's.",
            values: &[("remapping", 1), ("vector", 130)],
        },
        Preset { name: "remapped", says: "With remapped interrupts the unit blocks it.", values: &[] },
    ],
    knobs: &[
        XEN,
        Knob::choice(
            "remapping",
            "whether interrupts are remapped; 3.3 lets this format pass in any case",
            &["on", "off"],
        ),
        Knob::new("vector", "the vector that is written", "", [0, 50, 255]),
        Knob::new("mode", "the delivery mode; 0 is an ordinary interrupt", "", [0, 0, 7]),
        Knob::new("times", "how often", "", [1, 1, 7]),
    ],
    metrics: &[
        Metric::GivenAway(Count::ForgedInterrupts),
        Metric::GivenAway(Count::MessagesBlocked),
        Metric::GivenAway(Count::MessagesMistaken),
        Metric::GivenAway(Count::MessagesIgnored),
        Metric::GivenAway(Count::FaultsRecorded),
        Metric::GivenAway(Count::HostStopped),
    ],
    not_modelled: &["several processors", "lowest-priority delivery"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[xen, remapping, vector, mode, times] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut options = Options::default_of(version(xen));
    options.wanted = Wanted::Yes;
    options.pv = Switch::On;
    if remapping == 1 {
        options.intremap = Switch::Off;
    }
    let mut settings = machine(options, GuestKind::Pv, true);
    let act = Act::Aim(GUEST, CARD, Target::Interrupts, Payload::Word(vector | mode << 8));
    settings.acts = in_turn((0..times).map(|_| act));
    settings
}
