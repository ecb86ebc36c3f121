//! Scenario "stale-page": a page changes hands while a unit still remembers whose it was.
//!
//! Not modelled: a unit that is slow by itself; here it is told to be.

use crate::hypervisor::passthrough::options::{Options, Version};
use crate::hypervisor::passthrough::repairs::Repairs;
use crate::machine::given_away::settings::{Act, Payload, Settings, Target};
use crate::machine::given_away::tally::{Count, Landing};
use crate::telling::scenario::devices::{CARD, GUEST, KIND, NEIGHBOUR, in_turn, kind, machine};
use crate::telling::scenario::metric::Metric;
use crate::telling::scenario::{Knob, Makes, Preset, Scenario};

pub(in crate::telling::scenario) static SCENARIO: Scenario = Scenario {
    name: "stale-page",
    title: "Cleared, and not forgotten",
    question: "Can a card write to a page that its guest has given up?",
    presets: &[
        Preset {
            name: "not-waited-for",
            says: "The unit is slow, Xen goes on without it (XSA-373), and the card writes into the neighbour's page.",
            values: &[("xen-waits", 1)],
        },
        Preset {
            name: "waited-for",
            says: "The page goes to the neighbour when the unit has said that it has forgotten it.",
            values: &[],
        },
        Preset {
            name: "quick",
            says: "A unit that is quick enough hides the mistake.",
            values: &[("xen-waits", 1), ("looks", 0)],
        },
    ],
    knobs: &[
        KIND,
        Knob::choice("xen-waits", "whether Xen waits until the unit is done", &["waits", "gives up"]),
        Knob::new("looks", "how often Xen looks before the unit is done", "", [0, 5_000, 10_000]).in_steps_of(100),
        Knob::new("bytes", "bytes that are written afterwards", "bytes", [60, 1_514, 4_096]),
    ],
    metrics: &[
        Metric::GivenAway(Count::Written(Landing::Neighbour)),
        Metric::GivenAway(Count::Written(Landing::Own)),
        Metric::GivenAway(Count::Blocked),
        Metric::GivenAway(Count::FaultsRecorded),
    ],
    not_modelled: &["caches of translations in cards"],
    makes: Makes::GivenAway(build),
};

fn build(values: &[u32]) -> Settings {
    let &[guest, waits, looks, bytes] = values else {
        unreachable!("there is one value for each knob");
    };
    let mut settings = machine(Options::default_of(Version::Today), kind(guest), false);
    settings.repairs = Repairs { waits: waits == 0, ..Repairs::ALL };
    let page = Target::PageOf(GUEST, 4);
    settings.acts = in_turn([
        // The neighbour has a hole, and takes the frame that was freed last. The unit knows the page.
        Act::GiveUpPage(NEIGHBOUR, 4),
        Act::Aim(GUEST, CARD, page, Payload::Packet(60)),
        Act::Point(GUEST, CARD, page),
        Act::Slow(looks),
        Act::GiveUpPage(GUEST, 4),
        Act::TakePage(NEIGHBOUR, 4),
        Act::Arrive(CARD, bytes as u16),
    ]);
    settings
}
