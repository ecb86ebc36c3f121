//! Scenario "wrong-page": an HVM guest has a card, and nobody translates what its driver writes.
//!
//! Not modelled: what the guest does without its packets.

use crate::hypervisor::passthrough::options::{GuestKind, Options, Switch, Wanted};
use crate::machine::given_away::settings::{Act, Settings};
use crate::machine::given_away::tally::{Count, Landing};
use crate::telling::scenario::devices::{CARD, GUEST, UNIT, XEN, in_turn, machine, version};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "wrong-page",
    title: "The same number, another page",
    question: "What becomes of an HVM guest's packets where no unit translates its pages?",
    presets: &[
        Preset {
            name: "untranslated",
            says: "The card takes the guest's page numbers for the machine's: it reads and writes dom0's and Xen's frames.",
            values: &[("unit", 1), ("toolstack", 1)],
        },
        Preset {
            name: "asked-first",
            says: "The toolstack asks Xen first, and the guest is not built.",
            values: &[("unit", 1)],
        },
        Preset { name: "translated", says: "With a unit the packets arrive.", values: &[] },
    ],
    knobs: &[
        XEN,
        UNIT,
        Knob::choice("toolstack", "what it makes of Xen's answer", &["heeds it", "goes on"]),
        Knob::new("packets", "packets that come in", "", [1, 4, 32]),
        Knob::new("bytes", "bytes of a packet", "bytes", [60, 1_514, 4_096]),
    ],
    metrics: &[
        Metric::GivenAway(Count::Received),
        Metric::GivenAway(Count::Sent),
        Metric::GivenAway(Count::Written(Landing::Own)),
        Metric::GivenAway(Count::Written(Landing::Neighbour)),
        Metric::GivenAway(Count::Written(Landing::Dom0)),
        Metric::GivenAway(Count::Written(Landing::Xen)),
        Metric::GivenAway(Count::Read(Landing::Dom0)),
        Metric::GivenAway(Count::Refused),
    ],
    not_modelled: &["what Xen does after its heap was written"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[xen, unit, toolstack, packets, bytes] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut options = Options::default_of(version(xen));
    options.wanted = Wanted::Yes;
    let mut settings = machine(options, GuestKind::Hvm, false);
    settings.unit = settings.unit.filter(|_| unit == 0);
    settings.heeds_test = if toolstack == 0 { Switch::On } else { Switch::Off };
    let each = |_| [Act::Arrive(CARD, bytes as u16), Act::Send(GUEST, CARD, bytes as u16)];
    settings.acts = in_turn((0..packets).flat_map(each));
    settings
}
